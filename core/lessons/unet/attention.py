"""Self-attention inside the U-Net: a click on the picture, and where that position looks."""

from functools import partial

import streamlit as st

from core.engine.works.unet_attention import SelfAttentionWork
from core.ideas.guidance import guide
from core.lessons.unet.attention_data import attention_data
from core.models.unet_facts import UNetFacts
from core.nets.attention import attend
from core.nets.residual import ResnetBlock
from core.ui.address import Field, choose, one_of, value
from core.ui.component import mount, told_one
from core.ui.runs import read
from core.ui.shown import Shown
from core.words import tr

FORMULAS = (ResnetBlock, attend, guide)

NAME = "unet/attention"


def show(facts: UNetFacts, shown: Shown, call: int) -> None:
    """Show where the chosen position looks, in every layer and head.

    Args:
        facts: of the network.
        shown: the run.
        call: of the run, which is looked into.
    """
    given = shown.run.input_at(call)
    row, column = value(_position(facts))
    st.markdown(
        tr(
            "**Click the picture.** Each small map is one head: how much that position takes from "
            "every position, itself included, just before this layer reads the words."
        )
    )
    looks = read(SelfAttentionWork(given.request.model, given, row, column), tr("Piece"))
    data = attention_data(facts, looks, shown.run.picture, (row, column))
    mount(NAME, data, on_place_change=partial(_take, facts))
    st.caption(
        tr(
            "The prompt's half of this call. A weight is told as a multiple of the even share, "
            "what each position would get if all were alike. The maps say where numbers come from, "
            "not why."
        )
    )


def _position(facts: UNetFacts) -> Field[list[int]]:
    """Return the field of the position that is looked from, the first row and column 1."""
    rows, columns = facts.size
    places = [[row, column] for row in range(rows) for column in range(columns)]
    middle = [rows // 2, columns // 2]
    return one_of("position", places, middle, lambda at: f"{at[0] + 1},{at[1] + 1}")


def _take(facts: UNetFacts) -> None:
    """Look from the position that was clicked: before it is read, so that nothing is read twice."""
    field = _position(facts)
    rows, columns = facts.size
    places = ([row, column] for row in range(rows) for column in range(columns))
    place = told_one(st.session_state.get(NAME), "place", places)
    if place is not None:
        choose(field, place)
