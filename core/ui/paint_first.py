"""What is there is drawn at once; what is missing is computed after the browser has painted it."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

# No public name leads there; requirements.txt has the one version that this was tried with.
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner_utils.script_run_context import (
    ThreadState,
    get_script_run_ctx,
)

from core.engine.client import woken
from core.errors import ExplainerError
from core.ui.errors import show_error
from core.ui.part import part
from core.words import tr

PAINT_S = 0.5  # left to the browser before the engine is woken
SOON_S = 0.1  # and where it is awake

Drawn = TypeVar("Drawn")


def paint_first(
    name: str,
    wanted: Hashable,
    there: bool,
    draw: Callable[[], Drawn],
    compute: Callable[[Drawn], object],
) -> None:
    """Draw what is there; where something is missing, compute it and draw the page again.

    The first time in a session the computing waits for the browser to ask again: importing the
    engine's libraries takes seconds in which nothing would be painted.

    Args:
        name: of this part of the page.
        wanted: what is computed. What failed is not asked for again by itself: it would fail
            again, for ever.
        there: whether nothing is missing.
        draw: draws whatever is there.
        compute: gets what ``draw`` returned; keeps what it finds, so that ``draw`` finds it.
    """
    error = failure(name, wanted)
    if error is not None:
        show_error(error)
        st.button(tr("Try again"), on_click=lambda: st.session_state.pop(f"{name}_failed"))
    waits = not there and error is None
    first = waits and not st.session_state.get(f"{name}_painted")
    pause = SOON_S if woken() else PAINT_S
    part(_turn, every_s=pause if first else None)(name, wanted, waits, draw, compute)


def failure(name: str, wanted: Hashable) -> ExplainerError | None:
    """Return why what is wanted could not be computed; None where it could, or was not tried.

    Args:
        name: as for ``paint_first``.
        wanted: as for ``paint_first``.
    """
    failed, error = st.session_state.get(f"{name}_failed", (None, None))
    return error if failed == wanted else None


def _turn(
    name: str,
    wanted: Hashable,
    waits: bool,
    draw: Callable[[], Drawn],
    compute: Callable[[Drawn], object],
) -> None:
    drawn = draw()
    if not waits:
        return
    painted = f"{name}_painted"
    if not st.session_state.get(painted):
        st.session_state[painted] = True
        return
    _ask_no_more()
    try:
        compute(drawn)
    except ExplainerError as error:
        st.session_state[f"{name}_failed"] = (wanted, error)
    st.rerun(scope="app")


def _ask_no_more() -> None:
    """Have the browser not ask again for the part that runs: it would, all the time this takes."""
    context, part = get_script_run_ctx(), ThreadState.get().fragment_id
    if context is not None and part is not None:
        message = ForwardMsg()
        message.stop_auto_rerun.fragment_ids.append(part)
        context.enqueue(message)
