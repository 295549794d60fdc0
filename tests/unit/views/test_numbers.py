"""One style for numbers, and one name for every place in a run."""

import re
from pathlib import Path

import pytest

from core.views.numbers import count, minus, percent, say_after, say_noise, short

ROOT = Path(__file__).resolve().parents[3]


def test_numbers_are_written_in_one_style() -> None:
    assert [percent(0.41), percent(0.0349, 1), percent(-0.07)] == ["41\xa0%", "3.5\xa0%", "−7\xa0%"]
    assert minus("-0.94e-03") == "−0.94e−03"
    assert [count(1, "step"), count(0, "step"), count(20, "step")] == [
        "1 step",
        "0 steps",
        "20 steps",
    ]
    assert count(12_000, "call") == "12,000 calls"
    tiny = [short(9.71e-9), short(6e-17, 1), short(0.0391), short(-2e-5), short(0.0), short(3e6)]
    assert tiny == ["9.7 · 10⁻⁹", "6 · 10⁻¹⁷", "0.039", "−2 · 10⁻⁵", "0", "3 · 10⁶"]


def test_nothing_that_people_read_has_a_percent_sign_without_its_space() -> None:
    for file in (ROOT / "core").glob("[luv]*/**/*.py"):  # labs, lessons, ui, views
        assert not re.search(r":\.\d+%\}", file.read_text("utf-8")), file


@pytest.mark.parametrize(
    ("alpha_bar", "said"),
    [
        (0.59, "41\xa0% noise power"),
        (0.0, "100\xa0% noise power"),
        (0.00466, "over 99\xa0% noise power"),
        (1.0, "0\xa0% noise power"),
    ],
)
def test_noise_in_percent_is_a_share_of_the_power(alpha_bar: float, said: str) -> None:
    assert say_noise(alpha_bar) == said


def test_a_little_noise_is_not_none() -> None:
    assert say_noise(0.99915) == "under 1\xa0% noise power"  # at the first timestep of all


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ((0, 20, 0, 20), "Start"),
        ((6, 20, 6, 20), "After 6 of 20 steps"),
        ((1, 1, 1, 1), "After 1 of 1 step"),
        ((13, 39, 6, 20), "After 13 of 39 calls, 6 of 20 steps"),
    ],
)
def test_a_place_is_named_by_what_lies_behind_it(behind: tuple, said: str) -> None:
    assert say_after(*behind) == said
