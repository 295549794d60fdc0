"""What a checkpoint's own files say of how it reads text; imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from core.models.config_files import read_config, read_json
from core.models.folders import is_empty_zero
from core.nets.config import ClipTextConfig

SIZES = ("max_position_embeddings", "hidden_size", "num_hidden_layers", "num_attention_heads")


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
        empty_is_zero: whether no negative prompt means text states of zeros.
    """

    positions: int
    width: int
    layers: int
    heads: int
    passes_mask: bool
    readers: int
    empty_is_zero: bool


def read_text_facts(folder: Path) -> TextFacts:
    """Read the configs of a checkpoint folder.

    Args:
        folder: in diffusers format.

    Raises:
        ExplainerError: the text encoder's config is missing or damaged.
    """
    config = read_config(folder, "text_encoder")
    parts = read_json(folder / "model_index.json")
    sizes = ClipTextConfig(**{name: config[name] for name in SIZES if name in config})
    return TextFacts(
        positions=sizes.max_position_embeddings,
        width=sizes.hidden_size,
        layers=sizes.num_hidden_layers,
        heads=sizes.num_attention_heads,
        passes_mask=config.get("use_attention_mask", False),
        readers=sum(
            name.startswith("tokenizer") and value != [None, None] for name, value in parts.items()
        ),
        empty_is_zero=is_empty_zero(parts),
    )
