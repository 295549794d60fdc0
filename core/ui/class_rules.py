"""This session in the class: whether it is let in, whether it is the teacher's, what it may ask.

What the teacher locks holds wherever something is asked for, so that no hand-made link or message
of a browser goes round it. Where there is no class, every function here says so at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.classroom import JOIN, Classroom, Setting, State, classroom
from core.engine.request import Request, problems
from core.errors import ExplainerError
from core.ideas.checks import say_number
from core.words import tr, tr_later

NAMES = {"model": tr_later("model"), "steps": tr_later("number of steps"),
         "scheduler": tr_later("scheduler"),
         "height": tr_later("size"), "width": tr_later("size")}  # fmt: skip
_NAME, _TEACHER = "class_name", "class_teacher"
_PAGE, _DRAWN = "class_page", "class_drawn"


def is_teacher() -> bool:
    """Return whether this session has given the teacher's token."""
    return bool(st.session_state.get(_TEACHER))


def own_name(room: Classroom) -> str | None:
    """Return this pupil's name in the class; None where the session was not let in.

    A link that holds the code lets in as well.

    Args:
        room: the class.
    """
    if _NAME not in st.session_state and room.admits(st.query_params.get(JOIN, "")):
        let_in(room)
    return st.session_state.get(_NAME)


def let_in(room: Classroom, teacher: bool = False) -> None:
    """Let this session in.

    Args:
        room: the class.
        teacher: whether nothing that is set for pupils holds for it.
    """
    st.session_state[_TEACHER] = teacher
    if _NAME not in st.session_state:
        st.session_state[_NAME] = "teacher" if teacher else room.new_name(_there())


def _there() -> Callable[[], bool]:
    """Return what tells, now and later, whether this session's visitor is there."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    served, session = runtime.get_instance(), context.session_id
    return lambda: bool(served.is_active_session(session))


def in_force() -> State | None:
    """Return what is set for this session; None where there is no class, and for its teacher."""
    room = classroom()
    return None if room is None or is_teacher() else room.state


def code_for_address() -> dict[str, str]:
    """Return what every address of a session that was let in holds, so that a reload is let in."""
    room = classroom()
    if room is None or _NAME not in st.session_state or is_teacher():
        return {}
    return {JOIN: room.opening.code}


def take_note(state: State) -> None:
    """Take note of what the page is drawn with.

    Args:
        state: of the class.
    """
    st.session_state[_DRAWN] = (state.turn, state.pointed)


def is_behind() -> bool:
    """Return whether the class has changed since this session's page was drawn."""
    state = in_force()
    drawn = st.session_state.get(_DRAWN)
    return state is not None and drawn is not None and drawn != (state.turn, state.pointed)


def go_to(page: str) -> None:
    """Take note of the page that is on show.

    Args:
        page: its address below the app's, "" is the front page.
    """
    st.session_state[_PAGE] = page


def page_on_show() -> str:
    """Return the address of the page that is on show, below the app's."""
    return st.session_state.get(_PAGE, "")


def with_settings(request: Request, settings: tuple[Setting, ...]) -> Request:
    """Return a request with the class's settings; what does not go with them is at its start.

    Args:
        request: valid.
        settings: fields and values that go together.
    """
    wanted = dict(settings)
    if wanted.get("scheduler", request.scheduler) != request.scheduler:
        request = replace(request, params=())  # those were the options of another one
    asked = replace(request, **wanted)  # type: ignore[arg-type]  # by name
    if not problems(asked):
        return asked
    start = Request(prompt=request.prompt, seed=request.seed)
    return replace(start, **wanted)  # type: ignore[arg-type]  # as above


def kept_to(request: Request) -> Request:
    """Return a request as a locked class lets this session have it.

    Args:
        request: valid.
    """
    state = in_force()
    if state is None or not state.locked:
        return request
    return with_settings(request, state.settings)


def are_set(*names: str) -> bool:
    """Return whether a locked class sets one of these fields of a request for this session.

    Args:
        names: of the fields.
    """
    state = in_force()
    return state is not None and state.locked and not dict(state.settings).keys().isdisjoint(names)


def check_session() -> None:
    """Refuse a session that was not let in, and one whose page was closed.

    Raises:
        ExplainerError: it is one of these.
    """
    state = in_force()
    if state is None:
        return
    if _NAME not in st.session_state:
        raise ExplainerError(tr("This is a class."), tr("Type its code first."))
    if page_on_show() in state.closed:
        raise ExplainerError(tr("Your teacher has closed this page."), tr("Choose another one."))


def check_asked(work: object) -> None:
    """Refuse what a locked class does not let this session ask for.

    Args:
        work: a dataclass; runs inside are found wherever they stand.

    Raises:
        ExplainerError: a locked setting differs, or the session may not ask at all.
    """
    check_session()
    state = in_force()
    if state is None or not state.locked:
        return
    locked = dict(state.settings)
    for part in _parts(work):
        names = NAMES if isinstance(part, Request) else ("model",)
        for name in names:
            if name in locked and hasattr(part, name) and getattr(part, name) != locked[name]:
                _refuse(name, locked[name])
        if hasattr(part, "sigmas") and {"steps", "scheduler"} & locked.keys():
            raise ExplainerError(
                tr("Your teacher has set how pictures are walked to."),
                tr("Noise levels are not free now."),
            )


def _refuse(name: str, value: str | int) -> None:
    said = value if isinstance(value, str) else say_number(value)
    raise ExplainerError(
        tr("Your teacher has set the {setting} to {value}.", setting=tr(NAMES[name]), value=said),
        tr("Nothing else is computed for now."),
    )


def _parts(work: Any) -> Iterator[Any]:  # Any: any dataclass
    """Yield a dataclass and those inside it."""
    yield work
    for field in fields(work):
        value = getattr(work, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_dataclass(one):
                yield from _parts(one)
