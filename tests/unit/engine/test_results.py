"""Finished work: found by what was asked, in memory first, then on disk."""

from pathlib import Path

import numpy as np
import pytest

from core.engine import results as module
from core.engine.film import Film
from core.engine.request import FilmRequest, Request, key
from core.engine.results import Results, held_bytes
from core.engine.store import Store
from core.host import Host

CAT = FilmRequest(Request(prompt="a cat"))


def film(number: int = 0) -> Film:
    pictures = np.full((3, 16, 16, 3), number, dtype=np.uint8)
    return Film(pictures[:2], pictures[2:], (0,))


def test_without_the_models_stamp_nothing_is_found_or_kept(tmp_path: Path) -> None:
    results = Results(Store(tmp_path))
    results.keep(CAT, film())
    assert results.find(CAT) is None
    assert list(tmp_path.rglob("*")) == []


def test_what_is_kept_is_found_by_the_same_stamp_alone(tmp_path: Path) -> None:
    results = Results(Store(tmp_path))
    results.stamp("emoji128", "weights 1")
    results.keep(CAT, film(7))
    results.flush()
    for again in (results, Results(Store(tmp_path))):
        again.stamp("emoji128", "weights 1")
        found = again.find(CAT)
        assert isinstance(found, Film)
        np.testing.assert_array_equal(found.xt, film(7).xt)
        again.stamp("emoji128", "weights 2")
        assert again.find(CAT) is None


@pytest.mark.parametrize("request_", [CAT, CAT.request], ids=["film", "trace"])
def test_a_whole_entry_of_another_kind_counts_as_missing(
    request_: Request | FilmRequest, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    store.put(key(request_, "weights 1"), b"written by another version")
    results = Results(store)
    results.stamp("emoji128", "weights 1")
    assert results.find(request_) is None


def test_memory_is_bounded_and_the_newest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 3 * held_bytes((("weights 1", CAT), film())) + 100
    monkeypatch.setattr(module, "host", lambda: Host(results=room))
    results = Results()
    results.stamp("emoji128", "weights 1")
    asked = [FilmRequest(Request(seed=seed)) for seed in range(5)]
    for number, request in enumerate(asked):
        results.keep(request, film(number))
        assert results.find(asked[0]) is not None  # used again and again
    assert [results.find(request) is not None for request in asked] == [
        True, False, False, True, True,
    ]  # fmt: skip
