"""How far the memory that is foretold lies from what a run takes, on models of several shapes.

    python -m benchmarks.memory [--shapes 6] [--smaller 1] [--short]

Each shape is a model of random weights, written as one file, loaded and asked for one picture of
two steps, in a process of its own on the CPU. What it takes is the peak of its resident memory over
what it had before it loaded the model, after the libraries' own first calls. Prints one JSON
object: for each shape megabytes foretold and taken, and their ratio. ``--smaller`` divides channels
and sides.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks._measuring import Arguments

SHAPES = (  # family, first-level channels of U-Net and autoencoder, settings, pixels
    ("sd1", 128, 64, {}, 256),
    ("sdxl", 160, 64, {}, 320),
    ("sd2", 160, 96, {}, 384),
    ("sd1", 160, 128, {"in_channels": 9}, 320),
    ("sd1", 320, 128, {}, 256),
    ("sd2", 96, 128, {}, 512),
)  # fmt: skip
STATUS = Path("/proc/self/status")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure each shape and print the figures."""
    parser = Arguments(__doc__)
    parser.add_count("shapes", len(SHAPES), 1)
    parser.add_count("smaller", 1, 2, "by how much channels and sides are divided")
    parser.add_argument("--one", type=Path, help="measure this file, in this process")
    parser.add_argument("--pixels", type=int, default=256)
    options = parser.read(argv)
    if not STATUS.exists():
        print(json.dumps({"shapes": [], "why": "only Linux tells the peak of a part of a process"}))
        return
    if options.one:
        print(json.dumps(take(options.one, options.pixels)))
        return
    shapes = [
        (family, width // options.smaller, vae // options.smaller, unet, pixels // options.smaller)
        for family, width, vae, unet, pixels in SHAPES[: options.shapes]
    ]
    print(json.dumps({"shapes": [measure(*shape) for shape in shapes]}))


def measure(
    family: str, width: int, vae: int, unet: dict[str, int], pixels: int
) -> dict[str, object]:
    """Write a model of random weights and have a new process measure it."""
    from tests.single_file import build, save

    with tempfile.TemporaryDirectory() as made:
        file = save(build(family, width, vae, **unet), Path(made, "model.safetensors"))
        command = [sys.executable, "-m", "benchmarks.memory", "--one", str(file)]
        ran = subprocess.run(
            [*command, "--pixels", str(pixels)], capture_output=True, text=True, check=True,
            env={**os.environ, "GLASSBOX_CACHE": made, "OMP_NUM_THREADS": "2"},
        )  # fmt: skip
    return {"family": family, "width": width, "pixels": pixels, **json.loads(ran.stdout)}


def take(file: Path, pixels: int) -> dict[str, float]:
    """Load one file and draw; return what was foretold and what it took, in megabytes."""
    from core.engine.alone import run_alone
    from core.engine.request import Request
    from core.models.allocator import give_back
    from core.models.catalog import offer
    from core.models.hardware import Hardware
    from core.models.loading import load_checkpoint
    from core.models.memory import need_of

    run_alone(load_checkpoint(), Request(steps=1))  # the libraries' own first calls
    gc.collect()
    give_back()  # what they left free would be taken first, and not be counted
    model = offer(file).id
    foretold = need_of(model).total(pixels, pixels, 4)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    checkpoint = load_checkpoint(model, Hardware("cpu", "float32", "CPU", 0, 1))
    loaded = resident("VmHWM") - before
    run_alone(checkpoint, Request(model=model, steps=2, height=pixels, width=pixels))
    taken = resident("VmHWM") - before
    return {"foretold_mb": round(foretold / 1e6), "loaded_mb": round(loaded / 1e6),
            "taken_mb": round(taken / 1e6), "ratio": round(foretold / taken, 3)}  # fmt: skip


def resident(what: str) -> int:
    """Return bytes of this process: "VmRSS" now, "VmHWM" at its peak."""
    line = next(one for one in STATUS.read_text().splitlines() if one.startswith(what))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
