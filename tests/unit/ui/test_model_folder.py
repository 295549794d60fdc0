"""A model's files are looked up once for every run of a page."""

import pytest
import streamlit as st

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, builtin_folder
from core.ui import model_folder as it


def test_a_folder_is_looked_up_once_until_the_page_begins_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def find(model: str) -> tuple[None, object]:
        asked.append(model)
        if model == "gone":
            raise ExplainerError("It is not here.", "Get it.")
        return None, builtin_folder()

    monkeypatch.setattr(it, "find_checkpoint", find)
    monkeypatch.setattr(st, "session_state", {})
    assert it.model_folder(BUILT_IN) == it.model_folder(BUILT_IN) == builtin_folder()
    assert asked == [BUILT_IN]
    it.look_again()
    it.model_folder(BUILT_IN)
    assert asked == [BUILT_IN] * 2
    for _ in range(2):  # what is missing may come
        with pytest.raises(ExplainerError):
            it.model_folder("gone")
    assert asked[2:] == ["gone"] * 2
