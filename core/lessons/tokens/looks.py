"""The closer looks at a prompt."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("Meaning"), "core.lessons.tokens.meaning"),
        Closer(tr_later("The mask"), "core.lessons.tokens.masks"),
        Closer(tr_later("Inside the encoder"), "core.lessons.tokens.inside"),
        Closer(tr_later("All positions"), "core.lessons.tokens.positions"),
        Closer(tr_later("No words"), "core.lessons.tokens.unconditional"),
    ),
    sources=(
        tr_later(
            "Radford et al. 2021, *Learning Transferable Visual Models From Natural Language "
            "Supervision* (CLIP) · Rombach et al. 2022, *High-Resolution Image Synthesis with "
            "Latent "
            "Diffusion Models* · "
            "Sennrich et al. 2016, *Neural Machine Translation of Rare Words with Subword Units* · "
            "Vaswani et al. 2017, *Attention Is All You Need*"
        )
    ),
)
