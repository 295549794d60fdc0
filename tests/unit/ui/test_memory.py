"""What is kept is measured with all that is inside it, and a session keeps no more than it may."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pytest
import torch

from core.engine.looks.look import Look, Work
from core.ui import looking
from core.ui.memory import held_bytes

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


@dataclass(frozen=True, slots=True)
class Asked(Look[Inner]):
    """A look whose answer is as large as it says."""

    model: str
    size: float

    def validated(self) -> Self:
        return self

    def read(self, loaded: object) -> Work[Inner]:
        raise NotImplementedError


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """A session, and the looks that the engine was asked for in it."""
    asked: list[Asked] = []

    def ask(look: Asked, *_: object) -> Inner:
        asked.append(look)
        return Inner(megabytes(look.size))

    monkeypatch.setattr(looking.st, "session_state", {})
    monkeypatch.setattr(looking, "ask", ask)
    return asked


def looks(*sizes: float) -> list[Asked]:
    return [Asked(f"m{number}", size) for number, size in enumerate(sizes)]


def kept(asked: list[Asked]) -> list[bool]:
    answers = looking.st.session_state[looking._ANSWERS]
    return [look in answers for look in asked]


def test_session_keeps_the_newest_answers_within_its_bytes(computed: list[Asked]) -> None:
    most = looking.KEPT_BYTES / MB
    asked = looks(0.4 * most, 0.4 * most, 0.3 * most, 1)
    for look in asked:
        assert looking.read(look).values.nbytes == int(look.size * MB)
    assert kept(asked) == [False, True, True, True]
    assert looking.known(asked[0]) is None
    assert looking.read(asked[2]) is looking.known(asked[2])
    assert computed == asked  # nothing twice


def test_answer_that_is_too_large_is_kept_alone(computed: list[Asked]) -> None:
    most = looking.KEPT_BYTES / MB
    asked = looks(1, 1.5 * most, 1)
    looking.read(asked[0])
    looking.read(asked[1])
    assert kept(asked) == [False, True, False]
    looking.read(asked[1])
    assert computed == asked[:2]
    looking.read(asked[2])
    assert kept(asked) == [False, False, True]


def test_answer_that_is_still_looked_at_outlives_older_ones(computed: list[Asked]) -> None:
    most = looking.KEPT_BYTES / MB
    asked = looks(0.4 * most, 0.4 * most, 0.4 * most)
    looking.read(asked[0])
    looking.read(asked[1])
    assert looking.known(asked[0]) is not None
    looking.read(asked[2])
    assert kept(asked) == [True, False, True]


def test_what_was_asked_with_counts_as_well(computed: list[Asked]) -> None:
    pixels = [Asked(letter * int(0.6 * looking.KEPT_BYTES), 0) for letter in "ab"]
    for look in pixels:
        looking.read(look)
    assert kept(pixels) == [False, True]


def test_small_answers_are_counted_too(computed: list[Asked]) -> None:
    asked = looks(*[0.001] * (looking.KEPT + 3))
    for look in asked:
        looking.read(look)
    assert kept(asked) == [False] * 3 + [True] * looking.KEPT
