"""Whoever starts the app the wrong way is told the right one, in one sentence."""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = "Python 3.11 or newer is needed; install it and try again."


def run(*command: str, cwd: Path = ROOT, user: int | None = None) -> tuple[int, list[str]]:
    """Run a command; returns its status and the lines it wrote, make's own left out."""
    done = subprocess.run(
        command, cwd=cwd, user=user, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("make")]
    return done.returncode, lines


def test_python_alone_is_told_how_to_start_the_app() -> None:
    status, told = run(sys.executable, "Home.py")
    assert status == 1
    assert told == [
        "This app is started by Streamlit: type make run, or python -m streamlit run Home.py"
    ]


@pytest.mark.parametrize("name", ["core", "core.__main__", "core.training.__main__"])
def test_an_older_python_is_told_so(name: str) -> None:
    code = f"import sys; sys.version_info = (3, 10, 4); import {name}"
    assert run(sys.executable, "-c", code) == (
        1, ["Python 3.11 or newer is needed, this is 3.10."]
    )  # fmt: skip


@pytest.mark.parametrize("file", ["Home.py", "core/__init__.py"])
def test_an_older_python_can_read_where_it_is_told_so(file: str) -> None:
    ast.parse((ROOT / file).read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A copy of what make needs; pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory() as made:
        for name in (
            "Makefile",
            "requirements.txt",
            "requirements-dev.txt",
            "constraints.txt",
            "package.json",
        ):
            shutil.copy(ROOT / name, made)
        yield Path(made)


def fake_python(folder: Path, can: str) -> str:
    """Write a Python that is new enough, or has what a virtual environment needs, or neither."""
    python = folder / "python"
    write_program(python, f'case "$*" in *"{can}"*) exit 0;; *) exit 1;; esac')
    return str(python)


def test_make_says_that_a_folder_cannot_be_written(folder: Path) -> None:
    python = fake_python(folder, "version_info")
    folder.chmod(0o555)
    user = 65534 if os.getuid() == 0 else None  # root may write anywhere
    status, told = run("make", "setup", f"PYTHON={python}", cwd=folder, user=user)
    folder.chmod(0o755)
    assert status != 0
    assert told == [
        "This folder cannot be written, and the packages go into its .venv: copy it elsewhere."
    ]


@pytest.mark.parametrize("python", ["", "no-such-python", "old"])
def test_make_says_that_a_newer_python_is_needed(folder: Path, python: str) -> None:
    python = fake_python(folder, "nothing") if python == "old" else python
    status, told = run("make", "setup", f"PYTHON={python}", cwd=folder)
    assert status != 0
    assert told == [NEEDED]


def test_make_says_that_venv_is_missing(folder: Path) -> None:
    python = fake_python(folder, "version_info")
    status, told = run("make", "setup", f"PYTHON={python}", cwd=folder)
    assert status != 0
    assert told == [
        "This Python cannot make a virtual environment; on Debian: apt-get install python3-venv"
    ]


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({}, False),
        ({"DISPLAY": ":0", "CI": "true"}, False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}, False),
        ({"system": "Darwin"}, True),
    ],
)
def test_make_run_opens_a_browser_before_a_screen_alone(
    tmp_path: Path, told: dict[str, str], opened: bool
) -> None:
    write_program(tmp_path / "uname", f"echo {told.get('system', 'Linux')}")
    write_program(tmp_path / "xdg-open", "")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **told}
    for container in ("", "/.dockerenv"):
        make = ["make", "-n", "run", f"CONTAINER={container}"]
        done = subprocess.run(make, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert ("--server.headless false" in done.stdout) == (opened and not container)


def write_program(file: Path, does: str) -> None:
    """Write a program of the shell."""
    file.write_text(f"#!/bin/sh\n{does}\n")
    file.chmod(0o755)
