"""Say what is kept of finished runs, their prompts with them; --clear removes it all."""

import argparse
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the one thing that can be done to it."""
    parser.add_argument("--clear", action="store_true", help="remove every finished run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Count what is kept, after it was removed where that is asked for."""
    from core.engine.client import cache_folder
    from core.engine.store import Store

    store = Store(cache_folder())
    removed = store.clear() if arguments.clear else 0
    entries, size = store.count()
    return {
        "folder": str(store.folder),
        "removed": removed,
        "kept": entries,
        "megabytes": round(size / 1e6, 1),
        "limit_megabytes": round(store.max_bytes / 1e6),
    }
