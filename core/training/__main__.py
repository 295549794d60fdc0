"""Train the models that ship, one command a stage.

data, text, vae, unet, evaluate and export make the built-in model, in this order; small_decoder
then learns to draw its films, small_judge to name what is in them, turbo to draw in few calls;
pixels makes the small model of faces.
restore lets a run go on from the weights that ship: after it, for example, unet --steps N trains
the U-Net further. renew makes anew what hangs on the weights that ship: what was measured of them,
and the card. card --pack FOLDER prepares a run for a machine with one large GPU and no network;
there card --minutes N trains, and here card --collect FOLDER takes what came back.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ExplainerError

if TYPE_CHECKING:
    from core.training.run import Run

ROOT = Path(__file__).resolve().parents[2]
STAGES = (
    *("data", "text", "vae", "unet", "evaluate", "export"),
    *("small_decoder", "small_judge", "turbo", "pixels"),
    *("restore", "renew", "card"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one stage and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.training", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="checkpoints and logs")
    parser.add_argument("--steps", type=int, help="optimizer steps in all, instead of the plan's")
    parser.add_argument("--device", default=None, help="cpu or cuda; the best there is by default")
    parser.add_argument("--threads", type=int, default=None, help="CPU threads")
    parser.add_argument("--pack", type=Path, help="card: the folder that is to travel")
    parser.add_argument("--minutes", type=float, default=8.0, help="card: time on that machine")
    parser.add_argument("--collect", type=Path, help="card: the folder that came back")
    options = parser.parse_args(arguments)
    try:
        run_stage(options)
    except ExplainerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from the last checkpoint.", file=sys.stderr)
        return 130
    return 0


def run_stage(options: argparse.Namespace) -> None:
    """Run the stage that was asked for; torch is imported only here."""
    import torch

    from core.training import pictures
    from core.training.run import Run

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.stage == "data":
        bank = pictures.fetch_pictures(options.runs / "data")
        print(f"{len(bank.emoji)} pictures, {bank.objects} of them objects with a caption.")
        return
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    run = Run(options.runs, device, options.steps)
    if options.stage == "card":
        run_card(run, options)
        return
    from core.training import stages  # imports diffusers, which the card's machine may lack

    getattr(stages, f"run_{options.stage}")(run)


def run_card(run: "Run", options: argparse.Namespace) -> None:
    """Pack, train or collect the run for a machine with one large GPU."""
    from core.training import large

    if options.pack:
        large.pack(run, options.pack)
        size = sum(f.stat().st_size for f in options.pack.rglob("*") if f.is_file())
        print(f"{size / 1e6:.1f} MB in {options.pack}")
    elif options.collect:
        large.collect(run, options.collect)
    else:
        print(f"What is to come back is in {large.train(run, options.minutes)}")


if __name__ == "__main__":
    raise SystemExit(main())
