"""The way of a run laid flat: its line, its distances, and that it is computed once."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from core.lessons.generation.path_data import flatten, path_chart, path_rows
from core.lessons.generation.steps import show
from core.ui.shown import Shown
from core.views.run import Run, quick_frames


def test_way_begins_at_0_and_ends_at_1_on_the_line(run: Run) -> None:
    way = flatten(run)
    assert way.path[0] == pytest.approx([0, 0])
    assert way.path[-1] == pytest.approx([1, 0])
    assert way.guess.shape == (3, 2)
    assert 0 < way.held < 1


def test_what_lies_in_a_plane_is_drawn_with_its_own_distances(run: Run) -> None:
    first, second = np.linalg.qr(np.random.default_rng(0).normal(size=(24, 2)))[0].T
    flat = np.array([[0, 0], [1, 2], [3, 1], [4, 0], [2, 3], [3, 2], [4, 1.0]])
    points = flat @ np.stack([first, second])
    path, x0 = points[:4].reshape(4, 4, 2, 3), points[4:].reshape(3, 4, 2, 3)
    drawn = flatten(dataclasses.replace(run, path=path, x0=x0))
    assert drawn.held == pytest.approx(1)
    found = np.concatenate([drawn.path, drawn.guess]) * 4
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    assert np.linalg.norm(found[:, None] - found[None], axis=-1) == pytest.approx(apart)


def test_run_that_does_not_move_is_one_point(run: Run) -> None:
    still = dataclasses.replace(run, path=np.zeros_like(run.path), x0=np.zeros_like(run.x0))
    way = flatten(still)
    assert (way.path == 0).all()
    assert way.held == 1


def test_chart_has_every_place_and_titled_axes(run: Run) -> None:
    way = flatten(run)
    assert len(path_rows(way)) == 4 + 3
    assert path_rows(way)[3]["t"] is None
    drawn = path_chart(way).to_dict()
    titles = {drawn["layer"][0]["encoding"][axis]["title"] for axis in ("x", "y")}
    assert titles == {"from the first noise (0) to the end (1)", "to the side, same scale"}


def test_plot_and_sentence_share_one_decomposition(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = np.linalg.svd, []

    def counted(*args: Any, **kwargs: Any) -> Any:  # Any: as numpy has it
        made.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(np.linalg, "svd", counted)
    show(Shown(run, quick_frames(run)))
    assert len(made) == 1
