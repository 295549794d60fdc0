"""A picture drawn over noise levels that somebody chose, by a sampler that can be read."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel

MOST_STEPS = 150
MOST_SIGMA = 4096.0  # of the smallest signal that is told from none, 2 to the -24
SAMPLERS = ("euler", "heun", "dpmpp-2m")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class OwnRun:
    """A run over noise levels of one's own.

    Attributes:
        timesteps: what the network was told, (calls,).
        sigmas: noise per unit of signal at each call, (calls,).
        latents: the result at unit scale, (C, h, w).
        picture: the result, uint8 (H, W, 3).
    """

    timesteps: "np.ndarray"
    sigmas: "np.ndarray"
    latents: "np.ndarray"
    picture: "np.ndarray"


@dataclass(frozen=True, slots=True)
class OwnSigmasLook(Look[OwnRun]):
    """A picture drawn over noise levels that somebody chose one by one.

    Attributes:
        model: the checkpoint's id in the catalog.
        request: words, seed, guidance and size; its scheduler and steps are not used.
        sigmas: noise levels to visit, falling, the last one included; 0 is clean.
        sampler: one of ``SAMPLERS``.
    """

    model: str
    request: Request
    sigmas: tuple[float, ...]
    sampler: str = "euler"

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        request = validated(self.request)
        return type(self)(
            request.model,
            request,
            check_sigmas(self.sigmas),
            check_choice(self.sampler, "sampler", SAMPLERS),
        )

    def read(self, loaded: "LoadedModel") -> "Work[OwnRun]":
        """Run one of our own samplers, one step a piece.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the size does not suit the model, or the numbers ran away.
        """
        import numpy as np
        import torch

        from core.engine.denoise import latent_shape, read_prompts
        from core.ideas.samplers.dpmpp_2m import sample_dpmpp_2m
        from core.ideas.samplers.euler import sample_euler
        from core.ideas.samplers.heun import sample_heun

        total = len(self.sigmas)
        yield 0, total
        noise = torch.randn(
            latent_shape(loaded.checkpoint, self.request),
            generator=torch.Generator().manual_seed(self.request.seed),
        )
        network = _Network(loaded, read_prompts(self.request, loaded.read), self.request.guidance)
        spread = (1 + self.sigmas[0] ** 2) ** 0.5
        steps = {
            "euler": lambda: sample_euler(network.predict, noise * spread, self.sigmas),
            "heun": lambda: sample_heun(network.predict, noise * spread, self.sigmas),
            "dpmpp-2m": lambda: sample_dpmpp_2m(network.predict, noise, self.sigmas),
        }[self.sampler]()
        latents = noise
        for step in steps:
            latents = step.x_next
            if not torch.isfinite(latents).all():
                raise ExplainerError(
                    f"The numbers ran away at step {step.step + 1} of {total - 1}.",
                    "Choose noise levels that fall more evenly.",
                )
            yield step.step + 1, total
        if self.sampler != "dpmpp-2m":
            latents = latents / (1 + self.sigmas[-1] ** 2) ** 0.5
        [picture] = loaded.vae.run([latents[0]])
        if isinstance(picture, Exception):
            raise picture
        return OwnRun(
            np.array(network.timesteps),
            np.array(network.sigmas),
            latents[0].numpy(),
            picture.numpy(),
        )


class _Network:
    """The U-Net as our samplers see it: told how much signal is left, it says the noise."""

    def __init__(self, loaded: "LoadedModel", states: "Tensor", guidance: float) -> None:
        import numpy as np

        from core.ideas.noise_levels import sigma_from_alpha_bar
        from core.ideas.schedule_config import read_alpha_bar

        self.loaded, self.states, self.guidance = loaded, states, guidance
        self.kind = str(loaded.checkpoint.prediction_type)
        alpha_bar = read_alpha_bar(loaded.checkpoint.scheduler_config)
        self.levels = np.asarray(sigma_from_alpha_bar(alpha_bar))
        self.timesteps: list[float] = []
        self.sigmas: list[float] = []

    def predict(self, xt: "Tensor", alpha_bar: float) -> "Tensor":
        """Ask the U-Net at the timestep whose noise level this is."""
        from core.engine.ask import answer_all
        from core.engine.denoise import NoiseQuery, Point
        from core.ideas.guidance import guide
        from core.ideas.interpolation import timestep_at_sigma
        from core.ideas.noise_levels import sigma_from_alpha_bar

        sigma = float(sigma_from_alpha_bar(alpha_bar))
        t = float(timestep_at_sigma(sigma, self.levels))
        self.timesteps.append(t)
        self.sigmas.append(sigma)
        [found] = answer_all(self.loaded.unet, [NoiseQuery(xt, t, self.states, None, 0)])
        if isinstance(found, Exception):
            raise found
        uncond, cond = found.chunk(2) if len(self.states) == 2 else (None, found)
        output = cond if uncond is None else guide(uncond, cond, self.guidance)
        return Point(self.kind, xt, alpha_bar).noise(output)


def check_sigmas(sigmas: object) -> tuple[float, ...]:
    """Check noise levels that somebody chose.

    Args:
        sigmas: as typed; nothing about them is trusted.

    Returns:
        The levels as numbers.

    Raises:
        ExplainerError: there are too few or too many, one is no number, or they do not fall.
    """
    if not isinstance(sigmas, tuple | list) or not 2 <= len(sigmas) <= MOST_STEPS + 1:
        raise ExplainerError(
            "These are not noise levels for a run.", f"Give 2 to {MOST_STEPS + 1} of them."
        )
    checked = [check_real(sigma, "sigma", 0, MOST_SIGMA) for sigma in sigmas]
    for place, (sigma, after) in enumerate(pairwise(checked)):
        if after >= sigma:
            raise ExplainerError(
                f"Sigma {place + 2} is {after:g}, which is not below the {sigma:g} before it.",
                "Noise must fall from step to step: lower it, or take it out.",
            )
    return tuple(checked)
