"""What the command line writes, wherever it is read."""

import os
import shlex
import subprocess
import sys

import pytest

from core.__main__ import main
from core.commands.plain import plain, table
from core.commands.progress import told
from core.engine.work import Progress


def test_a_reader_that_has_gone_ends_a_short_answer_without_a_word() -> None:
    read, write = os.pipe()
    os.close(read)
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "core", "models"],
            env=buffered,
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    finally:
        os.close(write)
    assert done.stderr == b""
    assert done.returncode == 1


def test_a_terminal_without_the_letters_shows_them_escaped() -> None:
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "core", "tokens", "café 🐈"],
        env=narrow,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert b"caf\\xe9" in done.stdout


def test_a_table_is_aligned_and_shows_escapes_as_text() -> None:
    rows = [{"name": "a\x1b[31m", "t": 5, "on": True}, {"name": "bb", "t": None, "on": False}]
    assert table(rows, ("name", "t", "on")) == [
        "name       t  on",
        "a\\x1b[31m  5  yes",
        "bb         -  no",
    ]
    assert plain(0.1234567) == "0.12346"


@pytest.mark.parametrize(
    ("command", "first", "among"),
    [
        ("tokens 'red fox'", "position  word  piece", "2 of 75 places used; 73 more are filled"),
        ("sigmas --scheduler heun --steps 4", "heun, 4 steps, 7 U-Net calls:", "It ends at sigma"),
        ("embed-timestep --t 7 --dim 8", "t: 7", "1 of 4 clocks take more than 1,000 timesteps"),
        ("models", "id ", "A true Stable Diffusion in small"),
        ("doctor", "Ready.", "emoji128: whole"),
    ],
)
def test_people_read_tables_with_what_matters_first(
    command: str, first: str, among: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(command)) == 0
    said = capsys.readouterr().out
    assert said.startswith(first)
    assert among in said


def three_pieces() -> str:
    with told("Call") as tell:
        for done in range(3):
            tell(Progress(done, 3))
    return "made"


def test_a_terminal_is_told_how_far_the_work_is_and_nobody_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert three_pieces() == "made"
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert three_pieces() == "made"
    said = capsys.readouterr()
    assert said.out == ""
    assert [line[3:] for line in said.err.split("\r")[1:]] == [
        "Call 1 of 3", "Call 2 of 3", "Call 3 of 3", "",
    ]  # fmt: skip
