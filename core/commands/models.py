"""List the models; --add offers one of this machine, --get fetches one from the Hub."""

import argparse
from pathlib import Path
from typing import Any

from core.commands.plain import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be done to the list."""
    parser.add_argument("--get", metavar="ID", help="download this model (GLASSBOX_ONLINE=1)")
    parser.add_argument(
        "--add",
        metavar="PATH",
        help="offer a .safetensors file, a checkpoint folder, or all that another program keeps",
    )
    parser.add_argument("--remove", metavar="NAME", help="offer what was added no longer")


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Read the catalog; only ``--get`` ever reaches the network."""
    from core.models.catalog import add, entries, find_entry, is_installed, measure_size, remove

    if arguments.add:
        add(Path(arguments.add))
    if arguments.remove:
        remove(arguments.remove)
    listed = entries()
    if arguments.get:
        from core.models.download import download

        entry = find_entry(arguments.get)
        download(entry)
        listed = [*listed, entry] if entry not in listed else listed
    return {
        "models": [
            {
                "id": entry.id,
                "title": entry.title,
                "kind": entry.kind,
                "size": measure_size(entry),
                "installed": is_installed(entry),
                "note": entry.note,
            }
            for entry in listed
        ]
    }


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Show the catalog as a table."""
    rows = [row | {"MB": row["size"]} for row in answer["models"]]
    return table(rows, ("id", "MB", "installed", "note"))
