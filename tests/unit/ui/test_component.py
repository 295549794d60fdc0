"""Changes of what a component is given are counted, and nothing else is."""

from typing import Any

import pytest
import streamlit as st

from core.ui import component


def told(**changes: Any) -> dict[str, Any]:
    """Data as a page makes them anew at every rerun."""
    return {"id": "run", "sheet": {"url": "data:,a", "count": 2}, "calls": [0, 1], **changes}


@pytest.fixture(autouse=True)
def _session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})


def test_equal_data_keeps_its_number() -> None:
    assert [component._turn("a/film", told()) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    "other",
    [
        told(id="another"),
        told(sheet={"url": "data:,a", "count": 3}),
        told(sheet={"url": "data:,a", "columns": 2}),
        told(calls=[1, 0]),
        told(calls=[0, True]),
        told(calls=[[0], 1]),
        told(calls=[]),
        told(end=None),
    ],
    ids=str,
)
def test_other_data_has_the_next_number(other: dict[str, Any]) -> None:
    assert [component._turn("a/film", data) for data in (told(), other, other)] == [1, 2, 2]
    assert component._turn("a/film", told()) == 3


def test_data_changed_in_place_is_other_data() -> None:
    data = told()
    component._turn("a/film", data)
    data["sheet"]["count"] = 5
    assert component._turn("a/film", data) == 2


def test_every_component_is_counted_by_itself() -> None:
    component._turn("a/film", told())
    component._turn("a/film", told(id="another"))
    assert component._turn("a/map", told()) == 1
