"""The front page: the whole pipeline as a map of the running example.

The first paint needs neither torch nor numpy: it draws the stations with empty boxes. A moment
later the browser asks for the fragment again, and only then is the engine woken.
"""

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.engine.request import Request, to_json
from core.errors import ExplainerError
from core.lessons.home.stations_data import empty_map
from core.ui.can_draw import say_what_it_draws
from core.ui.component import mount, told_one
from core.ui.errors import show_error
from core.ui.navigation import existing
from core.ui.page import lesson
from core.ui.running_example import link_parameters, running_example
from core.ui.runs import find
from core.ui.settings import prompt_box

FIRST_PAINT_S = 0.5  # left to the browser before the engine is woken
_PAINTED, _DONE, _FAILED = "front_painted", "front_done", "front_failed"

Map = dict[str, Any]  # Any: JSON for the browser


def front_page() -> None:
    """Draw the front page."""
    lesson("How does noise become a picture?")
    st.markdown(
        "Follow your words through a real diffusion model. **Drag the green handle** and every "
        "box goes along."
    )
    prompt_box()
    say_what_it_draws()
    request = running_example()
    failed_request, error = st.session_state.get(_FAILED, (None, None))
    if failed_request == to_json(request):  # asking again by itself would fail again, for ever
        _mount(empty_map(request, awaited=False), request)
        show_error(error)
        st.button("Try again", on_click=lambda: st.session_state.pop(_FAILED))
        return
    turns = None if st.session_state.get(_DONE) == to_json(request) else FIRST_PAINT_S
    st.fragment(_draw_map, run_every=turns)(request)


def _draw_map(request: Request) -> None:
    """Draw what is there; from the second turn on, see to what is missing."""
    first = st.session_state.get(_PAINTED) != to_json(request)
    st.session_state[_PAINTED] = to_json(request)
    if first and find(request) is None:
        _mount(empty_map(request), request)
        return
    from core.lessons.home.pipeline_run import advance, map_of  # numpy, and with the engine torch

    _mount(map_of(request), request)
    if st.session_state.get(_DONE) == to_json(request):
        return
    try:
        done = advance(request, st.empty())
    except ExplainerError as error:
        st.session_state[_FAILED] = (to_json(request), error)
    else:
        if done:
            st.session_state[_DONE] = to_json(request)
    st.rerun(scope="app")


def _mount(drawn: Map, request: Request) -> None:
    """Mount the map with links to the pages that exist, and follow the one that was clicked."""
    paths = {entry.url: entry.path for entry in existing()}
    query = urlencode(link_parameters(request))
    for station in drawn["stations"]:
        page = station["page"]
        if page in paths:
            station["link"] = {"href": f"{page}?{query}" if query else page, "page": page}
    mounted = mount("home/pipeline", drawn, on_open_change=lambda: None)
    page = told_one(mounted, "open", paths)
    if page is not None:
        st.switch_page(paths[page], query_params=link_parameters(request))
