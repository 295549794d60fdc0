"""What something in the U-Net is there for: it is switched off, at one step or for a whole run."""

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from core.engine.request import Request, RunWork
from core.engine.work import BESIDE, Course, Decode, Work
from core.engine.works.call_input import CallInput
from core.errors import ExplainerError
from core.words import tr

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.engine.readable import Readable
    from core.models.unet_seen import OffAtCall

Part = Literal["attention", "prompt", "time", "clock", "skip"]
PARTS: tuple[Part, ...] = ("attention", "prompt", "time", "clock", "skip")


@dataclass(frozen=True, slots=True)
class Switch:
    """What is switched off, in every call, for the prompt and the negative prompt.

    Attributes:
        part: "attention": every cross-attention adds zeros. "prompt": the negative prompt is read
            in place of the prompt. "time": the time vector is all zeros. "clock": the network is
            told the same timestep at every step. "skip": one skip connection carries zeros.
        number: the timestep of a stopped clock, or the number of the skip connection.
    """

    part: Part
    number: float = 0

    def validated(self) -> Self:
        """Return the switch with every field checked."""
        if self.part not in PARTS or not (math.isfinite(self.number) and self.number >= 0):
            raise ExplainerError(tr("This cannot be switched off."), tr("Choose another part."))
        return type(self)(self.part, self.number)

    def told(self, t: float) -> float:
        """Return the timestep that the network is told at timestep t."""
        return self.number if self.part == "clock" else t

    def read(self, loaded: "LoadedModel", request: Request) -> "Tensor":
        """Return the text states that a run asks with, as in ``read_prompts``."""
        if self.part == "prompt":
            request = dataclasses.replace(request, prompt=request.negative, share=0.0, words=1.0)
        return loaded.states(request)

    def how(self, loaded: "LoadedModel") -> "Readable":
        """Return how the network is asked: our own, with the part left out."""
        from core.engine.readable import Readable
        from core.models.unet_facts import draw_plan
        from core.models.unet_reading import readable_unet
        from core.nets.unet import Ablation

        if self.part != "skip":
            off = Ablation(text=self.part == "attention", time=self.part == "time")
            return Readable(off, self.told)
        _, skips = draw_plan(readable_unet(loaded.checkpoint).config, (1, 1))
        if self.number not in range(len(skips)):
            raise ExplainerError(
                tr("There is no skip connection {number:g}.", number=self.number),
                tr("Choose 0 to {skips}.", skips=len(skips) - 1),
            )
        return Readable(Ablation(skips=frozenset({int(self.number)})))


@dataclass(frozen=True, slots=True)
class OffAtCallWork(Work["OffAtCall"]):
    """The network asked twice about the same latents, as it is and with something off.

    Attributes:
        given: what to ask about.
        switch: what is off the second time.
    """

    model: str
    given: CallInput
    switch: Switch

    def _checked(self) -> dict[str, Any]:
        return {"given": self.given.of_model(self.model), "switch": self.switch.validated()}

    def course(self, loaded: "LoadedModel") -> "Course[OffAtCall]":
        """Ask as it is, ask with something off, then decode both estimates."""
        import torch

        from core.engine.readable import Readable
        from core.ideas.guidance import guide
        from core.ideas.prediction import Point
        from core.models.unet_seen import OffAtCall

        given, request = self.given, self.given.request
        point = Point(loaded.checkpoint.prediction_type, given.latents(), given.alpha_bar)

        def guided(answers: torch.Tensor) -> torch.Tensor:
            first, last = answers[:1], answers[-1:]
            return last if len(answers) == 1 else guide(first, last, request.guidance)

        off = self.switch.how(loaded)
        plain = guided((yield given.query(loaded.states(request), Readable())))
        without = guided((yield given.query(self.switch.read(loaded, request), off)))
        pictures = yield Decode([point.clean(answer)[0] for answer in (plain, without)])
        noises = (point.noise(answer)[0].numpy() for answer in (plain, without))
        return OffAtCall(*noises, *(picture.numpy() for picture in pictures))


@dataclass(frozen=True, slots=True)
class OffRunWork(RunWork["np.ndarray"]):
    """A whole run with something off in every call; read as its picture, uint8 (H, W, 3).

    Attributes:
        switch: what is off.
    """

    rank: ClassVar[int] = BESIDE

    switch: Switch

    def _checked(self) -> dict[str, Any]:
        return {"switch": self.switch.validated()}

    def course(self, loaded: "LoadedModel") -> "Course[np.ndarray]":
        """Walk from the same noise with something off, then decode."""
        from core.engine.denoise import denoise

        off, states = self.switch.how(loaded), self.switch.read(loaded, self.request)
        steps = yield from denoise(loaded.checkpoint, self.request, states, how=lambda _: off)
        [picture] = yield Decode([steps[-1].x_prev])
        return picture.numpy()
