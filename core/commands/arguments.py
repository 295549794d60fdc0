"""Arguments that several commands share."""

import argparse
from pathlib import Path
from typing import Any

from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, CatalogEntry, find_entry, local_folder, offer
from core.models.loras import Chosen, offer_lora

RUN_FIELDS = (
    "prompt", "negative", "seed", "steps", "guidance", "scheduler", "height", "width",
)  # fmt: skip


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what every run has: its words, seed, steps, guidance, scheduler and size."""
    parser.add_argument("--prompt", required=True, metavar="P", help="what to draw")
    parser.add_argument(
        "--negative", default="", metavar="N", help="what to keep away from (default: nothing)"
    )
    parser.add_argument(
        "--seed", type=whole, default=0, metavar="S", help="of the noise it starts from (default 0)"
    )
    parser.add_argument(
        "--steps", type=whole, default=20, metavar="N", help="scheduler steps (default 20)"
    )
    parser.add_argument(
        "--guidance",
        type=number,
        default=5.0,
        metavar="W",
        help="guidance weight, 0 to 30; 1 is none (default 5)",
    )
    add_scheduler(parser)
    parser.add_argument("--height", type=whole, metavar="H", help="pixels (default: the model's)")
    parser.add_argument("--width", type=whole, metavar="W", help="pixels (default: the model's)")


def run_fields(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: each field has its own
    """Return the fields of a request that ``add_run`` and ``add_model`` ask for.

    Args:
        arguments: of a command that has both.

    Raises:
        ExplainerError: there is no such model.
    """
    fields = {name: getattr(arguments, name) for name in RUN_FIELDS}
    return {"model": find_model(arguments.model).id, "params": tuple(arguments.param), **fields}


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


def find_folder(model: str) -> Path:
    """Return the folder that the model of ``--model`` lies in.

    Args:
        model: as for ``find_model``.

    Raises:
        ExplainerError: it is unknown, or not on this machine.
    """
    entry = find_model(model)
    folder = local_folder(entry)
    if folder is None:
        raise ExplainerError(
            f"{entry.title} is not on this machine.", "`python -m core models` lists what is."
        )
    return folder


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
