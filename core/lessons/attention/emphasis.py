"""What (word:1.3) does: three recipes of other programs on the prompt's text states."""

import numpy as np
import streamlit as st

from core.engine.works.emphasis import LEAST, MOST, RECIPES, EmphasisWork
from core.ideas.emphasis import away_from_empty, scale_and_restore, scale_states
from core.ideas.picture_likeness import apart
from core.ideas.text_geometry import relative_change
from core.lessons.attention.edits import choose_word, fill, prompt_words, show_picture, wait_for
from core.models.attention_seen import AttentionSeen
from core.ui.address import ask, real
from core.ui.running_example import running_example
from core.ui.runs import read
from core.views.numbers import percent
from core.words import tr, tr_later

FORMULAS = (scale_states, scale_and_restore, away_from_empty, relative_change)
BEGIN = 1.3
SAID = {
    "scale": (tr_later("Scaled"), tr_later("web UI (AUTOMATIC1111), “No norm”")),
    "restore": (tr_later("Scaled, mean restored"), tr_later("web UI (AUTOMATIC1111), “Original”")),
    "away": (tr_later("Away from no words"), tr_later("ComfyUI; compel above 1")),
}


def show(seen: AttentionSeen) -> None:
    """Show the picture with a word weighted by three recipes, and what each changes where.

    Args:
        seen: the run.

    Raises:
        ExplainerError: there are no words, or the engine could not run it.
    """
    st.markdown(
        tr(
            "**Programs differ in what (word:1.3) means.** All of them change the numbers that the "
            "text encoder made of the word, after it has read the text; the network’s attention "
            "is left alone. With the same weight they come to different pictures."
        )
    )
    words, request = prompt_words(), running_example()
    asked = st.columns(2, gap="medium")
    with asked[0]:
        word = choose_word(tr("Weighted word"), words, "weighted")
    with asked[1]:
        factor = ask(
            st.slider, tr("Its weight"), real("weight", BEGIN, LEAST, MOST), step=0.1, format="%g",
            help=tr("1 leaves all as it is."),
        )  # fmt: skip
    places = st.columns(1 + len(RECIPES), gap="small")
    show_picture(places[0], seen.picture, tr("As it is"))
    slots = [
        wait_for(place, tr(SAID[recipe][0]))
        for place, recipe in zip(places[1:], RECIPES, strict=True)
    ]
    rows = []
    for slot, recipe in zip(slots, RECIPES, strict=True):
        work = EmphasisWork(request.model, request, word.positions, factor, recipe)
        found = read(work.validated(), "Call")
        fill(slot, found.picture, tr(SAID[recipe][0]))
        own = np.isin(np.arange(len(found.change)), word.positions)
        rows.append(
            {
                "recipe": tr(SAID[recipe][0]),
                "program": tr(SAID[recipe][1]),
                "its states change by": percent(float(found.change[own].mean()), 1),
                "all others by": percent(float(found.change[~own].mean()), 1),
                "picture, of 255": f"{apart(seen.picture, found.picture):.1f}",
            }
        )
    headings = (
        tr("recipe"), tr("program"), tr("its states change by"), tr("all others by"),
        tr("picture, of 255"),
    )  # fmt: skip
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows]
    st.markdown("\n".join(lines))
    st.caption(
        tr(
            "Restoring the mean moves every position, also those that nobody weighted. A word that "
            "is weighted 0 does not vanish: later words have read it already."
        )
    )
