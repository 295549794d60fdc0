"""What schedulers do: calls counted, errors measured, fresh noise drawn again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import MAX_PARAMS, RunWork
from core.engine.work import Course, Progress, Work
from core.ideas.checks import check_real, check_switch, check_whole
from core.models.catalog import BUILT_IN
from core.models.folders import Config, find_checkpoint, read_json
from core.models.schedulers.names import find_scheduler
from core.models.schedulers.record import Value
from core.models.schedulers.settings import check_params, latent_config
from core.models.schedulers.table import SCHEDULERS
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

    from core.models.schedulers.proof import ProofPoint

PROOF_STEPS = (5, 10, 20, 40)
MOST_STEPS = 150
MOST_SHIFT = 12


@dataclass(frozen=True, slots=True)
class CountWork(Work[dict[str, int]]):
    """How often every scheduler asks the network, counted by a hook on it.

    Attributes:
        steps: scheduler steps.
        scheduler: the one that has settings.
        params: its settings.
    """

    weights: ClassVar[bool] = False

    model: str = BUILT_IN
    steps: int = 20
    scheduler: str = "ddim"
    params: tuple[tuple[str, Value], ...] = ()

    def _checked(self) -> dict[str, Any]:
        check_whole(len(self.params), tr("number of settings"), 0, MAX_PARAMS)
        scheduler = find_scheduler(self.scheduler)
        return {
            "steps": check_whole(self.steps, tr("number of steps"), 1, MOST_STEPS),
            "scheduler": scheduler.name,
            "params": tuple(check_params(scheduler, dict(self.params)).items()),
        }

    def course(self, loaded: object) -> "Course[dict[str, int]]":
        """Run every scheduler on a network that needs no weights."""
        from core.models.schedulers.call_count import count_calls

        config, found = _config(self.model), {}
        here = [scheduler for scheduler in SCHEDULERS.values() if scheduler.available]
        for done, scheduler in enumerate(here):
            yield Progress(done, len(here))
            own = dict(self.params) if scheduler.name == self.scheduler else {}
            if self.steps <= scheduler.max_steps:
                found[scheduler.name] = count_calls(scheduler, self.steps, config, own)
        return found


@dataclass(frozen=True, slots=True)
class ProofWork(Work["tuple[ProofPoint, ...]"]):
    """Every scheduler against the exact solution for Gaussian data.

    Attributes:
        karras: whether those that can space their sigmas by Karras' rule do so.
    """

    weights: ClassVar[bool] = False

    model: str = BUILT_IN
    karras: bool = True

    def _checked(self) -> dict[str, Any]:
        return {"karras": check_switch(self.karras, tr("Karras switch"))}

    def course(self, loaded: object) -> "Course[tuple[ProofPoint, ...]]":
        """Run every scheduler with several numbers of steps."""
        from core.models.schedulers.proof import measure_error

        judged = [one for one in SCHEDULERS.values() if one.available and not one.distilled_only]
        config = _config(self.model)
        runs = [(scheduler, steps) for scheduler in judged for steps in PROOF_STEPS]
        found = []
        for done, (scheduler, steps) in enumerate(runs):
            yield Progress(done, len(runs))
            able = "use_karras_sigmas" in scheduler.takes
            params = {"use_karras_sigmas": True} if self.karras and able else {}
            found.append(measure_error(scheduler, steps, config, params))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class FlowWork(Work[dict[str, tuple[float, ...]]]):
    """Where the library's schedulers for flow models put their steps.

    Attributes:
        steps: how many.
        shift: moves them to stronger noise.
    """

    weights: ClassVar[bool] = False

    model: str = BUILT_IN
    steps: int = 20
    shift: float = 3.0

    def _checked(self) -> dict[str, Any]:
        return {
            "steps": check_whole(self.steps, tr("number of steps"), 1, MOST_STEPS),
            "shift": check_real(self.shift, tr("shift"), 1, MOST_SHIFT),
        }

    def course(self, loaded: object) -> "Course[dict[str, tuple[float, ...]]]":
        """Make both schedulers and read their noise levels."""
        from core.models.schedulers.flow import library_shares

        yield Progress(0, 1)
        return library_shares(self.steps, self.shift)


@dataclass(frozen=True, slots=True)
class FreshNoiseWork(RunWork["np.ndarray"]):
    """The fresh noise that a stochastic run drew up to one of its calls, drawn again.

    Attributes:
        call: 0 is the first.
    """

    weights: ClassVar[bool] = False

    call: int

    def _checked(self) -> dict[str, Any]:
        return {"call": check_whole(self.call, tr("call"), 0, 2 * MOST_STEPS)}

    def course(self, loaded: object) -> "Course[np.ndarray]":
        """Draw the start noise, then what the run drew; returns float32 (call + 1, C, h, w).

        A step draws once, also one that asks twice; DPM++ SDE cuts a piece of one random path
        at every call.
        """
        import numpy as np
        import torch

        from core.models.latent_facts import read_latent_facts
        from core.models.latents import fit_latents
        from core.models.schedulers.factory import brownian_pieces, make_scheduler
        from core.models.schedulers.plans import plan_run

        yield Progress(0, 1)
        _, folder = find_checkpoint(self.model)
        facts, request = read_latent_facts(folder), self.request
        asked, own = (request.height, request.width), (facts.height, facts.width)
        shape = fit_latents(asked, facts.channels, facts.scale, own)
        scheduler, config = SCHEDULERS[request.scheduler], _config(self.model)
        if scheduler.requires == "torchsde":
            made = make_scheduler(scheduler, config, dict(request.params), request.seed)
            made.set_timesteps(request.steps)
            pieces = brownian_pieces(made, request.seed, shape)
            return np.stack([piece[0].numpy() for piece in pieces[: self.call + 1]])
        steps = plan_run(scheduler, config, dict(request.params), request.steps).steps
        generator = torch.Generator().manual_seed(request.seed)
        drawn = [torch.randn(shape, generator=generator) for _ in range(steps[-1] + 2)]
        return np.stack([drawn[step + 1][0].numpy() for step in steps[: self.call + 1]])


def _config(model: str) -> Config:
    """Read what a model's schedulers are built from: the file alone, no weights."""
    _, folder = find_checkpoint(model)
    return latent_config(read_json(folder / "scheduler" / "scheduler_config.json"))
