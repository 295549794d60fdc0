"""Guidance by the call: from when to when it is on, and how much of it only adds strength."""

import streamlit as st

from core.engine.works.guided import GuidedWork
from core.ideas.guidance import guide, guide_projected, split_change
from core.ideas.picture_likeness import apart
from core.lessons.generation.guidance_data import share_at_limit
from core.lessons.generation.when_data import split_chart, split_rows
from core.ui.address import Field, ask, real
from core.ui.made import chart, made, png
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.views.numbers import count, percent
from core.words import tr

FORMULAS = (guide, split_change, guide_projected)
WIDE = 600  # CSS pixels of both pictures


def show(shown: Shown) -> None:
    """Show the run with guidance at some of its calls, beside the run as it is.

    Args:
        shown: the run on show.

    Raises:
        ExplainerError: the engine could not run it.
    """
    run, request = shown.run, running_example()
    if run.eps_uncond is None:
        st.markdown(
            tr("**This run has no guidance**, so nothing can be taken from it. Choose w above 1.")
        )
        return
    calls = len(run.timesteps)
    first, last = ask(
        st.slider, tr("Guidance is on from call to call"), _between(calls), min_value=1,
        max_value=calls, help=tr("Elsewhere the network is asked with your words alone."),
    )  # fmt: skip
    along = ask(
        st.slider, tr("Kept of the part along the answer"), real("along", 1.0, 0.0, 1.0), step=0.1,
        format="%g", help=tr("1 is plain guidance; 0 takes away what only adds strength."),
    )  # fmt: skip
    found = read(GuidedWork(request.model, request, first, last, along).validated(), "Call")
    with st.container(width=WIDE):
        before, after = st.columns(2)
        for column, picture, said in (
            (before, run.picture, tr("Guided at every call")),
            (
                after,
                found.picture,
                tr("Guided from call {first} to {last}", first=first, last=last),
            ),
        ):
            column.image(png(picture), said, width="stretch", output_format="PNG", alt=said)
    st.markdown(
        tr(
            "**{rows} were asked about in place of {all}.** The pictures are {apart:.1f} of 255 "
            "apart on average; {after} of the colour values are at the limit in place of {before}.",
            rows=count(found.rows, "row"), all=2 * calls, apart=apart(run.picture, found.picture),
            after=percent(share_at_limit(found.picture), 1),
            before=percent(share_at_limit(run.picture), 1),
        )
    )  # fmt: skip
    rows = made(("split by call", run), lambda: split_rows(run))
    st.altair_chart(
        chart(("split by call", run, first, last), lambda: split_chart(rows, first, last)),
        alt=tr("Both parts of what guidance adds, over the calls"),
    )
    as_table(rows, "split", tr("The same sizes as a table"))
    st.markdown(
        tr(
            "**Along or across?** What guidance adds to the believed picture is split in two: "
            "*along* the prompt’s own answer it makes that stronger, in colour and contrast; "
            "*across* it, it changes what is there. Early calls decide the layout; late ones, "
            "details."
        )
    )
    st.caption(
        tr(
            "Some newer models take guidance as an input: they were distilled with the weight as "
            "one more number beside the time. They ask once a call, and know no negative prompt."
        )
    )


def _between(calls: int) -> Field[tuple[int, int]]:
    """Return the field of both ends."""

    def read_ends(text: str) -> tuple[int, int] | None:
        ends = text.split("-")
        if len(ends) != 2 or not all(end.isascii() and end.isdecimal() for end in ends):
            return None
        first, last = (int(end[:5]) for end in ends)
        return (first, last) if 1 <= first <= last <= calls else None

    quarter = calls // 4  # what comes of less is seen at once
    start = 1 + quarter, calls - quarter
    return Field("guided", start, read_ends, lambda ends: f"{ends[0]}-{ends[1]}")
