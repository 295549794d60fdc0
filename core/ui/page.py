"""The frame of every page: its question, and what stands behind toggles below the picture."""

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.ideas.equation import equation_of
from core.ui.navigation import APP, ensure_navigation
from core.ui.running_example import follow_link, show_summary, write_link
from core.ui.settings import forget_widgets

_PAGE = "page_on_show"


def lesson(question: str, lead: str = "", title: str = APP) -> None:
    """Begin a page: its place in the navigation, the running example, and its question.

    Args:
        question: what the page answers, as its headline.
        lead: one sentence below it.
        title: what the browser's tab says.
    """
    ensure_navigation()
    if st.session_state.get(_PAGE) != question:  # widgets of another page are gone, their keys not
        forget_widgets()
        st.session_state[_PAGE] = question
    st.set_page_config(page_title=title if title == APP else f"{title} · {APP}")
    follow_link()
    write_link()
    st.title(question, anchor=False)
    if lead:
        st.markdown(lead)
    show_summary()


def show_equation(function: Callable[..., Any]) -> None:  # Any: any function with @equation
    """Offer a formula, where it comes from, and the very code that computes it.

    Args:
        function: decorated with ``core.ideas.equation.equation``.

    Raises:
        ValueError: it carries no formula.
    """
    formula = equation_of(function)
    with st.container(border=True):
        st.latex(formula.tex)
        st.markdown(f":small[{formula.source} · {function.__module__}.{function.__qualname__}]")
        st.code(inspect.getsource(function), language="python")
