"""The closer looks at the latents."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("The numbers"), "core.lessons.latents.numbers"),
        Closer(tr_later("How sure"), "core.lessons.latents.posterior"),
        Closer(tr_later("Surgery"), "core.lessons.latents.surgery"),
        Closer(tr_later("Between two"), "core.lessons.latents.between"),
        Closer(tr_later("Your run"), "core.lessons.latents.run"),
        Closer(tr_later("Train your own"), "core.lessons.latents.lab"),
    ),
    sources=tr_later(
        "Kingma & Welling 2014, *Auto-Encoding Variational Bayes* · Rombach et al. 2022, "
        "*High-Resolution Image Synthesis with Latent Diffusion Models* · Wang et al. 2004, *Image "
        "Quality Assessment: From Error Visibility to Structural Similarity*"
    ),
)
