"""What is kept is measured with all that is inside it, and no more is kept than may be."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.results import Recent, held_bytes

MB = 1_000_000


def megabytes(count: float) -> np.ndarray:
    return np.zeros(int(count * MB), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    values: np.ndarray
    more: tuple[object, ...] = ()


@dataclass(eq=False)
class Outer:
    inner: Inner
    named: dict[str, Any] = field(default_factory=dict)  # Any: whatever is kept


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (megabytes(3), 3 * MB),
        (b"x" * MB, MB),
        ("x" * MB, MB),
        (np.zeros((1000, 250), np.float64), 2 * MB),
        (torch.zeros(250_000), MB),
        ((megabytes(1), [megabytes(2)], {megabytes(1).tobytes(): megabytes(4)}), 8 * MB),
        (Inner(megabytes(1), (Inner(megabytes(2)), None, 3)), 3 * MB),
        (Outer(Inner(megabytes(1)), {"a": {"b": [megabytes(5)]}}), 6 * MB),
        (frozenset({b"y" * MB}), MB),
        ([float(number) for number in range(MB // 32)], MB),  # 24 bytes and a place of 8
    ],
    ids=range(10),
)
def test_all_that_is_inside_counts(value: object, expected: int) -> None:
    assert expected <= held_bytes(value) <= expected * 1.03 + 2000


def test_what_is_there_twice_counts_once_and_a_view_as_what_it_holds() -> None:
    array = megabytes(4)
    assert held_bytes([array, array, Inner(array)]) < 4.01 * MB
    assert held_bytes([array[:10], array[::2].reshape(2, -1)]) == pytest.approx(4 * MB, rel=0.01)
    ring: list[object] = [megabytes(1)]
    ring.append(ring)
    assert held_bytes(ring) == pytest.approx(MB, rel=0.01)


def test_classes_and_nothing_cost_next_to_nothing() -> None:
    assert held_bytes(None) < 100
    assert held_bytes((Inner, len, "name", 1.5)) < 5000


def kept(recent: Recent, count: int) -> list[bool]:
    return [recent.get(number) is not None for number in range(count)]


def test_the_newest_are_kept_within_the_bytes() -> None:
    recent = Recent(4 * MB)
    for number, size in enumerate((1.6, 1.6, 1.2, 0.5)):
        recent.keep(number, megabytes(size))
    assert kept(recent, 4) == [False, True, True, True]


def test_what_is_too_large_is_kept_alone() -> None:
    recent = Recent(4 * MB)
    recent.keep(0, megabytes(1))
    recent.keep(1, megabytes(6))
    assert kept(recent, 2) == [False, True]
    recent.keep(2, megabytes(1))
    assert kept(recent, 3) == [False, False, True]


def test_what_is_still_looked_at_outlives_what_is_older() -> None:
    recent = Recent(4 * MB)
    recent.keep(0, megabytes(1.6))
    recent.keep(1, megabytes(1.6))
    assert recent.get(0) is not None
    recent.keep(2, megabytes(1.6))
    assert kept(recent, 3) == [True, False, True]


def test_what_was_asked_with_counts_as_well() -> None:
    recent = Recent(4 * MB)
    names = [letter * int(2.4 * MB) for letter in "ab"]
    for name in names:
        recent.keep(name, 1)
    assert [recent.get(name) for name in names] == [None, 1]


def test_a_value_put_in_anothers_place_counts_once() -> None:
    recent = Recent(4 * MB)
    for _ in range(5):
        recent.keep("same", megabytes(2))
    recent.keep("other", megabytes(1.5))
    assert recent.get("same") is not None
