"""What the stage turbo leaves in the project: the LoRA, whose it is, what was measured, a card."""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from core.errors import ExplainerError
from core.models.lora_files import MADE_FOR
from core.models.manifest import write_manifest
from core.models.small_decoder import digest_of
from core.models.turbo import CONFIG, DOWN, FOLDER, OF_UNET, UP, WEIGHTS, load_turbo
from core.nets.lora import Lora, Pair
from core.training import export, loop, turbo
from core.training.evaluate import GUIDANCE, Report
from core.training.history import CARD, REPORT
from core.training.restore import restore_stage

LARGEST = 4.0  # MB
SHARE = 0.92  # of the teacher's top-1, with so many calls:
CALLS = 4
Measure = Callable[[Lora], dict[str, object]]


def ship(
    run_folder: Path, network: torch.nn.Module, measure: Measure, target: Path = FOLDER
) -> dict[str, Any]:  # Any: JSON
    """Write the averaged weights, measure them, and put both into the project.

    Args:
        run_folder: the stage's, with its checkpoint.
        network: the U-Net that was distilled.
        measure: what is measured of the LoRA as it ships.
        target: its folder; what is there is replaced.

    Returns:
        What was measured.
    """
    student = turbo.Student(network)
    steps = loop.load_weights(run_folder, student, averaged=True)
    fresh = run_folder / "shipped"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    write_lora(student.lora(), digest_of(network), fresh)
    export.thin(run_folder / "log.csv", fresh / "training.csv")
    device = (run_folder / "device.txt").read_text().strip()
    report = Report(fresh)
    report.found |= {"trained_steps": steps, "device": device}
    report.measure("few", lambda: measure(halved(student.lora())))
    describe(fresh, report.found)
    with export.replaced(target) as shipped:
        shutil.copytree(fresh, shipped, dirs_exist_ok=True)
    return report.found


def write_lora(lora: Lora, unet: str, folder: Path) -> None:
    """Write a LoRA as diffusers names its keys, in half precision, and beside it whose it is.

    Args:
        lora: of the U-Net; alpha is the rank everywhere, which these keys take for granted.
        unet: digest of the weights that it was distilled from.
        folder: to write to.
    """
    tensors = {}
    for name, pair in halved(lora).items():
        tensors[f"unet.{name}{DOWN}"] = pair.down.half().contiguous()
        tensors[f"unet.{name}{UP}"] = pair.up.half().contiguous()
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt", MADE_FOR: unet})
    config = {
        OF_UNET: unet,
        "rank": turbo.RANK,
        "alpha": turbo.RANK,
        "teacher_guidance": GUIDANCE,
        "timesteps": turbo.GRID,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def halved(lora: Lora) -> dict[str, Pair]:
    """A LoRA as it is once it was written in half precision, in float32."""
    return {
        name: Pair(_halved(pair.down), _halved(pair.up), pair.alpha) for name, pair in lora.items()
    }


def _halved(matrix: Tensor) -> Tensor:
    return matrix.detach().cpu().half().float()


def restore(network: torch.nn.Module, runs: Path, folder: Path = FOLDER) -> int:
    """Write the LoRA that ships as the checkpoint of its stage, to go on with a newer U-Net.

    Args:
        network: a U-Net whose layers it fits.
        runs: the run's folder.
        folder: of the LoRA.

    Returns:
        How many steps it has behind it.

    Raises:
        ExplainerError: the run has a LoRA of its own.
    """
    student = turbo.Student(network)
    student.take(load_turbo(folder)[0])
    return restore_stage(student, folder, runs / "turbo")


def renew(measure: Measure, unet: str, folder: Path = FOLDER) -> None:
    """Measure what is not measured of the LoRA that ships, and write its card anew.

    Args:
        measure: what is measured of a LoRA.
        unet: digest of the U-Net that ships.
        folder: of the LoRA.

    Raises:
        ExplainerError: the LoRA was distilled from another U-Net.
    """
    lora, of = load_turbo(folder)
    if of != unet:
        raise ExplainerError(
            "The LoRA for few calls was distilled from another U-Net than the one that ships.",
            "Run: python -m core.training turbo, with a fresh folder for --runs.",
        )
    report = Report(folder)
    report.measure("few", lambda: measure(lora))
    describe(folder, report.found)


def describe(folder: Path, report: Mapping[str, Any]) -> None:  # Any: JSON
    """Write report, card and manifest of the LoRA's folder."""
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n")
    megabytes = (folder / WEIGHTS).stat().st_size / 1e6
    (folder / CARD).write_text(write_card(report, megabytes))
    write_manifest(folder)


def write_card(report: Mapping[str, Any], megabytes: float) -> str:  # Any: JSON
    """The LoRA's card in Markdown.

    Args:
        report: what ``ship`` measured.
        megabytes: size of its weights.
    """
    few = report["few"]
    teacher, variety = few["teacher"], few["variety"]
    [reached] = [row["top1_percent"] for row in few["turbo"] if row["calls"] == CALLS]
    least = SHARE * teacher["top1_percent"]
    goals = [
        f"{CALLS} calls, top-1, of the teacher's {teacher['top1_percent']} % | at least "
        f"{least:.1f} % | {reached} % | {_say(reached >= least)} |",
        f"size of the weights | at most {LARGEST:g} MB | {megabytes:.2f} MB "
        f"| {_say(megabytes <= LARGEST)} |",
    ]
    rows = [
        f"{way}, {row['calls']} | {row['calls'] * times} | {row['top1_percent']} "
        f"| {row['top5_percent']} | {row['background_percent']} | {row['psnr_db']} |"
        for way, kind, times in (
            ("this LoRA", "turbo", 1),
            ("DDIM, guided, trailing spacing", "ddim", 2),
        )
        for row in few[kind]
    ]
    rows.append(
        f"the teacher, {teacher['steps']} | {2 * teacher['steps']} | {teacher['top1_percent']} "
        f"| {teacher['top5_percent']} | {teacher['background_percent']} | |"
    )
    varied = [f"the teacher, {teacher['steps']} | {variety['teacher']} |"]
    varied += [f"this LoRA, {row['calls']} | {row['rms']} |" for row in variety["turbo"]]
    return CARD_TEXT.format(
        goals="\n".join(f"| {row}" for row in goals),
        rows="\n".join(f"| {row}" for row in rows),
        varied="\n".join(f"| {row}" for row in varied),
        prompts=few["prompts"],
        calls=CALLS,
        error=f"{math.sqrt(reached * (100 - reached) / few['prompts']):.1f}",
        varied_prompts=variety["prompts"],
        seeds=variety["seeds"],
        rank=turbo.RANK,
        steps=f"{report['trained_steps']:,}",
        earlier=""
        if report["trained_steps"] <= turbo.FRESH
        else " (the earlier ones from U-Nets that shipped before)",
        batch=turbo.BATCH,
        pairs=f"{turbo.PARTS * turbo.TIMES * turbo.BATCH * turbo.AGAIN:,}",
        jump=turbo.JUMP * 1000 // turbo.GRID,
        grid=turbo.GRID,
        guidance=f"{GUIDANCE:g}",
        device=report["device"],
    )


def _say(reached: bool) -> str:
    return "yes" if reached else "**no**"


CARD_TEXT = """# turbo128: the built-in model in few calls

A latent-consistency LoRA (Luo et al. 2023, LCM-LoRA): with it, the built-in model's U-Net draws in
few calls and without guidance, by the schedulers LCM and TCD. It belongs to the U-Net that it was
distilled from, whose digest is in `config.json` and in the file itself; with other weights it is
refused. Written as diffusers names its keys, rank {rank} on every linear layer and convolution but
the last. Weights and code are our own. Apache-2.0.

## Measured

The {prompts} words that people say most, half of them on a colour, each drawn once by every way
from the same noise and named by a judge that saw real scenes only. A call without guidance has one
row, one with guidance two. PSNR is to the teacher's picture of the same noise.

| what | goal | measured | reached |
| --- | --- | --- | --- |
{goals}

| way, calls | rows of the U-Net | top-1 % | top-5 % | background % | PSNR dB |
| --- | --- | --- | --- | --- | --- |
{rows}

With so many prompts the share at {calls} calls has a standard error of {error} points.

What is lost: there is no guidance at run time, neither its strength nor a negative prompt, for it
was learned at one strength. How much variety is left: the mean RMS distance between two seeds'
pictures of one prompt, {varied_prompts} prompts of {seeds} seeds each (1 is black against white);
what each gets wrong in its own way counts as well:

| way, calls | RMS distance |
| --- | --- |
{varied}

## How it was made

`python -m core.training turbo`: {steps} steps of {batch}{earlier}, {device}.
The teacher is the U-Net that ships, at guidance {guidance}; from each of {pairs} noised latents of
scenes that it was trained on, at {grid} timesteps, it went {jump} timesteps on, once. The student,
the same U-Net with the LoRA, learned to name the same end from both places
(`core/ideas/consistency.py`). Averaged weights, half precision.
"""
