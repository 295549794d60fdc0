"""The closer looks at the latents."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("The numbers", "core.lessons.latents.numbers"),
        Closer("How sure", "core.lessons.latents.posterior"),
        Closer("Surgery", "core.lessons.latents.surgery"),
        Closer("Between two", "core.lessons.latents.between"),
        Closer("Your run", "core.lessons.latents.run"),
        Closer("Train your own", "core.lessons.latents.lab"),
    ),
    sources=(
        "Kingma & Welling 2014, *Auto-Encoding Variational Bayes* · Rombach et al. 2022, "
        "*High-Resolution Image Synthesis with Latent Diffusion Models* · Wang et al. 2004, *Image "
        "Quality Assessment: From Error Visibility to Structural Similarity*"
    ),
)
