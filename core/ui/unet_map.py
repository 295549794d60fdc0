"""The map of the U-Net with one box looked into; the first paint imports no torch."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.request import Request
from core.models.unet_facts import Box, UNetFacts
from core.models.unet_seen import BlocksSeen
from core.ui.component import mount, told_one
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.runs import say_status
from core.ui.shown import Shown, compute, kept
from core.ui.unet_looks import LOOK, OFF
from core.ui.unet_off import BRIDGE, SKIP, WHAT, skip_that_is_off
from core.ui.unet_panel import show_block, show_code
from core.ui.unet_run import kept_blocks, moment_of, place_of, read_blocks
from core.views.unet_map import unet_map

FIRST_PAINT_S = 0.3  # the map is much to look at already
_BOX, _STEP, _CALL = "unet_box", "unet_step", "unet_call"


def show_network(facts: UNetFacts) -> None:
    """Show the map and the chosen box, computing first what is not there yet.

    Args:
        facts: of the running example's network.
    """
    request = running_example()
    paint_first(
        "unet", request, _seen(request) is not None,
        lambda: _draw(facts, request), lambda line: _compute(request, line), FIRST_PAINT_S,
    )  # fmt: skip


def chosen_call(shown: Shown) -> int:
    """Return the call of a run that is looked into, 0 the first.

    Args:
        shown: the run.
    """
    calls = len(shown.run.timesteps)
    return min(st.session_state.get(_CALL, 3 * calls // 4), calls - 1)


def _seen(request: Request) -> BlocksSeen | None:
    shown = kept(request)
    return None if shown is None else kept_blocks(place_of(shown, chosen_call(shown)))


def _compute(request: Request, line: DeltaGenerator) -> None:
    run = kept(request) or compute(
        request, lambda ticket: line.caption(say_status(ticket.status(), "Call"))
    )
    read_blocks(place_of(run, chosen_call(run)))


def _draw(facts: UNetFacts, request: Request) -> DeltaGenerator:
    """Draw what is there; returns where to say how far it is."""
    shown = kept(request)
    network, panel = st.columns([2, 1], gap="small")
    with panel:
        _step_slider(shown, request)
    seen = _seen(request)
    moment = None if shown is None else moment_of(shown, chosen_call(shown))
    seconds = {} if seen is None else {name: box.seconds for name, box in seen.boxes.items()}
    with network:
        off = skip_that_is_off() if st.session_state.get(LOOK) == OFF else None
        drawn = unet_map(facts, chosen_box(facts).name, moment, seconds, off)
        told = {"on_pick_change": _nothing, "on_skip_change": _nothing}
        mounted = mount("unet", drawn, **told)
        skip = told_one(mounted, "skip", (skip.number for skip in facts.skips))
        if skip is not None:
            st.session_state.update({LOOK: OFF, WHAT: BRIDGE, SKIP: skip})
            st.rerun(scope="app")
        pick = told_one(mounted, "pick", (box.name for box in facts.boxes))
        if pick is not None:
            st.session_state[_BOX] = pick
        line = st.empty()
    box = chosen_box(facts)
    with panel:
        show_block(facts, box, seen)
    if st.toggle("The code of this box", key="unet_code"):
        show_code(box)
    return line


def _nothing() -> None:
    """What a click means is read where the map is mounted."""


def chosen_box(facts: UNetFacts) -> Box:
    """Return the box that is looked into; until one is clicked, one that shows what is drawn.

    That is the first attention at full size on the way up: it knows already what goes where, and
    does not draw noise yet.

    Args:
        facts: of the network.
    """
    found = facts.box(st.session_state.get(_BOX, ""))
    if found is not None:
        return found
    readers = [box for box in facts.boxes if box.kind == "attention" and box.side == "up"]
    return min(readers or facts.boxes, key=lambda box: box.level)


def _step_slider(shown: Shown | None, request: Request) -> None:
    """Ask which call of the run to look into; until the run is there, nothing can be asked."""
    calls = request.steps if shown is None else len(shown.run.timesteps)
    if calls < 2:
        return
    value = 3 * calls // 4 if shown is None else chosen_call(shown)
    asked = st.slider(
        "U-Net call", 1, calls, value + 1, key=f"{_STEP}_{calls}", disabled=shown is None,
        help="Which call of the run to look into; the first is the noisiest.",
    )  # fmt: skip
    if shown is not None and asked - 1 != chosen_call(shown):
        st.session_state[_CALL] = asked - 1
        st.rerun(scope="app")
