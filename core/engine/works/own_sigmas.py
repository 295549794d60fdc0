"""A picture drawn over noise levels that somebody chose."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import RunWork
from core.engine.work import BESIDE, Course, Decode
from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real
from core.models.schedulers.table import SCHEDULERS
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel

MOST_STEPS = 150
MOST_SIGMA = 4096.0  # of the smallest signal that is told from none, 2 to the -24
SAMPLERS = ("euler", "heun", "dpmpp-2m", "euler-a", "lms", "unipc")


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
        """Have the sampler walk these levels; its steps are those of any run."""
        import numpy as np

        from core.engine.denoise import Along, denoise
        from core.ideas.prediction import to_unit_scale

        # A run that leads from its first timestep starts with as much noise as its sigma says.
        leading = (("timestep_spacing", "leading"),)
        request = replace(
            self.request, scheduler=self.sampler, params=leading, steps=len(self.sigmas) - 1
        )
        states, start = loaded.states(request), Along(self.sigmas)
        steps = yield from denoise(loaded.checkpoint, request, states, start)
        latents = steps[-1].x_prev[None]
        if SCHEDULERS[self.sampler].space == "ve":
            latents = to_unit_scale(latents, self.sigmas[-1])
        [picture] = yield Decode([latents[0]])
        return OwnRun(
            np.array([step.t for step in steps]),
            np.array([step.sigma for step in steps]),
            latents[0].numpy(),
            picture.numpy(),
        )


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
