"""Where a position looks: its self-attention in every layer and head of one call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.engine.work import Course, Work
from core.engine.works.call_input import CallInput
from core.errors import ExplainerError
from core.words import tr

if TYPE_CHECKING:
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.models.unet_seen import Looking


@dataclass(frozen=True, slots=True)
class SelfAttentionWork(Work["tuple[Looking, ...]"]):
    """The self-attention of one position, for the prompt's half of one call.

    Attributes:
        given: what to ask.
        row: of the position, in the latents.
        column: of the position, in the latents.
    """

    model: str
    given: CallInput
    row: int
    column: int

    def _checked(self) -> dict[str, Any]:
        given = self.given.of_model(self.model)
        _, height, width = given.shape
        if not (0 <= self.row < height and 0 <= self.column < width):
            raise ExplainerError(
                tr("There is no position {row}, {column}.", row=self.row, column=self.column),
                tr(
                    "Choose a row of 0 to {height} and a column of 0 to {width}.",
                    height=height - 1,
                    width=width - 1,
                ),
            )
        return {"given": given}

    def course(self, loaded: "LoadedModel") -> "Course[tuple[Looking, ...]]":
        """Ask once; of each layer's weights only this position's row is kept, as they come."""
        from core.engine.readable import Readable
        from core.models.unet_facts import draw_plan
        from core.models.unet_reading import readable_unet
        from core.models.unet_seen import Looking

        unet, given = readable_unet(loaded.checkpoint), self.given
        _, height, width = given.shape
        boxes, _ = draw_plan(unet.config, (height, width))
        found = {
            f"{box.name}.transformer_blocks.{number}.attn1": box.shape[1:]
            for box in boxes
            if box.kind == "attention"
            for number in range(unet.config.transformer_layers_per_block)
        }
        places = {
            name: (self.row * tall // height, self.column * wide // width)
            for name, (tall, wide) in found.items()
        }

        def keep_row(at: int) -> Callable[[tuple["Tensor", "Tensor"]], "Tensor"]:
            return lambda output: output[1][0, :, at].clone()  # not the whole: (h, N) of (h, N, N)

        parts = {
            name: keep_row(row * found[name][1] + column) for name, (row, column) in places.items()
        }
        how = Readable(parts=parts)
        yield given.query(loaded.states(given.request)[-1:], how)
        return tuple(
            Looking(name, places[name], part.value.unflatten(-1, found[name]).float().cpu().numpy())
            for name, part in how.seen.items()
        )
