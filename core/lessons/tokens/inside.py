"""Inside the text encoder: who reads whom in each layer, and what each position becomes."""

from dataclasses import replace

import numpy as np
import streamlit as st

from core.engine.request import MAX_CLIP_SKIP
from core.engine.works.texts import TextWork
from core.ideas.causal_attention import causal_attention
from core.lessons.tokens.charts_data import attention_grid, states_grid
from core.lessons.tokens.grids_data import grid_data
from core.lessons.tokens.pictures import show_pictures
from core.ui.address import ask, one_of, switch, whole
from core.ui.component import mount
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tokenizing import facts_of
from core.views.numbers import percent
from core.words import tr

FORMULAS = (causal_attention,)

PICTURE_WIDTH = 560  # CSS pixels, for the two pictures together


def show() -> None:
    """Show attention and hidden states of one layer, and which layer the U-Net reads."""
    request = running_example()
    reading = read(TextWork(request.model, (request.prompt,), inside=True))
    assert reading.attentions is not None  # inside was asked for
    assert reading.hidden is not None
    layers, heads = reading.attentions.shape[1:3]
    first, second, third = st.columns([2, 2, 1], vertical_alignment="bottom")
    depth = whole("layer", layers, 1, layers)
    layer = ask(first.slider, tr("Layer"), depth) if layers > 1 else 1
    head = ask(
        second.selectbox,
        tr("Head"),
        one_of("head", range(heads + 1)),
        format_func=lambda number: str(number or tr("the mean of all")),
    )
    padding = ask(third.toggle, tr("With padding"), switch("padding"))
    weights = reading.attentions[0, layer - 1]
    weights = weights[head - 1] if head else weights.mean(0)
    tokens, hidden = reading.tokens[0], reading.hidden[0, layer]
    which = tr("head {head}", head=head) if head else tr("mean of all heads")
    mount(
        "tokens/grids",
        grid_data(
            [
                attention_grid(
                    tokens,
                    weights,
                    tr("Attention in layer {layer}, {which}", layer=layer, which=which),
                    padding,
                ),
                states_grid(
                    tokens,
                    hidden,
                    np.linalg.norm(hidden, axis=-1),
                    tr("Hidden states after layer {layer} of {layers}", layer=layer, layers=layers),
                    padding,
                ),
            ]
        ),
    )
    rest = weights[1 : tokens.used + 2, 0].mean()
    st.markdown(
        tr(
            "**Each row shows where one position looks:** itself and what stands before it. "
            "Your words and the end give **{rest}** of their attention here, on average, to "
            "`<start>`, the one position that is the same for every prompt.",
            rest=percent(rest),
        )
    )
    _show_clip_skip(layers)


def _show_clip_skip(layers: int) -> None:
    st.header(tr("Which layer the U-Net reads"), anchor=False)
    request = running_example()
    two = facts_of(request.model).readers > 1
    own = layers - two  # what the U-Net was trained to read
    most = min(MAX_CLIP_SKIP, own)
    skip = ask(
        st.slider,
        tr("Layers left out at the end (clip skip)"),
        whole("left_out", min(request.clip_skip, most), 0, most),
        help=tr("Some programs count from 1: their clip skip 2 is 1 here, as in diffusers."),
    )
    if ask(st.toggle, tr("A picture from every layer"), switch("every_layer")):
        _show_every_layer(most, own, two)
        return
    if not skip:
        st.markdown(
            tr(
                "The U-Net reads **layer {layer}, the last but one**, of each text encoder, with "
                "no layer norm after it. Leave layers out to see what it makes of an earlier one.",
                layer=own,
            )
            if two
            else tr(
                "The U-Net reads **layer {layers}, the last**, after one more layer norm. Leave "
                "layers out to see what it makes of an earlier one.",
                layers=layers,
            )
        )
        return
    read_from = tr("the bare embeddings") if skip == own else tr("layer {layer}", layer=own - skip)
    with st.container(width=PICTURE_WIDTH):
        show_pictures(
            [replace(request, clip_skip=left_out) for left_out in (0, skip)],
            [
                tr("Layer {layer}, as it was trained", layer=own),
                tr("Read from {read_from}, same seed", read_from=read_from),
            ],
        )
    st.markdown(_say_norm(two))


def _say_norm(two: bool) -> str:
    if two:
        return tr("No layer norm is applied, whichever layer is read.")
    return tr("The last layer norm is applied all the same, whichever layer is read.")


def _show_every_layer(most: int, own: int, two: bool) -> None:
    """Show what the U-Net makes of every layer's states, from the same noise."""
    request, skips = running_example(), range(most, -1, -1)
    show_pictures(
        [replace(request, clip_skip=skip) for skip in skips],
        [
            tr("Bare embeddings") if skip == own else tr("Layer {layer}", layer=own - skip)
            for skip in skips
        ],
    )
    st.markdown(
        tr(
            "**From left to right the text has gone through more layers**, always from the same "
            "noise. The U-Net was trained to read the last of these alone. {norm}",
            norm=_say_norm(two),
        )
    )
