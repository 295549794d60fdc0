"""What a container allows is read as Linux tells it, and torch keeps to it."""

from pathlib import Path

import pytest

from core.models import hardware
from core.models.container import most_cores, most_memory


@pytest.mark.parametrize(
    ("told", "cores"),
    [
        ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("max 100000", None),
        ("", None), ("7", None), ("5 0", None), ("-1 100000", None), ("two cores", None),
    ],
)  # fmt: skip
def test_cores_are_rounded_up(tmp_path: Path, told: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(f"{told}\n")
    assert most_cores(tmp_path) == cores


@pytest.mark.parametrize(("told", "memory"), [("1073741824", 2**30), ("max", None), ("é", None)])
def test_memory_is_in_bytes(tmp_path: Path, told: str, memory: int | None) -> None:
    (tmp_path / "memory.max").write_text(f"{told}\n", encoding="latin-1")
    assert most_memory(tmp_path) == memory


def test_a_machine_without_groups_bounds_nothing(tmp_path: Path) -> None:
    assert most_cores(tmp_path / "none") is most_memory(tmp_path / "none") is None


def test_hardware_is_what_the_container_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "most_cores", lambda: 1)
    monkeypatch.setattr(hardware, "most_memory", lambda: 10**9)
    facts = hardware.probe()
    assert (facts.threads, facts.cpu_memory) == (1, 10**9)
