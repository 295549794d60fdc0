"""Noise levels of one's own: calls are counted beside calls."""

from core.lessons.schedulers.own_data import (
    SigmasData,
    calls_of,
    edited,
    in_order,
    level_rows,
    say_below_one,
)


def test_a_table_is_changed_as_the_browser_tells() -> None:
    changes = {
        "edited_rows": {0: {"sigma": 12.0}, 2: {"sigma": 0.5}},
        "deleted_rows": [1],
        "added_rows": [{"sigma": 2.0}, {}],
    }
    assert edited([10.0, 3.0, 0.9, 0.0], changes) == [12.0, 0.5, 0.0, 2.0, None]
    nothing = {"edited_rows": {}, "deleted_rows": [], "added_rows": []}
    assert edited([10.0, 0.0], nothing) == [10.0, 0.0]


def test_levels_are_put_in_order_unless_one_is_no_number() -> None:
    assert in_order([12, 0.5, 0.0, 2.0]) == [12.0, 2.0, 0.5, 0.0]
    assert in_order([1.0, None]) is None
    assert in_order([1.0, float("nan")]) is None


def test_calls_are_counted_without_the_end() -> None:
    levels = [10.0, 3.0, 0.9, 0.2, 0.0]
    assert calls_of(levels, "euler") == levels[:-1]
    assert say_below_one(calls_of(levels, "euler")) == "2 of 4 calls (50\xa0%) lie below σ = 1"
    assert say_below_one([14.6, 0.5]) == "1 of 2 calls (50\xa0%) lies below σ = 1"


def test_heun_asks_again_where_each_step_lands_but_the_last() -> None:
    assert calls_of([10.0, 3.0, 0.9, 0.0], "heun") == [10.0, 3.0, 3.0, 0.9, 0.9]


def test_table_tells_calls_and_ends_apart() -> None:
    data: SigmasData = {
        "own": [5.0, 2.0, 0.0], "theirs": [9.0, 1.0, 0.03], "names": ["run", "these"],
        "hue": "#2E86C8", "twice": True, "low": 0.03, "high": 14.6,
    }  # fmt: skip
    assert [tuple(row.values()) for row in level_rows(data, "heun")] == [
        ("run", 0, 9.0, "call"), ("run", 1, 1.0, "call"), ("run", 2, 0.03, "end"),
        ("these", 0, 5.0, "call"), ("these", 1, 2.0, "call"), ("these", 2, 2.0, "call"),
        ("these", 3, 0.0, "end"),
    ]  # fmt: skip
