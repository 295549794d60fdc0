"""All schedulers as a table, and those that are left out with the reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.lessons.schedulers.overlay_data import Path
from core.models.schedulers.names import FLOW, OTHER, REJECTED
from core.models.schedulers.record import Scheduler
from core.models.schedulers.table import SCHEDULERS
from core.views.tables import Row
from core.words import tr, tr_later

NOISE_SETTINGS = ("eta", "s_churn", "algorithm_type")  # the last one's sde variants
FILTERS = (
    tr_later("No fresh noise"),
    tr_later("Fresh noise"),
    tr_later("One call a step"),
    tr_later("Second order or higher"),
)


def scheduler_rows(
    paths: Sequence[Path], counted: Mapping[str, int] | None, filters: Sequence[str] = ()
) -> list[Row]:
    """Return one row for each scheduler.

    Args:
        paths: from ``overlay_paths``.
        counted: network calls by name, where a hook has counted them.
        filters: of ``FILTERS``; a row must pass them all.
    """
    planned = {path.id: path.plan.calls if path.plan else None for path in paths}
    rows = []
    for name, info in SCHEDULERS.items():
        passes = {
            "No fresh noise": not info.stochastic,
            "Fresh noise": info.stochastic,
            "One call a step": info.calls == "N",
            "Second order or higher": info.order > 1,
        }
        if not all(passes[wanted] for wanted in filters):
            continue
        rows.append(
            {
                tr_later("scheduler"): info.title,
                tr_later("what it does"): tr(
                    "{what} Only for distilled models.", what=tr(info.blurb)
                )
                if info.distilled_only
                else tr(info.blurb),
                tr_later("U-Net calls"): planned[name],
                tr_later("counted"): _say_counted(info, counted),
                tr_later("for N steps"): info.calls,
                tr_later("order"): info.order,
                tr_later("fresh noise"): tr("yes") if info.stochastic else _noise_if_asked(info),
                tr_later("latents kept as"): "x0 + σ ε" if info.space == "ve" else tr("unit scale"),
                tr_later("settings"): len(info.options),
                tr_later("name"): name,
                tr_later("class"): info.class_name,
            }
        )
    return rows


def _say_counted(scheduler: Scheduler, counted: Mapping[str, int] | None) -> str:
    """Say how many calls were counted, or what is missing to count them."""
    if counted is None:
        return "…"
    if scheduler.name in counted:
        return str(counted[scheduler.name])
    return "–" if scheduler.available else tr("needs {package}", package=scheduler.requires)


def _noise_if_asked(scheduler: Scheduler) -> str:
    """Say whether a setting makes a scheduler draw noise that it does not draw by itself."""
    asks = [option.name for option in scheduler.options if option.name in NOISE_SETTINGS]
    return tr("only with {setting}", setting=asks[0]) if asks else tr("no")


def rejected_rows(others: bool = False) -> list[dict[str, str]]:
    """Return one row for each of the library's schedulers that is not offered.

    Args:
        others: those that are made for other models, in the place of those for these.
    """
    return [
        {"class": one.class_name, "verdict": tr(one.verdict), "why": tr(one.why)}
        for one in REJECTED
        if (one.verdict in (FLOW, OTHER)) is others
    ]


def option_rows(
    scheduler: Scheduler,
    base_config: Mapping[str, Any],  # Any: what JSON holds
    chosen: Mapping[str, object],
) -> list[Row]:
    """Return one row for each setting of a scheduler.

    Args:
        scheduler: whose settings.
        base_config: the checkpoint's scheduler config.
        chosen: settings in force that differ from both.
    """
    return [
        {
            tr_later("setting"): option.name,
            tr_later("meaning"): tr(option.meaning),
            tr_later("in force"): say(
                chosen.get(option.name, base_config.get(option.name, option.default))
            ),
            tr_later("this checkpoint"): say(base_config[option.name])
            if option.name in base_config
            else "–",
            tr_later("library's default"): say(option.default),
            tr_later("allowed"): option.range,
            tr_later("type"): option.type,
        }
        for option in scheduler.options
    ]


def say(value: object) -> str:
    """Say a setting's value as one would type it.

    Args:
        value: of any type.
    """
    return str(value).lower() if isinstance(value, bool) else f"{value}"
