import ast
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import altair as alt
import numpy as np
import pytest
from PIL import Image

from core.ui.made import chart, made, png
from core.views.numbers import percent
from core.words import ENGLISH, use_language

LESSONS = Path(__file__).resolve().parents[3] / "core" / "lessons"


def test_what_many_ask_for_at_once_is_made_once() -> None:
    began, made_by = threading.Barrier(8), list[int]()

    def make(number: int) -> object:
        made_by.append(number)
        return object()

    def ask(number: int) -> None:
        began.wait()
        found.append(made(name, lambda: make(number)))

    found, name = list[object](), ("test", object())
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made_by) == 1
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    def fail() -> str:
        raise ValueError("no")

    name = ("test", object())
    with pytest.raises(ValueError, match="no"):
        made(name, fail)
    assert made(name, lambda: "yes") == "yes"
    assert made(name, fail) == "yes"


def test_a_picture_is_packed_once_whoever_drew_it() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)
    packed = png(pixels)
    assert png(pixels[:, :, :].copy()) is packed
    assert png(np.asfortranarray(pixels)) is packed
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(packed))), pixels)
    assert png(255 - pixels) != packed
    flat = np.zeros((4, 6), np.uint8)
    assert png(flat) != png(flat.reshape(6, 4))
    assert Image.open(io.BytesIO(png(flat))).size == (6, 4)


@pytest.mark.parametrize(("spoken", "apart"), [(ENGLISH, ","), ("de", "\N{NARROW NO-BREAK SPACE}")])
def test_a_chart_writes_numbers_as_the_page_does(spoken: str, apart: str) -> None:
    use_language(spoken)
    try:
        drawn = chart(("test", "numbers"), lambda: alt.Chart(alt.Data(values=[])).mark_point())
    finally:
        use_language(ENGLISH)
    numbers = drawn.to_dict()["config"]["locale"]["number"]
    assert (numbers["thousands"], numbers["decimal"]) == (apart, ".")
    assert numbers["percent"] == percent(0)[1:].replace(" ", "\N{NO-BREAK SPACE}")


def drawn_charts(tree: ast.AST) -> Iterator[ast.expr]:
    """What is given to be drawn as a chart."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in ("altair_chart", "show_chart"):
            yield call.args[0]


def test_every_chart_is_made_where_its_numbers_get_their_language() -> None:
    """``chart`` has a comma in no number but where people read English."""
    files = [file for file in LESSONS.rglob("*.py") if "altair_chart" in file.read_text("utf-8")
             or "show_chart(" in file.read_text("utf-8")]  # fmt: skip
    assert len(files) > 15
    for file in files:
        for given in drawn_charts(ast.parse(file.read_text("utf-8"))):
            if isinstance(given, ast.Call):
                assert isinstance(given.func, ast.Name)
                assert given.func.id in ("chart", "kept_chart"), (file.name, ast.unparse(given))
