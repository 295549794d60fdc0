"""What the text encoder makes of prompts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.engine.work import Course, Progress, Work
from core.errors import ExplainerError
from core.ideas.checks import check_switch, check_text
from core.models.catalog import BUILT_IN
from core.words import tr

if TYPE_CHECKING:
    from core.engine.loaded import LoadedModel
    from core.models.text_reading import TextReading

MAX_TEXTS = 64


@dataclass(frozen=True, slots=True)
class TextWork(Work["TextReading"]):
    """What the text encoder makes of prompts; no picture is drawn.

    Attributes:
        prompts: read together, 1 to ``MAX_TEXTS`` of them.
        padding_mask: whether the text encoder gets the padding mask.
        inside: whether the states and attention weights of every layer are wanted as well.
    """

    model: str = BUILT_IN
    prompts: tuple[str, ...] = ("",)
    padding_mask: bool = False
    inside: bool = False

    def _checked(self) -> dict[str, Any]:
        prompts = self.prompts
        if not isinstance(prompts, tuple) or not 1 <= len(prompts) <= MAX_TEXTS:
            raise ExplainerError(
                tr("These are not texts that can be read together."),
                tr("Give 1 to {max_texts} of them.", max_texts=MAX_TEXTS),
            )
        return {
            "prompts": tuple(check_text(prompt, tr("prompt")) for prompt in prompts),
            "padding_mask": check_switch(self.padding_mask, tr("padding mask")),
            "inside": check_switch(self.inside, tr("look inside")),
        }

    def course(self, loaded: "LoadedModel") -> "Course[TextReading]":
        """Read all prompts in one call."""
        from core.models.text_reading import read_texts

        yield Progress(0, 1)
        return read_texts(
            loaded.checkpoint, loaded.text_reader, self.prompts, self.padding_mask, self.inside
        )
