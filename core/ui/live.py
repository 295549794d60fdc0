"""Live: the picture follows what is typed and dragged, a few calls of the network each time.

A component asks and shows; it lies in a part of the page that is run again alone. Once the hand
rests, what it chose becomes the running example, and the run in few calls is kept like any other.
Nothing there waits for the engine longer than a key would notice: the browser asks again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.engine.request import MAX_PROMPT, FilmRequest, Request, usable
from core.engine.work import Work
from core.engine.works.live import LiveWork, in_few_calls
from core.errors import ExplainerError
from core.models.few_steps import draws_in_few_steps
from core.models.latent_facts import LatentFacts, read_latent_facts
from core.ui.address import ask, switch
from core.ui.all_pages import held
from core.ui.class_rules import are_set, check_asked, kept_to
from core.ui.component import mount, told
from core.ui.errors import show_error, show_note
from core.ui.made import made
from core.ui.model_folder import model_folder
from core.ui.part import part
from core.ui.running_example import running_example, set_running_example
from core.ui.runs import begun, done, find, say_status
from core.ui.shown import Shown, drawn
from core.views.browser import SheetData
from core.views.live import AskedData, State, picture_data, say_run, settings_data, sizes_data
from core.words import tr, tr_later

NAME = "live"
_ASKED, _RESTED, _FULL = "live_asked", "live_rested", "live_full"
_FAILED, _DRAWN, _LEFT, _FACTS = "live_failed", "live_drawn", "live_left", "live_facts"
TURN_S = 0.25  # what is shown at rest is there within; a key waits no longer where it is not
FIELDS = ("prompt", "blend", "share", "words", "seed", "other_seed", "turn")


@dataclass(frozen=True, slots=True)
class Around:
    """What a page has around the picture that follows.

    Attributes:
        beside: shows what follows every key as well; gets what was asked.
        below: shows the run in few calls, with its film, once the hand rests; None wants no run.
        knobs: whether sliders stand beside the picture, which is small without.
    """

    beside: Callable[[Request], object] | None = None
    below: Callable[[Shown], object] | None = None
    knobs: bool = False


def live_toggle() -> bool:
    """Ask whether the picture follows the hand; nothing is asked where no model draws so fast.

    Not where a link holds what is drawn, nor where a class's teacher has set it otherwise.
    """
    request, refused = running_example(), None
    try:
        if not draws_in_few_steps(request.model, request.loras):
            return False
        check_asked(in_few_calls(request))
    except ExplainerError as error:
        refused = error
    stays_off = held() or refused is not None
    wanted = ask(
        st.toggle, tr("Live"), switch("live"), disabled=stays_off,
        help=tr("The picture follows every key and every slider, in a few calls of the network."),
    )  # fmt: skip
    if wanted and refused is not None:
        show_note(refused.what, tr("Live draws in another way, and waits until that is free."))
    return wanted and not stays_off


def show_live(around: Around) -> None:
    """Show what is asked with and the picture, which follows.

    Args:
        around: what else the page shows of it.

    Raises:
        ExplainerError: the model is not on this machine.
    """
    request = running_example()
    st.session_state[_DRAWN] = request
    st.session_state[_FACTS] = read_latent_facts(model_folder(request.model))
    part(_draw)(around)  # a part of its own, so that a key runs nothing else


def _draw(around: Around) -> None:
    """Show the newest question with its picture."""
    rested, left = (st.session_state.pop(name, False) for name in (_RESTED, _LEFT))
    number, request = _newest()
    few, error, said = in_few_calls(request), None, ""
    state: State = "asked"
    try:
        if request != running_example():
            _follow(few)
        else:
            state, said = _settle(_at_rest(request, few, around), rested)
    except ExplainerError as caught:
        state, error = "failed", caught
    if state == "settled" and st.session_state[_DRAWN] != request:
        if left:
            st.rerun()  # all of the page: it is about the running example
        state = "behind"
    mount(
        NAME, {"number": number, "state": state, "knobs": around.knobs, **_data(request, few)},
        on_asked_change=_take, on_rested_change=_rest, on_left_change=_leave,
        on_full_change=_take_full,
    )  # fmt: skip
    line = st.empty()  # always, so that what comes below keeps its place
    if error is not None:
        with line.container():
            show_error(error)
            st.button(tr("Try again"), on_click=_forget_failure)
    elif said:
        line.caption(said)
    if around.beside is not None:
        around.beside(request)
    if state in ("behind", "settled") and around.below is not None:
        around.below(drawn(find(few)))


def _follow(few: Request) -> None:
    """Have the picture drawn that was asked for last; the browser asks nothing else meanwhile."""
    if find(few) is None:
        done(LiveWork(few.model, few), lambda ticket: None)


def _settle(wanted: list[Work[Any]], rested: bool) -> tuple[State, str]:  # Any: of each its own
    """Have the engine go on with what is shown at rest.

    Args:
        wanted: all of it.
        rested: whether the browser has just asked; it asks again until all is there.

    Returns:
        Whether all is there, and how far it is otherwise.

    Raises:
        ExplainerError: the engine says why something cannot be had, now or the last time.
    """
    missing = next((work for work in wanted if find(work) is None), None)
    if missing is None:
        return "settled", ""
    failed, error = st.session_state.get(_FAILED, (None, None))
    if failed == missing:
        raise error
    if not rested:
        return "waits", ""
    try:
        ticket = begun(missing)
        if not ticket.wait(TURN_S):
            return "waits", say_status(ticket.status(), tr_later("Piece"))
        ticket.result()
    except ExplainerError as error:
        st.session_state[_FAILED] = missing, error
        raise
    return _settle(wanted, rested)


def _at_rest(request: Request, few: Request, around: Around) -> list[Work[Any]]:  # Any: as above
    """Return what is shown once the hand rests.

    A film wants its run, and goes where nothing else does: who types on is served before.
    """
    seen = LiveWork(few.model, few) if around.below is None else FilmRequest(few)
    return [seen, *([request] if _full_wanted(request) else [])]


def _data(request: Request, few: Request) -> AskedData:
    """Return what the component shows of a question.

    Args:
        request: as the visitor chose it.
        few: the same as it is drawn.
    """
    facts: LatentFacts = st.session_state[_FACTS]
    trace = find(few)
    picture = find(LiveWork(few.model, few)) if trace is None else trace.picture
    full = find(request) if _full_wanted(request) else None
    run, settings = say_run(few), settings_data(request, facts)
    words = request.prompt.strip() or tr("no words")
    free = not are_set("height", "width")
    return {
        "settings": settings,
        "longest": MAX_PROMPT,
        "sizes": sizes_data(facts, settings["side"], free),
        "picture": _sheet(picture),
        "drawn": run,
        "spoken": tr("{words}: drawn in {run}", words=words, run=run),
        "fully": say_run(request),
        "full": _sheet(None if full is None else full.picture),
        "full_drawn": "" if full is None else f"{say_run(request)}, {full.seconds:.2f} s",
    }


def _sheet(picture: Any) -> SheetData | None:  # Any: an array, uint8 (H, W, 3)
    if picture is None:
        return None
    return made(("live", picture.shape, picture.tobytes()), lambda: picture_data(picture))


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
    facts: LatentFacts = st.session_state[_FACTS]
    request, _ = usable(replace(now, **chosen, **_size(asked.get("side"), now, facts)), now)
    st.session_state[_ASKED] = number, kept_to(request), now
    _forget_failure()


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


def _leave() -> None:
    """Have all of the page be about the running example: the hand has rested for a while."""
    st.session_state[_LEFT] = True


def _forget_failure() -> None:
    st.session_state.pop(_FAILED, None)


def _take_full() -> None:
    """Have the full model draw from the same noise as well."""
    _rest()
    st.session_state[_FULL] = running_example()


def _full_wanted(request: Request) -> bool:
    return st.session_state.get(_FULL) == request
