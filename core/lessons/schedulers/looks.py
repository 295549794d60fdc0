"""The closer looks at schedulers."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("Settings"), "core.lessons.schedulers.settings"),
        Closer(tr_later("All of them"), "core.lessons.schedulers.table"),
        Closer(tr_later("One step"), "core.lessons.schedulers.step"),
        Closer(tr_later("As a flow"), "core.lessons.schedulers.flow"),
        Closer(tr_later("Your own noise levels"), "core.lessons.schedulers.own"),
        Closer(tr_later("The proof"), "core.lessons.schedulers.proof"),
        Closer(tr_later("Fewer steps"), "core.lessons.schedulers.fewer"),
        Closer(tr_later("Learned variance"), "core.lessons.schedulers.variance"),
    ),
    sources=tr_later(
        "Ho et al. 2020, *Denoising Diffusion Probabilistic Models* · Song et al. 2021, *Denoising "
        "Diffusion Implicit Models* · Nichol & Dhariwal 2021, *Improved DDPM* · Karras et al. "
        "2022, *Elucidating the Design Space of Diffusion-Based Generative Models* · Lu et al. "
        "2022, *DPM-Solver++* · Lin et al. 2023, *Common Diffusion Noise Schedules and Sample "
        "Steps are Flawed* · Lee et al. 2024, *Beta Sampling is All You Need* · Luo et al. 2023, "
        "*Latent Consistency Models* · Hu et al. 2021, *LoRA*"
    ),
)
