"""What the benchmarks share: arguments with a short form, clocks, medians, a browser and servers.

Each benchmark is run as ``python -m benchmarks.NAME`` and prints one JSON object. With ``--short``
it goes the whole way as few times as it can: the figures say little, but nothing is left untried.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from find_browser import find_browser
from playwright.sync_api import Browser, sync_playwright
from serving import serve

WAIT_MS = 300_000
EMPTY = "import streamlit as st; st.title('Empty')\n"
# Elements of components stand in shadow roots: a script that looks for them needs these roots.
ROOTS = """const roots = [document];
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) {
        const root = attach.call(this, options);
        roots.push(root);
        return root;
    };"""

Run = tuple[float, float, Any]  # wall seconds, CPU seconds, Any: what came of it


class Arguments(argparse.ArgumentParser):
    """A parser whose counts have a usual and a short value."""

    def __init__(self, told: str | None) -> None:
        """Start with ``--short`` alone.

        Args:
            told: the benchmark's docstring, whose first line is the help.
        """
        super().__init__(description=(told or "").splitlines()[0])
        self.add_argument("--short", action="store_true", help="as few turns as there can be")
        self._counts: dict[str, tuple[int, int]] = {}

    def add_count(self, name: str, usual: int, short: int, told: str | None = None) -> None:
        """Add ``--name``.

        Args:
            name: of the option.
            usual: its value where nothing is said.
            short: its value with ``--short``.
            told: its help.
        """
        self.add_argument(f"--{name}", type=int, help=f"{told or 'how many'}; {usual}")
        self._counts[name] = usual, short

    def add_address(self) -> None:
        """Add ``--ours``."""
        self.add_argument("--ours", help="address of the app; where left out, it is started anew")

    def read(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """Return the options, every count with its value.

        Args:
            argv: the arguments, those of the process where None.
        """
        options = self.parse_args(argv)
        for name, (usual, short) in self._counts.items():
            if getattr(options, name) is None:
                setattr(options, name, short if options.short else usual)
        return options


def use_threads(count: int) -> int:
    """Let torch compute with so many threads, 0 leaves its own choice; returns how many."""
    import torch

    if count:
        torch.set_num_threads(count)
    return torch.get_num_threads()


def timed(work: Callable[[], Any]) -> Run:  # Any: as above
    """Return wall seconds, CPU seconds and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def by_turns(ways: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[Run]]:
    """Time each way, one after another, again and again.

    Args:
        ways: what to run, by name.
        repeats: how often each.
    """
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            found[name].append(timed(way))
    return found


def medians(found: dict[str, list[Run]]) -> dict[str, dict[str, float]]:
    """Return the middle wall and CPU seconds of each way."""
    return {
        name: {
            "wall_s": round(statistics.median(run[0] for run in runs), 3),
            "cpu_s": round(statistics.median(run[1] for run in runs), 3),
        }
        for name, runs in found.items()
    }


def ratios(above: dict[str, float], below: dict[str, float]) -> dict[str, float]:
    """Return what one way takes in parts of another, by the wall's clock and the processor's."""
    return {
        "ratio_wall": round(above["wall_s"] / below["wall_s"], 3),
        "ratio_cpu": round(above["cpu_s"] / below["cpu_s"], 3),
    }


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Start Chromium for as long as it is needed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serve_ours(address: str | None) -> Iterator[str]:
    """Run the app for as long as it is needed, where it does not run yet; gives its address.

    Args:
        address: where it runs already, or None.
    """
    if address is not None:
        yield address
        return
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as ours:
        yield ours


@contextmanager
def serve_beside(address: str | None, script: str = EMPTY) -> Iterator[dict[str, str]]:
    """Run the app and a page of one line side by side; gives ``ours`` and ``bare``.

    Args:
        address: where the app runs already, or None.
        script: of the bare page.
    """
    with tempfile.TemporaryDirectory() as folder, serve_ours(address) as ours:
        page = Path(folder) / "bare.py"
        page.write_text(script, encoding="utf-8")
        with serve(page.parent, page) as bare:
            yield {"bare": bare, "ours": ours}
