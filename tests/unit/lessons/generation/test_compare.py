"""A grid over two settings: axes as typed and linked, cells in order, what the browser gets."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from core.engine.request import MAX_SEED, Request, problems
from core.engine.works.grid import MOST_CELLS, Cell
from core.errors import ExplainerError
from core.lessons.generation.compare_data import (
    FIELDS,
    Axis,
    cells_of,
    check_axes,
    compare_data,
    compare_rows,
    first_values,
    read_values,
    say_value,
    write_values,
)
from core.views.tables import csv_of

OWN = Request(prompt="a red apple", params=(("eta", 0.5),))
STEPS = Axis("steps", (5, 10))
WHO = Axis("scheduler", ("ddim", "heun", "euler"))


@pytest.mark.parametrize("field", FIELDS)
def test_first_values_of_every_axis_can_be_run_written_and_read_back(field: str) -> None:
    for own in (OWN, replace(OWN, seed=MAX_SEED)):
        values = first_values(field, own)
        axis = Axis(field, values)
        assert values == tuple(dict.fromkeys(values))
        other = STEPS if field != "steps" else Axis("seed", (1,))
        assert not any(problems(cell) for cell in cells_of(own, axis, other))
        if field != "scheduler":
            assert read_values(field, write_values(axis)) == values


@pytest.mark.parametrize(
    ("field", "typed", "values"),
    [
        ("steps", "5, 10 ;20,,5", (5, 10, 20)),
        ("guidance", "1, 2.5", (1.0, 2.5)),
        ("seed", "0", (0,)),
        ("prompt", "a cat\n\n  two dogs, running \n", ("a cat", "two dogs, running")),
        ("scheduler", ["heun", "ddim"], ("heun", "ddim")),
    ],
)
def test_values_are_read_as_they_are_meant(field: str, typed: object, values: tuple) -> None:
    assert read_values(field, typed) == values


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("steps", ""), ("steps", "five"), ("steps", "2.5"), ("steps", "0"), ("steps", "nan"),
        ("seed", "-1"), ("seed", "1e99"), ("guidance", "inf"), ("guidance", "31"),
        ("steps", ",".join(map(str, range(1, 40)))), ("scheduler", []), ("scheduler", ["x"]),
        ("steps", [None]), ("guidance", [True]),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_in_a_sentence(field: str, typed: object) -> None:
    with pytest.raises(ExplainerError) as told:
        read_values(field, typed)
    assert told.value.what.endswith(".")
    assert told.value.fix


def test_axes_that_make_no_grid_are_refused() -> None:
    with pytest.raises(ExplainerError, match="Both axes"):
        check_axes(STEPS, Axis("steps", (1,)))
    many = Axis("seed", tuple(range(MOST_CELLS)))
    check_axes(many, Axis("steps", (1,)))
    with pytest.raises(ExplainerError, match="50 pictures"):
        check_axes(many, STEPS)


def test_cells_go_row_by_row_and_settings_stay_with_their_scheduler() -> None:
    cells = cells_of(OWN, STEPS, WHO)
    assert [(cell.scheduler, cell.steps) for cell in cells] == [
        ("ddim", 5), ("ddim", 10), ("heun", 5), ("heun", 10), ("euler", 5), ("euler", 10),
    ]  # fmt: skip
    assert [cell.params for cell in cells] == [OWN.params] * 2 + [()] * 4
    assert {(cell.prompt, cell.seed) for cell in cells} == {(OWN.prompt, OWN.seed)}


@pytest.fixture
def cells() -> list[Cell | None]:
    requests = cells_of(OWN, STEPS, WHO)
    shades = [np.full((16, 16, 3), shade, np.uint8) for shade in (10, 200)]
    return [
        Cell(requests[0], shades[0], 5, 0.25),
        None,
        Cell(requests[2], calls=2, error=ExplainerError("It <b>failed</b>.", "Try again.")),
        Cell(requests[3], shades[1], 1, 2.0, stored=True),
        None,
        None,
    ]


def test_the_browser_gets_every_cell_in_its_state(cells: list[Cell | None]) -> None:
    own = cells_of(OWN, STEPS, WHO)[3]
    data = compare_data(STEPS, WHO, cells, own, running=True)
    json.dumps(data)
    assert data["across"] == ["5 steps", "10 steps"]
    assert data["down"] == ["DDIM", "Heun", "Euler"]
    states = [cell["state"] for cell in data["cells"]]
    assert states == ["there", "coming", "failed", "there", "coming", "coming"]
    assert data["cells"][0] == {
        "state": "there", "picture": 0, "calls": "5 calls", "seconds": "0.25 s", "own": False,
    }  # fmt: skip
    assert data["cells"][3]["calls"] == "1 call"
    assert data["cells"][3]["seconds"] == ""  # what was kept took none this time
    assert data["cells"][3]["own"]
    assert data["cells"][2]["what"] == "It <b>failed</b>."
    assert data["sheet"]["count"] == 2
    idle = compare_data(STEPS, WHO, [None] * 6, own, running=False)
    assert idle["sheet"] is None
    assert {cell["state"] for cell in idle["cells"]} == {"empty"}


def test_the_table_has_one_row_for_each_cell_that_is_there(cells: list[Cell | None]) -> None:
    rows = compare_rows(STEPS, WHO, cells)
    read = list(csv.DictReader(io.StringIO(csv_of(rows).removeprefix("\ufeff"))))
    assert [(row["Scheduler"], row["Steps"]) for row in read] == [
        ("ddim", "5"), ("heun", "5"), ("heun", "10")
    ]  # fmt: skip
    assert read[0]["U-Net calls"] == "5"
    assert [(row["seconds"], row["was there already"]) for row in read][::2] == [
        ("0.25", "False"), ("", "True"),
    ]  # fmt: skip
    assert read[1]["what went wrong"] == "It <b>failed</b>."


def test_labels_are_short() -> None:
    assert say_value("guidance", 7.5) == "w = 7.5"
    assert say_value("steps", 1) == "1 step"
    assert say_value("prompt", "") == "(no words)"
    assert len(say_value("prompt", "word " * 100)) == 60
