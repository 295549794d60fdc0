"""A new word for one picture: the built-in U-Net trained a little further, in a copy of its own.

Only those weights learn through which the U-Net reads the text, the keys and values of its
cross-attention. The loss is that of the U-Net's own training. One picture is all there is to learn
from, so the copy learns it by heart, and forgets some of what it knew.

Source: Kumari et al. 2023 (Multi-Concept Customization, "Custom Diffusion"), which
trains the same weights, on several pictures and with others beside them against forgetting.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.objectives import noise_loss, weigh_min_snr
from core.ideas.samplers.ddim import sample_ddim
from core.ideas.samplers.levels import pair_with_stride
from core.ideas.schedule_config import read_alpha_bar
from core.ideas.spacings import space_leading
from core.labs.word_settings import SIDE, WordSettings
from core.models.manifest import read_weights
from core.models.tokens import load_tokenizer, read_pad_id, tokenize
from core.nets.autoencoder import Autoencoder
from core.nets.clip_text import ClipTextEncoder, without_prefix
from core.nets.config import AutoencoderConfig, ClipTextConfig, UNetConfig
from core.nets.unet import UNet
from core.training.unet import spread_timesteps

BATCH, RATE, WARMUP = 4, 2e-3, 10
LEARNS = ("attn2.to_k", "attn2.to_v")  # how the U-Net reads the text
GUIDANCE = 5.0  # for what is shown

Net = TypeVar("Net", bound=nn.Module)


class Model:
    """The built-in model once more, for this process alone, in float32."""

    def __init__(self, folder: Path) -> None:
        """Load it.

        Args:
            folder: of the checkpoint.

        Raises:
            ExplainerError: a file of it is missing or damaged.
        """
        self.folder = folder
        vae, text = AutoencoderConfig.from_config, ClipTextConfig.from_config
        self.unet = self._load("unet", UNet(UNetConfig.from_config(self._config("unet"))))
        self.vae = self._load("vae", Autoencoder(vae(self._config("vae"))))
        self.encoder = self._load(
            "text_encoder", ClipTextEncoder(text(self._config("text_encoder")))
        )
        self.tokenizer = load_tokenizer(folder / "tokenizer")
        self.scaling_factor = float(self._config("vae")["scaling_factor"])
        schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        self.alpha_bar = read_alpha_bar(schedule)

    @cached_property
    def learned(self) -> dict[str, nn.Parameter]:
        """The weights that are trained, by name."""
        named = self.unet.named_parameters()
        return {name: one for name, one in named if any(part in name for part in LEARNS)}

    @torch.no_grad()
    def read(self, prompt: str) -> Tensor:
        """Return the text states of a prompt, (1, L, D)."""
        pad = read_pad_id(self.folder / "tokenizer", self.tokenizer)
        return self.encoder(torch.tensor([tokenize(self.tokenizer, prompt, pad).ids])).last

    @torch.no_grad()
    def encode(self, pixels: bytes) -> Tensor:
        """Return a picture's latents at unit scale, (1, C, H, W)."""
        rows = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 3).astype(np.float32)
        picture = torch.from_numpy(rows / 127.5 - 1).permute(2, 0, 1)[None]
        return self.vae.encode(picture).mean * self.scaling_factor

    @torch.no_grad()
    def draw(self, prompt: str, seed: int, steps: int) -> np.ndarray:
        """Draw a picture as the weights are now, by so many steps of DDIM, uint8 (H, W, 3)."""
        states = torch.cat([self.read(""), self.read(prompt)])
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(1, 4, SIDE // 8, SIDE // 8, generator=generator)
        times = space_leading(steps, len(self.alpha_bar))
        left = iter(times)

        def predict(xt: Tensor, _: float) -> Tensor:
            t = torch.tensor([float(next(left))])
            uncond, cond = self.unet(xt.float().expand(2, -1, -1, -1), t, states).chunk(2)
            return guide(uncond, cond, GUIDANCE)

        levels = pair_with_stride(times, self.alpha_bar, float(self.alpha_bar[0]))
        *_, last = sample_ddim(predict, x, levels, [0.0] * steps)
        decoded = self.vae.decode(last.x_next.float() / self.scaling_factor)[0]
        return ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()

    def _config(self, part: str) -> dict[str, Any]:  # Any: what JSON holds
        return json.loads((self.folder / part / "config.json").read_text())

    def _load(self, part: str, network: Net) -> Net:
        (file,) = (self.folder / part).glob("*.safetensors")
        state = read_weights(self.folder, file.relative_to(self.folder).as_posix())
        network.load_state_dict(without_prefix(state) if part == "text_encoder" else state)
        return network.eval().requires_grad_(False)


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class WordStep:
    """Where training is.

    Attributes:
        step: how many steps have been taken.
        loss: of the last one's batch.
        seconds: that were spent on training.
        model: the copy, which goes on changing.
        optimizer: of what it learns.
    """

    step: int
    loss: float
    seconds: float
    model: Model
    optimizer: torch.optim.AdamW

    @property
    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on from here."""
        kept = {"step": torch.tensor(self.step), "seconds": torch.tensor(self.seconds)}
        for name, weight in self.model.learned.items():
            kept |= {f"weight/{name}": weight}
            kept |= {f"{key}/{name}": part for key, part in self.optimizer.state[weight].items()}
        return kept


def train(
    settings: WordSettings, model: Model, kept: dict[str, Tensor] | None = None
) -> Iterator[WordStep]:
    """Train, one step at a time.

    Args:
        settings: validated.
        model: changed in place.
        kept: the state of an earlier step to go on from.

    Yields:
        Where training is, after every step.
    """
    x0 = model.encode(settings.pixels).expand(BATCH, -1, -1, -1)
    states = model.read(settings.prompt).expand(BATCH, -1, -1)
    alpha_bar = torch.from_numpy(model.alpha_bar).float()
    adam = restore(model, kept or {})
    first, spent = (int(kept["step"]), float(kept["seconds"])) if kept else (0, 0.0)
    for step in range(first, settings.steps):
        began = time.perf_counter()
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        t = spread_timesteps(BATCH, generator)
        eps = torch.randn(x0.shape, generator=generator)

        predicted = model.unet(add_noise(x0, eps, alpha_bar[t]), t.float(), states)
        weight = weigh_min_snr(alpha_bar[t] / (1 - alpha_bar[t]))
        loss = noise_loss(predicted, eps, weight)

        adam.param_groups[0]["lr"] = RATE * min(1.0, (step + 1) / WARMUP)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.learned.values(), 1.0)
        adam.step()
        spent += time.perf_counter() - began
        yield WordStep(step + 1, loss.item(), spent, model, adam)


def restore(model: Model, kept: dict[str, Tensor]) -> torch.optim.AdamW:
    """Open the weights that learn, as they were kept or as they ship; returns their optimiser.

    Args:
        model: changed in place.
        kept: from ``WordStep.state``, or nothing.
    """
    for name, weight in model.learned.items():
        weight.requires_grad_(True)
        if kept:
            weight.data.copy_(kept[f"weight/{name}"])
    adam = torch.optim.AdamW(model.learned.values(), lr=RATE, betas=(0.9, 0.99))
    if kept:
        for name, weight in model.learned.items():
            keys = ("step", "exp_avg", "exp_avg_sq")
            adam.state[weight] = {key: kept[f"{key}/{name}"] for key in keys}
    return adam
