"""Write a printable worksheet of questions about one run, and its key."""

import argparse
from functools import cache, partial
from typing import Any

from core.commands.generate import add_request, request_of
from core.commands.plain import plain
from core.commands.progress import told

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fields of a request."""
    add_request(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Draw the picture, ask every page's questions about it, write both files."""
    from core.commands.arguments import load_model, need_folder

    request, out = request_of(arguments), need_folder(arguments.out)
    from core.engine.alone import run_alone
    from core.models.folders import find_checkpoint
    from core.models.text import read_prompt
    from core.views.lesson import Live, ask_all
    from core.views.run import run_of
    from core.views.worksheet import key_of, sheet_html

    checkpoint, folder = load_model(arguments.model), find_checkpoint(request.model)[1]
    with told("U-Net call") as tell:
        trace = run_alone(checkpoint, request, tell)
    read = cache(partial(run_alone, checkpoint))  # several questions look at the same thing
    live = Live(run_of(trace), read_prompt(checkpoint, request.prompt), folder, read)
    asked = ask_all(live)
    files = {"worksheet": out / "worksheet.html", "key": out / "key.html"}
    for name, path in files.items():
        path.write_text(sheet_html(live, asked, key=name == "key"), encoding="utf-8")
    return {"files": {name: str(path) for name, path in files.items()}, "key": key_of(asked)}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say what was written, and the right letters."""
    return [
        *(plain(f"{name}: {path}") for name, path in answer["files"].items()),
        "  ".join(f"{number} {letter}" for number, letter in answer["key"].items()),
    ]
