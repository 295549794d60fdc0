"""The map of the U-Net with one box looked into; the first paint imports no torch."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.request import Request
from core.lessons.unet.block import show_block, show_code
from core.lessons.unet.looks import LOOKS, OFF
from core.lessons.unet.map_data import unet_map
from core.lessons.unet.run import kept_blocks, moment_of, read_blocks
from core.lessons.unet.switch import skip_that_is_off, switch_skip_off
from core.models.unet_facts import Box, UNetFacts
from core.models.unet_seen import BlocksSeen
from core.ui.address import Field, ask, bound, choose, one_of, switch, value, whole
from core.ui.closer import look_on_show, turn_to
from core.ui.component import mount, told_one
from core.ui.made import made
from core.ui.paint_first import paint_first
from core.ui.running_example import running_example
from core.ui.shown import Shown, here, kept
from core.words import tr

NAME = "unet/map"
_TURNED = "unet_turned"


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
    return value(_call(len(shown.run.timesteps))) - 1


def _call(calls: int) -> Field[int]:
    """Return the field of the call that is looked into, 1 the first: one that saw the picture."""
    return whole("call", 3 * calls // 4 + 1, 1, calls)


def _seen(request: Request) -> BlocksSeen | None:
    shown = kept(request)
    return None if shown is None else kept_blocks(shown.run.input_at(chosen_call(shown)))


def _compute(request: Request, line: DeltaGenerator) -> None:
    with line:
        shown = here(request)
        read_blocks(shown.run.input_at(chosen_call(shown)))


def _draw(facts: UNetFacts, request: Request) -> DeltaGenerator:
    """Draw what is there; returns where to say how far it is."""
    shown = kept(request)
    network, panel = st.columns([2, 1], gap="small")
    with panel:
        _call_slider(shown, request)
    seen = _seen(request)
    call = None if shown is None else chosen_call(shown)
    moment = None if shown is None or call is None else moment_of(shown, call)
    seconds = {} if seen is None else {name: box.seconds for name, box in seen.boxes.items()}
    with network:
        box = value(_box(facts))
        off = skip_that_is_off(facts) if look_on_show(LOOKS) == OFF else None
        data = made(
            ("map", facts, box.name, request, call, tuple(seconds.items()), off),
            lambda: unet_map(facts, box.name, moment, seconds, off),
        )
        mount(
            NAME, data,
            on_pick_change=partial(_take_pick, facts), on_skip_change=partial(_take_skip, facts),
        )  # fmt: skip
        if st.session_state.pop(_TURNED, False):
            st.rerun(scope="app")
        line = st.empty()
    with panel:
        show_block(facts, box, seen)
    if ask(st.toggle, tr("The code of this box"), switch("code")):
        show_code(box)
    return line


def _take_pick(facts: UNetFacts) -> None:
    """Look into the box that was clicked: before the page is drawn, so that map and panel agree."""
    names = {box.name: box for box in facts.boxes}
    pick = told_one(st.session_state.get(NAME), "pick", names)
    if pick is not None:
        choose(_box(facts), names[pick])


def _take_skip(facts: UNetFacts) -> None:
    """Switch off the skip connection that was clicked."""
    skips = (skip.number for skip in facts.skips)
    number = told_one(st.session_state.get(NAME), "skip", skips)
    if number is not None:
        switch_skip_off(facts, number)
        turn_to(OFF, LOOKS)
        _turn()


def _box(facts: UNetFacts) -> Field[Box]:
    """Return the field of the box that is looked into; at first one that shows what is drawn.

    That is the first attention at full size on the way up: it knows already what goes where, and
    does not draw noise yet.
    """
    readers = [box for box in facts.boxes if box.kind == "attention" and box.side == "up"]
    start = min(readers or facts.boxes, key=lambda box: box.level)
    return one_of("box", facts.boxes, start, lambda box: box.name)


def _call_slider(shown: Shown | None, request: Request) -> None:
    """Ask which call of the run to look into; until the run is there, nothing can be asked."""
    calls = request.steps if shown is None else len(shown.run.timesteps)
    if calls < 2:
        return
    field = _call(calls)
    told = {"disabled": True, **field.shown(field.start)} if shown is None else bound(field, _turn)
    st.slider(
        tr("U-Net call"),
        help=tr("Which call of the run to look into; the first is the noisiest."),
        **told,
    )


def _turn() -> None:
    """Have what stands further down the page go along."""
    st.session_state[_TURNED] = True
