"""Our formulas, samplers, networks and tokens against the installed libraries, run here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.ideas.forward import add_noise
from core.ideas.prediction import to_unit_scale
from core.ideas.samplers.ddim import sample_ddim
from core.ideas.samplers.euler import sample_euler
from core.ideas.samplers.levels import pair_with_stride
from core.ideas.schedule_config import read_alpha_bar
from core.ideas.timestep import embed_timesteps
from core.models.loading import Checkpoint
from core.models.schedulers.factory import make_scheduler
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS
from core.models.text import encode_text, read_prompt
from core.models.text_reading import read_texts, readable_encoder
from core.models.time_facts import embedding_of
from core.models.unet_reading import ask_readable
from core.nets.autoencoder import Autoencoder
from core.nets.config import AutoencoderConfig
from core.words import tr

STEPS = 10
PROMPTS = ("a red apple", "", "Two dogs, 3 cats & an ïsland!", "word " * 100)
CHECKS = 10 + len(SCHEDULERS)  # at most
EXACT, FLOAT, NETWORK = 0.0, 1e-5, 2e-4  # tolerances: whole numbers, formulas, whole networks


@dataclass(frozen=True, slots=True)
class Check:
    """One thing, computed twice.

    Attributes:
        name: what.
        means: what it would mean if it were wrong.
        ours: the root mean square of our numbers.
        theirs: of the library's.
        apart: the largest difference of any two numbers; infinite where the counts differ.
        tolerance: how large it may be.
    """

    name: str
    means: str
    ours: float
    theirs: float
    apart: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether they agree."""
        return self.apart <= self.tolerance


@torch.inference_mode()
def check_machine(checkpoint: Checkpoint, folder: Path) -> Iterator[Check]:
    """Compute everything twice, once by our code and once by the installed libraries.

    Args:
        checkpoint: whose networks and schedule are used, on the device where it lies.
        folder: that it was loaded from.
    """
    yield _tokens(checkpoint, folder)
    yield _text(checkpoint)
    yield _time(checkpoint)
    yield _schedule(checkpoint)
    yield _forward(checkpoint)
    yield from _plans(checkpoint)
    yield from _samplers(checkpoint)
    yield _unet(checkpoint)
    yield _decoder(checkpoint)


def _check(name: str, means: str, ours: object, theirs: object, tolerance: float) -> Check:
    mine, other = (np.asarray(one, np.float64) for one in (ours, theirs))
    apart = float(np.abs(mine - other).max()) if mine.shape == other.shape else float("inf")
    size = [float(np.sqrt(np.mean(np.square(one)))) for one in (mine, other)]
    return Check(name, means, size[0], size[1], apart, tolerance)


def _tokens(checkpoint: Checkpoint, folder: Path) -> Check:
    from transformers import CLIPTokenizer

    library = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    length = len(read_prompt(checkpoint, "").ids)
    ours = [read_prompt(checkpoint, prompt).ids for prompt in PROMPTS]
    read = library(list(PROMPTS), padding="max_length", max_length=length, truncation=True)
    return _check(
        tr("Tokens"), tr("the pieces shown would not be those that the model reads"), ours,
        read["input_ids"], EXACT,
    )  # fmt: skip


def _text(checkpoint: Checkpoint) -> Check:
    ours = read_texts(checkpoint, readable_encoder(checkpoint), PROMPTS[:2]).last
    theirs = [encode_text(checkpoint, prompt)[0].float().cpu().numpy() for prompt in PROMPTS[:2]]
    return _check(
        tr("Text encoder"), tr("what is shown of its layers would be another network’s"),
        ours, theirs, NETWORK,
    )  # fmt: skip


def _time(checkpoint: Checkpoint) -> Check:
    from diffusers.models.embeddings import get_timestep_embedding

    settings = embedding_of(checkpoint.unet.config)
    times = np.arange(0, 1000, 37)
    theirs = get_timestep_embedding(
        torch.tensor(times), settings.dim, settings.flip_sin_to_cos, settings.freq_shift,
        max_period=int(settings.max_period),
    )  # fmt: skip
    return _check(
        tr("Time embedding"), tr("the waves shown would not be those that the network gets"),
        embed_timesteps(times, settings), theirs, 1e-4,
    )  # fmt: skip


def _schedule(checkpoint: Checkpoint) -> Check:
    library = make_scheduler(SCHEDULERS["ddpm"], checkpoint.scheduler_config)
    return _check(
        tr("Noise schedule"), tr("every noise level on the pages would be off"),
        read_alpha_bar(checkpoint.scheduler_config), library.alphas_cumprod, FLOAT,
    )  # fmt: skip


def _forward(checkpoint: Checkpoint) -> Check:
    library = make_scheduler(SCHEDULERS["ddpm"], checkpoint.scheduler_config)
    alpha_bar = read_alpha_bar(checkpoint.scheduler_config)
    picture, noise = _drawn(checkpoint, 1), _drawn(checkpoint, 2)
    times = torch.arange(0, len(alpha_bar), 97)
    theirs = [library.add_noise(picture, noise, t[None]).numpy() for t in times]
    ours = [add_noise(picture.numpy(), noise.numpy(), float(alpha_bar[int(t)])) for t in times]
    return _check(
        tr("Adding noise"), tr("the page of the forward process would mix in other amounts"),
        ours, theirs, FLOAT,
    )  # fmt: skip


def _plans(checkpoint: Checkpoint) -> Iterator[Check]:
    for scheduler in SCHEDULERS.values():
        if not scheduler.available:
            continue
        library = make_scheduler(scheduler, checkpoint.scheduler_config)
        library.set_timesteps(STEPS)
        ours = plan_run(scheduler, checkpoint.scheduler_config, {}, STEPS)
        yield _check(
            tr("Times of {scheduler}", scheduler=scheduler.title),
            tr("its chart would show calls that are not made"),
            ours.timesteps, library.timesteps.double(), 0.02,  # KDPM2's are rounded differently
        )  # fmt: skip


def _samplers(checkpoint: Checkpoint) -> Iterator[Check]:
    """Walk with a network of one line, so that nothing but the steps can differ."""
    config, start = checkpoint.scheduler_config, _drawn(checkpoint, 3)
    means = tr("“One step” would work out another step than the run takes")

    def predict(x: Tensor, alpha_bar: float) -> Tensor:
        return x * (1 - alpha_bar) ** 0.5 + 0.1 * x.square()

    library = make_scheduler(SCHEDULERS["ddim"], config)
    library.set_timesteps(STEPS)
    times = library.timesteps.numpy()
    alpha_bar = library.alphas_cumprod.double()
    end = float(library.final_alpha_cumprod)
    pairs = pair_with_stride(times, alpha_bar.numpy(), end)
    ours = [one.x_next for one in sample_ddim(predict, start, pairs, [0.0] * STEPS)]
    theirs, x = [], start
    for t in times:
        x = library.step(predict(x, float(alpha_bar[t])), int(t), x).prev_sample
        theirs.append(x)
    yield _check(tr("DDIM, step by step"), means, torch.stack(ours), torch.stack(theirs), 1e-4)

    library = make_scheduler(SCHEDULERS["euler"], config)
    library.set_timesteps(STEPS)
    sigmas = [float(sigma) for sigma in library.sigmas]
    x = first = start * sigmas[0]
    ours = [one.x_next for one in sample_euler(predict, first, sigmas)]
    theirs = []
    for t, sigma in zip(library.timesteps, sigmas, strict=False):
        x = library.step(predict(to_unit_scale(x, sigma), 1 / (1 + sigma**2)), t, x).prev_sample
        theirs.append(x)
    yield _check(tr("Euler, step by step"), means, torch.stack(ours), torch.stack(theirs), 1e-3)


def _unet(checkpoint: Checkpoint) -> Check:
    states = torch.cat([encode_text(checkpoint, prompt) for prompt in PROMPTS[:2]])
    latents, t = _drawn(checkpoint, 4), 501.0
    ours, _, _ = ask_readable(checkpoint, latents, t, states)
    device, dtype = checkpoint.device, checkpoint.dtype
    given = latents.to(device, dtype).expand(len(states), -1, -1, -1)
    theirs = checkpoint.unet(given, t, encoder_hidden_states=states.to(device, dtype)).sample
    return _check(
        "U-Net", tr("what is shown of its inside would be another network’s"), ours,
        theirs.float().cpu(), NETWORK,
    )  # fmt: skip


def _decoder(checkpoint: Checkpoint) -> Check:
    with torch.device("meta"):
        mine = Autoencoder(AutoencoderConfig.from_config(dict(checkpoint.vae.config)))
    mine.load_state_dict(checkpoint.vae.state_dict(), strict=True, assign=True)
    latents = _drawn(checkpoint, 5).to(checkpoint.device, checkpoint.dtype)
    ours, theirs = mine.eval().decode(latents), checkpoint.vae.decode(latents).sample
    return _check(
        tr("VAE, decoder"), tr("pictures would be decoded by another network"), ours.float().cpu(),
        theirs.float().cpu(), 1e-3,
    )  # fmt: skip


def _drawn(checkpoint: Checkpoint, seed: int) -> Tensor:
    shape = (1, checkpoint.latent_channels, 16, 16)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
