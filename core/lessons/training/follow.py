"""What two labs share that are followed while they train: their button, their line, their end."""

from collections.abc import Callable

import streamlit as st

from core.errors import ExplainerError
from core.labs.bench import Training, bench
from core.ui.errors import show_error
from core.words import tr

TURN_S = 0.7  # between two drawings
GRACE_S = 15.0  # without a drawing, after which nobody is watching any more


def offer(
    lab: str,
    train: str,
    training: Training | None,
    going: bool,
    press: Callable[[], None],
    again: Callable[[], None],
    stop: Callable[[], None],
) -> None:
    """Offer what can be done next: to train, to go on, to stop, or to train from another seed.

    Args:
        lab: its name, which the buttons' keys begin with.
        train: what its button to begin says.
        training: with the settings on show; None where there was none.
        going: whether this visitor follows it.
        press: begins it or has it go on.
        again: begins it from another seed.
        stop: follows it no longer.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if going:
            st.button(tr("Stop"), on_click=stop, icon=":material/stop_circle:", key=f"{lab}_stop")
        elif training is not None and training.state == "done":
            st.button(
                tr("{train} with another seed", train=train),
                on_click=again,
                icon=":material/casino:",
                key=f"{lab}_again",
            )
        else:
            stopped = training is not None and training.saved is not None
            st.button(
                tr("Go on") if stopped else train, on_click=press, type="primary",
                icon=":material/model_training:", key=f"{lab}_train",
            )  # fmt: skip
    if _wrong(lab) in st.session_state:
        show_error(st.session_state.pop(_wrong(lab)))


def say_ahead(training: Training | None) -> None:
    """Say how many are ahead of a training that waits.

    Args:
        training: whichever is followed.
    """
    if training is not None and training.state == "waiting":
        st.caption(tr("Waiting for a place, {ahead} ahead of you.", ahead=bench().ahead(training)))


def end(lab: str, training: Training, fix: str, stop: Callable[[], None]) -> None:
    """Follow a training that ended no longer, and draw the page again; one that failed says why.

    Args:
        lab: as for ``offer``.
        training: what ended.
        fix: what to try where it does not say why it failed.
        stop: as for ``offer``.
    """
    if training.state == "failed":
        say_wrong(
            lab, training.error or ExplainerError(tr("The training ended before it was done."), fix)
        )
    stop()
    st.rerun()


def say_wrong(lab: str, error: ExplainerError) -> None:
    """Have ``offer`` say what is wrong when the page is drawn again.

    Args:
        lab: as for ``offer``.
        error: what to say, once.
    """
    st.session_state[_wrong(lab)] = error


def _wrong(lab: str) -> str:
    return f"{lab}_wrong"
