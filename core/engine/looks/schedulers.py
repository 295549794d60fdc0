"""What schedulers do: calls counted, errors measured, fresh noise drawn again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import MAX_PARAMS, Request, validated
from core.ideas.checks import check_switch, check_whole
from core.models.catalog import BUILT_IN, find_entry
from core.models.scheduler_options import OPTIONS, Value, available, check_params
from core.models.schedulers_info import SCHEDULERS, find_scheduler

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel
    from core.models.scheduler_proof import ProofPoint

PROOF_STEPS = (5, 10, 20, 40)
MOST_STEPS = 150


@dataclass(frozen=True, slots=True)
class CountLook(Look[dict[str, int]]):
    """How often every scheduler asks the network, counted by a hook on it.

    Attributes:
        model: the checkpoint's id in the catalog.
        steps: scheduler steps.
        scheduler: the one that has settings.
        params: its settings.
    """

    model: str = BUILT_IN
    steps: int = 20
    scheduler: str = "ddim"
    params: tuple[tuple[str, Value], ...] = ()

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        check_whole(len(self.params), "number of settings", 0, MAX_PARAMS)
        return type(self)(
            find_entry(self.model).id,
            check_whole(self.steps, "number of steps", 1, MOST_STEPS),
            find_scheduler(self.scheduler).name,
            tuple(check_params(self.scheduler, dict(self.params)).items()),
        )

    def read(self, loaded: "LoadedModel") -> "Work[dict[str, int]]":
        """Run every scheduler on a network that needs no weights.

        Args:
            loaded: the model, of which only the noise schedule is read.
        """
        from core.models.call_count import count_calls

        config, found = loaded.checkpoint.scheduler_config, {}
        names = [name for name in SCHEDULERS if available(name)]
        for done, name in enumerate(names):
            yield done, len(names)
            own = dict(self.params) if name == self.scheduler else {}
            if self.steps <= SCHEDULERS[name].max_steps:
                found[name] = count_calls(name, self.steps, config, own)
        return found


@dataclass(frozen=True, slots=True)
class ProofLook(Look["tuple[ProofPoint, ...]"]):
    """Every scheduler against the exact solution for Gaussian data.

    Attributes:
        model: the checkpoint's id in the catalog.
        karras: whether those that can space their sigmas by Karras' rule do so.
    """

    model: str = BUILT_IN
    karras: bool = True

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        return type(self)(find_entry(self.model).id, check_switch(self.karras, "Karras switch"))

    def read(self, loaded: "LoadedModel") -> "Work[tuple[ProofPoint, ...]]":
        """Run every scheduler with several numbers of steps.

        Args:
            loaded: the model, of which only the noise schedule is read.
        """
        from core.models.scheduler_proof import measure_error

        names = [n for n, info in SCHEDULERS.items() if available(n) and not info.distilled_only]
        runs = [(name, steps) for name in names for steps in PROOF_STEPS]
        found = []
        for done, (name, steps) in enumerate(runs):
            yield done, len(runs)
            able = "use_karras_sigmas" in {option.name for option in OPTIONS[name]}
            params = {"use_karras_sigmas": True} if self.karras and able else {}
            config = loaded.checkpoint.scheduler_config
            found.append(measure_error(name, steps, config, params))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class FreshNoiseLook(Look["np.ndarray"]):
    """The fresh noise that a stochastic run drew at one of its calls, drawn again.

    Attributes:
        model: the checkpoint's id in the catalog.
        request: the run.
        call: 0 is the first.
    """

    model: str
    request: Request
    call: int

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        request = validated(self.request)
        return type(self)(request.model, request, check_whole(self.call, "call", 0, 2 * MOST_STEPS))

    def read(self, loaded: "LoadedModel") -> "Work[np.ndarray]":
        """Draw the start noise, then one fresh noise for every call.

        Args:
            loaded: the model, of which only the shape of its latents is read.

        Returns:
            What was drawn at the call, float32 (C, h, w).
        """
        import torch

        from core.engine.denoise import latent_shape

        yield 0, 1
        shape = latent_shape(loaded.checkpoint, self.request)
        generator = torch.Generator().manual_seed(self.request.seed)
        drawn = [torch.randn(shape, generator=generator) for _ in range(self.call + 2)]
        return drawn[-1][0].numpy()
