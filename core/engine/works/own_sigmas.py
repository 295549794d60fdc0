"""A picture drawn over noise levels that somebody chose, by a sampler that can be read."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import Request, RunWork
from core.engine.work import BESIDE, Course, Decode, NoiseQuery, Progress
from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real
from core.words import tr

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel

    Walk = Generator[NoiseQuery, Tensor, Tensor]

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
class OwnSigmasWork(RunWork[OwnRun]):
    """A picture drawn over noise levels that somebody chose one by one.

    Attributes:
        request: its scheduler and steps are not used.
        sigmas: noise levels to visit, falling, the last one included; 0 is clean.
        sampler: one of ``SAMPLERS``.
    """

    rank: ClassVar[int] = BESIDE

    sigmas: tuple[float, ...]
    sampler: str = "euler"

    def _checked(self) -> dict[str, Any]:
        return {
            "sigmas": check_sigmas(self.sigmas),
            "sampler": check_choice(self.sampler, tr("sampler"), SAMPLERS),
        }

    def course(self, loaded: "LoadedModel") -> "Course[OwnRun]":
        """Run one of our own samplers, its steps asked like those of any run."""
        import numpy as np

        from core.engine.denoise import first_noise, latent_shape

        noise = first_noise(self.request, latent_shape(loaded.checkpoint, self.request))
        asking = _Asking(loaded, self.request, len(self.sigmas))
        walk = _dpmpp_2m if self.sampler == "dpmpp-2m" else _euler_or_heun
        latents = yield from walk(asking, noise, self)
        [picture] = yield Decode([latents[0]])
        told = np.array(asking.timesteps), np.array(asking.sigmas)
        return OwnRun(*told, latents[0].numpy(), picture.numpy())


def _euler_or_heun(asking: "_Asking", noise: "Tensor", work: OwnSigmasWork) -> "Walk":
    """Walk as ``sample_euler`` and ``sample_heun`` do; returns latents at unit scale."""
    from core.ideas.prediction import from_unit_scale, to_unit_scale
    from core.ideas.samplers.euler import euler_coefficients, euler_step
    from core.ideas.samplers.heun import heun_step

    x = from_unit_scale(noise, work.sigmas[0])
    for step, (sigma, after) in enumerate(pairwise(work.sigmas)):
        numbers = euler_coefficients(sigma, after)
        eps = yield from asking.noise(to_unit_scale(x, sigma), sigma, step)
        there = euler_step(x, eps, numbers)
        if work.sampler == "heun" and after > 0:
            eps_there = yield from asking.noise(to_unit_scale(there, after), after, step)
            there = heun_step(x, eps, eps_there, numbers)
        x = _finite(there, step, work)
    return to_unit_scale(x, work.sigmas[-1])


def _dpmpp_2m(asking: "_Asking", noise: "Tensor", work: OwnSigmasWork) -> "Walk":
    """Walk as ``sample_dpmpp_2m`` does; returns latents at unit scale."""
    from core.ideas.prediction import x0_from_eps
    from core.ideas.samplers.dpmpp_2m import (
        dpmpp_2m_step,
        first_order_coefficients,
        second_order_coefficients,
    )

    xt, before, x0_before = noise, 0.0, noise
    for step, (sigma, after) in enumerate(pairwise(work.sigmas)):
        first = step == 0 or after == 0
        numbers = (
            first_order_coefficients(sigma, after) if first
            else second_order_coefficients(before, sigma, after)
        )  # fmt: skip
        eps = yield from asking.noise(xt, sigma, step)
        x0 = x0_from_eps(xt, eps, 1 / (1 + sigma**2))
        xt = _finite(dpmpp_2m_step(xt, x0, x0_before, numbers), step, work)
        before, x0_before = sigma, x0
    return xt


def _finite(latents: "Tensor", step: int, work: OwnSigmasWork) -> "Tensor":
    import torch

    if not torch.isfinite(latents).all():
        raise ExplainerError(
            tr(
                "The numbers ran away at step {step} of {steps}.",
                step=step + 1,
                steps=len(work.sigmas) - 1,
            ),
            tr("Choose noise levels that fall more evenly."),
        )
    return latents


class _Asking:
    """The U-Net as our samplers see it: told the noise level of latents, it says the noise."""

    def __init__(self, loaded: "LoadedModel", request: Request, total: int) -> None:
        import numpy as np

        from core.ideas.noise_levels import sigma_from_alpha_bar
        from core.ideas.schedule_config import read_alpha_bar

        self._states, self._request = loaded.states(request), request
        self._kind = str(loaded.checkpoint.prediction_type)
        alpha_bar = read_alpha_bar(loaded.checkpoint.scheduler_config)
        self._levels = np.asarray(sigma_from_alpha_bar(alpha_bar))
        self._total = total
        self.timesteps: list[float] = []
        self.sigmas: list[float] = []

    def noise(self, xt: "Tensor", sigma: float, step: int) -> "Walk":
        """Ask at the timestep whose noise level this is; ``xt`` is at unit scale."""
        from core.ideas.guidance import guide
        from core.ideas.interpolation import timestep_at_sigma
        from core.ideas.prediction import Point

        t = float(timestep_at_sigma(sigma, self._levels))
        self.timesteps.append(t)
        self.sigmas.append(sigma)
        told = Progress(step, self._total)
        answer = yield NoiseQuery(xt, t, self._states, told, loras=self._request.loras)
        uncond, cond = answer.chunk(2) if len(self._states) == 2 else (None, answer)
        output = cond if uncond is None else guide(uncond, cond, self._request.guidance)
        return Point(self._kind, xt, 1 / (1 + sigma**2)).noise(output)


def check_sigmas(sigmas: object) -> tuple[float, ...]:
    """Return noise levels that somebody chose, as numbers.

    Args:
        sigmas: as typed; nothing about them is trusted.

    Raises:
        ExplainerError: there are too few or too many, one is no number, or they do not fall.
    """
    if not isinstance(sigmas, tuple | list) or not 2 <= len(sigmas) <= MOST_STEPS + 1:
        raise ExplainerError(
            tr("These are not noise levels for a run."),
            tr("Give 2 to {most_steps} of them.", most_steps=MOST_STEPS + 1),
        )
    checked = [check_real(sigma, tr("sigma"), 0, MOST_SIGMA) for sigma in sigmas]
    for place, (sigma, after) in enumerate(pairwise(checked)):
        if after >= sigma:
            raise ExplainerError(
                tr(
                    "Sigma {place} is {after:g}, which is not below the {sigma:g} before it.",
                    place=place + 2,
                    after=after,
                    sigma=sigma,
                ),
                tr("Noise must fall from step to step: lower it, or take it out."),
            )
    return tuple(checked)
