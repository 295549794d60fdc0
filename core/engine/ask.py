"""Asking the U-Net: many questions, whatever their time, prompt and guidance, in one call."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from core.engine.calls import FittedCalls
from core.engine.work import CallRow, NoiseQuery
from core.host import host
from core.models.conditions import given
from core.models.fast_unet import FastUNet
from core.models.latents import fed
from core.models.loading import Checkpoint
from core.models.lora_fitted import merged, wearing

# Bytes of activations that one row takes at a call's peak, per latent position, first-level channel
# and byte of the number type: 16 to 61 were measured on the CPU.
ACTIVATIONS = 100
MEMORY_SHARE = 0.25  # of the device's memory that one call may take
MOST_ROWS = {"cuda": 64, "mps": 8, "cpu": 16}  # beyond these, wider calls bring no more speed


def ask_unet(checkpoint: Checkpoint, rows: Sequence[CallRow]) -> Tensor:
    """Put rows of one shape to the U-Net in one call.

    Args:
        checkpoint: whose U-Net answers, on its device and in its number type.
        rows: of one latent shape; each has its own timestep, text and LoRAs.

    Returns:
        The U-Net's output, (rows, C, H, W) float32 on the CPU.
    """
    device, dtype = checkpoint.device, checkpoint.dtype
    latents = torch.stack([row.latents for row in rows]).to(device, dtype)
    states = torch.stack([row.states for row in rows]).to(device, dtype)
    times = torch.tensor([row.t for row in rows], dtype=torch.float32, device=device)
    loras = [row.loras for row in rows]
    with torch.no_grad(), wearing(checkpoint, checkpoint.unet, "unet", loras):
        return call_unet(checkpoint, latents, times, states).to("cpu", torch.float32)


def call_unet(checkpoint: Checkpoint, latents: Tensor, times: Tensor, states: Tensor) -> Tensor:
    """Call a checkpoint's U-Net with all that it wants beside what a run has.

    Args:
        checkpoint: whose U-Net answers.
        latents: (B, C, H, W), on its device and in its number type.
        times: the timestep of each, (B,).
        states: text states as ``encode_text`` packs them, likewise.

    Returns:
        Its output, (B, C, H, W).
    """
    size = latents.shape[-2] * checkpoint.vae_scale, latents.shape[-1] * checkpoint.vae_scale
    told = given(checkpoint.unet, states, size)
    return checkpoint.unet(fed(checkpoint, latents), times, **told, return_dict=False)[0]


def rows_of(query: NoiseQuery) -> list[CallRow]:
    """Return one row for each of a question's text states."""
    last = len(query.states) - 1
    return [
        CallRow(query.latents[0], query.t, states, query.how, number == last, query.loras)
        for number, states in enumerate(query.states)
    ]


def answer_all(
    calls: FittedCalls[CallRow], queries: Sequence[NoiseQuery]
) -> list[Tensor | Exception]:
    """Answer many questions at once; rows that are asked plainly share calls.

    Args:
        calls: puts rows to the U-Net, see ``unet_calls``.
        queries: any mix of times, prompts, guidance and sizes.

    Returns:
        For each question one row for each of its text states, or the exception it ended with.
    """
    rows = iter(calls.run([row for query in queries for row in rows_of(query)]))
    answers: list[Tensor | Exception] = []
    for query in queries:
        mine = [next(rows) for _ in query.states]
        wrong = [one for one in mine if isinstance(one, Exception)]
        answers.append(
            wrong[0] if wrong else torch.stack([one for one in mine if isinstance(one, Tensor)])
        )
    return answers


def ask_fast(fast: FastUNet | None, rows: Sequence[CallRow]) -> Tensor | None:
    """Put rows to the U-Net on another runtime; None where torch must answer.

    Args:
        fast: of the checkpoint; None where there is none.
        rows: as for ``ask_unet``, asked plainly.
    """
    if fast is None or any(row.loras for row in rows):
        return None
    times = torch.tensor([row.t for row in rows], dtype=torch.float32)
    states = torch.stack([row.states for row in rows])
    return fast.ask(torch.stack([row.latents for row in rows]), times, states)


def unet_calls(
    checkpoint: Checkpoint, most: Callable[[torch.Size], int], fast: FastUNet | None = None
) -> FittedCalls[CallRow]:
    """Return calls of a checkpoint's U-Net that halve when memory runs out.

    Args:
        checkpoint: whose U-Net answers.
        most: rows of a latent shape (C, H, W) that one call should have at most.
        fast: answers what is asked plainly, where it can.
    """

    def ask(rows: list[CallRow]) -> Tensor:
        how = rows[0].how
        if how is not None:
            return how.ask(checkpoint, rows)
        answer = ask_fast(fast, rows)
        if answer is not None:
            return answer
        changed = merged(checkpoint, [row.loras for row in rows])
        if changed is None:
            return ask_unet(checkpoint, rows)
        return ask_unet(changed, [replace(row, loras=()) for row in rows])

    def group(row: CallRow) -> tuple[torch.Size, int | None]:
        return row.latents.shape, None if row.how is None else id(row.how)

    return FittedCalls(ask, group, lambda group: most(group[0]))


def most_rows(checkpoint: Checkpoint, shape: torch.Size, memory_bytes: int) -> int:
    """Return how many rows one U-Net call should have at most.

    Args:
        checkpoint: its width and number type decide what a row takes.
        shape: of one latent, (C, H, W).
        memory_bytes: of the device; 0 where unknown.

    Returns:
        At least 2, one question with guidance.
    """
    most = MOST_ROWS.get(checkpoint.device.type, 8) // host().narrower
    if not memory_bytes:
        return most
    channels = int(checkpoint.unet.config["block_out_channels"][0])
    taken = shape[-2] * shape[-1] * channels * checkpoint.dtype.itemsize * ACTIVATIONS
    return max(2, min(most, int(MEMORY_SHARE * memory_bytes / taken)))
