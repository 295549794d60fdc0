"""What the command line writes, wherever it is read."""

import os
import subprocess
import sys


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
