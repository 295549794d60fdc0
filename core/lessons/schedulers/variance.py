"""How much fresh noise may a step back add? Three answers, weighed in bits."""

from typing import Any

import streamlit as st

from core.engine.works.variance import STEPS, VarianceWork
from core.ideas.bound import gather_reverse_step, measure_step_bits
from core.ideas.learned_variance import (
    add_hybrid_loss,
    count_bits,
    interpolate_log_variance,
    measure_gaussian_kl,
    score_discrete_pixels,
)
from core.lessons.schedulers.variance_data import (
    bit_chart,
    bit_rows,
    choice_chart,
    choice_rows,
    faces_row,
    total_chart,
    total_rows,
)
from core.ui.address import ask, one_of
from core.ui.made import chart, png
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.tables import show_chart, show_table
from core.views.numbers import minus
from core.words import tr, tr_later

FORMULAS = (
    interpolate_log_variance,
    add_hybrid_loss,
    gather_reverse_step,
    measure_step_bits,
    measure_gaussian_kl,
    score_discrete_pixels,
    count_bits,
)

CHOICES = (4, 6, 10, 16, 25, 40, 64, STEPS[1])
START_STEPS = 10  # a few seconds
MEANS = {
    tr_later("fixed small"): tr_later("β̃, right if there were one picture only"),
    tr_later("fixed large"): tr_later("β, right if the data were pure noise"),
    tr_later("learned"): tr_later("mostly between the two, chosen by the network at every pixel"),
}


def show(_config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Show the learned choice, what each variance costs, and faces drawn with each.

    Raises:
        ExplainerError: the engine could not do it, or the model of faces is damaged.
    """
    st.markdown(
        tr(
            "A step back lands on a mean, then adds fresh noise. **How much?** Theory gives a "
            "smallest and a largest variance. A small model of faces, made for this, learned to "
            "choose between them."
        )
    )
    steps = ask(
        st.select_slider,
        tr("Steps from noise to face"),
        one_of("face_steps", CHOICES, START_STEPS, begins="value"),
        help=tr("Few steps are long: there the two bounds lie far apart."),
    )
    model = running_example().model
    found = read(VarianceWork(model, steps), tr_later("Step of the walks"))
    reading = found.reading
    totals = {name: reading.total(name) for name in reading.bits}
    best = min(totals, key=lambda name: totals[name])
    for name, drawn in zip(totals, found.drawn, strict=True):
        told, faces = st.columns([1, 4], vertical_alignment="center")
        told.metric(
            tr("{name}, bits per dimension", name=tr(name)), f"{totals[name]:.2f}",
            tr("fewest") if name == best else minus(f"{totals[name] - totals[best]:+.2f}"),
            delta_color="off", delta_arrow="off", help=f"{tr(MEANS[name])}.",
        )  # fmt: skip
        faces.image(
            png(faces_row(drawn)), width="stretch", output_format="PNG",
            alt=tr("Faces drawn with the variance {name}", name=tr(name)),
        )  # fmt: skip
    # What was asked for before stays beside it.
    kept = {n: answer.reading for n in CHOICES if (answer := find(VarianceWork(model, n)))}
    show_chart(
        chart(("bits", tuple(kept), steps), lambda: total_chart(total_rows(kept), steps)),
        "variance-bits",
        tr("Bits per dimension in all, by variance, for every number of steps tried so far"),
    )
    st.markdown(
        tr(
            "**Fewer bits: faces it never saw surprise the model less.** Move the steps. With few "
            "long ones the smallest variance is far too sure of itself; the learned choice was "
            "trained on 1,000 small steps and fits the better the more there are."
        )
    )
    choices, bits = choice_rows(reading), bit_rows(reading)
    left, right = st.columns(2, gap="large")
    with left:
        st.header(tr("What was chosen"), anchor=False)
        st.altair_chart(
            chart(("choices", reading), lambda: choice_chart(choices)),
            alt=tr("Each variance as a share of the largest, by t"),
        )
        st.caption(tr("Mean over all pixels of held-out faces."))
    with right:
        st.header(tr("What each step costs"), anchor=False)
        show_chart(
            chart(("bits", reading), lambda: bit_chart(bits)),
            "step-bits",
            tr("Bits per dimension of each step, by t"),
        )
        st.caption(tr("Small costs are spread out, so that they can be seen."))
    st.caption(
        tr(
            "{faces} faces a row, the same noise in every row; bits of faces that were "
            "kept from training, summed "
            "over the {steps} steps, and {prior:.4f} for the noise it starts from.",
            faces=len(found.drawn[0]),
            steps=steps,
            prior=reading.prior,
        )
    )
    show_table(choices, "variance", tr("The choice at every step in numbers"))
