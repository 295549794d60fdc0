"""What a checkpoint's own files say of time: its embedding, its timesteps; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ExplainerError
from core.ideas.timestep import EmbeddingSettings
from core.models.config_files import read_config
from core.words import tr


@dataclass(frozen=True, slots=True)
class TimeFacts:
    """How a checkpoint tells its network the time.

    Attributes:
        settings: of the embedding.
        train_steps: how many timesteps it was trained with; the noisiest is one less.
        scheduler_config: what its schedulers are built from.
    """

    settings: EmbeddingSettings
    train_steps: int
    scheduler_config: dict[str, Any]  # Any: what JSON holds


def read_time_facts(folder: Path) -> TimeFacts:
    """Read the configs of a checkpoint folder.

    Args:
        folder: in diffusers format.

    Raises:
        ExplainerError: a config is missing, damaged, or of a network that is told the time
            in another way.
    """
    unet = read_config(folder, "unet")
    scheduler = read_config(folder, "scheduler")
    try:
        settings = embedding_of(unet)
    except ValueError as error:
        raise ExplainerError(
            tr(
                "The timestep embedding in {folder}/unet/config.json cannot be read.",
                folder=folder.name,
            ),
            tr("Put unet/config.json back as it was, or choose another model."),
        ) from error
    steps = scheduler.get("num_train_timesteps", 1000)
    return TimeFacts(settings=settings, train_steps=steps, scheduler_config=scheduler)


def embedding_of(config: Mapping[str, Any]) -> EmbeddingSettings:  # Any: what JSON holds
    """Return the embedding that a U-Net's config asks for; what it leaves out has a default.

    Args:
        config: unet/config.json.

    Raises:
        ValueError: a value gives no embedding.
    """
    if config.get("time_embedding_type", "positional") != "positional":
        raise ValueError(f"time_embedding_type is {config['time_embedding_type']!r}")
    return EmbeddingSettings(
        dim=config.get("block_out_channels", (320,))[0],
        flip_sin_to_cos=bool(config.get("flip_sin_to_cos", True)),
        freq_shift=float(config.get("freq_shift", 0)),
    )
