"""Every page and every closer look in German: no English word stands there, but for the names."""

import importlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core.ui.closer import Closers
from core.ui.navigation import WALK
from core.words import HTML_TEXT

ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|were|which|what|where|with|without|from|your|you|by|how|every|each|"
    r"this|that|these|it|its|not|no|one|all|than|then|into|here|there|more|less|step|steps|picture|"
    r"pictures|noise|word|words|choose|click|drag|seconds)\b(?![-_(=.]\w)",
)
SAME = re.compile(  # German words, and what stays as it was written
    r"\bwas\b|`[^`]*`|“[^”]*”|„[^“]*“|\$[^$]*\$|:material/\w+:|:small\[.*?\]|\]\([^)]*\)|"
    r"<\|?\w+\|?>|\b\w+\.safetensors\b|"
    r"[A-Za-z0-9+/=]{80,}|\(datum\b[^)]*\)|\w+\(\)|\{\w+(?::,)?\}|"
    r"\(\w+:[\d.]+\)|"  # the weight of a word
    r"(?<!\*)\*[^*]+\*(?!\*)"  # in italics, the titles of what is cited
)
NOT_SHOWN = ("id", "key", "url", "icon", "css", "js", "fragment_id", "form_id", "element_id",
             "page", "code", "name", "mark", "type", "field", "fields", "kind", "columns",
             "js_content", "css_content")  # fmt: skip
PAGES = [("home", "Home.py"), *((entry.url, f"pages/{entry.file}") for entry in WALK)]
QUERY = {"lang": "de", "prompt": "", "steps": "4"}


def looks_of(page: str) -> tuple[str, ...]:
    try:
        looks: Closers = importlib.import_module(f"core.lessons.{page}.looks").LOOKS
    except ModuleNotFoundError:
        return ("",)
    return tuple(look.title for look in looks.looks)


def said(part: object, name: str = "") -> Iterator[str]:
    """Every text in what a page sends, but for what only programs read."""
    if isinstance(part, Message):
        for field, value in part.ListFields():
            if field.name not in NOT_SHOWN:
                many: Any = value
                for one in many if field.is_repeated else (value,):
                    yield from said(one, field.name)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key not in NOT_SHOWN:
                yield from said(value, str(key))
    elif isinstance(part, list):
        for value in part:
            yield from said(value, name)
    elif name == "html_content":
        yield from (found[0] for found in HTML_TEXT.finditer(str(part)))
    elif isinstance(part, str):
        if part[:1] in "[{":
            try:
                yield from said(json.loads(part), name)
                return
            except ValueError:
                pass
        yield part


def english(at: AppTest) -> list[str]:
    """What is left in English on a page."""
    found = []
    for node in at._tree:
        proto: Any = getattr(node, "proto", None)
        if proto is None or node.type in ("code", "html", "latex"):
            continue
        for text in said(proto):
            if ENGLISH.search(SAME.sub(" ", text)):
                found.append(f"{node.type}: {text[:300]}")
    return found


@pytest.mark.parametrize(
    ("file", "look"),
    [pytest.param(file, look, id=f"{page}-{look}") for page, file in PAGES
     for look in looks_of(page)],
)  # fmt: skip
def test_nothing_is_left_in_english(
    open_page: Callable[..., AppTest], file: str, look: str
) -> None:
    query = {**QUERY, "look": look, "formulas": "on"} if look else QUERY
    at = open_page(file, **query)
    assert not at.exception
    assert english(at) == []
