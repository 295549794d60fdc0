"""Live: the picture follows what is typed and dragged, a few calls of the network each time.

A component asks and shows; it lies in a part of the page that is run again alone. Once the hand
rests, what it chose becomes the running example, and the run in few calls is kept like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.engine.request import MAX_PROMPT, FilmRequest, Request, usable
from core.engine.works.live import LiveWork, in_few_calls
from core.errors import ExplainerError
from core.models.latent_facts import LatentFacts, read_latent_facts
from core.ui.address import ask, switch
from core.ui.all_pages import held
from core.ui.class_rules import kept_to
from core.ui.component import mount, told
from core.ui.errors import show_error
from core.ui.model_folder import model_folder
from core.ui.paint_first import paint_first
from core.ui.part import part
from core.ui.running_example import running_example, set_running_example
from core.ui.runs import done, find, say_status
from core.ui.shown import Shown, drawn
from core.views.live import LiveData, picture_data, say_run, settings_data, sizes_data
from core.words import tr, tr_later

NAME = "live"
PATIENT_S = 1.0  # before a line says how far it is: as a rule the picture is there by then
_ASKED, _RESTED, _FULL = "live_asked", "live_rested", "live_full"
FIELDS = ("prompt", "blend", "share", "words", "seed", "other_seed", "turn")


def live_toggle() -> bool:
    """Ask whether the picture follows the hand; not where a link holds what is drawn."""
    wanted = ask(
        st.toggle, tr("Live"), switch("live"), disabled=held(),
        help=tr("The picture follows every key and every slider, in a few calls of the network."),
    )  # fmt: skip
    return wanted and not held()


def show_live(below: Callable[[Shown], object] = lambda shown: None) -> None:
    """Show what is asked with and the picture, which follows.

    Args:
        below: shows the run in few calls, whenever the hand rests.

    Raises:
        ExplainerError: the model is not on this machine.
    """
    request = running_example()
    facts = read_latent_facts(model_folder(request.model))
    few = in_few_calls(request)
    wanted = (few, FilmRequest(few), *([request] if _full_wanted(request) else []))
    there = all(find(work) is not None for work in wanted)

    def compute(line: DeltaGenerator) -> None:
        for work in wanted:
            if find(work) is None:
                done(
                    work, lambda ticket: line.caption(say_status(ticket.status(), tr_later("Call")))
                )

    # A part of its own, so that a key runs nothing else.
    part(_draw)(facts, below)
    paint_first(NAME, wanted, there, st.empty, compute)


def _draw(facts: LatentFacts, below: Callable[[Shown], object]) -> None:
    """Show the newest question with its picture."""
    if st.session_state.pop(_RESTED, False):
        st.rerun()  # all of the page: it is about the running example
    number, request = _newest()
    few, line = in_few_calls(request), st.empty()
    trace, error = find(few), None
    picture = find(LiveWork(few.model, few)) if trace is None else trace.picture
    if picture is None and request != running_example():
        try:
            picture = done(LiveWork(few.model, few), _say(line), PATIENT_S)
        except ExplainerError as caught:
            error = caught
        line.empty()
    mount(
        NAME, _data(number, request, facts, picture, trace is not None),
        on_asked_change=_take, on_rested_change=_rest, on_full_change=_take_full,
    )  # fmt: skip
    if error is not None:
        show_error(error)
    if trace is not None and request == running_example():
        below(drawn(trace))


def _say(line: DeltaGenerator) -> Callable[[Any], object]:  # Any: a ticket
    return lambda ticket: line.caption(say_status(ticket.status(), tr_later("Call")))


def _data(number: int, request: Request, facts: LatentFacts, picture: Any, whole: bool) -> LiveData:
    """Return what the component shows.

    Args:
        number: of the question, 0 where it was not asked in the browser.
        request: as the visitor chose it.
        facts: of the model.
        picture: in few calls, uint8 (H, W, 3); None while there is none.
        whole: whether its run is there.
    """
    full = find(request) if _full_wanted(request) else None
    run, settings = say_run(in_few_calls(request)), settings_data(request, facts)
    words = request.prompt.strip() or tr("no words")
    return {
        "number": number,
        "settled": whole and request == running_example(),
        "settings": settings,
        "longest": MAX_PROMPT,
        "sizes": sizes_data(facts, settings["side"]),
        "picture": picture_data(picture),
        "drawn": run,
        "spoken": "" if picture is None else tr("{words}: drawn in {run}", words=words, run=run),
        "fully": say_run(request),
        "full": picture_data(None if full is None else full.picture),
        "full_drawn": "" if full is None else f"{say_run(request)}, {full.seconds:.2f} s",
    }


def _newest() -> tuple[int, Request]:
    """Return the newest question, with its number in the browser; the running example is number 0.

    A question is over where another page, a link or a press has changed the running example since.
    """
    number, request, of = st.session_state.get(_ASKED, (0, None, None))
    now = running_example()
    return (number, request) if of == now else (0, now)


def _take() -> None:
    """Take what the component asks; a browser may send anything."""
    asked = told(st.session_state.get(NAME), "asked")
    if not isinstance(asked, Mapping) or not isinstance(number := asked.get("number"), int):
        return
    now = running_example()
    chosen = {name: asked[name] for name in FIELDS if name in asked}
    facts = read_latent_facts(model_folder(now.model))
    request, _ = usable(replace(now, **chosen, **_size(asked.get("side"), now, facts)), now)
    st.session_state[_ASKED] = number, kept_to(request), now


def _size(side: object, now: Request, facts: LatentFacts) -> dict[str, Any]:  # Any: of a request
    """Return height and width for a side; nothing where it is that of the running example."""
    if side == settings_data(now, facts)["side"]:
        return {}
    own = side == facts.width == facts.height
    return {"height": None if own else side, "width": None if own else side}


def _rest() -> None:
    """Make the newest question the running example: the hand rests."""
    number, request = _newest()
    if request != running_example():
        set_running_example(request)
    now = running_example()
    st.session_state[_ASKED] = number, now, now
    st.session_state[_RESTED] = True


def _take_full() -> None:
    """Have the full model draw from the same noise as well."""
    _rest()
    st.session_state[_FULL] = running_example()


def _full_wanted(request: Request) -> bool:
    return st.session_state.get(_FULL) == request
