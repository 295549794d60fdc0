"""Films: which calls are shown, and what is written comes back."""

import numpy as np
import pytest

from core.engine.film import Film, film_from_bytes, shown_calls


@pytest.mark.parametrize(("calls", "frames"), [(1, 2), (5, 5), (5, 64), (2, 2)])
def test_a_short_run_is_shown_whole(calls: int, frames: int) -> None:
    assert shown_calls(calls, frames) == tuple(range(calls))


@pytest.mark.parametrize(("calls", "frames"), [(150, 64), (299, 64), (3, 2), (65, 64)])
def test_a_long_run_is_shown_evenly_first_and_last_included(calls: int, frames: int) -> None:
    shown = shown_calls(calls, frames)
    assert len(shown) == len(set(shown)) == frames
    assert (shown[0], shown[-1]) == (0, calls - 1)
    gaps = np.diff(shown)
    assert gaps.max() - gaps.min() <= 1


def test_a_film_comes_back_from_its_bytes() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (5, 16, 8, 3), dtype=np.uint8)
    film = Film(pictures[:3], pictures[3:], (0, 4))
    again = film_from_bytes(film.to_bytes())
    np.testing.assert_array_equal(again.xt, film.xt)
    np.testing.assert_array_equal(again.x0, film.x0)
    assert again.indices == (0, 4)


def test_bytes_that_are_no_film_are_refused() -> None:
    pictures = np.zeros((5, 16, 8, 3), dtype=np.uint8)
    for content in (b"", b"x" * 99, Film(pictures[:4], pictures[3:], (0, 4)).to_bytes()):
        with pytest.raises(ValueError, match=r"no film|do not show"):
            film_from_bytes(content)
