"""The front page: the whole pipeline as a map of the running example.

The first paint needs neither torch nor numpy: it draws the stations with empty boxes. A moment
later the browser asks for the fragment again, and only then is the engine woken.
"""

from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.classroom import JOIN
from core.engine.request import FilmRequest, Request
from core.lessons.home.material import offer_material
from core.lessons.home.stations_data import TOUR, MapData, empty_map
from core.ui.address import is_first_page
from core.ui.all_pages import HOME
from core.ui.can_draw import say_what_it_draws
from core.ui.component import mount, told_one
from core.ui.errors import explained
from core.ui.live import Around, live_toggle, show_live
from core.ui.navigation import existing
from core.ui.page import lesson
from core.ui.paint_first import failure, paint_first
from core.ui.running_example import link_parameters, running_example
from core.ui.runs import find
from core.ui.settings import prompt_box
from core.ui.walk import foot, show_progress, walked
from core.words import tr

NAME = "home/pipeline"
_PLAIN = "came_by_no_link"


def front_page() -> None:
    """Draw the front page."""
    query = st.query_params.to_dict()
    st.session_state.setdefault(_PLAIN, is_first_page() and query.keys() <= {JOIN})
    lesson(HOME)
    request, above = running_example(), st.container()  # the map before what is offered below it
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_progress()
        offer_material()
        live = live_toggle()
    with above:
        if live:
            say_what_it_draws()
            with explained():
                show_live(Around(below=lambda shown: _draw_run(shown.run.request)))
        else:
            prompt_box()
            say_what_it_draws()
            there = find(request) is not None and find(FilmRequest(request)) is not None
            paint_first(
                NAME, request, there, lambda: _draw(request), lambda at: _compute(request, at)
            )
    foot(HOME)


def _draw(request: Request) -> DeltaGenerator:
    """Draw what is there; returns where to say how far it is."""
    if find(request) is None:
        _mount(empty_map(request, awaited=failure(NAME, request) is None))
    else:
        _draw_run(request)
    return st.empty()


def _draw_run(request: Request) -> None:
    from core.lessons.home.pipeline_run import map_of  # numpy, and with the engine torch

    _mount(map_of(request))


def _compute(request: Request, line: DeltaGenerator) -> None:
    from core.lessons.home.pipeline_run import compute

    compute(request, line)


def _mount(drawn: MapData) -> None:
    """Mount the map with links to the pages that exist, and follow the one that was clicked."""
    paths = {entry.url: entry.path for entry in existing()}
    chosen = link_parameters(running_example())
    query = f"?{urlencode(chosen)}" if chosen else ""
    links = {page: {"link": {"href": f"{page}{query}", "page": page}} for page in paths}
    done = walked()
    stations = [
        {**station, **links.get(station["page"], {}), "done": station["page"] in done}
        for station in drawn["stations"]
    ]
    tour = [tr(step) for step in TOUR] if st.session_state[_PLAIN] else []
    mounted = mount(
        NAME, {**drawn, "stations": stations, "tour": tour}, on_open_change=lambda: None
    )
    page = told_one(mounted, "open", paths)
    if page is not None:
        st.switch_page(paths[page], query_params=chosen)
