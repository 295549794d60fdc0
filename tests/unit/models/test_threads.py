"""Threads: the faster way is used, noticed when it turns, and tried seldom while it loses."""

from collections.abc import Callable

import pytest

from core.models.threads import LAST_CHECK, ThreadChoice


def drive(
    choice: ThreadChoice, calls: int, seconds: Callable[[int], float], rows: int = 2
) -> list[int]:
    """Make calls that take what ``seconds`` says of their threads; returns the threads."""
    used = []
    for _ in range(calls):
        threads = choice.choose(rows)
        choice.took(rows, threads, seconds(threads))
        used.append(threads)
    return used


def quiet(threads: int) -> float:
    return 0.05 if threads == 2 else 0.07


def busy(threads: int) -> float:
    return 1.0 if threads == 2 else 0.09


def test_while_the_cores_are_free_nearly_all_calls_use_them_all() -> None:
    used = drive(ThreadChoice(2), 500, quiet)
    assert used[0] == 2
    assert used.count(1) <= 10


def test_a_core_taken_away_is_noticed_within_a_few_calls() -> None:
    choice = ThreadChoice(2)
    drive(choice, 50, quiet)
    used = drive(choice, 30, busy)
    assert used[:2] == [2, 1]
    assert used.count(2) <= 2


def test_while_it_loses_the_other_way_is_tried_ever_more_seldom() -> None:
    choice = ThreadChoice(2)
    drive(choice, 50, quiet)
    drive(choice, 4000, busy)
    assert drive(choice, 2 * LAST_CHECK, busy).count(2) <= 2


def test_cores_that_are_free_again_are_used_again() -> None:
    choice = ThreadChoice(2)
    drive(choice, 100, busy)
    drive(choice, LAST_CHECK, quiet)
    assert drive(choice, 20, quiet).count(2) >= 19


def test_sizes_are_judged_apart() -> None:
    choice = ThreadChoice(4)
    drive(choice, 20, lambda threads: 1.0 / threads, rows=16)
    drive(choice, 20, lambda threads: 1.0 * threads, rows=2)
    assert choice.choose(16) == 4
    assert choice.choose(2) == 1


def test_large_calls_are_spared_what_small_ones_have_tried() -> None:
    choice = ThreadChoice(2)
    drive(choice, 40, busy, rows=1)
    assert set(drive(choice, 1000, busy, rows=16)) == {1}
    drive(choice, LAST_CHECK, quiet, rows=1)
    used = drive(choice, 40, quiet, rows=16)
    assert used.count(2) >= 38


@pytest.mark.parametrize("most", [0, 1])
def test_with_one_thread_there_is_nothing_to_choose(most: int) -> None:
    assert set(drive(ThreadChoice(most), 40, quiet)) == {1}
