"""List the models and whether they are on this machine; --get fetches one from the Hub."""

import argparse
from typing import Any

from core.commands.plain import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the one model to fetch."""
    parser.add_argument("--get", metavar="ID", help="download this model (GLASSBOX_ONLINE=1)")


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Read the catalog; only ``--get`` ever reaches the network."""
    from core.models.catalog import entries, find_entry, is_installed, measure_size

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
