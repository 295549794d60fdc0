"""The timesteps that the running example's run visits, found out once by its scheduler."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.engine.request import Request
from core.errors import ExplainerError
from core.models.schedulers.table import SCHEDULERS

_VISITS = "run_visits"


@dataclass(frozen=True, slots=True)
class Visits:
    """Where a run stops.

    Attributes:
        timesteps: one a U-Net call, none where the scheduler refuses the run.
        error: why it does; None where it does not.
    """

    timesteps: tuple[float, ...] = ()
    error: ExplainerError | None = None


def known_visits(request: Request) -> Visits | None:
    """Return where a run stops, once ``find_visits`` was asked.

    Args:
        request: a valid request.
    """
    run, visits = st.session_state.get(_VISITS, (None, None))
    return visits if run == _decides(request) else None


def find_visits(request: Request, config: dict[str, Any]) -> Visits:  # Any: what JSON holds
    """Ask the scheduler where a run stops; what is wrong is told and not asked again.

    Args:
        request: a valid request.
        config: the scheduler config of its model.
    """
    visits = known_visits(request)
    if visits is None:
        from core.models.schedulers.factory import timetable  # imports diffusers

        scheduler, params = SCHEDULERS[request.scheduler], dict(request.params)
        try:
            visits = Visits(timetable(scheduler, config, params, request.steps))
        except ExplainerError as error:
            visits = Visits(error=error)
        st.session_state[_VISITS] = _decides(request), visits
    return visits


def _decides(request: Request) -> tuple[object, ...]:
    return request.model, request.scheduler, request.params, request.steps
