"""What is said of a run's pictures by the judge: worked out here a second time, by hand."""

from typing import Any

import numpy as np
import pytest

from core.engine.works.judged import Judged
from core.lessons.generation.recognised_chart_data import recognised_chart
from core.lessons.generation.recognised_data import (
    Recognised,
    recognised,
    recognised_rows,
    say_names,
    say_unknown,
    say_when,
    shown_places,
)
from core.models.judge_names import judge_names

NAMES = judge_names()


def judged(*rows: dict[str, float]) -> Judged:
    """A judge's answers: some shares by name, all others of nothing; the last is the picture's."""
    shares = np.zeros((len(rows), len(NAMES)), np.float32)
    for row, said in zip(shares, rows, strict=True):
        for name, share in said.items():
            row[NAMES.index(name)] = share
    return Judged(tuple(range(len(rows))), shares, np.zeros((len(rows), 4, 4, 3), np.uint8))


def read(prompt: str, *rows: dict[str, float]) -> Recognised:
    return recognised(judged(*rows), prompt)


DOG = (
    {"dog": 0.4, "dog face": 0.3, "taco": 0.3},
    {"dog": 0.2, "taco": 0.5, "cat": 0.3},
    {"dog": 0.3, "guide dog": 0.25, "taco": 0.45},
    {"dog": 0.9, "taco": 0.1},
    {"dog": 0.97, "taco": 0.03},
)


def test_all_names_that_hold_the_word_count_and_the_lead_is_the_one_that_lasts() -> None:
    found = read("a dog", *DOG)
    np.testing.assert_allclose(found.asked, [0.7, 0.2, 0.55, 0.9], atol=1e-6)
    np.testing.assert_allclose(found.rivals, [0.3, 0.5, 0.45, 0.1], atol=1e-6)
    assert found.rival_names == ("taco",) * 4
    assert found.first_names == ("dog", "taco", "taco", "dog")
    assert found.lead == 2
    said = say_when(found)
    assert "**From call 3 on the judge takes it for “dog”, “dog face”, “guide dog” or 2" in said
    assert "55\xa0% there, 97\xa0% of the finished picture" in said
    assert "“taco” was ahead, with 50\xa0%" in said
    assert "It had the lead before that already" in said


def test_a_lead_from_the_first_call_and_none_are_said_otherwise() -> None:
    always = read("a red apple", {"red apple": 0.9}, {"red apple": 0.8}, {"red apple": 1.0})
    assert "**From the first call on the judge takes it for “red apple”**: 90\xa0%" in say_when(
        always
    )
    never = read("a red apple", {"candy": 0.8}, {"red apple": 0.3, "candy": 0.6}, {"candy": 0.7})
    assert never.lead is None
    assert "**Not even at the last call" in say_when(never)
    assert "30\xa0% there, against 60\xa0% for “candy”" in say_when(never)
    assert "it would call “candy” (70\xa0%)" in say_when(never)


def test_a_prompt_without_a_name_is_said_so_and_its_table_has_first_answers() -> None:
    found = read("ein Apfel", {"candy": 0.8}, {"taco": 0.6})
    assert found.names == ()
    assert found.lead is None
    assert "has no name for what this prompt asks for" in say_unknown(found)
    assert "“taco” (60\xa0%)" in say_unknown(found)
    [row] = recognised_rows(found)
    assert list(row.values()) == [1, "candy", 0.8]


def test_the_table_has_both_shares_call_by_call() -> None:
    rows = recognised_rows(read("a dog", *DOG))
    assert [list(row.values()) for row in rows][1] == [2, 0.2, "taco", 0.5]
    assert len(rows) == 4


@pytest.mark.parametrize("calls", [1, 2, 7, 40])
def test_pictures_are_few_evenly_spread_and_hold_the_lead(calls: int) -> None:
    rows = [{"taco": 1.0}] * (calls // 3) + [{"red apple": 1.0}] * (calls - calls // 3 + 1)
    found = read("a red apple", *rows)
    places = shown_places(found)
    assert found.lead in places
    assert len(places) <= 6
    assert {0, calls - 1} <= set(places)


def test_the_chart_draws_both_lines_and_marks_the_lead() -> None:
    chart: Any = recognised_chart(read("a dog", *DOG)).to_dict()
    rule, lines = (chart["datasets"][layer["data"]["name"]] for layer in chart["layer"])
    assert rule == [{"call": 3}]
    shares = [row["share"] for row in lines if row["name"] == "taco"]
    assert shares == pytest.approx([0.3, 0.5, 0.45, 0.1])
    from_first = recognised_chart(read("a red apple", {"red apple": 0.9}, {"red apple": 1.0}))
    assert "layer" not in from_first.to_dict()


def test_a_few_names_are_said_one_by_one() -> None:
    assert say_names(("dog",)) == "“dog”"
    assert say_names(("a", "b", "c", "d")) == "“a”, “b”, “c” or 1 other"
