"""The film of a run: its noisy latents and its estimates, decoded to pictures."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from core.engine.trace import Trace
from core.engine.work import Decode, Progress

FILM_CHUNK, SMALL_CHUNK = 4, 21  # frames decoded between two turns, by either decoder


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A run as pictures.

    Attributes:
        xt: the noisy latents of the shown calls, then the run's picture; uint8 (n + 1, height,
            width, 3).
        x0: the estimate of every shown call; uint8 (n, height, width, 3).
        indices: which calls are shown, (n,); all of them unless the run is long.
        small: whether a small decoder drew the frames before the end.
    """

    xt: np.ndarray
    x0: np.ndarray
    indices: tuple[int, ...]
    small: bool = False

    def to_bytes(self) -> bytes:
        """Return the film as one safetensors file."""
        return safetensors.torch.save(
            {
                "xt": torch.from_numpy(self.xt),
                "x0": torch.from_numpy(self.x0),
                "indices": torch.tensor(self.indices),
                "small": torch.tensor(self.small),
            }
        )


def film_from_bytes(content: bytes) -> Film:
    """Read a film that ``to_bytes`` wrote; raises ValueError where it is none."""
    try:
        found = safetensors.torch.load(content)
        indices = tuple(int(index) for index in found["indices"])
        small = bool(found["small"])
        film = Film(found["xt"].numpy(), found["x0"].numpy(), indices, small)
    except Exception as error:  # safetensors and numpy each have their own kinds
        raise ValueError(f"{len(content)} bytes are no film: {error!s:.200}") from error
    if not len(film.xt) == len(film.x0) + 1 == len(indices) + 1:
        raise ValueError(
            f"{len(film.xt)} and {len(film.x0)} pictures do not show {len(indices)} calls"
        )
    return film


def shown_calls(calls: int, frames: int) -> tuple[int, ...]:
    """Choose at most ``frames`` calls to show, evenly, the first and the last among them."""
    if calls <= frames:
        return tuple(range(calls))
    return tuple(round(place * (calls - 1) / (frames - 1)) for place in range(frames))


def latents_to_show(trace: Trace, indices: tuple[int, ...]) -> list[Tensor]:
    """Return what has to be decoded for a film, each (C, H, W) at unit scale.

    In the film's order: the noisy latents of the shown calls, then their estimates.
    """
    shown = [trace.steps[index] for index in indices]
    return [*(step.xt for step in shown), *(step.x0 for step in shown)]


def filmed(trace: Trace, frames: int, small: bool) -> Generator[Decode, list[Tensor], Film]:
    """Decode what is shown of a run, a few pictures at a time; the end is the run's own picture.

    A work's course goes through all of it by ``yield from``.

    Args:
        trace: the run.
        frames: most of its calls to show.
        small: whether the model's small decoder draws them; it has one then.

    Yields:
        What to decode; expects the pictures back.
    """
    indices = shown_calls(trace.calls, frames)
    latents, pictures = latents_to_show(trace, indices), []
    size = SMALL_CHUNK if small else FILM_CHUNK
    while len(pictures) < len(latents):
        chunk = latents[len(pictures) : len(pictures) + size]
        pictures += yield Decode(chunk, Progress(len(pictures), len(latents)), small)
    whole = np.stack([picture.numpy() for picture in pictures])
    xt = np.concatenate([whole[: len(indices)], trace.picture[None]])
    return Film(xt, whole[len(indices) :], indices, small)
