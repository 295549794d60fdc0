"""The controls of the running example, each a plain widget; what they say is kept in the link."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.engine.request import MAX_GUIDANCE, MAX_PROMPT, MAX_SEED
from core.errors import ExplainerError
from core.ideas.checks import say_number
from core.models.few_steps import distilled
from core.models.loras import MOST as MOST_LORAS
from core.models.loras import loras_for
from core.models.schedulers.table import SCHEDULERS
from core.ui.all_pages import held
from core.ui.errors import show_error
from core.ui.running_example import running_example, set_running_example, tied_to_run
from core.views.numbers import count, say_noise
from core.words import tr

EVERYDAY_STEPS = 50  # end of the slider; a link may ask for more
EVERYDAY_GUIDANCE = 15.0
MARKS, AS_TEXT = re.compile(r"[!-/:-@\[-`{-~]"), r"\\\g<0>"  # a label is Markdown
LEAST_LORA, EVERYDAY_LORA = -1.0, 2.0


def prompt_box(live: str | bool = False) -> None:
    """Ask for the prompt.

    Args:
        live: the pause in typing after which it is taken, such as "120ms"; False waits for Enter.
    """
    st.text_input(
        tr("Your words"),
        running_example().prompt,
        max_chars=MAX_PROMPT,
        placeholder=tr("no words"),
        live=live,
        **_bound("prompt"),
    )


def negative_box() -> None:
    """Ask for the negative prompt."""
    st.text_input(
        tr("Not this"),
        running_example().negative,
        max_chars=MAX_PROMPT,
        placeholder=tr("negative prompt"),
        help=tr("The negative prompt: guidance walks away from what it says."),
        **_bound("negative"),
    )


def steps_slider() -> None:
    """Ask for the number of steps, as many as the scheduler takes."""
    request = running_example()
    info = SCHEDULERS[request.scheduler]
    st.slider(
        tr("Steps"), info.min_steps, min(info.max_steps, max(EVERYDAY_STEPS, request.steps)),
        request.steps,
        help=tr("How many steps lead from noise to picture."), **_bound("steps"),
    )  # fmt: skip


def guidance_slider() -> None:
    """Ask for the guidance weight."""
    guidance = running_example().guidance
    st.select_slider(
        tr("Guidance w"), weights(guidance), guidance, format_func=say_number,
        help=tr("1 follows your words as they are, 0 forgets them, more exaggerates them."),
        **_bound("guidance"),
    )  # fmt: skip


def weights(*shown: float) -> list[float]:
    """Return the weights that a slider offers: every half, and those that a link or a file asks.

    Args:
        shown: what is on show; the slider must be able to stand there.
    """
    end = EVERYDAY_GUIDANCE if max(shown) <= EVERYDAY_GUIDANCE else MAX_GUIDANCE
    return sorted({*(half / 2 for half in range(int(2 * end) + 1)), *shown})


def seed_box() -> None:
    """Ask for the seed."""
    st.number_input(
        tr("Seed"),
        0,
        MAX_SEED,
        running_example().seed,
        step=1,
        help=tr("Which noise to start from."),
        **_bound("seed"),
    )


def scheduler_box() -> None:
    """Ask for the scheduler; one that needs a package which is missing is left out."""
    chosen = running_example().scheduler
    offered = offered_schedulers()
    names = [name for name in SCHEDULERS if name == chosen or name in offered]
    st.selectbox(
        tr("Scheduler"),
        names,
        names.index(chosen),
        format_func=lambda name: SCHEDULERS[name].title,
        help=tr("Who decides how much noise goes at each step."),
        **_bound("scheduler"),
    )


def lora_box() -> None:
    """Ask for LoRAs, and for each how strong it is; nothing is asked where none is offered."""
    chosen = {one.name: one.strength for one in running_example().loras}
    names = list(dict.fromkeys((*loras_for(running_example().model), *chosen)))
    if not names:
        return

    def take(name: str, strength: float) -> None:
        _take("loras", tuple({**chosen, name: strength}.items()))

    st.multiselect(
        "LoRA", names, list(chosen), placeholder=tr("none"), max_selections=MOST_LORAS,
        help=tr("What somebody trained into thin matrices beside the weights."),
        **tied_to_run("loras", list(chosen), lambda picked: _take(
            "loras", tuple((name, chosen.get(name, 1.0)) for name in picked)
        )),
    )  # fmt: skip
    for name, strength in chosen.items():
        ends = min(LEAST_LORA, strength), max(EVERYDAY_LORA, strength)
        st.slider(
            tr("Strength of {lora}", lora=MARKS.sub(AS_TEXT, name)), *ends, strength, 0.05,
            help=tr("0 leaves the weights as they are, 1 is what was trained."),
            **tied_to_run(f"loras {name}", strength, partial(take, name)),
        )  # fmt: skip


def forget_params() -> None:
    """Go back to the checkpoint's own settings of the scheduler."""
    set_running_example(replace(running_example(), params=()))


def show_refused(error: ExplainerError) -> None:
    """Show why a run cannot be made; where settings were chosen, offer to go back on them.

    Args:
        error: what to say.
    """
    show_error(error)
    if running_example().params:
        st.button(
            tr("Back to the checkpoint’s settings"), on_click=forget_params, key="refused_back",
            icon=":material/undo:", disabled=held(),
        )  # fmt: skip


def say_low_start(t: float, alpha_bar: float) -> None:
    """Say so where a run's first call expects more picture than noise: it is given noise alone.

    Args:
        t: of the first call.
        alpha_bar: signal power that the network expects there.
    """
    if alpha_bar <= 0.5:
        return
    # Late: the first paint needs neither numpy nor tokenizers.
    from core.ideas.noise_levels import alpha_bar_from_sigma
    from core.models.schedulers.plans import plan_run, settings_in_force
    from core.ui.tokenizing import scheduler_config

    request = running_example()
    config = scheduler_config(request.model)
    scheduler, params = SCHEDULERS[request.scheduler], dict(request.params)
    trailing = {**params, "timestep_spacing": "trailing"}
    helps = "timestep_spacing" in scheduler.takes and params != trailing
    if helps:
        sigma = float(plan_run(scheduler, config, trailing, request.steps).sigmas[0])
        helps = alpha_bar_from_sigma(sigma) <= 0.5
    spacing = settings_in_force(scheduler, config, params).get("timestep_spacing", "this")
    why = (
        tr(
            "It is the spacing of the timesteps, not the number of them: *{spacing}* with "
            "{steps} begins down there.",
            spacing=spacing,
            steps=count(request.steps, "step"),
        )
        if helps
        else tr("It is the noise schedule: little noise is all that it knows.")
    )
    st.markdown(
        tr(
            "**This run begins at t = {t:g}.** There the network expects {alpha_bar}, and "
            "it is given nothing but noise, so hardly any is taken away. {why}",
            t=t,
            alpha_bar=say_noise(alpha_bar),
            why=why,
        )
    )
    if helps:
        st.button(
            tr("Begin where there is most noise: trailing spacing"), on_click=_trail,
            key="trailing_spacing", icon=":material/last_page:", disabled=held(),
        )  # fmt: skip


def _trail() -> None:
    params = {**dict(running_example().params), "timestep_spacing": "trailing"}
    set_running_example(replace(running_example(), params=tuple(params.items())))


def offered_schedulers() -> list[str]:
    """Return the schedulers that suit the running example's networks and can be had here."""
    request = running_example()
    few = distilled(request.model, request.loras)
    return [
        name
        for name, scheduler in SCHEDULERS.items()
        if scheduler.available and (few or not scheduler.distilled_only)
    ]


def _bound(field: str) -> dict[str, Any]:  # Any: keyword arguments of every widget
    return tied_to_run(field, getattr(running_example(), field), partial(_take, field))


def _take(field: str, chosen: object) -> None:
    request = replace(running_example(), **{field: chosen})  # type: ignore[arg-type]  # checked next
    if field == "scheduler":
        request = replace(request, params=())  # those were the options of another one
    info = SCHEDULERS[request.scheduler]
    steps = min(max(request.steps, info.min_steps), info.max_steps)
    set_running_example(replace(request, steps=steps))
