"""Noise levels of one's own: spaced by a rule, drawn or typed by hand, and run."""

import math
from typing import Any

import streamlit as st

from core.engine.works.own_sigmas import SAMPLERS, OwnRun, OwnSigmasWork, check_sigmas
from core.errors import ExplainerError
from core.ideas.beta_spacing import space_beta
from core.ideas.interpolation import sigma_at_timestep, timestep_at_sigma
from core.ideas.spacings import space_karras, space_leading, space_linspace, space_trailing
from core.lessons.schedulers.overlay_data import INKS
from core.lessons.schedulers.own_data import (
    SPACINGS,
    SigmasData,
    calls_of,
    edited,
    in_order,
    level_rows,
    say_below_one,
    spaced,
)
from core.models.schedulers.plans import drawn, plan_run, schedule_levels
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import Field, ask, bound, choose, one_of, real, say, value, whole
from core.ui.component import mount, told
from core.ui.made import png
from core.ui.running_example import running_example
from core.ui.runs import find, read
from core.ui.shown import here
from core.ui.tables import as_table
from core.views.numbers import count
from core.words import tr, tr_later

FORMULAS = (
    space_karras,
    space_beta,
    space_linspace,
    space_leading,
    space_trailing,
    sigma_at_timestep,
    timestep_at_sigma,
)

MOST_RHO = 20.0
LONGEST = 3_000  # characters of noise levels
IN_LINK = "sigmas"
NAME = "schedulers/draw"
_EDITED, _PRESSED = "own_sigmas_edited", "own_sigmas_pressed"


def show(config: dict[str, Any]) -> None:  # Any: what JSON holds
    """Ask for a spacing, let its levels be changed by hand, and run them.

    Args:
        config: of the running example's model.

    Raises:
        ExplainerError: a noise level is wrong, or the engine could not run them.
    """
    request = running_example()
    levels = schedule_levels(config)
    name, rho, steps, sampler = _choose(request.steps)
    rule = spaced(name, steps, levels, rho)
    field = Field(IN_LINK, rule, _read, lambda levels: ",".join(map(repr, levels)))
    chart, table = st.columns([2, 1], gap="large")
    with table:
        own = check_sigmas(_edit(field))
    plan = plan_run(SCHEDULERS[request.scheduler], config, dict(request.params), request.steps)
    with chart:
        data: SigmasData = {
            "own": [*own],
            "theirs": [*drawn(plan.sigmas).tolist(), plan.end],
            "names": [
                tr("{name}, your run", name=SCHEDULERS[request.scheduler].title),
                tr("these, {sampler}", sampler=SCHEDULERS[sampler].title),
            ],
            "hue": INKS[request.scheduler].hue,
            "twice": SCHEDULERS[sampler].calls == "2N − 1",
            "low": float(levels[0]),
            "high": float(levels[-1]),
        }
        mount(NAME, data, on_drawn_change=lambda: _take(field))
        as_table(
            level_rows(data, sampler),
            "own-levels",
            tr("The noise levels of all calls, beside those of your run"),
        )
        st.markdown(
            tr(
                "**{these}**; in your run {own}. There the details are drawn.",
                these=say_below_one(calls_of(own, sampler)),
                own=say_below_one(plan.sigmas.tolist()),
            )
        )
    work = OwnSigmasWork(request.model, request, own, sampler)
    if st.button(tr("Run these noise levels"), type="primary", icon=":material/play_arrow:"):
        st.session_state[_PRESSED] = True  # from now on every line that is drawn
    going = st.session_state.get(_PRESSED)
    found = read(work, tr_later("Step")) if going else find(work)
    if found is not None:
        _show_pictures(found, sampler)


def _take(field: Field[list[float]]) -> None:
    """Take the levels that were drawn."""
    try:
        drawn_levels = check_sigmas(told(st.session_state.get(NAME), "drawn"))
    except ExplainerError:
        return  # no hand draws such levels
    choose(field, [*drawn_levels])


def _choose(steps: int) -> tuple[str, float, int, str]:
    """Ask for the rule, its rho, how many levels, and who walks them."""
    asked = st.columns(4, gap="medium")
    name = asked[0].selectbox(
        tr("Spacing"), help=tr("Where the noise levels stand before you change any."),
        format_func=tr,
        **bound(one_of("spacing", SPACINGS), _begin_anew),
    )  # fmt: skip
    rho = asked[1].slider(
        tr("Karras’ ρ"), step=0.5, disabled=name != "Karras",
        **bound(real("rho", 7.0, 1.0, MOST_RHO), _begin_anew),
        help=tr("1 spaces them evenly; the larger, the more of them are low. The paper takes 7."),
    )  # fmt: skip
    count = asked[2].slider(
        tr("Levels"), **bound(whole("levels", min(steps, 50), 1, 50), _begin_anew)
    )
    sampler = ask(
        asked[3].selectbox,
        tr("Sampler"),
        one_of("sampler", SAMPLERS),
        format_func=lambda name: SCHEDULERS[name].title,
    )
    return name, rho, count, sampler


def _begin_anew() -> None:
    """Forget what was changed by hand: another rule was chosen."""
    say({IN_LINK: None})


def _edit(field: Field[list[float]]) -> list[object]:
    """Let every level be changed; the address says so before the page is drawn."""
    now = value(field)
    begun, seen, turn = st.session_state.get(_EDITED, (field.start, None, 0))
    if now != seen:  # of a link, or of another rule: a new table begins with it
        begun, turn = now, turn + 1
        st.session_state[_EDITED] = begun, now, turn
    key = f"own_sigmas_{turn}"

    def take() -> None:
        found = in_order(edited(begun, st.session_state[key]))
        if found is not None:
            st.session_state[_EDITED] = begun, found, turn
            choose(field, found)

    table = st.data_editor(
        {"sigma": begun}, key=key, num_rows="dynamic", height=300, on_change=take,
        column_config={
            "sigma": st.column_config.NumberColumn(
                tr("σ, click to change"), min_value=0.0, format="%.4g", required=True
            )
        },
    )  # fmt: skip
    levels: list[object] = list(table["sigma"])
    found = in_order(levels)
    return levels if found is None else [*found]


def _read(text: str) -> list[float] | None:
    try:
        levels = [float(part) for part in text.split(",")] if len(text) < LONGEST else []
    except ValueError:
        return None
    return levels if levels and all(map(math.isfinite, levels)) else None


def _show_pictures(found: OwnRun, sampler: str) -> None:
    run = here(running_example()).run
    left, there = st.columns(2, gap="large")
    title = SCHEDULERS[sampler].title
    calls, own = (count(len(one.sigmas), "U-Net call") for one in (found, run))
    left.image(
        png(found.picture),
        tr("These levels, {sampler}, {calls}", sampler=title, calls=calls),
        width=256,
        output_format="PNG",
        alt=tr("The picture drawn over these noise levels"),
    )
    there.image(
        png(run.picture),
        tr(
            "Your run, {scheduler}, {calls}",
            scheduler=SCHEDULERS[run.request.scheduler].title,
            calls=own,
        ),
        width=256, output_format="PNG", alt=tr("The picture of your run"),
    )  # fmt: skip
