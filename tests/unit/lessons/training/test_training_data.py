"""The training's curves carry every logged number, with its words."""

import json
import re

import numpy as np
import pytest

from core.lessons.training.card_data import of_card
from core.lessons.training.history_data import (
    OPENS_WITH,
    SERIES,
    STAGES,
    curve_rows,
    history_data,
    history_rows,
    say_devices,
    stage_rows,
)
from core.lessons.training.quality_data import (
    SHARES,
    goal_rows,
    group_rows,
    pair_rows,
    placed_rows,
    sweep_chart,
    sweep_rows,
)
from core.models.catalog import builtin_folder
from core.training.history import read_goals, read_report, read_stages
from core.training.milestones import Milestones
from core.words import Said, unparted


@pytest.fixture(scope="module")
def stages() -> tuple:
    return read_stages(builtin_folder())


def test_every_curve_is_told_with_words_and_unit(stages: tuple) -> None:
    data = json.loads(json.dumps(history_data(stages, None)))
    assert data["opens"] in [stage["name"] for stage in data["stages"]]
    assert data["milestones"] is None
    for told, stage in zip(data["stages"], stages, strict=True):
        assert [series["name"] for series in told["series"]] == list(stage.losses)
        for series in told["series"]:
            assert series["name"] in SERIES, "a logged number without words"
            assert series["label"]
            assert series["unit"]
            assert series["values"] == pytest.approx(stage.losses[series["name"]], abs=1e-5)
        assert told["turns"] == [[step, unparted(what)] for step, what in stage.turns]
        assert len(told["rates"]) == len(told["seconds"]) == len(told["steps"])
    assert {stage.name for stage in stages} == set(STAGES)


@pytest.mark.parametrize(
    ("devices", "said"),
    [(("1 of 2 CPU cores", "2 of 2 CPU cores", "1 of 2 CPU cores"),
      "on 1 or 2 cores of a CPU that has 2"),
     (("1 of 4 CPU cores",), "on 1 core of a CPU that has 4"), (("an H200",), "on an H200"),
     (("8 of 8 CPU cores", "an H200"), "on 8 cores of a CPU that has 8 and an H200")],
)  # fmt: skip
def test_every_machine_is_named_once(devices: tuple[str, ...], said: str) -> None:
    assert say_devices(devices) == said


def test_milestones_come_as_pictures() -> None:
    found = Milestones(("a", "b"), 3, (10, 20), (b"first", b"second"))
    told = history_data((), found)["milestones"]
    assert told["steps"] == [10, 20]
    assert [sheet.split(",")[0] for sheet in told["sheets"]] == ["data:image/webp;base64"] * 2


def test_rows_are_what_was_measured(stages: tuple) -> None:
    rows = history_rows(stages)
    assert [row["steps"] for row in rows] == [stage.steps[-1] for stage in stages]
    assert sum(float(str(row["hours"])) for row in rows) == pytest.approx(
        sum(stage.hours for stage in stages), abs=0.1
    )
    count = sum(len(stage.steps) * len(stage.losses) for stage in stages)
    assert len(curve_rows(stages)) == count
    report = read_report(builtin_folder())
    assert sum(int(str(row["prompts"])) for row in group_rows(report)) == 200
    assert {row["reached"] for row in goal_rows(read_goals(builtin_folder()))} <= {"yes", "no"}


def test_two_objects_places_and_sizes_are_told_beside_real_pictures() -> None:
    arranged = (report := read_report(builtin_folder()))["arranged"]
    pairs, placed = pair_rows(report), placed_rows(report)
    assert [row["both named rightly, %"] for row in pairs] == [
        arranged[name]["both_top1_percent"] for name in ("pairs", "known_pairs", "real_pairs")
    ]
    assert float(str(pairs[2]["both named rightly, %"])) > 85  # else the judge is no judge
    assert [row["at its place, %"] for row in placed] == [
        arranged[name]["place_percent"] for name in ("placed", "real_placed")
    ]


@pytest.mark.parametrize("over", ["guidance", "steps"])
def test_sweeps_are_drawn_whole(over: str) -> None:
    report = read_report(builtin_folder())
    rows = sweep_rows(report, over)
    assert len(rows) == len(SHARES) * len(report["over"][over])
    at_first = report["over"][over][0]
    assert {row["percent"] for row in rows if row[over] == at_first[over]} == {
        at_first[share] for share in SHARES
    }
    drawn = sweep_chart(rows, over, "along").to_dict()
    assert drawn["encoding"]["x"]["title"] == "along"
    assert "%" in drawn["encoding"]["y"]["title"]


def test_translators_know_what_the_card_says_whatever_its_figures(stages: tuple) -> None:
    told = [text for stage in stages for text in (stage.each, stage.device)]
    told += [what for stage in stages for _, what in stage.turns]
    for goal in read_goals(builtin_folder()):
        told += [goal.what, goal.wanted, goal.measured]
    worded = [text for text in told if re.search(r"[a-z]{2}", text)]
    assert [of_card(text) for text in worded] == [unparted(text) for text in worded]
    assert [text for text in worded if not isinstance(of_card(text), Said)] == []
    assert not isinstance(of_card("12 captions of nobody"), Said)


def test_the_table_of_a_stage_holds_every_number_of_its_curves(stages: tuple) -> None:
    for stage in stages:
        rows = stage_rows(stages, stage.name)
        assert [row["step"] for row in rows] == stage.steps.tolist()
        assert {row["stage"] for row in rows} == {STAGES[stage.name].title}
        losses = [list(row.values())[3:] for row in rows]
        np.testing.assert_allclose(losses, np.stack(list(stage.losses.values()), 1), atol=1e-5)
    for unknown in (None, "tea"):
        assert stage_rows(stages, unknown)[0]["stage"] == STAGES[OPENS_WITH].title
