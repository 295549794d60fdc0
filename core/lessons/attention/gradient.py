"""Which token moved the noise, by gradient: another question than where a place looked."""

import streamlit as st

from core.engine.works.attribution import AttributionWork
from core.ideas.attribution import integrate_gradients
from core.lessons.attention.maps_data import entries_of
from core.lessons.attention.reads_data import attribution_chart, attribution_rows
from core.lessons.attention.run import prompt_tokens
from core.lessons.attention.words import say_percent
from core.models.attention_seen import AttentionSeen
from core.ui.address import ask, whole
from core.ui.made import chart
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import as_table
from core.words import tr

FORMULAS = (integrate_gradients,)


def show(seen: AttentionSeen) -> None:
    """Share out among tokens what the prompt changes in the predicted noise, at one call.

    Args:
        seen: the run.
    """
    calls, request = len(seen.timesteps), running_example()
    call = 0
    if calls > 1:
        call = (
            ask(
                st.slider,
                tr("U-Net call"),
                whole("gradient_call", (calls + 1) // 2, 1, calls),
                help=tr("The first is the noisiest."),
            )
            - 1
        )
    found = read(AttributionWork(request.model, request, call).validated(), tr("Piece"))
    st.markdown(
        tr(
            "**Attention says where a place looked; this says what moved the answer.** The noise "
            "that "
            "the network sees with your prompt, less the noise that it sees with the negative "
            "one, is "
            "the prompt’s push. A bar is the part of it that a token accounts for; to the left of "
            "0 "
            "a token pulls the other way. A dot is the token’s share of the attention."
        )
    )
    rows = attribution_rows(seen, entries_of(prompt_tokens()), call, found.shares)
    said = tr("Share of the push and of the attention by token")
    st.altair_chart(chart(("attribution", str(rows)), lambda: attribution_chart(rows)), alt=said)
    st.caption(
        tr(
            "t = {t:g}. All of it adds up to {shares}; cut into ever "
            "finer parts, the way from the negative prompt to yours would give 100 %. The start "
            "token "
            "is the same in both prompts, so it accounts for nothing.",
            t=found.t,
            shares=say_percent(found.shares.sum()),
        )
    )
    as_table(rows, "attention-gradient", said)
