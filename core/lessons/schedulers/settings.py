"""The chosen scheduler's settings as a form, made from what the scheduler takes."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from core.errors import ExplainerError
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
from core.ideas.schedules import (
    accumulate_alpha_bar,
    make_linear_betas,
    make_scaled_linear_betas,
    rescale_to_zero_snr,
)
from core.lessons.schedulers.table_data import option_rows
from core.models.schedulers.record import Option, Value
from core.models.schedulers.settings import check_params, latent_config, options_in_force
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import ask, switch
from core.ui.all_pages import held
from core.ui.errors import show_error
from core.ui.running_example import running_example, set_running_example, tied_to_run
from core.ui.settings import forget_params
from core.views.tables import headed
from core.words import tr, tr_later

FORMULAS = (
    make_scaled_linear_betas,
    accumulate_alpha_bar,
    sigma_from_alpha_bar,
    snr_db_from_alpha_bar,
    make_linear_betas,
    rescale_to_zero_snr,
)

IN_A_ROW = 3
WIDE = 560  # CSS pixels: the longest sentence can be read whole


@dataclass(frozen=True, slots=True)
class Plain:
    """A setting as a switch with a sentence: on, it has one value, off, its own start."""

    name: str
    on: Value
    says: str


# The first of these that a scheduler has stand before all its settings.
PLAIN = (
    Plain("use_karras_sigmas", True, tr_later("More of the calls where little noise is left")),
    Plain("eta", 1.0, tr_later("Fresh noise at every step")),
    Plain("timestep_spacing", "trailing", tr_later("Begin where there is most noise, at t = 999")),
    Plain("rescale_betas_zero_snr", True, tr_later("Nothing of the picture is left at t = 999")),
    Plain("set_alpha_to_one", True, tr_later("End without any noise")),
    Plain("use_exponential_sigmas", True, tr_later("Each step takes the same share of the noise")),
    Plain("original_inference_steps", 100, tr_later("Jumps learned in smaller steps")),
)
PLAIN_SHOWN = 3
_WRONG, _TYPED = "scheduler_settings_wrong", "scheduler_settings_typed"
Config = dict[str, Any]  # Any: what JSON holds


def show(config: Config) -> None:
    """Show a few settings as switches; behind a toggle every one, a line to type, and a table.

    Args:
        config: of the running example's model.
    """
    request = running_example()
    scheduler = SCHEDULERS[request.scheduler]
    st.text(tr(scheduler.blurb))
    base = latent_config(config)
    found = options_in_force(scheduler, base)
    chosen = dict(request.params)
    known = {option.name: option for option in found}
    plain = [one for one in PLAIN if one.name in known][:PLAIN_SHOWN]
    for one in plain:
        _switch(one, known[one.name], chosen.get(one.name, known[one.name].default), config)
    wrong = st.session_state.get(_WRONG)
    if wrong is not None and wrong[0] == request.scheduler:
        show_error(wrong[1])
    st.button(
        tr("Back to the checkpoint’s settings"), on_click=_forget, disabled=held() or not chosen,
        icon=":material/undo:",
    )  # fmt: skip
    every = tr("All {count} settings, by the names that diffusers gives them", count=len(found))
    if not ask(st.toggle, every, switch("all_settings")):
        return
    for start in range(0, len(found), IN_A_ROW):
        row = found[start : start + IN_A_ROW]
        for column, option in zip(st.columns(IN_A_ROW), row, strict=False):
            with column:
                _widget(option, chosen.get(option.name, option.default), config)
    st.text_input(
        tr("Or type one"), placeholder="use_karras_sigmas=true", key=_TYPED, max_chars=200,
        on_change=_take_typed, args=(config,), disabled=held(),
        help=tr("As on the command line: --param KEY=VALUE. Try a wrong one."),
    )  # fmt: skip
    st.dataframe(
        headed(option_rows(scheduler, base, chosen)), hide_index=True, height="content",
        alt=tr("Settings of {scheduler}", scheduler=scheduler.title),
        column_config={tr("meaning"): st.column_config.TextColumn(width=WIDE)},
    )  # fmt: skip


def _switch(one: Plain, option: Option, now: object, config: Config) -> None:
    """Draw one setting as a switch."""
    st.toggle(
        tr(one.says), now == one.on, help=f"{option.name}: {tr(option.meaning)}",
        **tied_to_run(
            f"plain_{running_example().scheduler}_{one.name}", now == one.on,
            lambda on: _take(one.name, config, one.on if on else option.default),
        ),
    )  # fmt: skip


def _widget(option: Option, now: object, config: Config) -> None:
    """Draw one setting."""
    label, meaning = option.name, tr(option.meaning)
    kind = {"bool": bool, "int": int, "float": float}.get(option.type, str)
    shown = bool(now) if kind is bool else kind(str(now))
    told = {
        "help": meaning,
        **tied_to_run(
            f"scheduler_{running_example().scheduler}_{option.name}", shown,
            partial(_take, option.name, config),
        ),
    }  # fmt: skip
    if kind is bool:
        st.toggle(label, bool(now), **told)
    elif kind is str:
        names = [str(value) for value in option.allowed]
        st.selectbox(label, names, names.index(str(now)), **told)
    else:
        low, high = (kind(end) for end in option.allowed[:2])
        step = 1 if kind is int else 10.0**-5 if high < 1 else 0.05
        st.number_input(label, low, high, shown, step=step, format="%g", **told)


def _take(name: str, config: Config, chosen: Value | None) -> None:
    _set({**dict(running_example().params), name: chosen}, config)


def _take_typed(config: Config) -> None:
    text = st.session_state[_TYPED].strip().removeprefix("--param").strip()
    name, sign, value = text.partition("=")
    if not text:
        return
    if not sign:
        _tell(ExplainerError(tr("This is not a setting and a value."), tr("Type KEY=VALUE.")))
        return
    _set({**dict(running_example().params), name.strip(): value.strip()}, config)


def _set(params: dict[str, Any], config: Config) -> None:  # Any: as typed
    """Take settings that hold together; others are told and leave everything as it was."""
    request = running_example()
    scheduler, base = SCHEDULERS[request.scheduler], latent_config(config)
    try:
        checked = check_params(scheduler, params, base)
    except ExplainerError as error:
        _tell(error)
        return
    usual = {option.name: option.default for option in options_in_force(scheduler, base)}
    kept: dict[str, Value] = {key: value for key, value in checked.items() if value != usual[key]}
    st.session_state.pop(_WRONG, None)
    set_running_example(replace(request, params=tuple(kept.items())))


def _tell(error: ExplainerError) -> None:
    st.session_state[_WRONG] = running_example().scheduler, error


def _forget() -> None:
    st.session_state.pop(_WRONG, None)
    forget_params()
