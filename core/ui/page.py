"""The frame of every page: its question, and what stands behind toggles below the picture."""

import ast
import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.classroom import JOIN, classroom
from core.host import host
from core.ideas.equation import equation_of
from core.ui import all_pages, walk
from core.ui.address import begin_page, keep_places
from core.ui.model_box import show_model_box
from core.ui.model_folder import look_again
from core.ui.navigation import APP, ensure_navigation, title_of
from core.ui.running_example import IN_LINK, follow_link, say_held, show_summary, write_link
from core.views.lesson import lesson_of
from core.words import tr, tr_later

_FOR_CHECKERS = re.compile(r"\n *# Any: .*|  # (?:type: ignore|Any: ).*")  # told to no reader
STYLE = Path(__file__).parent / "browser" / "page.css"
SHARED = tr_later(
    ":material/public: A shared copy on a small host: everybody’s pictures take turns, what is "
    "typed is not kept on its disk, and it takes no files."
)


def lesson(page: str) -> None:
    """Begin a page of the walk: its frame, the running example, and its question.

    Args:
        page: its address below the app's; what it teaches stands in its wing's ``lesson_data``.
    """
    begin(APP if page == all_pages.HOME else title_of(page))
    taught = lesson_of(page)
    in_class = classroom() is not None
    if in_class:
        from core.ui.class_frame import attend, follow_settings

        attend()
    stayed = begin_page(page, (*IN_LINK, *all_pages.IN_LINK, JOIN))
    follow_link(stayed)
    if in_class:
        follow_settings()
    write_link()
    all_pages.follow_all_pages(stayed)
    st.title(tr(taught.headline), anchor=False)
    lead = taught.leads.get(walk.level()) or taught.leads.get(all_pages.USUAL)
    if lead:
        st.markdown(tr(lead))
    if host().shared:
        st.caption(tr(SHARED))
    say_held()
    show_summary()
    walk.ask_level()
    walk.ask_language()
    show_model_box()
    walk.presenting(page)
    walk.predict_first(page)
    keep_places()


def begin(title: str = APP) -> None:
    """Begin any page: its place in the navigation, its style, and its name.

    Args:
        title: what the browser's tab says, in English: no language is followed before.
    """
    ensure_navigation()
    look_again()
    st.html(STYLE)
    st.set_page_config(page_title=title if title == APP else f"{tr(title)} · {APP}")


def show_equation(function: Callable[..., Any]) -> None:  # Any: any function with @equation
    """Offer a formula, where it comes from, and the very code that computes it.

    Args:
        function: decorated with ``core.ideas.equation.equation``.

    Raises:
        ValueError: it carries no formula.
    """
    formula = equation_of(function)
    brief, whole = source_of(function)
    with st.container(border=True):
        st.latex(formula.tex)
        st.markdown(f":small[{tr(formula.source)} · {function.__module__}.{function.__qualname__}]")
        st.code(brief, language="python")
        if brief != whole:
            with st.expander(tr("All of it")):
                st.code(whole, language="python")


@cache
def source_of(function: Callable[..., Any]) -> tuple[str, str]:  # Any: as above
    """Return the code of a function without its decorators, whose formula is shown already.

    Args:
        function: or a class, written in a file.

    Returns:
        What it computes, without docstring and checks of its arguments, and all of it.
    """
    lines = _FOR_CHECKERS.sub("", inspect.getsource(function)).splitlines()
    (written,) = ast.parse("\n".join(lines)).body
    if not isinstance(written, ast.FunctionDef):
        assert isinstance(written, ast.ClassDef)  # one block of a network, short as it is
        whole = "\n".join(lines[written.lineno - 1 :])
        return whole, whole
    first = written.body[0].lineno - 1
    told = ast.get_docstring(written) is not None
    steps = [step for step in written.body[told:] if not _checks(step)]
    kept = [line for step in steps for line in lines[step.lineno - 1 : step.end_lineno]]
    return "\n".join([*lines[written.lineno - 1 : first], *kept]), "\n".join(
        lines[written.lineno - 1 :]
    )


def _checks(step: ast.stmt) -> bool:
    """Whether a statement does nothing but refuse wrong arguments."""
    if isinstance(step, ast.If):
        return all(isinstance(one, ast.Raise) for one in step.body)
    return isinstance(step, ast.Expr)  # called for nothing but what it refuses
