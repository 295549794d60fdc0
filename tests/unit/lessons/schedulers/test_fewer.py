"""Fewer steps: who draws what, and what is told of it."""

import numpy as np

from core.engine.request import Request
from core.engine.works.grid import Cell
from core.lessons.schedulers.fewer_data import (
    CALLS,
    FEW,
    PLAIN,
    TEACHER,
    drawn_rows,
    judged_rows,
    requests_of,
    say_lost,
)
from core.models.loras import Chosen
from core.models.turbo import FOLDER

OWN = Chosen("stripes", 0.5, "a")
REQUEST = Request(
    prompt="a cat", negative="a dog", seed=7, steps=3, guidance=9.0, scheduler="heun",
    params=(("use_karras_sigmas", True),), loras=(OWN, Chosen(FOLDER.name, 0.3)),
)  # fmt: skip
ROW = {"top1_percent": 90.0, "top5_percent": 95.0, "background_percent": 99.0}
FOUND = {
    "prompts": 200,
    "teacher": {"steps": 20, "guidance": 5.0} | ROW,
    "ddim": [{"calls": calls, "psnr_db": 10.0} | ROW for calls in CALLS],
    "turbo": [{"calls": calls, "psnr_db": 20.0} | ROW | {"top1_percent": 80.0} for calls in CALLS],
    "variety": {"teacher": 0.2, "turbo": [{"calls": calls, "rms": 0.15} for calls in CALLS]},
}


def test_all_draw_the_same_words_from_the_same_noise() -> None:
    asked = requests_of(REQUEST, {"steps": 20, "guidance": 5.0})
    every = [one for row in asked.values() for one in row]
    assert {(one.prompt, one.seed, one.negative) for one in every} == {("a cat", 7, "")}
    assert [one.steps for one in every] == [20, *CALLS, *CALLS]
    assert [one.guidance for one in every] == [5.0] * 5 + [1.0] * 4
    assert {one.loras for one in (*asked[TEACHER], *asked[PLAIN])} == {(OWN,)}
    for one in asked[FEW]:
        assert [lora[:2] for lora in one.loras] == [OWN[:2], (FOLDER.name, 1.0)]
        assert (one.scheduler, one.params) == ("lcm", ())
    assert {one.params for one in asked[PLAIN]} == {(("timestep_spacing", "trailing"),)}


def test_each_picture_is_compared_with_the_teachers() -> None:
    def cell(calls: int, grey: int, guidance: float) -> Cell:
        picture = np.full((8, 8, 3), grey, np.uint8)
        return Cell(Request(guidance=guidance), picture, calls, 1.0)

    cells = {TEACHER: [cell(20, 100, 5.0)], PLAIN: [cell(4, 90, 5.0)], FEW: [cell(4, 99, 1.0)]}
    teacher, plain, few = drawn_rows(cells)
    assert (teacher["rows of the network"], teacher["PSNR to the teacher, dB"]) == (40, None)
    assert (plain["rows of the network"], few["rows of the network"]) == (8, 4)
    assert plain["PSNR to the teacher, dB"] == round(10 * np.log10(255**2 / 100), 1)
    assert few["PSNR to the teacher, dB"] == round(20 * np.log10(255), 1)


def test_what_was_measured_is_told_by_calls() -> None:
    rows = judged_rows(FOUND)
    assert [(row["who"], row["calls"]) for row in rows] == [
        (TEACHER, 20),
        *((who, calls) for who in (PLAIN, FEW) for calls in CALLS),
    ]
    assert [row["distance between seeds"] for row in rows] == [
        *(0.2, *[None] * 4),
        *[0.15] * 4,
    ]
    told = say_lost(FOUND)
    assert (
        "Of 200 pictures in 4 calls a judge names 80\xa0% rightly, of the teacher’s 90\xa0%."
        in told
    )
    assert (
        "75\xa0% as far apart as the teacher’s, so that much of the variety is left at most."
        in told
    )
    wider = {**FOUND, "variety": {**FOUND["variety"], "teacher": 0.1}}
    assert "150\xa0% as far apart as the teacher’s; what each gets wrong" in say_lost(wider)
