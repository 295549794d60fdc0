"""Turn one timestep into the row of cosines and sines that the network is given."""

import argparse
from typing import Any

from core.commands.plain import say, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the timestep and how it is embedded; the defaults are Stable Diffusion 1.x's."""
    from core.commands.arguments import number, whole

    parser.add_argument("--t", type=number, required=True, metavar="T", help="timestep, 0 to 999")
    parser.add_argument("--dim", type=whole, default=320, metavar="D", help="numbers (default 320)")
    parser.add_argument(
        "--max-period", type=number, default=10_000.0, metavar="P", help="default 10000"
    )
    parser.add_argument(
        "--flip-sin-to-cos",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="cosines before sines (default)",
    )
    parser.add_argument(
        "--freq-shift", type=number, default=0.0, metavar="F", help="default 0; DDPM has 1"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Embed it; needs no torch."""
    from core.errors import ExplainerError
    from core.ideas.timestep import count_unfinished, embed_timesteps
    from core.ideas.timestep_presets import check_embedding, check_timestep

    t = check_timestep(arguments.t)
    try:
        settings = check_embedding(
            arguments.dim, arguments.max_period, arguments.flip_sin_to_cos, arguments.freq_shift
        )
    except ValueError as error:
        raise ExplainerError(
            "These settings give no finite embedding.", "Choose another period or shift."
        ) from error
    return {
        "t": t,
        "dim": settings.dim,
        "max_period": settings.max_period,
        "flip_sin_to_cos": settings.flip_sin_to_cos,
        "freq_shift": settings.freq_shift,
        "unfinished": count_unfinished(settings),
        "embedding": embed_timesteps(t, settings)[0].tolist(),
    }


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Show the settings, then one line a clock: its cosine and its sine."""
    numbers, half = answer["embedding"], answer["dim"] // 2
    first, second = numbers[:half], numbers[half : 2 * half]
    cosines, sines = (first, second) if answer["flip_sin_to_cos"] else (second, first)
    rows = [
        {"clock": clock, "cos": cosine, "sin": sine}
        for clock, (cosine, sine) in enumerate(zip(cosines, sines, strict=True), 1)
    ]
    settings = {name: answer[name] for name in ("t", "dim", "max_period", "freq_shift")}
    order = "cosines" if answer["flip_sin_to_cos"] else "sines"
    return [
        *say(settings),
        f"{order} come first; {answer['unfinished']} of {half} clocks take more than "
        "1,000 timesteps:",
        *table(rows, ("clock", "cos", "sin")),
    ]
