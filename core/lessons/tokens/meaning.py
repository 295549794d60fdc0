"""Meaning as geometry: a map of words, cosines, and one prompt melting into another."""

from dataclasses import replace

import numpy as np
import streamlit as st

from core.engine.request import MAX_PROMPT
from core.engine.works.texts import TextWork
from core.ideas.arrays import Numbers
from core.ideas.text_geometry import blend, cosine, place_between
from core.lessons.tokens.grids_data import grid_data
from core.lessons.tokens.meaning_data import (
    LONGEST,
    cosine_grid,
    cosine_rows,
    map_rows,
    short,
    word_map,
)
from core.lessons.tokens.pictures import show_pictures
from core.ui.address import ask, switch, text, whole
from core.ui.component import mount
from core.ui.errors import show_note
from core.ui.made import chart
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.tables import as_table, show_chart
from core.views.numbers import percent
from core.words import tr, tr_later

FORMULAS = (place_between, cosine, blend)

START_WORDS = "apple, banana, strawberry, tomato, dog, cat, whale, blueberries, rose, car"
ENDS = (tr_later("left"), tr_later("right"), tr_later("bottom"), tr_later("top"))
START_AXES = ("fruit", "animal", "blue", "red")  # one an end
MOST_WORDS = 24


def show() -> None:
    """Show words as points between words, and compare prompts."""
    request = running_example()
    chart, controls = st.columns([3, 1], gap="large")
    with controls:
        axes = [
            ask(st.text_input, tr("Axis, {end}", end=tr(end)), text(end, word, 200))
            for end, word in zip(ENDS, START_AXES, strict=True)
        ]
    typed = ask(
        st.text_area,
        tr("Words or prompts to place, with commas between"),
        text("placed", START_WORDS, MAX_PROMPT),
        height=80,
    )
    texts, left_out = _different(request.prompt, typed.split(","))
    # The prompt apart: it changes with every letter typed, the words do not.
    works = TextWork(request.model, (*axes, *texts[1:])), TextWork(request.model, (request.prompt,))
    words, own = map(find, works)
    paint_first(
        "meaning", works, words is not None and own is not None,
        lambda: None, lambda _: [read(work) for work in works],
    )  # fmt: skip
    if words is None or own is None:
        return
    vectors = np.concatenate([own.ends, words.ends[4:]])
    with chart:
        _show_map(texts, vectors, axes, words.ends[:4])
    if left_out:
        st.caption(
            tr(
                "{left_out} left out: at most {most} texts are placed, and of those that "
                "begin "
                "with the same {longest} characters the first.",
                left_out=left_out,
                most=MOST_WORDS,
                longest=LONGEST - 1,
            )
        )
    st.markdown(
        tr(
            "Each text is **one vector: the state at its end token**. CLIP’s own is trained, after "
            "a projection, to match pictures; the built-in model’s learned from captions alone. An "
            "axis runs from one word's vector to another's; a text's place is the cosine of its "
            "direction with it, seen from the middle."
        )
    )
    st.header(tr("How alike are they?"), anchor=False)
    mount("tokens/grids", grid_data([cosine_grid(texts, vectors)]))
    st.markdown(
        tr(
            "The cosine says how alike two directions are: 1 is the same, 0 a right angle. Every "
            "text "
            "stands beside the one most like it of those that are left."
        )
    )
    as_table(cosine_rows(texts, vectors), "cosines", tr("Cosine between every two texts"))
    _show_blend()


def _show_map(texts: list[str], vectors: Numbers, names: list[str], axes: Numbers) -> None:
    same = [at for at in (0, 2) if np.array_equal(axes[at], axes[at + 1])]
    if same:
        both = tr("left and right and bottom and top")
        one = tr("left and right") if same[0] == 0 else tr("bottom and top")
        show_note(
            tr(
                "The model reads the same at both ends of an axis: {which}.",
                which=both if len(same) > 1 else one,
            ),
            tr("An axis needs two ends that differ."),
        )
        return
    rows = map_rows(texts, vectors, axes)
    show_chart(
        chart(("words", str(rows), *names), lambda: word_map(rows, names)),
        "words",
        tr("Words placed between the words of the axes"),
    )


def _show_blend() -> None:
    st.header(tr("From one prompt to another"), anchor=False)
    if not ask(st.toggle, tr("Draw the pictures between"), switch("melting")):
        return
    first, second = st.columns([3, 1], gap="large")
    with first:
        other = ask(st.text_input, tr("Your words melt into"), text("melt", "a banana", MAX_PROMPT))
    with second:
        steps = ask(st.slider, tr("Pictures"), whole("pictures", 5, 3, 7))
    request = running_example()
    shares = [float(share) for share in np.linspace(0, 1, steps)]
    show_pictures(
        [replace(request, blend=other, share=share) for share in shares],
        [percent(share) for share in shares],
    )
    st.markdown(
        tr(
            "Same seed, same noise. Only the text states move, on a straight line, at all "
            "positions "
            "at once. What lies between need not be any prompt that could be typed."
        )
    )


def _different(prompt: str, typed: list[str]) -> tuple[list[str], int]:
    """Return the prompt and the words that would look different, and how many were left out."""
    texts = list(dict.fromkeys([prompt.strip(), *filter(None, map(str.strip, typed))]))
    found = {short(text): text for text in reversed(texts)}  # of those alike the first stays
    kept = [text for text in texts if found[short(text)] == text][:MOST_WORDS]
    return [prompt, *kept[1:]], len(texts) - len(kept)
