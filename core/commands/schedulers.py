"""List the schedulers: their U-Net calls (counted), whether they draw noise, their settings."""

import argparse
from dataclasses import asdict
from typing import Any

from core.commands.plain import plain, table

COUNTED = (4, 10, 20)  # steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model whose schedule the schedulers are built from."""
    from core.commands.arguments import add_model

    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Run every scheduler on a network so simple that it needs no weights, and count its calls."""
    from core.models.schedulers.call_count import count_calls
    from core.models.schedulers.names import REJECTED
    from core.models.schedulers.settings import options_in_force
    from core.models.schedulers.table import SCHEDULERS

    base = read_scheduler_config(arguments.model)
    rows = []
    for name, info in SCHEDULERS.items():
        found = options_in_force(info, base)
        calls = {str(n): count_calls(info, n, base) for n in COUNTED} if info.available else None
        rows.append(
            {
                "name": name,
                "title": info.title,
                "class": info.class_name,
                "calls": calls,
                "calls_formula": info.calls,
                "order": info.order,
                "stochastic": info.stochastic,
                "latents": "x0 + sigma eps" if info.space == "ve" else "unit scale",
                "installed": info.available,
                "requires": info.requires,
                "distilled_only": info.distilled_only,
                "steps": [info.min_steps, info.max_steps],
                "options": [asdict(option) for option in found],
                "defaults": {option.name: option.default for option in found},
                "blurb": info.blurb,
            }
        )
    return {"schedulers": rows, "left_out": [asdict(one) for one in REJECTED]}


def read_scheduler_config(model: str) -> dict[str, Any]:  # Any: what JSON holds
    """Return the scheduler config of ``--model`` as Stable Diffusion means it.

    Args:
        model: as for ``find_model``.

    Raises:
        ExplainerError: it is unknown, not here, or damaged.
    """
    from core.commands.arguments import find_folder
    from core.models.config_files import read_config
    from core.models.schedulers.settings import latent_config

    return latent_config(read_config(find_folder(model), "scheduler"))


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Show one line a scheduler; its settings are in the JSON."""
    columns = {str(n): f"{n} steps" for n in COUNTED}
    rows = []
    for row in answer["schedulers"]:
        calls = row["calls"] or dict.fromkeys(columns)
        counted = {columns[n]: count for n, count in calls.items()}
        rows.append(row | counted | {"fresh noise": row["stochastic"]})
    return [
        "U-Net calls for so many steps, counted:",
        *table(
            rows,
            (
                "name",
                "title",
                *(f"{n} steps" for n in COUNTED),
                "order",
                "fresh noise",
                "installed",
            ),
        ),
        "",
        *(
            plain(f"Left out: {one['class_name']}, {one['verdict']}. {one['why']}")
            for one in answer["left_out"]
        ),
        "Settings, their defaults and what they allow: --json.",
    ]
