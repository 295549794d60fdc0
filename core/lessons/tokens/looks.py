"""The closer looks at a prompt."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("Meaning", "core.lessons.tokens.meaning"),
        Closer("The mask", "core.lessons.tokens.masks"),
        Closer("Inside the encoder", "core.lessons.tokens.inside"),
        Closer("All positions", "core.lessons.tokens.positions"),
        Closer("No words", "core.lessons.tokens.unconditional"),
    ),
    sources=(
        "Radford et al. 2021, *Learning Transferable Visual Models From Natural Language "
        "Supervision* (CLIP) · Rombach et al. 2022, *High-Resolution Image Synthesis with Latent "
        "Diffusion Models* · "
        "Sennrich et al. 2016, *Neural Machine Translation of Rare Words with Subword Units* · "
        "Vaswani et al. 2017, *Attention Is All You Need*"
    ),
)
