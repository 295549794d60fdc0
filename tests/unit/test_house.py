"""The house: requirements above known holes, settings in force, an honest browser finder."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {  # first versions without the holes that were published
    "streamlit": "1.54.0",
    "starlette": "1.1.0",
    "pillow": "12.3.0",
    "torch": "2.10.1",
    "diffusers": "0.38.0",
}


def requirements() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in found}


def test_torch_is_pinned_and_all_others_are_bounded() -> None:
    found = requirements()
    assert str(found.pop("torch").specifier) == "==2.13.0"
    for name, requirement in found.items():
        operators = {part.operator for part in requirement.specifier}
        assert operators == {">=", "<"}, name


@pytest.mark.parametrize("name", FLOORS)
def test_no_version_with_a_known_hole_is_allowed(name: str) -> None:
    lowest = min(
        Version(part.version)
        for part in requirements()[name].specifier
        if part.operator in (">=", "==")
    )
    assert lowest >= Version(FLOORS[name])


@pytest.mark.parametrize("name", requirements())
def test_installed_version_is_within_the_bounds(name: str) -> None:
    from importlib.metadata import version

    assert requirements()[name].specifier.contains(Version(version(name)).base_version)


def test_settings_that_hold_a_class_are_in_force() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert set(config["server"]["allowedHosts"]) == {"127.0.0.1", "localhost", "::1"}
    assert config["server"]["maxUploadSize"] == 5
    assert config["runner"]["postScriptGC"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert "http" not in str(config["theme"])


@pytest.mark.parametrize(
    ("named", "status"), [(sys.executable, 0), ("/nowhere/chromium", 1)], ids=["there", "missing"]
)
def test_browser_is_found_or_said_to_be_missing(named: str, status: int) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "browser" / "find_browser.py")],
        env={**os.environ, "GLASSBOX_BROWSER": named},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == status
    assert ran.stdout.strip() == (named if status == 0 else "")
    assert ("GLASSBOX_BROWSER names" in ran.stderr) == (status == 1)


NOISY = "for n in $(seq 300); do echo line $n; echo more >&2; done"


@pytest.mark.parametrize("works", [True, False])
def test_browser_is_installed_in_one_line_unless_it_fails(tmp_path: Path, works: bool) -> None:
    browser = tmp_path / "chromium"
    brings = f"touch {browser}; chmod +x {browser}" if works else "true"
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import find_browser as it\n"
        "it.commands = lambda: [['no-such-command'], ['sh', '-c', sys.argv.pop(1)]]\n"
        "it._bundled = lambda: None\n"
        "sys.exit(it.main())"
    )
    command = [
        sys.executable, "-c", code, str(ROOT / "tests" / "browser"), f"{NOISY}; {brings}",
        "--install",
    ]  # fmt: skip
    (tmp_path / "sh").symlink_to("/bin/sh")
    (tmp_path / "seq").symlink_to(shutil.which("seq") or "")
    (tmp_path / "touch").symlink_to(shutil.which("touch") or "")
    (tmp_path / "chmod").symlink_to(shutil.which("chmod") or "")
    env = {name: value for name, value in os.environ.items() if name != "GLASSBOX_BROWSER"}
    ran = subprocess.run(command, env=env | {"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert ran.returncode == (0 if works else 1)
    told = ran.stderr.splitlines()
    assert told[0] == "Installing Chromium for the browser tests, once."
    assert ran.stdout.strip() == (str(browser) if works else "")
    assert len(told) == 1 if works else len(told) > 600
