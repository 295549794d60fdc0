"""For the teacher: a worksheet of questions about the run on show, and its key."""

import streamlit as st

from core.classroom import classroom
from core.engine.request import Request
from core.ui.class_rules import is_teacher
from core.ui.errors import explained
from core.ui.running_example import running_example
from core.ui.walk import live_run, present
from core.words import tr

_WANTED = "worksheet_of"


def offer_material() -> None:
    """Offer what a lesson needs on paper, made from this run; in a class to its teacher alone."""
    if classroom() is not None and not is_teacher():
        return
    with st.popover(tr("For the teacher"), icon=":material/co_present:"):
        st.markdown(
            tr(
                "A worksheet with the questions of every page about **this run**, and its key. "
                "Whoever "
                "changes words, seed or steps gets other answers."
            )
        )
        request = running_example()
        st.button(
            tr("Make worksheet and key"), on_click=_want, args=(request,), icon=":material/print:",
            key="make_worksheet",
        )  # fmt: skip
        if st.session_state.get(_WANTED) == request:
            with explained():
                _offer_files()
        st.markdown(
            tr(
                "A link that opens a page with this run, and may hold its settings as they are: "
                "*Link to this*, at the foot of that page."
            )
        )
        st.markdown(tr("For a projector: large type, and Page Down leads on from page to page."))
        st.button(tr("Present"), on_click=present, icon=":material/slideshow:", key="present")


def _want(request: Request) -> None:
    st.session_state[_WANTED] = request


def _offer_files() -> None:
    from core.views.lesson import ask_all
    from core.views.worksheet import sheet_html

    live = live_run()
    asked = ask_all(live)
    for name, label in (("worksheet", tr("Worksheet")), ("key", tr("Key"))):
        st.download_button(
            label, sheet_html(live, asked, key=name == "key"), f"{name}.html",
            "text/html", icon=":material/download:", key=f"download_{name}",
        )  # fmt: skip
