"""A word made stronger in the text states, as other programs do for (word:1.3)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from core.engine.request import RunWork
from core.engine.work import BESIDE, Course, Decode
from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel

RECIPES = ("scale", "restore", "away")
LEAST, MOST = 0.0, 3.0


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Emphasized:
    """A run whose text states were changed.

    Attributes:
        picture: uint8 (H, W, 3).
        change: of every position's state, as a share of its length, (L,).
    """

    picture: "np.ndarray"
    change: "np.ndarray"


@dataclass(frozen=True, slots=True)
class EmphasisWork(RunWork[Emphasized]):
    """One run with some positions of the prompt weighted.

    Attributes:
        positions: of the prompt's states, at least one.
        factor: their weight.
        recipe: one of ``RECIPES``.
    """

    rank: ClassVar[int] = BESIDE

    positions: tuple[int, ...]
    factor: float
    recipe: str

    def _checked(self) -> dict[str, Any]:
        return {
            "factor": check_real(self.factor, tr("weight of the word"), LEAST, MOST) + 0.0,
            "recipe": check_choice(self.recipe, tr("recipe"), RECIPES),
        }

    def course(self, loaded: "LoadedModel") -> "Course[Emphasized]":
        """Change the prompt's states, then walk with them from the same noise."""
        import numpy as np
        import torch

        from core.engine.denoise import denoise
        from core.ideas.emphasis import away_from_empty, scale_and_restore, scale_states
        from core.ideas.text_geometry import relative_change

        states = loaded.states(self.request)
        plain = states[-1].float().cpu().numpy()
        if not self.positions or not 0 <= min(self.positions) <= max(self.positions) < len(plain):
            raise ExplainerError(
                tr("There is no such position in the text."),
                tr("Choose positions of 0 to {length}.", length=len(plain) - 1),
            )
        weights = np.ones(len(plain))
        weights[list(self.positions)] = self.factor
        if self.recipe == "away":
            none = loaded.states(replace(self.request, prompt="", blend="", share=0.0))
            changed = away_from_empty(plain, weights, none[-1].float().cpu().numpy())
        else:
            recipe = scale_states if self.recipe == "scale" else scale_and_restore
            changed = recipe(plain, weights)
        told = states.clone()
        told[-1] = torch.from_numpy(changed).to(states)
        steps = yield from denoise(loaded.checkpoint, self.request, told)
        [picture] = yield Decode([steps[-1].x_prev])
        return Emphasized(picture.numpy(), relative_change(plain, changed))
