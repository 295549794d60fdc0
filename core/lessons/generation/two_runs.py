"""Two prompts from the same noise: both runs scrubbed together, and how far apart they are."""

from dataclasses import replace

import streamlit as st

from core.engine.request import MAX_PROMPT
from core.lessons.generation.two_runs_data import Pair, other_prompt, pair_data, pair_rows
from core.ui.address import ask, text, value
from core.ui.component import mount
from core.ui.shown import Shown, here
from core.ui.tables import as_table
from core.words import tr


def show(shown: Shown) -> None:
    """Ask for other words, and show both runs.

    Args:
        shown: the run on show.
    """
    run = shown.run
    field = text("other", other_prompt(run.request.prompt), MAX_PROMPT)
    ask(st.text_input, tr("Other words, from the same noise"), field)
    other = value(field)
    pair = Pair(run, here(replace(run.request, prompt=other)).run)
    titles = tuple(one.strip() or tr("(no words)") for one in (run.request.prompt, other))
    mount("generation/two_runs", pair_data(pair, (titles[0], titles[1])))
    st.markdown(_say(pair))
    st.caption(
        tr(
            "Distance: the root mean square of the difference of all numbers of the latents, at "
            "unit "
            "scale; two unrelated noises are √2 = 1.41 apart. Quick colours, one map for both "
            "runs; "
            "the results are decoded."
        )
    )
    as_table(lambda: pair_rows(pair), "two-prompts", tr("Both runs in numbers, call by call"))


def _say(pair: Pair) -> str:
    parted, apart = pair.parted, pair.of_estimates
    if parted is None:
        return tr("**The results are the same.**")
    return tr(
        "**One noise, two pictures.** What the network believes differs at the very first call, "
        "by {first:.2f}, while the latents are still the same noise. After {parted} of "
        "{calls} calls the latents are at least half as far apart as the "
        "results, which differ by {last:.2f}.",
        first=apart[0],
        parted=parted,
        calls=len(pair.first.timesteps),
        last=apart[-1],
    )
