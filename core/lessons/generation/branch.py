"""Branch: the run taken up again after some calls, with something changed from there on."""

import json
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.engine.request import MAX_PROMPT, MAX_SEED, Request
from core.engine.works.futures import BranchWork
from core.ideas.checks import check_text, say_number
from core.ideas.forward import add_noise, add_one_step
from core.lessons.generation.branch_data import (
    OTHER_WORDS,
    Branched,
    changed,
    read_link,
    say_branch,
    say_start,
)
from core.lessons.generation.two_runs_data import join, other_prompt, pair_data, pair_rows
from core.models.schedulers.table import SCHEDULERS
from core.ui.component import mount
from core.ui.page import show_equation
from core.ui.runs import read
from core.ui.settings import offered_schedulers, weights
from core.ui.shown import Shown
from core.ui.tables import offer_csv
from core.views.run import Run, run_of

IN_LINK = "branch"
_OF = "branched_run"


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

    Raises:
        ExplainerError: the engine could not do it.
    """
    run = shown.run
    change = _choose(run)
    work = _work(run, change)
    branched = _branched(work)
    pair = join(run, branched.run, change.call)
    named = changed(run.request, change.request, change.noise_share)
    title = named.replace(OTHER_WORDS, f"“{change.request.prompt}”")
    mount(
        "generation/two_runs",
        pair_data(pair, ("As it was", f"From call {change.call + 1} on: {title}")),
    )
    st.markdown(say_branch(pair, named))
    st.caption(say_start(pair, branched, change.request))
    offer_csv(pair_rows(pair), "branch")
    if st.toggle("The formulas of a fresh start", key="branch_formulas"):
        st.markdown(
            "A branch that begins anew mixes what the network believed and the noise that it saw, "
            "by the first formula. The second one, with the share as β, first exchanges a part of "
            "that noise: its variance stays 1."
        )
        show_equation(add_noise)
        show_equation(add_one_step)


def _choose(run: Run) -> _Change:
    """Ask for the place and the change; another run begins anew with its own settings."""
    own, calls = run.request, len(run.timesteps)
    if st.session_state.get(_OF) != own:
        words = other_prompt(own.prompt)
        first = {
            "call": calls // 4, "words": words, "not": own.negative, "guidance": own.guidance,
            "scheduler": own.scheduler, "percent": 0, "seed": min(own.seed + 1, MAX_SEED),
        }  # fmt: skip
        # A link is of the run that it came with, not of those that are chosen later.
        linked = "" if _OF in st.session_state else st.query_params.get(IN_LINK, "")
        st.session_state[_OF] = own
        for name, value in read_link(linked, first, calls).items():
            st.session_state[f"branch_{name}"] = value
    for key in [key for key in st.session_state if str(key).startswith("branch_")]:
        st.session_state[key] = st.session_state[key]  # kept while another look is on show
    if calls > 1:
        call = st.slider(
            "Keep the first calls of your run, change the rest", 0, calls - 1, key="branch_call",
            format="%d calls",
        )  # fmt: skip
    else:
        call = 0
    words, guide, noise = st.columns(3, gap="medium")
    with words:
        prompt = check_text(
            st.text_input("Words from there on", key="branch_words", max_chars=MAX_PROMPT), "prompt"
        )
        negative = check_text(
            st.text_input("Not this", key="branch_not", max_chars=MAX_PROMPT), "negative prompt"
        )
    with guide:
        weight = st.select_slider(
            "Guidance w", weights(own.guidance, st.session_state["branch_guidance"]),
            format_func=say_number, key="branch_guidance",
        )  # fmt: skip
        names = [name for name in SCHEDULERS if name in (*offered_schedulers(), own.scheduler)]
        scheduler = st.selectbox(
            "Scheduler", names, format_func=lambda name: SCHEDULERS[name].title,
            key="branch_scheduler",
        )  # fmt: skip
    with noise:
        share = st.slider(
            "Noise exchanged for fresh noise",
            0,
            100,
            format="%d %%",
            key="branch_percent",
            help="Of the noise that the network sees there. What it believes is in there stays.",
        )
        seed = st.number_input(
            "Seed of the fresh noise", 0, MAX_SEED, key="branch_seed", disabled=not share
        )
    st.query_params[IN_LINK] = json.dumps(
        {
            "call": call, "words": prompt, "not": negative, "guidance": weight,
            "scheduler": scheduler, "percent": share, "seed": int(seed),
        }
    )  # fmt: skip
    request = replace(
        own, prompt=prompt, negative=negative, guidance=weight, scheduler=scheduler,
        params=own.params if scheduler == own.scheduler else (),
    )  # fmt: skip
    return _Change(call, request, share / 100, int(seed))


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
    future: Any = read(work, "Call")  # Any: a Future, whose trace would import torch
    return Branched(run_of(future.trace), future.step, future.alpha_bar, future.remembers)
