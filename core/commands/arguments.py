"""Arguments that several commands share."""

import argparse
from pathlib import Path
from typing import Any

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, CatalogEntry, find_entry, offer
from core.models.loras import Chosen, offer_lora


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    parser.add_argument(
        "--model",
        default=BUILT_IN,
        metavar="ID",
        help=f"catalog name, Hub id, folder or .safetensors of the model (default {BUILT_IN})",
    )


def add_scheduler(parser: argparse.ArgumentParser) -> None:
    """Add ``--scheduler`` and ``--param``."""
    parser.add_argument("--scheduler", default="ddim", metavar="S", help="name (default ddim)")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        type=setting,
        metavar="KEY=VALUE",
        help="a setting of the scheduler; may be given again",
    )


def add_loras(parser: argparse.ArgumentParser) -> None:
    """Add ``--lora``."""
    parser.add_argument(
        "--lora",
        action="append",
        default=[],
        type=lora,
        metavar="NAME=STRENGTH",
        help="a LoRA that is offered, or its file, and how strong it is; may be given again",
    )


def lora(text: str) -> tuple[str, float]:
    """Read one NAME=STRENGTH; without a strength it is 1."""
    name, sign, strength = text.rpartition("=")
    return (name, number(strength)) if sign else (text, 1.0)


def setting(text: str) -> tuple[str, str]:
    """Read one KEY=VALUE."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not KEY=VALUE")
    return key, value


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a whole number") from None


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a number") from None


def find_model(model: str) -> CatalogEntry:
    """Return the entry of ``--model``; unlike a page, the command line opens any folder or file.

    Args:
        model: catalog name, Hub id, a folder in diffusers format, or a single file.

    Raises:
        ExplainerError: it is none of these.
    """
    try:
        here = model != BUILT_IN and Path(model).exists()
    except (OSError, ValueError):  # too long for a path, or with NUL in it
        here = False
    return offer(Path(model)) if here else find_entry(model)


def find_loras(asked: list[tuple[str, float]]) -> tuple[Chosen, ...]:
    """Return the LoRAs of ``--lora``; unlike a page, the command line opens any file.

    Args:
        asked: names or files, and strengths.

    Raises:
        ExplainerError: one is neither.
    """
    return tuple(Chosen(offer_lora(name), strength) for name, strength in asked)


def load_model(model: str) -> Any:  # Any: a Checkpoint, whose module imports torch
    """Load the model of ``--model``.

    Args:
        model: as for ``find_model``.

    Raises:
        ExplainerError: it is unknown, not here, damaged, or too large.
    """
    from core.models.loading import load_checkpoint

    return load_checkpoint(find_model(model).id)


def need_folder(out: Path | None) -> Path:
    """Return the folder of ``--out`` for a command that has files to write.

    Args:
        out: as given; made by the command line where it is not None.

    Raises:
        ExplainerError: it was not given.
    """
    if out is None:
        raise ExplainerError("This command writes files.", "Say where: --out DIR.")
    return out
