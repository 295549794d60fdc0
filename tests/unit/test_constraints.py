"""What is installed is pinned as a whole, and what is pinned is what is tested here."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"([a-z0-9-]+)==([0-9][0-9A-Za-z.]*)( ; .+)?")


def read(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] not in "#-"]


ROOTS = [Requirement(line) for line in read("requirements.txt") + read("requirements-dev.txt")]


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    """Version by name, of the packages that this system needs."""
    rows = [LINE.fullmatch(line) for line in read("constraints.txt")]
    assert all(rows), "a line of constraints.txt is no exact version"
    return {
        row[1]: row[2]
        for row in rows
        if row and (row[3] is None or Marker(row[3].removeprefix(" ; ")).evaluate())
    }


def needed(asked: list[Requirement]) -> Iterator[metadata.Distribution]:
    """Every package that is installed for the sake of some others, those included."""
    seen: set[tuple[str, str]] = set()
    while asked:
        one, *asked = asked
        for extra in ("", *one.extras):
            if (one.name, extra) in seen:
                continue
            seen.add((one.name, extra))
            package = metadata.distribution(one.name)
            yield package
            needs = [Requirement(line) for line in package.requires or ()]
            asked += [n for n in needs if n.marker is None or n.marker.evaluate({"extra": extra})]


def test_everything_that_is_installed_is_pinned_at_its_version(pinned: dict[str, str]) -> None:
    found = {
        canonicalize_name(package.metadata["Name"]): Version(package.version).public
        for package in needed(ROOTS)
    }
    assert len(found) > 60
    assert found == pinned


def test_what_is_pinned_is_what_the_requirements_allow(pinned: dict[str, str]) -> None:
    for one in ROOTS:
        assert pinned[canonicalize_name(one.name)] in one.specifier, one


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_what_is_pinned_is_made_for_every_python_that_is_named(
    pinned: dict[str, str], python: str
) -> None:
    for name in pinned:
        allowed = metadata.metadata(name).get("Requires-Python") or ""
        assert python in SpecifierSet(allowed), f"{name} needs Python {allowed}"


def test_both_installs_use_the_constraints_and_name_no_index() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if "-r $(REQUIREMENTS)" in line]
    assert len(installs) == 1
    assert "-c constraints.txt" in installs[0]
    assert "-r requirements.txt -c constraints.txt" in (ROOT / "README.md").read_text("utf-8")
    for name in ("constraints.txt", "requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8"), name
