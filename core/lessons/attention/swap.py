"""A word swapped, the attention kept: another prompt drawn where the first one looked."""

import streamlit as st

from core.engine.request import MAX_PROMPT
from core.engine.works.attention import EditedAttentionWork, Swap
from core.errors import ExplainerError
from core.ideas.attention_maps import replace_weights
from core.ideas.picture_likeness import apart
from core.lessons.attention.edits import choose_word, fill, prompt_words, show_picture, wait_for
from core.models.attention_seen import AttentionSeen
from core.ui.address import ask, text, whole
from core.ui.running_example import running_example
from core.ui.runs import read
from core.words import tr

FORMULAS = (replace_weights,)
NEW_WORD = "panda"


def show(seen: AttentionSeen) -> None:
    """Show another prompt drawn with the first one's attention, beside it and beside itself.

    Args:
        seen: the run.

    Raises:
        ExplainerError: the prompts cannot be compared, or the engine could not do it.
    """
    found, request = prompt_words(), running_example()
    first, second, third = st.columns(3, gap="medium", vertical_alignment="bottom")
    with first:
        word = choose_word(tr("Replace"), found, "replaced")
    with second:
        new = ask(st.text_input, tr("With"), text("new", NEW_WORD, MAX_PROMPT)).strip()
    with third:
        percent = ask(
            st.slider,
            tr("First part of the calls, %"),
            whole("kept", 60, 0, 100),
            step=10,
            help=tr("In this part of the run the new picture looks where the first one looked."),
        )
    if not new:
        raise ExplainerError(tr("There is no new word."), tr("Type one."))
    start, end = word.span
    prompt = f"{request.prompt[:start]}{new}{request.prompt[end:]}"
    st.text(f"{request.prompt.strip()}  →  {prompt.strip()}")
    columns = st.columns(3, gap="medium")
    show_picture(columns[0], seen.picture, tr("Your words"))
    slots = [
        wait_for(columns[1], tr("New word, old attention")),
        wait_for(columns[2], tr("New words alone")),
    ]
    pictures = []
    for slot, share, name in zip(
        slots,
        (percent / 100, 0.0),
        (tr("New word, old attention"), tr("New words alone")),
        strict=True,
    ):
        work = EditedAttentionWork(request.model, request, Swap(prompt, share)).validated()
        pictures.append(read(work, tr("U-Net call")))
        fill(slot, pictures[-1], name)
    st.markdown(
        tr(
            "**All three begin with the same noise.** In the middle, every place asks the new "
            "words, "
            "but for the first {percent} % of the calls it shares its attention out as the first "
            "picture did. That is meant to keep the layout; the last picture shows what the new "
            "prompt draws by itself.",
            percent=percent,
        )
    )
    st.caption(
        tr(
            "Old attention moved the new picture by {distance:.1f} of 255 on average. A model "
            "that takes the layout from the noise more than from the words shows little. Where "
            "the new "
            "word has another number of tokens, the weights are spread evenly over them.",
            distance=apart(*pictures),
        )
    )
