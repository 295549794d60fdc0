"""What a chart draws is read off the chart; and no chart is without its table."""

import csv
import io
import re
from pathlib import Path

import altair as alt
import pytest

from core.ui.made import chart
from core.views.chart_rows import chart_rows
from core.views.tables import csv_of, headed
from core.words import ENGLISH, tr, use_language

LESSONS = Path(__file__).resolve().parents[3] / "core" / "lessons"
DRAWERS = [
    file for file in sorted(LESSONS.glob("*/*.py")) if "altair_chart(" in file.read_text("utf-8")
]
POINTS = [{"t": 1, "e": 0.5, "who": "ddim"}, {"t": 2, "e": 0.25, "who": "euler"}]


def test_a_chart_says_its_rows_under_its_own_titles() -> None:
    drawn = alt.Chart(alt.Data(values=POINTS)).mark_line().encode(
        x=alt.X("t:Q", title="timestep"), y="e:Q", color=alt.Color("who:N", title="scheduler"),
        tooltip="who:N",
    )  # fmt: skip
    assert chart_rows(drawn) == [
        {"timestep": 1, "e": 0.5, "scheduler": "ddim"},
        {"timestep": 2, "e": 0.25, "scheduler": "euler"},
    ]


def test_layers_share_the_rows_that_they_share() -> None:
    line = alt.Chart(alt.Data(values=POINTS)).mark_line().encode(x="t:Q", y="e:Q")
    level = alt.Chart(alt.Data(values=[{"end": 9}])).mark_rule().encode(y="end:Q")
    drawn = chart_rows(line + line.mark_point() + level)
    assert drawn == [
        {"t": 1, "e": 0.5, "end": ""},
        {"t": 2, "e": 0.25, "end": ""},
        {"t": "", "e": "", "end": 9},
    ]
    side = chart_rows(alt.hconcat(line, line.encode(y="who:N")))
    assert side == [{"t": 1, "e": 0.5, "who": "ddim"}, {"t": 2, "e": 0.25, "who": "euler"}]


def test_a_chart_without_data_has_no_rows() -> None:
    assert chart_rows(alt.Chart(alt.Data(values=[])).mark_line().encode(x="t:Q")) == []


@pytest.mark.parametrize("file", DRAWERS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_module_that_draws_a_chart_has_its_numbers_as_a_table(file: Path) -> None:
    text = file.read_text("utf-8")
    assert re.search(r"\b(as_table|show_table|st\.dataframe)\(", text)


def test_the_file_of_a_chart_is_headed_in_english_and_its_table_as_the_reader_reads() -> None:
    use_language("de")
    try:
        title = tr("Bits per dimension of each step, by t")  # longer than a line of an axis
        drawn = chart(
            ("test", title),
            lambda: alt.Chart(alt.InlineData(values=POINTS)).mark_line().encode(
                x=alt.X("t:Q", title=tr("timestep t")), y=alt.Y("e:Q", title=title)
            ),
        )  # fmt: skip
        rows = chart_rows(drawn)
        assert list(headed(rows)[0]) == ["Zeitschritt t", title]
        file = csv_of(rows)
    finally:
        use_language(ENGLISH)
    head = next(csv.reader(io.StringIO(file)))
    assert head == ["timestep t", "Bits per dimension of each step, by t"] != [*rows[0]]
