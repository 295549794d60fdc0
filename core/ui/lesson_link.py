"""A link to the page that is on show: to give to others, with its settings held or free."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from core.classroom import JOIN, classroom
from core.ui.address import fitting
from core.ui.all_pages import ANSWERED, HELD, PRESENTING, WALKED, held
from core.ui.errors import show_note
from core.ui.running_example import link_parameters, running_example
from core.words import tr

IN_FOOT = "foot"  # which part of a page's foot is open
OWN = (HELD, PRESENTING, WALKED, ANSWERED, IN_FOOT, JOIN)  # what a link to others leaves out


def link_to_page(hold: bool = False) -> str:
    """Return a link that opens this page with the same run, the same choices and the same level.

    In a class it is one that pupils can follow, and lets them in.

    Args:
        hold: whether it holds words and settings as they are.
    """
    request, room = running_example(), classroom()
    said = {name: text for name, text in st.query_params.to_dict().items() if name not in OWN}
    query = {**fitting({"prompt": request.prompt}), **said, **link_parameters(request)}
    if hold:
        query[HELD] = "1"
    where = urlsplit(st.context.url or "")
    start = f"{where.scheme}://{where.netloc}"
    if room is not None:
        start, query[JOIN] = room.opening.address, room.opening.code
    return f"{start}{where.path or '/'}?{urlencode(query)}"


def show_link() -> None:
    """Show the link, to be copied, and ask whether it holds words and settings."""
    st.markdown(
        tr(
            "This link opens the page as you see it: the same run, the same look, the same reading "
            "level (*Read as*, in the sidebar)."
        )
    )
    hold = st.toggle(
        tr("Hold words and settings as they are"), held(), key="link_holds",
        help=tr(
            "Whoever opens it sees them and cannot change them before they press “Let me change "
            "them”. It keeps a lesson together; it keeps nobody out."
        ),
    )  # fmt: skip
    if not fitting({"prompt": running_example().prompt}):
        show_note(tr("Your words are too long for a link."), tr("It opens without them."))
    st.code(link_to_page(hold), language=None, wrap_lines=True)
