"""What a LoRA changes: layer by layer, how large it is beside the weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.engine.work import Course, Progress, Work
from core.models.lora_names import Part
from core.models.loras import Chosen, check_loras

if TYPE_CHECKING:
    from torch import Tensor

    from core.engine.loaded import LoadedModel

PIECE = 20  # layers; then others have a turn


@dataclass(frozen=True, slots=True)
class LayerChange:
    """What a LoRA does to one layer at strength 1.

    Attributes:
        part: which network it is of.
        name: of the layer there.
        rank: numbers between A and B.
        numbers: in A and B.
        weights: in W.
        change: size of s B A, the root of the sum of its squares.
        size: of W, alike.
    """

    part: Part
    name: str
    rank: int
    numbers: int
    weights: int
    change: float
    size: float


@dataclass(frozen=True, slots=True)
class LoraChangeWork(Work[tuple[LayerChange, ...]]):
    """Every layer that a LoRA changes, in the order in which the networks have them.

    Attributes:
        lora: which; its strength does not matter.
    """

    model: str
    lora: Chosen

    def _checked(self) -> dict[str, Any]:
        [lora] = check_loras((self.lora,))
        return {"lora": lora._replace(strength=1.0)}

    def course(self, loaded: "LoadedModel") -> "Course[tuple[LayerChange, ...]]":
        """Measure a few layers at a time."""
        from core.ideas.low_rank import product_norm
        from core.models.lora_fitted import fitted, network_of

        lora = fitted(loaded.checkpoint, self.lora.name, self.lora.digest)
        parts: tuple[Part, ...] = ("text_encoder", "text_encoder_2", "unet")
        total = sum(len(getattr(lora, part)) for part in parts)
        found: list[LayerChange] = []
        for part in parts:
            pairs, network = getattr(lora, part), network_of(loaded.checkpoint, part)
            for name, layer in () if network is None else network.named_modules():
                if name not in pairs:
                    continue
                if len(found) % PIECE == 0:
                    yield Progress(len(found), total)
                pair, weight = pairs[name], cast("Tensor", layer.weight)
                size = float(weight.float().norm())
                change = product_norm(pair.up.flatten(1), pair.down.flatten(1)) * abs(pair.scale)
                numbers = pair.down.numel() + pair.up.numel()
                one = LayerChange(part, name, pair.rank, numbers, weight.numel(), change, size)
                found.append(one)
        return tuple(found)
