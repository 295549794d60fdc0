"""Draw one picture and, with --trace, write every step of the way to it."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.plain import plain
from core.commands.progress import told
from core.commands.written import write_json

if TYPE_CHECKING:
    from core.engine.request import Request

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fields of a request, and what is written."""
    add_request(parser)
    parser.add_argument(
        "--trace", action="store_true", help="also write every step: trace.json, trace.safetensors"
    )


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the fields of a request.

    Args:
        parser: of a command that draws a picture.
    """
    from core.commands.arguments import add_loras, add_model, add_run, number, whole

    add_run(parser)
    parser.add_argument(
        "--clip-skip", type=whole, default=0, metavar="N", help="text layers left out at the end"
    )
    parser.add_argument(
        "--padding-mask", action="store_true", help="pass the padding mask to the text encoder"
    )
    parser.add_argument("--blend", default="", metavar="P", help="a second prompt to mix in")
    parser.add_argument(
        "--share", type=number, default=0.0, metavar="S", help="how much of it, 0 to 1 (default 0)"
    )
    add_loras(parser)
    parser.add_argument(
        "--words", type=number, default=1.0, metavar="W",
        help="how much the words count, 0 to 2 (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--other-seed", type=whole, default=0, metavar="S", help="of a noise to turn towards"
    )
    parser.add_argument(
        "--turn", type=number, default=0.0, metavar="S", help="how far, 0 to 1 (default 0)"
    )
    add_model(parser)


def request_of(arguments: argparse.Namespace) -> "Request":
    """Return the request that the arguments are, checked.

    Args:
        arguments: of ``add_request``.

    Raises:
        ExplainerError: a field is wrong.
    """
    from core.commands.arguments import find_loras, run_fields
    from core.engine.request import Request, validated

    return validated(
        Request(
            **run_fields(arguments),
            clip_skip=arguments.clip_skip,
            padding_mask=arguments.padding_mask,
            blend=arguments.blend,
            share=arguments.share,
            words=arguments.words,
            other_seed=arguments.other_seed,
            turn=arguments.turn,
            loras=find_loras(arguments.lora),
        )
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Check the request before the model is loaded, run it alone, write the files."""
    from core.commands.arguments import load_model, need_folder
    from core.engine.request import to_json

    request, out = request_of(arguments), need_folder(arguments.out)
    from core.engine.alone import run_alone
    from core.models.hardware import peak_memory
    from core.views.exports import png_with_settings

    checkpoint = load_model(arguments.model)
    with told("U-Net call") as tell:
        trace = run_alone(checkpoint, request, tell)
    note = "" if request.height and request.width else checkpoint.size_note
    files = {"picture": out / "image.png"}
    files["picture"].write_bytes(png_with_settings(trace.picture, request))
    about = {
        "request": json.loads(to_json(request)),
        "fingerprint": trace.fingerprint,
        "calls": trace.calls,
        "seconds": round(trace.seconds, 3),
        "computer": trace.computer,
        "peak_mb": round(peak_memory(checkpoint.device.type) / 1e6),
        "notes": [note] if note else [],
        "timesteps": trace.timesteps,
        "sigmas": trace.sigmas,
    }
    if arguments.trace:
        files |= _write_trace(out, trace, about)
    return {"files": {name: str(path) for name, path in files.items()}, **about}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say what was written, and what it took."""
    return [
        *(plain(f"{name}: {path}") for name, path in answer["files"].items()),
        f"{answer['calls']} U-Net calls, {answer['seconds']:.1f} s, {answer['peak_mb']} MB at most",
        *answer["notes"],
    ]


def _write_trace(
    out: Path,
    trace: Any,  # Any: a Trace, whose module imports torch
    about: dict[str, Any],
) -> dict[str, Path]:
    """Write the run's numbers as JSON and its latents as safetensors, one row a call."""
    numbers = ("index", "step", "t", "sigma", "alpha_bar")
    tensors = trace.to_tensors()
    told = {
        **about,
        "steps": [{name: getattr(step, name) for name in numbers} for step in trace.steps],
        "tensors": {name: list(tensor.shape) for name, tensor in tensors.items()},
    }
    files = {"trace": out / "trace.json", "tensors": out / "trace.safetensors"}
    files["trace"].write_text(write_json(told, indent=2), encoding="utf-8")
    files["tensors"].write_bytes(trace.to_bytes())
    return files
