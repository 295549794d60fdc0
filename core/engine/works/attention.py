"""A whole run with its cross-attention: read as it goes, or changed on the way."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from core.engine.request import RunWork
from core.engine.work import BESIDE, Course, Decode, How, NoiseQuery, Wanted
from core.errors import ExplainerError
from core.ideas.checks import check_real, check_text, check_whole
from core.words import in_english, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.engine.trace import Trace
    from core.models.attention_seen import AttentionSeen

    Hows = Callable[[NoiseQuery], How | None]

MOST_TOKENS = 4096  # far more positions than any text encoder reads
FACTORS = (-2.0, 10.0)  # a word's weights may be multiplied with


@dataclass(frozen=True, slots=True)
class AttentionWork(RunWork["AttentionSeen"]):
    """A whole run, with what every place of the picture took from every position of the text."""

    rank: ClassVar[int] = BESIDE

    def course(self, loaded: "LoadedModel") -> "Course[AttentionSeen]":
        """Walk from noise to latents with the weights in the open, then decode."""
        import numpy as np

        from core.engine.capture import MOST_BYTES, Recorder
        from core.engine.denoise import denoise
        from core.models.attention_seen import AttentionSeen

        recorder = Recorder(loaded.checkpoint.unet, MOST_BYTES)
        states = loaded.states(self.request)
        steps = yield from denoise(loaded.checkpoint, self.request, states, how=recorder.how)
        [picture] = yield Decode([steps[-1].x_prev])
        times = np.array([step.t for step in steps], np.float32)
        return AttentionSeen(
            times, recorder.layers(), picture.numpy(), recorder.averaging.say(in_english)
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
        """Return the edit checked, each position once."""
        if not isinstance(self.positions, tuple) or not self.positions:
            raise ExplainerError(tr("No word is chosen."), tr("Choose one."))
        positions = [check_whole(at, tr("position"), 0, MOST_TOKENS) for at in self.positions]
        factor = check_real(self.factor, tr("factor"), *FACTORS)
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
        """Return the edit checked."""
        prompt = check_text(self.prompt, tr("new prompt"))
        return type(self)(prompt, check_real(self.share, tr("share of the calls"), 0, 1) + 0.0)


@dataclass(frozen=True, slots=True)
class EditedAttentionWork(RunWork["np.ndarray"]):
    """A whole run whose cross-attention is changed; read as its picture, uint8 (H, W, 3).

    Attributes:
        edit: what is changed, for the prompt's half only.
    """

    rank: ClassVar[int] = BESIDE

    edit: Reweight | Swap

    def _checked(self) -> dict[str, Any]:
        return {"edit": self.edit.validated()}

    def course(self, loaded: "LoadedModel") -> "Course[np.ndarray]":
        """Walk from the same noise with the weights changed, then decode."""
        from core.engine.denoise import denoise
        from core.models.attention_layers import cross_layers

        cross_layers(loaded.checkpoint.unet)
        if isinstance(self.edit, Reweight):
            request, how = self.request, _reweighted(loaded, self.edit)
        else:
            moves = _moves(loaded, self.request.prompt, self.edit.prompt)
            request, how = replace(self.request, prompt=self.edit.prompt), None
            if self.edit.share:  # where the first run's network looked is read off that run
                [first] = yield Wanted((self.request,))
                how = _looking_where(loaded, first.result(), moves, self.edit.share)
        steps = yield from denoise(loaded.checkpoint, request, loaded.states(request), how=how)
        [picture] = yield Decode([steps[-1].x_prev])
        return picture.numpy()


def _reweighted(loaded: "LoadedModel", edit: Reweight) -> "Hows":
    import torch

    from core.engine.capture import Watched
    from core.ideas.attention_maps import reweight

    length = loaded.checkpoint.text_length
    if edit.positions[-1] >= length:
        raise ExplainerError(
            tr("There is no position {position} in the text.", position=edit.positions[-1]),
            tr("Choose positions of 0 to {length}.", length=length - 1),
        )
    factors = torch.ones(length, device=loaded.checkpoint.device)
    factors[list(edit.positions)] = edit.factor
    return lambda _: Watched(lambda _, weights: reweight(weights, factors))


def _moves(loaded: "LoadedModel", old: str, new: str) -> "Tensor":
    """Return which position of one prompt each position of another takes its weights from."""
    import torch

    from core.ideas.attention_maps import align_positions, split_parts
    from core.models.text import read_prompt

    read = [read_prompt(loaded.checkpoint, prompt) for prompt in (old, new)]
    if any(tokens.cut or not tokens.used for tokens in read):
        raise ExplainerError(
            tr("Both prompts must have words, and none may be cut off."), tr("Change the words.")
        )
    ids = [tokens.ids[1 : tokens.used + 1] for tokens in read]
    length = loaded.checkpoint.text_length
    parts = split_parts(ids[0], ids[1], length)
    return torch.from_numpy(align_positions(*parts, length)).to(loaded.checkpoint.device)


def _looking_where(loaded: "LoadedModel", first: "Trace", moves: "Tensor", share: float) -> "Hows":
    """Have the first calls look where the first run's network looked at the same call."""
    from core.engine.capture import Following
    from core.engine.work import CallRow
    from core.ideas.attention_maps import replace_weights

    states, last = loaded.states(first.request)[-1], share * first.calls

    def how(query: NoiseQuery) -> How | None:
        call = query.progress.done if query.progress else 0
        if call >= last:
            return None
        step = first.steps[call]
        return Following(
            CallRow(step.xt, step.t, states, loras=first.request.loras),
            lambda base, own: replace_weights(base, own, moves, call, last),
        )

    return how
