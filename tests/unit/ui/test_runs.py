"""A session's name in the engine's line: the tabs of one browser begin alike."""

import os

import pytest
import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from core.engine.ticket import browser_of
from core.ui import runs


def name(monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]) -> str:
    """The name of a new session whose browser sent these cookies."""
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: cookies))
    assert runs.session_id() == runs.session_id()
    return runs.session_id()


def test_tabs_are_told_apart_and_their_browser_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = os.urandom(16), os.urandom(16)
    tabs = [
        name(monkeypatch, {XSRF_COOKIE_NAME: generate_xsrf_token_string(token)})  # masked anew
        for token in (ann, ann, ben)
    ]
    assert len(set(tabs)) == 3
    first, second, other = map(browser_of, tabs)
    assert first == second != other
    assert ann.hex() not in tabs[0]


@pytest.mark.parametrize("cookie", [None, "", "2|x", "no token", "2|00|00|0|0"])
def test_who_sends_none_or_nonsense_is_alone(
    monkeypatch: pytest.MonkeyPatch, cookie: str | None
) -> None:
    cookies = {} if cookie is None else {XSRF_COOKIE_NAME: cookie}
    assert browser_of(name(monkeypatch, cookies)) != browser_of(name(monkeypatch, cookies))
