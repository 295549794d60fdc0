"""A whole run with its cross-attention: read as it goes, or changed on the way."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import Request, check_text, validated
from core.errors import ExplainerError
from core.ideas.checks import check_real, check_whole

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.capture import Watch
    from core.engine.denoise import NoiseQuery
    from core.engine.loaded import LoadedModel
    from core.models.attention_seen import AttentionSeen

MOST_TOKENS = 4096  # far more positions than any text encoder reads
FACTORS = (-2.0, 10.0)  # a word's weights may be multiplied with


@dataclass(frozen=True, slots=True)
class AttentionLook(Look["AttentionSeen"]):
    """A whole run, with what every place of the picture took from every position of the text.

    Attributes:
        model: the checkpoint's id in the catalog.
        request: the run.
    """

    model: str
    request: Request

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        return type(self)(self.model, _of_model(self.request, self.model))

    def read(self, loaded: "LoadedModel") -> "Work[AttentionSeen]":
        """Walk from noise to latents, one call of the network a piece, then decode.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: it has no cross-attention that can be read, or the numbers ran away.
        """
        import numpy as np

        from core.engine.capture import MOST_BYTES, Recorder
        from core.models.attention_seen import AttentionSeen
        from core.models.latents import decode_latents

        yield 0, self.request.steps
        run = _Run(loaded, self.request)
        recorder = Recorder(loaded.checkpoint.unet, *run.shape, MOST_BYTES)
        times = []
        while run.query is not None:
            yield run.done, run.calls
            times.append(run.query.t)
            run.step(recorder)
            recorder.end_call()
        yield run.calls, run.calls
        picture = decode_latents(loaded.checkpoint, run.latents[None])[0].numpy()
        return AttentionSeen(
            np.array(times, np.float32), recorder.layers(), picture, recorder.plan.say()
        )


@dataclass(frozen=True, slots=True)
class Reweight:
    """A word counts more or less, in every layer and call.

    Attributes:
        positions: of the word in the text, 0 is the start token.
        factor: its weights are multiplied with this.
    """

    positions: tuple[int, ...]
    factor: float

    def validated(self) -> Self:
        """Return the edit with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        if not isinstance(self.positions, tuple) or not self.positions:
            raise ExplainerError("No word is chosen.", "Choose one.")
        positions = [check_whole(at, "position", 0, MOST_TOKENS) for at in self.positions]
        factor = check_real(self.factor, "factor", *FACTORS)
        return type(self)(tuple(sorted(set(positions))), factor + 0.0)


@dataclass(frozen=True, slots=True)
class Swap:
    """Another prompt that looks where the first prompt's run looked (prompt-to-prompt).

    Attributes:
        prompt: the other prompt.
        share: of the calls, from the first on, in which it does; at 0 it is a plain run.
    """

    prompt: str
    share: float

    def validated(self) -> Self:
        """Return the edit with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        prompt = check_text(self.prompt, "new prompt")
        return type(self)(prompt, check_real(self.share, "share of the calls", 0, 1) + 0.0)


@dataclass(frozen=True, slots=True)
class EditedAttentionLook(Look["np.ndarray"]):
    """A whole run whose cross-attention is changed; read as its picture, uint8 (H, W, 3).

    Attributes:
        model: the checkpoint's id in the catalog.
        request: the run as it would be.
        edit: what is changed, for the prompt's half only.
    """

    model: str
    request: Request
    edit: Reweight | Swap

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        return type(self)(self.model, _of_model(self.request, self.model), self.edit.validated())

    def read(self, loaded: "LoadedModel") -> "Work[np.ndarray]":
        """Walk from the same noise, one call of the network a piece, then decode.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: it has no cross-attention that can be changed, the prompts cannot be
                compared, or the numbers ran away.
        """
        from core.models.latents import decode_latents

        if isinstance(self.edit, Reweight):
            latents = yield from _reweighted(loaded, self.request, self.edit)
        else:
            latents = yield from _swapped(loaded, self.request, self.edit)
        return decode_latents(loaded.checkpoint, latents[None])[0].numpy()


def _reweighted(loaded: "LoadedModel", request: Request, edit: Reweight) -> "Work[Tensor]":
    import torch

    from core.ideas.attention_maps import reweight

    yield 0, request.steps
    length = loaded.checkpoint.text_length
    if edit.positions[-1] >= length:
        raise ExplainerError(
            f"There is no position {edit.positions[-1]} in the text.",
            f"Choose positions of 0 to {length - 1}.",
        )
    factors = torch.ones(length, device=loaded.checkpoint.device)
    factors[list(edit.positions)] = edit.factor
    run = _Run(loaded, request)
    while run.query is not None:
        yield run.done, run.calls
        run.step(lambda _, weights: reweight(weights, factors))
    yield run.calls, run.calls
    return run.latents


def _swapped(loaded: "LoadedModel", request: Request, edit: Swap) -> "Work[Tensor]":
    """Walk both runs side by side; of the first one's weights only one call's are kept."""
    import dataclasses

    import torch

    from core.ideas.attention_maps import align_positions, replace_weights, split_parts
    from core.models.text import read_prompt

    yield 0, request.steps
    checkpoint = loaded.checkpoint
    read = [read_prompt(checkpoint, prompt) for prompt in (request.prompt, edit.prompt)]
    if any(tokens.cut or not tokens.used for tokens in read):
        raise ExplainerError(
            "Both prompts must have words, and none may be cut off.", "Change the words."
        )
    ids = [tokens.ids[1 : tokens.used + 1] for tokens in read]
    length = checkpoint.text_length
    parts = split_parts(ids[0], ids[1], length)
    moves = torch.from_numpy(align_positions(*parts, length)).to(checkpoint.device)
    first, new = (
        _Run(loaded, dataclasses.replace(request, prompt=prompt))
        for prompt in (request.prompt, edit.prompt)
    )
    kept: dict[str, torch.Tensor] = {}

    def keep(name: str, weights: torch.Tensor) -> torch.Tensor:
        kept[name] = weights
        return weights

    def inject(name: str, weights: torch.Tensor) -> torch.Tensor:
        base = kept.get(name, weights)
        return replace_weights(base, weights, moves, new.done, last)

    last = edit.share * new.calls
    total = new.calls + math.ceil(last)
    while new.query is not None:
        if first.query is not None and new.done < last:
            yield first.done + new.done, total
            first.step(keep)
        yield first.done + new.done, total
        new.step(inject)
        kept.clear()
    yield total, total
    return new.latents


class _Run:
    """One denoising loop, driven call by call with its cross-attention in the open."""

    def __init__(self, loaded: "LoadedModel", request: Request) -> None:
        from core.engine.denoise import denoise, read_prompts

        self.loaded = loaded
        self.loop = denoise(loaded.checkpoint, request, read_prompts(request, loaded.read))
        self.query: NoiseQuery | None = next(self.loop)
        self.calls, self.done = self.query.calls, 0

    @property
    def shape(self) -> tuple[tuple[int, int], int, int]:
        """Height and width of the latents, calls in all, positions of the text."""
        assert self.query is not None
        height, width = self.query.latents.shape[-2:]
        return (height, width), self.calls, self.query.states.shape[1]

    def step(self, watch: "Watch") -> None:
        """Ask the network about where the run is, and go on from its answer."""
        assert self.query is not None
        answered = _ask(self.loaded, self.query, watch)
        self.done += 1
        try:
            self.query = self.loop.send(answered)
        except StopIteration as end:
            self.query = None
            self.latents: Tensor = end.value[-1].x_prev


def _ask(loaded: "LoadedModel", query: "NoiseQuery", watch: "Watch") -> "Tensor":
    """Put one question; between two questions the network is as everybody else knows it."""
    from core.engine.ask import answer
    from core.engine.capture import watched

    with watched(loaded.checkpoint.unet, watch):
        return answer(loaded.checkpoint, query)


def _of_model(request: Request, model: str) -> Request:
    checked = validated(request)
    if checked.model != model:
        raise ExplainerError("This run is another model's.", "Draw the picture again.")
    return checked
