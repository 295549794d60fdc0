"""Calls that fit: halved when memory runs out, isolated when one item is bad."""

import pytest
import torch
from torch import Tensor

from core.engine.calls import FittedCalls, is_out_of_memory

SMALL, LARGE = torch.Size([1]), torch.Size([2])


def double(items: list[Tensor]) -> Tensor:
    return torch.stack(items) * 2


def numbers(count: int, size: int = 1) -> list[Tensor]:
    return [torch.full((size,), float(number)) for number in range(count)]


class Limited:
    """Works until more than ``most`` items come at once, then has no memory."""

    def __init__(self, most: int, error: Exception | None = None) -> None:
        self.most = most
        self.error = error or torch.OutOfMemoryError("CUDA out of memory")
        self.widths: list[int] = []

    def __call__(self, items: list[Tensor]) -> Tensor:
        self.widths.append(len(items))
        if len(items) > self.most:
            raise self.error
        return double(items)


def test_all_items_of_one_shape_share_one_call() -> None:
    work = Limited(99)
    calls = FittedCalls(work, lambda item: item.shape, lambda _: 99)
    mixed = [*numbers(3), *numbers(2, size=2), *numbers(2)]
    results = calls.run(mixed)
    assert work.widths == [5, 2]
    for item, result in zip(mixed, results, strict=True):
        assert isinstance(result, Tensor)
        assert torch.equal(result, item * 2)
    assert calls.run([]) == []


def test_wide_work_is_cut_to_the_most_that_is_wanted() -> None:
    work = Limited(99)
    FittedCalls(work, lambda item: item.shape, lambda _: 4).run(numbers(10))
    assert work.widths == [4, 4, 2]


@pytest.mark.parametrize("fits", [1, 2, 3, 5])
def test_out_of_memory_halves_until_it_fits_and_remembers(fits: int) -> None:
    work = Limited(fits)
    calls = FittedCalls(work, lambda item: item.shape, lambda _: 99)
    results = calls.run(numbers(8))
    assert [float(result) for result in results if isinstance(result, Tensor)] == [
        2.0 * number for number in range(8)
    ]
    work.widths.clear()
    calls.run(numbers(8))
    assert max(work.widths) <= fits  # no second failure
    calls.forget_limits()
    calls.run(numbers(8))
    assert 8 in work.widths


def test_what_does_not_fit_alone_fails_alone() -> None:
    def work(items: list[Tensor]) -> Tensor:
        if any(float(item[0]) == 5.0 for item in items):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return double(items)

    results = FittedCalls(work, lambda item: item.shape, lambda _: 99).run(numbers(8))
    failed = [number for number, result in enumerate(results) if isinstance(result, Exception)]
    assert failed == [5]


def test_a_bad_item_fails_alone_and_narrows_nothing() -> None:
    widths: list[int] = []

    def work(items: list[Tensor]) -> Tensor:
        widths.append(len(items))
        if any(float(item[0]) == 2.0 for item in items):
            raise ValueError("bad item")
        return double(items)

    calls = FittedCalls(work, lambda item: item.shape, lambda _: 99)
    results = calls.run(numbers(8))
    assert [n for n, result in enumerate(results) if isinstance(result, ValueError)] == [2]
    widths.clear()
    calls.run(numbers(2))
    calls.run(numbers(9)[3:])
    assert widths == [2, 6]


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (MemoryError(), True),
        (RuntimeError("Expected size 2 but got size 77"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_errors(error: Exception, meant: bool) -> None:
    assert is_out_of_memory(error) is meant
