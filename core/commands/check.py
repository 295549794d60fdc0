"""Compute our numbers and the installed libraries' on this machine, and say where they agree."""

import argparse
from dataclasses import asdict
from typing import Any

from core.commands.plain import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model."""
    from core.commands.arguments import add_model

    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Compute everything twice."""
    from core.commands.arguments import find_model, load_model
    from core.models.folders import find_checkpoint
    from core.models.machine_check import check_machine

    entry = find_model(arguments.model)
    checks = check_machine(load_model(arguments.model), find_checkpoint(entry.id)[1])
    rows = [{**asdict(check), "ok": check.ok} for check in checks]
    return {"checks": rows, "ok": all(row["ok"] for row in rows)}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say it in one line, then one line a check."""
    wrong = sum(not row["ok"] for row in answer["checks"])
    said = [{**row, "": "ok" if row["ok"] else "WRONG"} for row in answer["checks"]]
    return [
        f"{wrong} of {len(said)} disagree." if wrong else f"All {len(said)} agree.",
        *table(said, ("", "name", "apart", "tolerance")),
    ]
