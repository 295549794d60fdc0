"""What one box of the U-Net put out: pictures, numbers, code."""

import inspect

import streamlit as st

from core.lessons.unet.block_data import block_picture
from core.lessons.unet.map_data import say_box, say_shape, say_time
from core.models.unet_facts import Box, Kind, UNetFacts
from core.models.unet_seen import BlocksSeen
from core.ui.made import made, png
from core.words import tr, tr_later

DOES: dict[Kind, str] = {
    "time": tr_later(
        "Two layers turn the waves of the timestep into the vector that every residual block reads."
    ),
    "convolution": tr_later("Every position sees its 8 neighbours."),
    "norm": tr_later(
        "Brings each group of channels to mean 0 and variance 1, then stretches and shifts "
        "each channel by two learned numbers."
    ),
    "residual": tr_later("Two convolutions beside an open road; the time is added between them."),
    "attention": tr_later("Every position looks at every other, then reads the words."),
    "halve": tr_later("A convolution that takes every second position: less place, same channels."),
    "double": tr_later("Every position is repeated, then smoothed by a convolution."),
}


def show_block(facts: UNetFacts, box: Box, seen: BlocksSeen | None) -> None:
    """Show one box; its pictures once it has run.

    Args:
        facts: of the network.
        box: one of its boxes.
        seen: what was read at the chosen call; None while there is nothing.
    """
    st.markdown(f"**{say_box(box)}**  \n:small[`{box.name}`]")
    found = None if seen is None else seen.boxes.get(box.name)
    share = box.weights / max(1, facts.weights)
    line = tr(
        "{shape} · {weights:,} weights, {share:.1f} % of all",
        shape=say_shape(box),
        weights=box.weights,
        share=100 * share,
    )
    st.caption(line if found is None else f"{line} · {say_time(found.seconds)}")
    if found is None:
        st.markdown(tr(DOES[box.kind]))
        st.skeleton(height=240)
        return
    shown = made(("block", found), lambda: block_picture(found))
    st.image(
        png(shown.picture), width="stretch", output_format="PNG",
        alt=tr("{box}: what differs most as colours, and single channels", box=say_box(box)),
    )  # fmt: skip
    st.caption(f"{shown.said}  \n{shown.numbers}")


def show_code(box: Box) -> None:
    """Show the code that computes a box, and what it does in one sentence.

    Args:
        box: of the network on show.
    """
    from core.nets import attention, residual, time_embedding  # torch: not for the first paint

    parts = {
        "time": (time_embedding.TimeEmbedding, time_embedding.sinusoids),
        "residual": (residual.ResnetBlock,),
        "attention": (
            attention.SpatialTransformer,
            attention.TransformerBlock,
            attention.Attention,
            attention.attend,
        ),
        "halve": (residual.Downsample,),
        "double": (residual.Upsample,),
    }.get(box.kind)
    if parts is None:
        from core.nets.unet import UNet  # the ends of the U stand in its own forward

        parts = (UNet.__init__, UNet.forward)
    st.markdown(tr(DOES[box.kind]))
    for part in parts:
        st.code(inspect.getsource(part), language="python")
