"""From which call on it is one: the small judge that ships names every estimate of the run."""

import streamlit as st

from core.engine.works.judged import JudgeWork
from core.ideas.recognition import find_lead, share_belief
from core.lessons.generation.recognised_chart_data import recognised_chart
from core.lessons.generation.recognised_data import (
    Recognised,
    recognised,
    recognised_rows,
    say_unknown,
    say_when,
    shown_places,
)
from core.models.catalog import BUILT_IN
from core.models.judge_names import judge_names, named_rightly
from core.ui.made import chart, made, png
from core.ui.runs import read
from core.ui.shown import Shown
from core.ui.tables import as_table, show_chart
from core.views.numbers import percent
from core.words import tr, tr_later

FORMULAS = (share_belief, find_lead)
WIDE = 108  # CSS pixels of a picture


def show(shown: Shown) -> None:
    """Show what the judge takes each estimate for.

    Args:
        shown: the run on show.

    Raises:
        ExplainerError: the engine could not do it, or a file of the judge is damaged.
    """
    request = shown.run.request
    if request.model != BUILT_IN:
        st.markdown(
            tr(
                "**The judge does not know this model.** It is a small network that has seen "
                "{objects:,} drawn objects, those of the built-in model, and would take any other "
                "picture for one of them. Choose the built-in model to have it judge.",
                objects=len(judge_names()),
            )
        )
        return
    judged = read(JudgeWork(request.model, request), tr_later("Decoding frame"))
    found = made(("recognised", judged), lambda: recognised(judged, request.prompt))
    if found.names:
        st.markdown(say_when(found))
        show_chart(
            chart(("recognised", judged), lambda: recognised_chart(found)), "recognised",
            tr("Share of what was asked for, and of its strongest rival, over the calls"),
        )  # fmt: skip
    else:
        st.markdown(say_unknown(found))
        as_table(lambda: recognised_rows(found), "recognised", tr("What it says at each call"))
    _show_pictures(found)
    st.caption(
        tr(
            "The judge is a small classifier of its own: it has seen {objects:,} drawn objects, "
            "each from one picture on plain backgrounds, sharp and blurred, and nothing that the "
            "model drew. Of scenes that it never saw it names {right:g} % rightly; it knows "
            "nothing else, so whatever it sees it takes for one of these. The judge in the "
            "model’s card is another, larger one.",
            objects=len(judge_names()),
            right=named_rightly(),
        )
    )


def _show_pictures(found: Recognised) -> None:
    """Show some estimates, each with what the judge would say."""
    with st.container(horizontal=True, gap="small"):
        for place in shown_places(found):
            said = tr(
                "Call {call}: {name}, {share}",
                call=found.calls[place] + 1,
                name=found.first_names[place],
                share=percent(float(found.first_shares[place])),
            )
            with st.container(width=WIDE):
                st.image(png(found.pictures[place]), width="stretch", output_format="PNG", alt=said)
                st.caption(said)
