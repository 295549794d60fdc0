"""What becomes of a prompt that is empty, or longer than the model reads, and of a size unsaid."""

import streamlit as st

from core.models.latent_facts import read_latent_facts
from core.ui.errors import show_note
from core.ui.running_example import running_example
from core.words import tr

LONGEST_CUT = 120  # characters shown of what is cut off


def prompt_notes() -> None:
    """Say what becomes of an empty prompt or a long one, and which size stands for one unsaid."""
    from core.ui.model_folder import model_folder
    from core.ui.tokenizing import tokens_of  # imports the tokenizers

    request = running_example()
    note = read_latent_facts(model_folder(request.model)).note
    if note and not (request.width and request.height):
        show_note(note, icon=":material/crop_free:")
    if not request.prompt.strip():
        st.markdown(
            tr("**No words:** the network draws whatever it likes. This is called *unconditional*.")
        )
        return
    tokens = tokens_of(request.prompt, request.model)
    if tokens.cut:
        cut = tokens.cut.strip()
        show_note(
            tr(
                "The model reads {used} tokens and your words are {count}. Cut off:",
                used=tokens.used,
                count=tokens.count,
            ),
            cut if len(cut) <= LONGEST_CUT else f"{cut[: LONGEST_CUT - 1]}…",
            icon=":material/content_cut:",
        )
