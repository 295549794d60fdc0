"""Say where a scheduler goes: timesteps, sigmas, alpha_bar, SNR in dB and U-Net calls."""

import argparse
from typing import Any

from core.commands.plain import plain, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the scheduler, its settings, the steps and the model."""
    from core.commands.arguments import add_model, add_scheduler, whole

    add_scheduler(parser)
    parser.add_argument("--steps", type=whole, default=20, metavar="N", help="scheduler steps")
    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Plan the run; needs no torch."""
    import numpy as np

    from core.commands.arguments import find_model
    from core.commands.schedulers import read_scheduler_config
    from core.engine.request import Request, validated
    from core.ideas.noise_levels import alpha_bar_from_sigma, snr_db_from_alpha_bar
    from core.models.schedulers.plans import plan_run
    from core.models.schedulers.table import SCHEDULERS

    request = validated(
        Request(
            model=find_model(arguments.model).id,
            scheduler=arguments.scheduler,
            steps=arguments.steps,
            params=tuple(arguments.param),
        )
    )
    config = read_scheduler_config(arguments.model)
    params = dict(request.params)
    plan = plan_run(SCHEDULERS[request.scheduler], config, params, request.steps)
    alpha_bar = np.asarray(alpha_bar_from_sigma(plan.sigmas))
    return {
        "scheduler": request.scheduler,
        "steps": request.steps,
        "params": params,
        "calls": plan.calls,
        # one entry a U-Net call
        "step": plan.steps.tolist(),
        "timesteps": plan.timesteps.tolist(),
        "sigmas": plan.sigmas.tolist(),
        "alpha_bar": alpha_bar.tolist(),
        "snr_db": np.asarray(snr_db_from_alpha_bar(alpha_bar)).tolist(),
        "end_sigma": plan.end,
    }


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Show one line a U-Net call; to people, steps are numbered from 1."""
    columns: tuple[str, ...] = ("step", "timesteps", "sigmas", "alpha_bar", "snr_db")
    answer = {**answer, "step": [step + 1 for step in answer["step"]]}
    rows = [{name: answer[name][call] for name in columns} for call in range(answer["calls"])]
    return [
        f"{answer['scheduler']}, {answer['steps']} steps, {answer['calls']} U-Net calls:",
        *table(rows, columns),
        f"It ends at sigma {plain(answer['end_sigma'])}.",
    ]
