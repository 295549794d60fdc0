"""What flows through the U-Net in one call, box by box."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.engine.work import Course, Progress, Work
from core.engine.works.call_input import CallInput

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel
    from core.models.unet_seen import BlocksSeen

PIECE_S = 0.05  # of summing up; then others have a turn
QUICK_S = 0.1  # calls that take less are timed twice


@dataclass(frozen=True, slots=True)
class BlocksWork(Work["BlocksSeen"]):
    """Every box's output, for the prompt's half of one call.

    Attributes:
        given: what to ask.
    """

    model: str
    given: CallInput

    def _checked(self) -> dict[str, Any]:
        return {"given": self.given.of_model(self.model)}

    def course(self, loaded: "LoadedModel") -> "Course[BlocksSeen]":
        """Ask, then sum up every box, a few at a time."""
        from core.engine.readable import Readable
        from core.models.unet_reading import readable_unet, summarise, warmed
        from core.models.unet_seen import BlocksSeen
        from core.nets.watching import boxes, feature_map

        unet = readable_unet(loaded.checkpoint)
        parts = dict.fromkeys(boxes(unet), feature_map)
        states = loaded.states(self.given.request)[-1:]  # the prompt's half
        if not warmed(unet):  # its first call is slower than all others, so it is not timed
            yield self.given.query(states, Readable())
        first = Readable(parts=parts)
        answer = yield self.given.query(states, first)
        fastest = {name: box.seconds for name, box in first.seen.items()}
        if first.seconds < QUICK_S:  # again, as other programs may have had the processor
            again = Readable(parts=parts)
            yield self.given.query(states, again)
            fastest = {name: min(took, again.seen[name].seconds) for name, took in fastest.items()}
        found, started = {}, time.perf_counter()
        for name, took in fastest.items():
            if time.perf_counter() - started > PIECE_S:
                yield Progress(len(found), len(parts))
                started = time.perf_counter()
            found[name] = summarise(first.seen.pop(name).value, took)
        return BlocksSeen(found, answer[0].numpy())
