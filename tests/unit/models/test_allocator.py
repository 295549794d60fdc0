"""glibc is told to hold less, in a process of its own; elsewhere nothing happens."""

import subprocess
import sys

import pytest

from core.models import allocator

ASKS = """
import psutil
from core.models.allocator import give_back, hold_less
assert hold_less()
held = [bytearray(1000) for _ in range(50_000)]
del held[:-1]  # the last one keeps the heap from shrinking by itself
before = psutil.Process().memory_info().rss
assert give_back()
assert before - psutil.Process().memory_info().rss > 30_000_000
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_what_was_freed_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert not allocator.hold_less()
    assert not allocator.give_back()
