"""Branch: the run taken up again after some calls, with something changed from there on."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.engine.request import MAX_GUIDANCE, MAX_PROMPT, MAX_SEED, Request
from core.engine.works.futures import BranchWork
from core.ideas.checks import say_number
from core.ideas.forward import add_noise, add_one_step
from core.lessons.generation.branch_data import (
    OTHER_WORDS,
    Branched,
    changed,
    say_branch,
    say_start,
)
from core.lessons.generation.two_runs_data import join, other_prompt, pair_data, pair_rows
from core.models.schedulers.table import SCHEDULERS
from core.ui.address import ask, one_of, real, switch, text, value, whole
from core.ui.component import mount
from core.ui.page import show_equation
from core.ui.runs import read
from core.ui.settings import offered_schedulers, weights
from core.ui.shown import Shown
from core.ui.tables import as_table
from core.views.run import Run, run_of
from core.words import tr, tr_later


@dataclass(frozen=True, slots=True)
class _Change:
    """What the visitor wants to be different, and from where on."""

    call: int
    request: Request
    noise_share: float
    noise_seed: int


def show(shown: Shown) -> None:
    """Ask where to go back to and what to change, and show both futures.

    Args:
        shown: the run on show.
    """
    run = shown.run
    change = _choose(run)
    work = _work(run, change)
    branched = _branched(work)
    pair = join(run, branched.run, change.call)
    named = changed(run.request, change.request, change.noise_share)
    title = named.replace(tr(OTHER_WORDS), tr("“{words}”", words=change.request.prompt))
    mount(
        "generation/two_runs",
        pair_data(
            pair,
            (
                tr("As it was"),
                tr("From call {call} on: {change}", call=change.call + 1, change=title),
            ),
        ),
    )
    st.markdown(say_branch(pair, named))
    st.caption(say_start(pair, branched, change.request))
    as_table(lambda: pair_rows(pair), "branch", tr("Both futures in numbers, call by call"))
    if ask(st.toggle, tr("The formulas of a fresh start"), switch("branch_formulas")):
        st.markdown(
            tr(
                "A branch that begins anew mixes what the network believed and the noise that it "
                "saw, "
                "by the first formula. The second one, with the share as β, first exchanges a "
                "part of "
                "that noise: its variance stays 1."
            )
        )
        show_equation(add_noise)
        show_equation(add_one_step)


def _choose(run: Run) -> _Change:
    """Ask for the place and the change."""
    own, calls = run.request, len(run.timesteps)
    names = [name for name in SCHEDULERS if name in (*offered_schedulers(), own.scheduler)]
    call = whole("branch_call", calls // 4, 0, calls - 1)
    prompt = text("branch_words", other_prompt(own.prompt), MAX_PROMPT)
    negative = text("branch_not", own.negative, MAX_PROMPT)
    guidance = replace(
        real("branch_guidance", own.guidance, 0.0, MAX_GUIDANCE),
        shown=lambda w: {"options": weights(own.guidance, w), "value": w},
    )
    scheduler = one_of("branch_scheduler", names, own.scheduler)
    share = whole("branch_percent", 0, 0, 100)
    seed = whole("branch_seed", min(own.seed + 1, MAX_SEED), 0, MAX_SEED)
    if calls > 1:
        ask(
            st.slider,
            tr("Keep the first calls of your run, change the rest"),
            call,
        )
    words, guide, noise = st.columns(3, gap="medium")
    ask(words.text_input, tr("Words from there on"), prompt)
    ask(words.text_input, tr("Not this"), negative)
    ask(guide.select_slider, tr("Guidance w"), guidance, format_func=say_number)
    ask(
        guide.selectbox, tr("Scheduler"), scheduler, format_func=lambda name: SCHEDULERS[name].title
    )
    ask(
        noise.slider,
        tr("Noise exchanged for fresh noise"),
        share,
        format="%d %%",
        help=tr("Of the noise that the network sees there. What it believes is in there stays."),
    )
    ask(noise.number_input, tr("Seed of the fresh noise"), seed, disabled=not value(share))
    request = replace(
        own, prompt=value(prompt), negative=value(negative), guidance=value(guidance),
        scheduler=value(scheduler),
        params=own.params if value(scheduler) == own.scheduler else (),
    )  # fmt: skip
    return _Change(value(call), request, value(share) / 100, value(seed))


def _work(run: Run, change: _Change) -> BranchWork:
    channels, height, width = run.path.shape[1:]
    before = slice(change.call + 1)
    return BranchWork(
        run.request.model, change.request, run.request, change.call,
        float(run.alpha_bars[change.call]), (channels, height, width),
        run.eps[before].tobytes(), run.x0[before].tobytes(),
        change.noise_seed if change.noise_share else 0, change.noise_share,
    )  # fmt: skip


def _branched(work: BranchWork) -> Branched:
    """Have the engine go on."""
    future: Any = read(work, tr_later("Call"))  # Any: a Future, whose trace would import torch
    return Branched(run_of(future.trace), future.step, future.alpha_bar, future.remembers)
