"""Print the exact version of every package that the requirements bring, as it is installed here.

Other systems need a few packages more: those that some requirement asks for there are looked up
with pip. ``make constraints`` writes all of it to constraints.txt.
"""

import itertools
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = (("Linux", "linux", "posix"), ("Darwin", "darwin", "posix"), ("Windows", "win32", "nt"))
HEAD = """\
# Every package at the version that was tested, made by: make constraints
# What torch's build for NVIDIA's cards brings beside, torch itself chooses.
"""


def roots() -> list[Requirement]:
    """Return what the project itself asks for."""
    files = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def wanted(marker: Marker | None, extras: set[str]) -> bool:
    """Whether any system that the project runs on wants what stands behind a marker."""
    here = {**default_environment(), "platform_machine": "x86_64"}
    return marker is None or any(
        marker.evaluate(
            here
            | {"platform_system": system, "sys_platform": short, "os_name": name}
            | {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
        )
        for (system, short, name), python in itertools.product(SYSTEMS, PYTHONS)
        for extra in ("", *extras)
    )


def pins() -> dict[str, str]:
    """Return a line for each package, by its name."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = roots()
    while waiting:
        asked = waiting.pop()
        name, extras = canonicalize_name(asked.name), frozenset(asked.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            marker = f" ; {asked.marker}" if asked.marker else ""
            found[name] = f"{name}=={look_up(asked)}{marker}"
            continue
        found[name] = f"{name}=={Version(package.version).public}"
        needs = [Requirement(line) for line in package.requires or ()]
        waiting += [need for need in needs if wanted(need.marker, set(extras))]
    return found


def look_up(asked: Requirement) -> str:
    """Return the newest version of a package that is not installed here."""
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps",
        "--ignore-installed", "--disable-pip-version-check", "--report", "-",
        f"{asked.name}{asked.specifier}",
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(told)["install"][0]["metadata"]["version"]


if __name__ == "__main__":
    print(HEAD + "\n".join(line for _, line in sorted(pins().items())))
