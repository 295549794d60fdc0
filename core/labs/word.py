"""A new word for one picture: the built-in model trained a little further, in a copy of its own.

What learns is chosen, see ``word_ways``. The loss is that of the U-Net's own training. One picture
is all there is to learn from, so the copy learns it by heart.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.ideas.forward import add_noise
from core.ideas.objectives import noise_loss, weigh_min_snr
from core.labs.word_model import Model
from core.labs.word_settings import WordSettings
from core.labs.word_ways import Learning
from core.training.unet import spread_timesteps

BATCH, WARMUP = 4, 10


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class WordStep:
    """Where training is.

    Attributes:
        step: how many steps have been taken.
        loss: of the last one's batch.
        seconds: that were spent on training.
        learning: what learns, which goes on changing.
        optimizer: of it.
    """

    step: int
    loss: float
    seconds: float
    learning: Learning
    optimizer: torch.optim.AdamW

    @property
    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on from here."""
        kept = {"step": torch.tensor(self.step), "seconds": torch.tensor(self.seconds)}
        for name, weight in self.learning.named.items():
            kept |= {f"weight/{name}": weight}
            kept |= {f"{key}/{name}": part for key, part in self.optimizer.state[weight].items()}
        return kept


def train(
    settings: WordSettings,
    model: Model,
    learning: Learning,
    kept: dict[str, Tensor] | None = None,
) -> Iterator[WordStep]:
    """Train, one step at a time.

    Args:
        settings: validated.
        model: changed in place.
        learning: what of it learns.
        kept: the state of an earlier step to go on from.

    Yields:
        Where training is, after every step.
    """
    x0 = model.encode(settings.pixels).expand(BATCH, -1, -1, -1)
    alpha_bar = torch.from_numpy(model.alpha_bar).float()
    adam = restore(learning, kept or {})
    first, spent = (int(kept["step"]), float(kept["seconds"])) if kept else (0, 0.0)
    for step in range(first, settings.steps):
        began = time.perf_counter()
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        t = spread_timesteps(BATCH, generator)
        eps = torch.randn(x0.shape, generator=generator)

        states = model.states(settings.prompt).expand(BATCH, -1, -1)
        predicted = model.predict(add_noise(x0, eps, alpha_bar[t]), t.float(), states)
        weight = weigh_min_snr(alpha_bar[t] / (1 - alpha_bar[t]))
        loss = noise_loss(predicted, eps, weight)

        adam.param_groups[0]["lr"] = learning.rate * min(1.0, (step + 1) / WARMUP)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning.named.values(), 1.0)
        adam.step()
        spent += time.perf_counter() - began
        yield WordStep(step + 1, loss.item(), spent, learning, adam)


def restore(learning: Learning, kept: dict[str, Tensor]) -> torch.optim.AdamW:
    """Return the optimiser of what learns, both as they were kept or as they begin.

    Args:
        learning: changed in place.
        kept: from ``WordStep.state``, or nothing.
    """
    adam = torch.optim.AdamW(learning.named.values(), lr=learning.rate, betas=(0.9, 0.99))
    if kept:
        for name, weight in learning.named.items():
            weight.data.copy_(kept[f"weight/{name}"])
            keys = ("step", "exp_avg", "exp_avg_sq")
            adam.state[weight] = {key: kept[f"{key}/{name}"] for key in keys}
    return adam
