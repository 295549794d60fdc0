import dataclasses

import numpy as np
import pytest

from core.views.generation_path import flatten, path_chart, path_rows
from core.views.run import Run


def test_way_begins_at_0_and_ends_at_1_on_the_line(run: Run) -> None:
    path, guess, held = flatten(run)
    assert path[0] == pytest.approx([0, 0])
    assert path[-1] == pytest.approx([1, 0])
    assert guess.shape == (3, 2)
    assert 0 < held < 1


def test_what_lies_in_a_plane_is_drawn_with_its_own_distances(run: Run) -> None:
    first, second = np.linalg.qr(np.random.default_rng(0).normal(size=(24, 2)))[0].T
    flat = np.array([[0, 0], [1, 2], [3, 1], [4, 0], [2, 3], [3, 2], [4, 1.0]])
    points = flat @ np.stack([first, second])
    path, x0 = points[:4].reshape(4, 4, 2, 3), points[4:].reshape(3, 4, 2, 3)
    drawn = flatten(dataclasses.replace(run, path=path, x0=x0))
    assert drawn[2] == pytest.approx(1)
    found = np.concatenate(drawn[:2]) * 4
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    assert np.linalg.norm(found[:, None] - found[None], axis=-1) == pytest.approx(apart)


def test_run_that_does_not_move_is_one_point(run: Run) -> None:
    still = dataclasses.replace(run, path=np.zeros_like(run.path), x0=np.zeros_like(run.x0))
    path, _, held = flatten(still)
    assert (path == 0).all()
    assert held == 1


def test_chart_has_every_place_and_titled_axes(run: Run) -> None:
    assert len(path_rows(run)) == 4 + 3
    assert path_rows(run)[3]["t"] is None
    drawn = path_chart(run).to_dict()
    titles = {drawn["layer"][0]["encoding"][axis]["title"] for axis in ("x", "y")}
    assert titles == {"from the first noise (0) to the end (1)", "to the side, same scale"}
