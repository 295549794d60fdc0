"""Draw one picture and write the way to it as an animation: film.webp."""

import argparse
from typing import Any

from core.commands.generate import add_request, request_of
from core.commands.plain import plain
from core.commands.progress import told

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fields of a request."""
    add_request(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Draw the picture, decode every step of the way, write them with their words."""
    from core.commands.arguments import load_model, need_folder

    request, out = request_of(arguments), need_folder(arguments.out)
    from core.engine.alone import run_alone
    from core.engine.request import FilmRequest
    from core.lessons.generation.recipe_data import recipe_json
    from core.views.animation import with_words
    from core.views.exports import webp_animation
    from core.views.run import frames_of, run_of

    checkpoint = load_model(arguments.model)
    with told("U-Net call") as tell:
        trace = run_alone(checkpoint, request, tell)
    with told("frame") as tell:
        film = run_alone(checkpoint, FilmRequest(request), tell, done={request: trace})
    drawn = run_of(trace)
    frames = with_words(drawn, frames_of(drawn, film))
    written = webp_animation(frames, 250, 2500, recipe_json(request, trace.fingerprint))
    file = out / "film.webp"
    file.write_bytes(written)
    return {"files": {"film": str(file)}, "frames": len(frames), "bytes": len(written)}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say what was written."""
    return [plain(f"{answer['files']['film']}: {answer['frames']} frames, {answer['bytes']} bytes")]
