"""The benchmarks of pages run to their end and print their figures; none of them is judged."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("first_paint", "fresh"),
        ("live", "typed"),
        ("scheduler_overlay", "curves"),
        ("timestep_slider", "dim"),
        ("tokens_redraw", "milliseconds"),
        ("unet_page", "cold"),
    ],
)
def test_benchmark_prints_figures(name: str, first: str, server: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--short", "--ours", server]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert next(iter(told)) == first
    assert len(re.findall(r": [0-9]", done.stdout)) >= 3
    assert "NaN" not in done.stdout
