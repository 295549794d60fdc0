"""A training run: where it lives, what it runs on, and the parts that it has trained so far."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from core.nets.autoencoder import Autoencoder
from core.training import loop, pictures, text, vae, vocabulary

CENTRED = "centred.json"  # in a stage's folder: at which step its weights shipped, and their factor


@dataclass(frozen=True, slots=True)
class Run:
    """Where a training run lives and what it runs on.

    Attributes:
        folder: data, checkpoints and logs, one folder a stage.
        device: what the networks run on.
        steps: optimizer steps in all where they differ from the plan's.
    """

    folder: Path
    device: torch.device
    steps: int | None = None

    def plan(self, plan: loop.Plan) -> loop.Plan:
        """The stage's plan with this run's number of steps."""
        return plan if self.steps is None else dataclasses.replace(plan, steps=self.steps)

    def pictures(self) -> pictures.PictureBank:
        """The pictures and words of the data stage."""
        return pictures.load_pictures(self.folder / "data")


def describe_device(device: torch.device) -> str:
    """What a run computes on, in words."""
    if device.type == "cuda":
        return f"one {torch.cuda.get_device_name(device)}"
    return f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores"


def train_stage(
    run: Run,
    name: str,
    model: nn.Module,
    batch_loss: loop.BatchLoss,
    plan: loop.Plan,
    every: int = 50,
    saved: Callable[[int], object] | None = None,
) -> None:
    """Train ``model`` to the end of the plan in the stage's own folder, with a line of progress.

    Args:
        run: where it lives and on what it runs.
        name: the stage; its folder below the run's.
        model: the network; frozen parameters stay as they are.
        batch_loss: see :func:`core.training.loop.train`.
        plan: the stage's plan; the run's number of steps goes before the plan's.
        every: steps between two lines of the log.
        saved: told the step of every checkpoint, once it is written.
    """
    plan, folder = run.plan(plan), run.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    if loop.checkpoint_step(folder) < plan.steps:  # else what trained it stays
        (folder / "device.txt").write_text(describe_device(run.device) + "\n")
    steps = loop.train(model, batch_loss, plan, folder)
    loop.report(steps if saved is None else _tell(steps, plan, saved), plan, folder, every)


def _tell(
    steps: Iterator[loop.Progress], plan: loop.Plan, saved: Callable[[int], object]
) -> Iterator[loop.Progress]:
    for progress in steps:
        if plan.saves(progress.step + 1):
            saved(progress.step + 1)
        yield progress


def text_reader(run: Run, bank: pictures.PictureBank) -> text.TextReader:
    """A fresh text encoder with its heads, its embeddings made from public packages."""
    torch.manual_seed(text.PLAN.seed)
    embeddings = vocabulary.make_embeddings(run.folder / "data", text.WIDTH)
    return text.TextReader(text.build_text_encoder(embeddings), bank.objects).to(run.device)


def trained_vae(run: Run) -> tuple[Autoencoder, float]:
    """The averaged autoencoder with its latents centred, frozen, and its scaling factor.

    One whose encoder shipped is centred already: that stays as it is to the last bit, whether or
    not its decoder has learned more since, so latents and whatever names it by a digest fit still.
    """
    model = vae.build_vae()
    trained = (one for one in ("whole", "decoder") if loop.checkpoint_step(run.folder / one))
    newest = next(trained, "vae")
    loop.load_weights(run.folder / newest, model, averaged=True)
    model = model.to(run.device).eval().requires_grad_(False)
    for stage in (newest, "vae"):
        file = run.folder / stage / CENTRED
        told = json.loads(file.read_text()) if file.exists() else {}
        if told.get("steps") == loop.checkpoint_step(run.folder / stage):
            return model, told["scaling_factor"]
    mean, std = vae.measure_latents(model, run.pictures(), run.device)
    scaling_factor = vae.fold_normalisation(model, mean.to(run.device), std.to(run.device))
    return model, scaling_factor


def tell_centred(folder: Path, steps: int, scaling_factor: float) -> None:
    """Say beside a stage's checkpoint that its latents are centred, with their scaling factor."""
    told = {"steps": steps, "scaling_factor": scaling_factor}
    (folder / CENTRED).write_text(json.dumps(told) + "\n")


def newest_reader(run: Run) -> str:
    """The stage that the text encoder that ships comes from."""
    return "pairs" if loop.checkpoint_step(run.folder / "pairs") else "text"


def trained_reader(
    run: Run, bank: pictures.PictureBank, stage: str | None = None
) -> text.TextReader:
    """The trained text encoder, frozen.

    Args:
        run: where it was trained.
        bank: what it can name.
        stage: after which it is taken; the newest where None.
    """
    reader = text_reader(run, bank)
    loop.load_weights(run.folder / (stage or newest_reader(run)), reader, averaged=False)
    return reader.eval().requires_grad_(False)
