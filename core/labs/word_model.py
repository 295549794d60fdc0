"""The built-in model once more for the lab of a new word: a copy that may be changed in place."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from core.ideas.guidance import guide
from core.ideas.samplers.ddim import sample_ddim
from core.ideas.samplers.levels import pair_with_stride
from core.ideas.schedule_config import read_alpha_bar
from core.ideas.spacings import space_leading
from core.labs.word_settings import SIDE
from core.models.manifest import read_weights
from core.models.tokens import load_tokenizer, read_pad_id, tokenize
from core.nets.autoencoder import Autoencoder
from core.nets.clip_text import ClipTextEncoder, without_prefix
from core.nets.config import AutoencoderConfig, ClipTextConfig, UNetConfig
from core.nets.lora import Lora, adapted
from core.nets.new_tokens import WithNewTokens
from core.nets.unet import UNet

GUIDANCE = 5.0  # for what is shown

Net = TypeVar("Net", bound=nn.Module)


class Model:
    """The built-in model once more, for this process alone, in float32.

    Attributes:
        loras: what the U-Net wears, at strength 1.
    """

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
        self.pad_id = read_pad_id(folder / "tokenizer", self.tokenizer)
        self.scaling_factor = float(self._config("vae")["scaling_factor"])
        schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        self.alpha_bar = read_alpha_bar(schedule)
        self.loras: list[Lora] = []
        self._spelled: dict[str, str] = {}

    def predict(self, xt: Tensor, t: Tensor, states: Tensor) -> Tensor:
        """Name the noise in latents, as the U-Net is by now.

        Args:
            xt: noisy latents, (B, C, H, W).
            t: timesteps, (B,) or (1,).
            states: of the prompts, (B, L, D).
        """
        with adapted(self.unet, self.loras, torch.ones(len(self.loras), 1)):
            return self.unet(xt, t, states)

    def states(self, prompt: str) -> Tensor:
        """Return the text states of a prompt, (1, L, D); what learns of them is told of it."""
        return self.encoder(torch.tensor([self.ids(prompt)])).last

    def ids(self, prompt: str) -> tuple[int, ...]:
        """Return a prompt's token ids; a new word of several vectors is as many tokens."""
        for token, spelled in self._spelled.items():
            prompt = prompt.replace(token, spelled)
        return tokenize(self.tokenizer, prompt, self.pad_id).ids

    def add_tokens(self, names: Sequence[str], rows: Tensor) -> nn.Parameter:
        """Have the tokenizer know new tokens, and the encoder their vectors.

        Args:
            names: of the tokens, none of them known yet; the first is what a prompt says.
            rows: their vectors, (n, D).

        Returns:
            The vectors, as the encoder reads them from now on.
        """
        embeddings = self.encoder.embeddings
        grown = WithNewTokens(embeddings.token_embedding, rows)
        self.tokenizer.add_tokens(list(names))
        self._spelled[names[0]] = " ".join(names)
        embeddings.token_embedding = grown  # type: ignore[assignment]  # it is asked for ids as well
        return grown.rows

    @torch.no_grad()
    def encode(self, pixels: bytes) -> Tensor:
        """Return a picture's latents at unit scale, (1, C, H, W)."""
        rows = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 3).astype(np.float32)
        picture = torch.from_numpy(rows / 127.5 - 1).permute(2, 0, 1)[None]
        return self.vae.encode(picture).mean * self.scaling_factor

    @torch.no_grad()
    def draw(self, wanted: Sequence[tuple[str, int]], steps: int) -> np.ndarray:
        """Draw pictures as the model is now, by so many steps of DDIM, uint8 (n, H, W, 3).

        Args:
            wanted: a prompt and a seed for each picture.
            steps: of DDIM.
        """
        read = {prompt: self.states(prompt) for prompt in {"", *(prompt for prompt, _ in wanted)}}
        asked = torch.cat([read[prompt] for prompt, _ in wanted])
        states = torch.cat([read[""].expand_as(asked), asked])
        x = torch.cat(
            [
                torch.randn(
                    1, 4, SIDE // 8, SIDE // 8, generator=torch.Generator().manual_seed(seed)
                )
                for _, seed in wanted
            ]
        )
        times = space_leading(steps, len(self.alpha_bar))
        left = iter(times)

        def predict(xt: Tensor, _: float) -> Tensor:
            t = torch.tensor([float(next(left))])
            uncond, cond = self.predict(torch.cat([xt.float()] * 2), t, states).chunk(2)
            return guide(uncond, cond, GUIDANCE)

        levels = pair_with_stride(times, self.alpha_bar, float(self.alpha_bar[0]))
        *_, last = sample_ddim(predict, x, levels, [0.0] * steps)
        decoded = self.vae.decode(last.x_next.float() / self.scaling_factor)
        return ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()

    def _config(self, part: str) -> dict[str, Any]:  # Any: what JSON holds
        return json.loads((self.folder / part / "config.json").read_text())

    def _load(self, part: str, network: Net) -> Net:
        (file,) = (self.folder / part).glob("*.safetensors")
        state = read_weights(self.folder, file.relative_to(self.folder).as_posix())
        network.load_state_dict(without_prefix(state) if part == "text_encoder" else state)
        return network.eval().requires_grad_(False)
