"""The board: the class's newest pictures of those who want to show theirs."""

import streamlit as st

from core.classroom import BOARD, Classroom
from core.words import tr

COLUMNS = 6


def show_board(room: Classroom) -> None:
    """Show the board; every picture can be hidden.

    Args:
        room: the class.
    """
    board = room.state.board
    st.header(tr("The board"), anchor=False)
    if not board:
        st.caption(
            tr(
                "Up to {board} pictures, the newest first, of pupils who press “Show my pictures”.",
                board=BOARD,
            )
        )
    for start in range(0, len(board), COLUMNS):
        row = board[start : start + COLUMNS]
        for column, pinned in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                st.image(
                    pinned.picture,
                    width="stretch",
                    alt=tr("Picture of {name}", name=pinned.name),
                )
                st.text(pinned.prompt or tr("(no words)"))
                st.caption(pinned.name)
                st.button(
                    tr("Hide"), on_click=room.hide, args=(pinned.number,), type="tertiary",
                    key=f"hide_{pinned.number}", icon=":material/visibility_off:",
                )  # fmt: skip
