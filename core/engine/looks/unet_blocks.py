"""What flows through the U-Net in one call, box by box."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.looks.unet_place import Place

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel
    from core.models.unet_seen import BlocksSeen

PIECE_S = 0.05  # of summing up; then others have a turn
QUICK_S = 0.1  # calls that take less are timed twice


@dataclass(frozen=True, slots=True)
class BlocksLook(Look["BlocksSeen"]):
    """Every box's output, for the prompt's half of one call.

    Attributes:
        model: the checkpoint's id in the catalog, that of the run.
        place: what to ask.
    """

    model: str
    place: Place

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        return type(self)(self.model, self.place.validated().of_model(self.model))

    def read(self, loaded: "LoadedModel") -> "Work[BlocksSeen]":
        """Ask, then sum up every box, a few at a time.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the U-Net is of a kind that we have no readable copy of.
        """
        from core.engine.denoise import read_prompts
        from core.models.unet_reading import ask_readable, readable_unet, summarise, warmed
        from core.models.unet_seen import BlocksSeen
        from core.nets.watching import boxes, feature_map

        yield 0, 1
        unet = readable_unet(loaded.checkpoint)
        parts = dict.fromkeys(boxes(unet), feature_map)
        states = read_prompts(self.place.request, loaded.read)[-1:]  # the prompt's half
        question = loaded.checkpoint, self.place.latents(), self.place.t, states
        if not warmed(unet):  # its first call is slower than all others, so it is not timed
            ask_readable(*question)
            yield 0, len(parts)
        answer, seen, seconds = ask_readable(*question, parts=parts)
        fastest = {name: box.seconds for name, box in seen.items()}
        if seconds < QUICK_S:  # a second time, as other programs may have had the processor
            yield 0, len(parts)
            _, again, _ = ask_readable(*question, parts=parts)
            fastest = {name: min(took, again[name].seconds) for name, took in fastest.items()}
        found, started = {}, time.perf_counter()
        for name, took in fastest.items():
            if time.perf_counter() - started > PIECE_S:
                yield len(found), len(parts)
                started = time.perf_counter()
            found[name] = summarise(seen.pop(name).value, took)
        return BlocksSeen(found, answer[0].numpy())
