"""What a checkpoint's own files say of how it reads text; imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import ExplainerError
from core.models.folders import read_json

MOST_POSITIONS = 1024  # far above any real text encoder; more would only fill the memory


@dataclass(frozen=True, slots=True)
class TextFacts:
    """How a checkpoint reads text.

    Attributes:
        positions: token ids that are read, start and end included.
        width: numbers in the vector of one position.
        layers: of the text encoder.
        heads: of its attention.
        passes_mask: whether the config asks for the padding mask; pipelines pass none otherwise.
        readers: text encoders, each with a tokenizer of its own: 1 in Stable Diffusion 1 and 2.
    """

    positions: int
    width: int
    layers: int
    heads: int
    passes_mask: bool
    readers: int


def read_text_facts(folder: Path) -> TextFacts:
    """Read the configs of a checkpoint folder.

    Args:
        folder: in diffusers format.

    Raises:
        ExplainerError: the text encoder's config is missing or damaged.
    """
    config = read_json(folder / "text_encoder" / "config.json")
    parts = read_json(folder / "model_index.json")
    try:
        positions = int(config.get("max_position_embeddings", 77))
        if not 2 <= positions <= MOST_POSITIONS:
            raise ValueError(f"positions are {positions}, expected 2 to {MOST_POSITIONS}")
        return TextFacts(
            positions=positions,
            width=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            passes_mask=bool(config.get("use_attention_mask", False)),
            readers=sum(
                name.startswith("tokenizer") and value != [None, None]
                for name, value in parts.items()
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ExplainerError(
            f"The text encoder's config in {folder.name} cannot be read.",
            "Put text_encoder/config.json back as it was.",
        ) from error
