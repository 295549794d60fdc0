"""How often a scheduler really asks the network, counted by a hook on the network."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.record import Scheduler
from core.words import tr


class ClosedFormNetwork(nn.Module):
    """The ideal network where all pictures are one and the same grey: no weights, exact answers."""

    def __init__(self, alphas_cumprod: Tensor) -> None:
        """Keep the noise schedule, (num_train_timesteps,)."""
        super().__init__()
        self.alphas_cumprod = alphas_cumprod

    def forward(self, xt: Tensor, t: Tensor) -> Tensor:
        """Return the noise in latents at unit scale whose clean value is 0.3."""
        # A timestep between two is read at the one below.
        alpha_bar = self.alphas_cumprod[math.floor(float(t))]
        return (xt - alpha_bar.sqrt() * 0.3) / (1 - alpha_bar).sqrt()


def count_calls(
    scheduler: Scheduler,
    steps: int,
    base_config: Mapping[str, Any],  # Any: what JSON holds
    params: Mapping[str, object] | None = None,
) -> int:
    """Run a scheduler to its end and count how often the network was called.

    Args:
        scheduler: which one.
        steps: scheduler steps.
        base_config: the checkpoint's scheduler config.
        params: settings of the scheduler.

    Raises:
        ExplainerError: a setting is unknown, the scheduler's package is missing, or the run
            did not end in finite numbers.
    """
    made = make_scheduler(scheduler, {**base_config, "prediction_type": "epsilon"}, params)
    network = ClosedFormNetwork(made.alphas_cumprod.double())
    calls: list[int] = []
    network.register_forward_hook(lambda *_: calls.append(1))
    generator = torch.Generator().manual_seed(0)
    takes_noise = "generator" in inspect.signature(made.step).parameters
    fresh = {"generator": generator} if takes_noise else {}
    made.set_timesteps(steps)
    x = torch.randn(1, 4, 1, 1, generator=generator) * made.init_noise_sigma
    for t in made.timesteps:
        eps = network(made.scale_model_input(x, t).double(), t).float()
        x = made.step(eps, t, x, **fresh).prev_sample
    need_finite(x, scheduler, steps)
    return len(calls)


def need_finite(end: Tensor, scheduler: Scheduler, steps: int) -> None:
    """Refuse the end of a run that has left all numbers.

    Args:
        end: the latents there.
        scheduler: whose run it was.
        steps: its steps.

    Raises:
        ExplainerError: a value is not finite.
    """
    if not torch.isfinite(end).all():
        raise ExplainerError(
            tr(
                "{scheduler} does not reach a finite end in {steps} steps.",
                scheduler=scheduler.title,
                steps=steps,
            ),
            tr("Change the number of steps, or leave settings out."),
        )
