"""Look at this machine: what it computes on, what is installed, what is wrong and what to do."""

import argparse
import platform
from dataclasses import asdict
from importlib import metadata
from typing import Any

from core.commands.plain import plain, say
from core.words import tr, tr_later

PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "safetensors",
    "streamlit",
    "altair",
    "numpy",
    "pillow",
    "scipy",
    "torchsde",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the machine is all there is to look at."""
    del parser


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Probe the hardware and verify the built-in model."""
    del arguments
    from core.engine.client import cache_folder
    from core.engine.store import look_over
    from core.errors import ExplainerError
    from core.models.catalog import BUILT_IN, builtin_folder
    from core.models.folders import inspect_folder
    from core.models.hardware import Problem, choose, judge, probe
    from core.models.open_files import CLASS, raise_limit, visitors

    facts = probe()
    problems = judge(facts)
    try:
        inspect_folder(builtin_folder())
        whole = True
    except ExplainerError as error:
        whole = False
        problems.insert(0, Problem(error.what, error.fix, "error"))
    problems += [Problem(what, fix, "warning") for what, fix in look_over(cache_folder())]
    limit = raise_limit()
    carried = visitors(limit) if limit else None
    if carried is not None and carried < CLASS:
        what = tr(
            "At most {limit} files may be open at once, enough for about {carried} visitors.",
            limit=limit,
            carried=carried,
        )
        fix = tr("Raise the limit before the app is started: ulimit -n 4096.")
        problems.append(Problem(what, fix, "warning"))
    return {
        "use": asdict(choose(facts)),
        "facts": asdict(facts),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "visitors": carried,
        "models": {BUILT_IN: tr_later("whole") if whole else tr_later("damaged")},
        "problems": [asdict(problem) for problem in problems],
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say first whether all is well, then what there is."""
    from core.views.numbers import count

    use, problems = answer["use"], answer["problems"]
    wrong = sum(problem["severity"] == "error" for problem in problems)
    verdict = tr("{wrong} to mend before this runs well.", wrong=wrong) if wrong else tr("Ready.")
    computed = tr(
        "Pictures are computed on {name}, {dtype}, {threads}.",
        name=use["name"],
        dtype=use["dtype"],
        threads=count(use["threads"], "thread"),
    )
    visitors, models = answer["visitors"], answer["models"]
    return [
        f"{verdict} {computed}",
        *(plain(f"- {problem['what']} {problem['fix']}") for problem in problems),
        "",
        *say({name: tr(state) for name, state in models.items()}),
        *say({tr("system"): answer["system"], "python": answer["python"]}),
        *(
            []
            if visitors is None
            else say({tr("visitors at once that open files allow"): visitors})
        ),
        *say(answer["versions"]),
    ]
