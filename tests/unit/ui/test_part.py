"""What a page says reaches the browser in order, whichever part of it is run again meanwhile."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest, element_tree

from core.ui.part import part

READER = "streamlit.testing.v1.local_script_runner.parse_tree_from_messages"
CORE = Path(__file__).resolve().parents[3] / "core"


def page(as_part: "Callable[..., Callable[..., object]]") -> None:
    """Two parts, one of them within another container, each with something below it."""
    import streamlit as st

    st.write("above")
    as_part(lambda: st.write("first"))()
    with st.container():
        as_part(lambda: st.write("second"))()
        st.write("beside it")
    st.write("below")


def said(monkeypatch: pytest.MonkeyPatch, as_part: object) -> list[ForwardMsg]:
    """All that a run of the page sends."""
    found: list[ForwardMsg] = []
    read = element_tree.parse_tree_from_messages

    def keep(messages: Sequence[ForwardMsg]) -> Any:  # Any: a tree of Streamlit's
        found.extend(messages)
        return read(list(messages))

    monkeypatch.setattr(READER, keep)
    assert not AppTest.from_function(page, args=(as_part,)).run().exception
    return found


def gaps(messages: Sequence[ForwardMsg]) -> list[list[int]]:
    """Places that come before those which stand in front of them."""
    there: dict[tuple[int, ...], int] = {}  # how many a place holds
    early = []
    for message in messages:
        path = list(message.metadata.delta_path)
        if message.WhichOneof("type") != "delta":
            continue
        for depth in range(1, len(path)):
            within, index = tuple(path[:depth]), path[depth]
            if index > there.get(within, 0):
                early.append(path)
            there[within] = max(there.get(within, 0), index + 1)
    return early


def run_again_at_once(messages: Sequence[ForwardMsg], name: str) -> list[ForwardMsg]:
    """What is left for the browser where a part is run again before anything was sent."""
    queue = ForwardMsgQueue()
    for message in messages:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=[name])
    return queue.flush()


@pytest.mark.parametrize(("as_part", "whole"), [(part, True), (st.fragment, False)])
def test_nothing_comes_before_what_stands_in_front_of_it(
    monkeypatch: pytest.MonkeyPatch, as_part: object, whole: bool
) -> None:
    messages = said(monkeypatch, as_part)
    names = {
        message.delta.fragment_id for message in messages if message.WhichOneof("type") == "delta"
    } - {""}
    assert len(names) == 2
    assert not gaps(messages)
    for name in names:
        assert (not gaps(run_again_at_once(messages, name))) is whole


def test_every_part_of_a_page_has_a_place_of_its_own() -> None:
    bare = re.compile(r"\bst\.fragment\b|import fragment\b")
    users = [file for file in CORE.rglob("*.py") if bare.search(file.read_text("utf-8"))]
    assert users == [CORE / "ui" / "part.py"]
