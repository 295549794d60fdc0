"""What something in the U-Net is there for: it is switched off, at one step or for a whole run."""

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from core.engine.looks.look import Look, Work
from core.engine.looks.unet_place import Place
from core.engine.request import Request, validated
from core.errors import ExplainerError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.models.unet_seen import OffAtStep
    from core.nets.unet import Ablation

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
        """Return the switch with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        if self.part not in PARTS or not (math.isfinite(self.number) and self.number >= 0):
            raise ExplainerError("This cannot be switched off.", "Choose another part.")
        return type(self)(self.part, self.number)

    def told(self, t: float) -> float:
        """Return the timestep that the network is told at timestep t."""
        return self.number if self.part == "clock" else t

    def read(self, loaded: "LoadedModel", request: Request) -> "Tensor":
        """Return the text states that a run asks with, as in ``read_prompts``."""
        from core.engine.denoise import read_prompts

        if self.part == "prompt":
            request = dataclasses.replace(request, prompt=request.negative, share=0.0)
        return read_prompts(request, loaded.read)

    def ablation(self, loaded: "LoadedModel") -> "Ablation":
        """Return what the network leaves out.

        Raises:
            ExplainerError: there is no skip connection of that number, or the U-Net is of a kind
                that we have no readable copy of.
        """
        from core.models.unet_facts import draw_plan
        from core.models.unet_reading import readable_unet
        from core.nets.unet import Ablation

        if self.part != "skip":
            return Ablation(text=self.part == "attention", time=self.part == "time")
        _, skips = draw_plan(readable_unet(loaded.checkpoint).config, (1, 1))
        if self.number not in range(len(skips)):
            raise ExplainerError(
                f"There is no skip connection {self.number:g}.", f"Choose 0 to {len(skips) - 1}."
            )
        return Ablation(skips=frozenset({int(self.number)}))


@dataclass(frozen=True, slots=True)
class OffAtStepLook(Look["OffAtStep"]):
    """The network asked twice about the same latents, as it is and with something off.

    Attributes:
        model: the checkpoint's id in the catalog, that of the run.
        place: what to ask about.
        switch: what is off the second time.
    """

    model: str
    place: Place
    switch: Switch

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        return type(self)(
            self.model, self.place.validated().of_model(self.model), self.switch.validated()
        )

    def read(self, loaded: "LoadedModel") -> "Work[OffAtStep]":
        """Ask as it is, ask with something off, then decode both estimates.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the U-Net is of a kind that we have no readable copy of.
        """
        import torch

        from core.engine.denoise import Point, read_prompts
        from core.ideas.guidance import guide
        from core.models.latents import decode_latents
        from core.models.unet_reading import ask_readable
        from core.models.unet_seen import OffAtStep

        yield 0, 4
        place, request, checkpoint = self.place, self.place.request, loaded.checkpoint
        off, xt = self.switch.ablation(loaded), self.place.latents()
        point = Point(checkpoint.prediction_type, xt, place.alpha_bar)

        def guided(answers: torch.Tensor) -> torch.Tensor:
            first, last = answers[:1], answers[-1:]
            return last if len(answers) == 1 else guide(first, last, request.guidance)

        states = read_prompts(request, loaded.read)
        plain = guided(ask_readable(checkpoint, xt, place.t, states)[0])
        yield 1, 4
        states = self.switch.read(loaded, request)
        without = guided(ask_readable(checkpoint, xt, self.switch.told(place.t), states, off)[0])
        pictures = []
        for answer in (plain, without):
            yield 2 + len(pictures), 4
            pictures.append(decode_latents(checkpoint, point.clean(answer))[0].numpy())
        noises = (point.noise(answer)[0].numpy() for answer in (plain, without))
        return OffAtStep(*noises, *pictures)


@dataclass(frozen=True, slots=True)
class OffRunLook(Look["np.ndarray"]):
    """A whole run with something off in every call; read as its picture, uint8 (H, W, 3).

    Attributes:
        model: the checkpoint's id in the catalog.
        request: the run.
        switch: what is off.
    """

    model: str
    request: Request
    switch: Switch

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        request = validated(self.request)
        if self.model != request.model:
            raise ExplainerError("This run is another model's.", "Draw the picture again.")
        return type(self)(self.model, request, self.switch.validated())

    def read(self, loaded: "LoadedModel") -> "Work[np.ndarray]":
        """Walk from the same noise, one call of the network a piece, then decode.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the numbers stopped being finite, or there is no such part.
        """
        from core.engine.denoise import denoise
        from core.models.latents import decode_latents
        from core.models.unet_reading import ask_readable

        yield 0, self.request.steps
        off, checkpoint = self.switch.ablation(loaded), loaded.checkpoint
        loop = denoise(checkpoint, self.request, self.switch.read(loaded, self.request))
        query = next(loop)
        while True:
            told = self.switch.told(query.t)
            answer, *_ = ask_readable(checkpoint, query.latents, told, query.states, off)
            try:
                query = loop.send(answer)
            except StopIteration as end:
                steps = end.value
                break
            yield query.last.index + 1 if query.last else 0, query.calls
        yield len(steps), len(steps)
        return decode_latents(checkpoint, steps[-1].x_prev[None])[0].numpy()
