"""Stage export: the trained parts as one folder that plain diffusers loads, in half precision."""

import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from core.errors import ExplainerError
from core.models.known_words import WORDS
from core.models.manifest import write_manifest
from core.training import loop, text, unet, vae, vocabulary
from core.training.captions import caption_words
from core.training.card import DEVICES, STAGES, TURNS, Told, told_by_model, write_card
from core.training.history import CARD, REPORT, TURNS_FILE, read_report
from core.training.run import Run, trained_reader, trained_vae

MILESTONES = "milestones"  # pictures that the U-Net drew on its way, in a folder beside the logs
MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def assemble(run: Run, target: Path) -> None:
    """Write the model folder from the checkpoints of ``run`` into ``target``."""
    bank = run.pictures()
    target.mkdir(parents=True, exist_ok=True)
    (target / "model_index.json").write_text(json.dumps(MODEL_INDEX, indent=2) + "\n")
    words = json.dumps(caption_words(bank), ensure_ascii=False)
    (target / WORDS).write_text(words + "\n", encoding="utf-8")
    scheduler = target / "scheduler"
    scheduler.mkdir(exist_ok=True)
    schedule = json.dumps(unet.SCHEDULER_CONFIG, indent=2) + "\n"
    (scheduler / "scheduler_config.json").write_text(schedule)
    tokenizer = vocabulary.make_tokenizer(run.folder / "data")
    shutil.copytree(tokenizer, target / "tokenizer", dirs_exist_ok=True)
    encoder = trained_reader(run, bank).encoder
    named = {f"text_model.{name}": value for name, value in encoder.state_dict().items()}
    write_network(target / "text_encoder", "model", text.CONFIG, named)
    autoencoder, scaling_factor = trained_vae(run)
    config = vae.CONFIG | {"scaling_factor": scaling_factor}
    write_network(target / "vae", "diffusion_pytorch_model", config, autoencoder.state_dict())
    network = unet.build_unet()
    loop.load_weights(run.folder / "unet", network, averaged=True)
    write_network(target / "unet", "diffusion_pytorch_model", unet.CONFIG, network.state_dict())


def write_network(
    folder: Path, name: str, config: Mapping[str, object], state: Mapping[str, Tensor]
) -> None:
    """Write one network: its config and its weights in half precision.

    Args:
        folder: to write to.
        name: of the file of weights, without its end.
        config: for config.json.
        state: the weights by their names.
    """
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    halves = {key: value.detach().cpu().half().contiguous() for key, value in state.items()}
    save_file(halves, folder / f"{name}.safetensors", metadata={"format": "pt"})


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Give a fresh folder, which takes the place of a model's own once all of it is written.

    It is given its manifest then. Where writing it ends with a fault, what ships stays as it was.

    Args:
        target: of the model that ships.

    Yields:
        The fresh folder, empty.
    """
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    write_manifest(fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.replace(target)


def ship(run: Run, target: Path) -> None:
    """Copy the evaluated model into the project, with its logs, its card and its manifest.

    Raises:
        ExplainerError: the checkpoints were not evaluated, or were trained further since.
    """
    source = run.folder / "model"
    report = json.loads((source / REPORT).read_text()) if (source / REPORT).exists() else {}
    if report.get("trained_steps") != trained_steps(run, target if target.exists() else None):
        raise ExplainerError(
            "These weights have not been measured yet.", "Run: python -m core.training evaluate"
        )
    with replaced(target) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True)
        (fresh / "training").mkdir()
        for stage in STAGES:
            told = fresh / "training" / f"{stage}.csv"
            if (run.folder / stage).exists():
                thin(run.folder / stage / "log.csv", told)
            else:
                shutil.copyfile(target / "training" / told.name, told)
        drawn = run.folder / "unet" / MILESTONES
        if drawn.exists():
            shutil.copytree(drawn, fresh / "training" / MILESTONES)
        here = [stage for stage in STAGES if (run.folder / stage).exists()]
        devices = {stage: _device(run.folder / stage) for stage in here}
        if len(here) < len(STAGES):
            devices = json.loads((target / "training" / DEVICES).read_text()) | devices
        (fresh / "training" / DEVICES).write_text(json.dumps(devices, indent=2) + "\n")
        (fresh / "training" / TURNS_FILE).write_text(json.dumps(TURNS, indent=2) + "\n")
        describe(fresh, report, told_by_model(fresh))


def describe(folder: Path, report: Mapping[str, Any], told: Mapping[str, Told]) -> None:
    """Write report, card and manifest of a model's folder.

    Args:
        folder: of the model.
        report: what was measured of its weights.
        told: how each stage was trained.
    """
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n")
    (folder / CARD).write_text(write_card(report, told))
    write_manifest(folder)


def trained_steps(run: Run, shipped: Path | None = None) -> dict[str, int]:
    """How many steps each stage has behind it; the shipped model tells of those not run here.

    These are the stages of which nothing ships, the image tower and the judge, where a run went on
    from what ships and what they were needed for is measured already.
    """
    steps = {stage: loop.checkpoint_step(run.folder / stage) for stage in STAGES}
    if shipped is None or all(steps.values()):
        return steps
    before = read_report(shipped)["trained_steps"]
    return {stage: count or before[stage] for stage, count in steps.items()}


def _device(folder: Path) -> str:
    """What a stage ran on, in words."""
    return (folder / "device.txt").read_text().strip()


def thin(log: Path, target: Path, rows: int = 200) -> None:
    """Copy a log with at most about ``rows`` rows; those between are lost, but not their time."""
    with log.open(newline="") as file:
        lines = list(csv.DictReader(file))
    every = max(1, len(lines) // rows)
    kept, seconds = [], 0.0
    for number, line in enumerate(lines, 1):
        seconds += float(line["seconds"])
        if number % every == 0 or number == len(lines):
            kept.append(line | {"seconds": f"{seconds:.1f}"})
            seconds = 0.0
    with target.open("w", newline="") as file:
        table = csv.DictWriter(file, list(lines[0]))
        table.writeheader()
        table.writerows(kept)
