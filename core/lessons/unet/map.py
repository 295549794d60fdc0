"""The map of the U-Net with one box looked into; the first paint imports no torch."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.request import Request
from core.lessons.unet.block import show_block, show_code
from core.lessons.unet.looks import LOOKS, OFF
from core.lessons.unet.map_data import unet_map
from core.lessons.unet.run import input_of, kept_blocks, moment_of, read_blocks
from core.lessons.unet.switch import skip_that_is_off, switch_skip_off
from core.models.unet_facts import Box, UNetFacts
from core.models.unet_seen import BlocksSeen
from core.ui.address import say, was_changed, whole_number
from core.ui.closer import look_on_show, turn_to
from core.ui.component import mount, told_one
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.runs import done, say_status
from core.ui.shown import Shown, drawn, kept

NAME = "unet/map"
BOX, CALL = "box", "call"  # in the address
_SLIDER, _TURN, _TURNED = "unet_call", "unet_call_turn", "unet_turned"


def show_network(facts: UNetFacts) -> None:
    """Show the map and the chosen box, computing first what is not there yet.

    Args:
        facts: of the running example's network.
    """
    request = running_example()
    paint_first(
        "unet", request, _seen(request) is not None,
        lambda: _draw(facts, request), lambda line: _compute(request, line),
    )  # fmt: skip


def chosen_call(shown: Shown) -> int:
    """Return the call of a run that is looked into, 0 the first: the address says which.

    Args:
        shown: the run.
    """
    return _asked_call(len(shown.run.timesteps)) - 1


def _asked_call(calls: int) -> int:
    """Return the call that the address names, 1 the first; else one that has seen the picture."""
    asked = whole_number(CALL)
    return min(asked, calls) if asked else 3 * calls // 4 + 1


def _seen(request: Request) -> BlocksSeen | None:
    shown = kept(request)
    return None if shown is None else kept_blocks(input_of(shown, chosen_call(shown)))


def _compute(request: Request, line: DeltaGenerator) -> None:
    run = kept(request) or drawn(
        done(request, lambda ticket: line.caption(say_status(ticket.status(), "Call")))
    )
    read_blocks(input_of(run, chosen_call(run)))


def _draw(facts: UNetFacts, request: Request) -> DeltaGenerator:
    """Draw what is there; returns where to say how far it is."""
    shown = kept(request)
    network, panel = st.columns([2, 1], gap="small")
    with panel:
        _call_slider(shown, request)
    seen = _seen(request)
    moment = None if shown is None else moment_of(shown, chosen_call(shown))
    seconds = {} if seen is None else {name: box.seconds for name, box in seen.boxes.items()}
    with network:
        box = chosen_box(facts)
        off = skip_that_is_off(facts) if look_on_show(LOOKS) == OFF else None
        mount(
            NAME, unet_map(facts, box.name, moment, seconds, off),
            on_pick_change=partial(_take_pick, facts), on_skip_change=partial(_take_skip, facts),
        )  # fmt: skip
        if st.session_state.pop(_TURNED, False):  # what stands further down the page goes along
            st.rerun(scope="app")
        line = st.empty()
    with panel:
        show_block(facts, box, seen)
    if st.toggle("The code of this box", key="unet_code"):
        show_code(box)
    return line


def _take_pick(facts: UNetFacts) -> None:
    """Look into the box that was clicked: before the page is drawn, so that map and panel agree."""
    pick = told_one(st.session_state.get(NAME), "pick", (box.name for box in facts.boxes))
    if pick is not None:
        say({BOX: pick})


def _take_skip(facts: UNetFacts) -> None:
    """Switch off the skip connection that was clicked."""
    skips = (skip.number for skip in facts.skips)
    number = told_one(st.session_state.get(NAME), "skip", skips)
    if number is not None:
        switch_skip_off(number)
        turn_to(OFF, LOOKS)
        st.session_state[_TURNED] = True


def chosen_box(facts: UNetFacts) -> Box:
    """Return the box that is looked into; until one is clicked, one that shows what is drawn.

    That is the first attention at full size on the way up: it knows already what goes where, and
    does not draw noise yet.

    Args:
        facts: of the network.
    """
    found = facts.box(st.query_params.get(BOX, ""))
    if found is not None:
        return found
    readers = [box for box in facts.boxes if box.kind == "attention" and box.side == "up"]
    return min(readers or facts.boxes, key=lambda box: box.level)


def _call_slider(shown: Shown | None, request: Request) -> None:
    """Ask which call of the run to look into; until the run is there, nothing can be asked."""
    calls = request.steps if shown is None else len(shown.run.timesteps)
    if calls < 2:
        return
    if was_changed(CALL):
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1  # a new slider, at that call
        say({CALL: st.query_params.get(CALL)})
    turn = st.session_state.get(_TURN, 0)
    key, value = f"{_SLIDER}_{calls}{f'_{turn}' if turn else ''}", _asked_call(calls)
    st.slider(
        "U-Net call", 1, calls, value, key=key, disabled=shown is None,
        help="Which call of the run to look into; the first is the noisiest.",
        on_change=_take_call, args=(key,),
    )  # fmt: skip


def _take_call(key: str) -> None:
    say({CALL: str(st.session_state[key])})
    st.session_state[_TURNED] = True
