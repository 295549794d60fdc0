"""Every benchmark runs to its end and prints its figures; none of them is judged here."""

import importlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

NAMES = sorted(path.stem for path in Path("benchmarks").glob("[a-z]*.py"))
IN_BROWSER = ("first_paint", "live", "scheduler_overlay", "timestep_slider", "tokens_redraw",
              "unet_page")  # fmt: skip


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(IN_BROWSER)))
def test_benchmark_prints_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module(f"benchmarks.{name}").main(["--short"])
    figures = numbers(json.loads(capsys.readouterr().out))
    assert len(figures) >= 5
    assert all(math.isfinite(figure) for figure in figures)


def test_make_bench_finds_every_benchmark() -> None:
    """Those in a browser are run beside the app's other tests there."""
    assert set(IN_BROWSER) < set(NAMES)
    told = Path("tests/browser/test_benchmarks.py").read_text(encoding="utf-8")
    assert all(f'"{name}"' in told for name in IN_BROWSER)


def numbers(told: object) -> list[float]:
    """Return every number inside what JSON holds."""
    if isinstance(told, dict):
        return [number for part in told.values() for number in numbers(part)]
    if isinstance(told, list):
        return [number for part in told for number in numbers(part)]
    return [] if isinstance(told, bool | str | None) else [float(told)]
