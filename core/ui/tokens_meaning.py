"""Meaning as geometry: a map of words, cosines, and one prompt melting into another."""

from dataclasses import replace

import numpy as np
import streamlit as st

from core.engine.looks.texts import TextLook
from core.engine.request import MAX_PROMPT
from core.ui.looking import read
from core.ui.running_example import running_example
from core.ui.tables import offer_csv
from core.ui.tokens_engine import show_pictures
from core.views.token_meaning import LONGEST, cosine_rows, map_rows, short, word_map

START_WORDS = "apple, banana, strawberry, tomato, dog, cat, whale, blueberries, rose, car"
START_AXES = ("fruit", "animal", "blue", "red")  # left, right, bottom, top
MOST_WORDS = 24


def show_meaning() -> None:
    """Show words as points between words, and compare prompts.

    Raises:
        ExplainerError: the engine could not do it.
    """
    request = running_example()
    chart, controls = st.columns([3, 1], gap="large")
    with controls:
        ends = ("left", "right", "bottom", "top")
        axes = [
            st.text_input(f"Axis, {end}", word, max_chars=200, key=f"axis_{end}")
            for end, word in zip(ends, START_AXES, strict=True)
        ]
    typed = st.text_area(
        "Words or prompts to place, with commas between", START_WORDS, max_chars=MAX_PROMPT,
        height=80, key="map_words",
    )  # fmt: skip
    texts, left_out = _different(request.prompt, typed.split(","))
    reading = read(TextLook(request.model, (*axes, *texts)))
    vectors = reading.ends
    rows = map_rows(texts, vectors[4:], vectors[:4])
    with chart:
        st.altair_chart(word_map(rows, axes), alt="Words placed between the words of the axes")
    if left_out:
        st.caption(
            f"{left_out} left out: at most {MOST_WORDS} texts are placed, and of those that begin "
            f"with the same {LONGEST - 1} characters the first."
        )
    st.markdown(
        "Each text is **one vector: the state at its end token**, the one that CLIP was trained "
        "to compare with pictures, after a projection. An axis runs from one word's vector to "
        "another's; a text's place is the cosine of its direction with it, seen from the middle."
    )
    st.subheader("How alike are they?", anchor=False)
    table = cosine_rows(texts, vectors[4:])
    st.dataframe(table, hide_index=True, alt="Cosine between every two texts")
    offer_csv(table, "cosines")
    _show_blend()


def _show_blend() -> None:
    st.subheader("From one prompt to another", anchor=False)
    first, second = st.columns([3, 1], gap="large")
    with first:
        other = st.text_input("Your words melt into", "a banana", max_chars=MAX_PROMPT, key="melt")
    with second:
        steps = st.slider("Pictures", 3, 7, 5, key="melt_steps")
    request = running_example()
    shares = [float(share) for share in np.linspace(0, 1, steps)]
    show_pictures(
        [replace(request, blend=other, share=share) for share in shares],
        [f"{share:.0%}" for share in shares],
    )
    st.markdown(
        "Same seed, same noise. Only the text states move, on a straight line, at all positions "
        "at once. What lies between need not be any prompt that could be typed."
    )


def _different(prompt: str, typed: list[str]) -> tuple[list[str], int]:
    """Return the prompt and the words that would look different, and how many were left out."""
    texts = list(dict.fromkeys([prompt.strip(), *filter(None, map(str.strip, typed))]))
    found = {short(text): text for text in reversed(texts)}  # of those alike the first stays
    kept = [text for text in texts if found[short(text)] == text][:MOST_WORDS]
    return [prompt, *kept[1:]], len(texts) - len(kept)
