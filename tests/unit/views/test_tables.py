import ast
import csv
import io
from pathlib import Path

import pytest

from core.views.tables import csv_of, headed, table_text, text_widths, written
from core.words import ENGLISH, tr, use_language

CORE = Path(__file__).resolve().parents[3] / "core"


def test_a_number_and_its_unit_are_apart_by_a_plain_space_in_a_file() -> None:
    assert csv_of([{"share": "39\xa0% of all"}]) == "share\n39 % of all\n"


def test_rows_come_back_from_the_file() -> None:
    rows = [{"step": 1, "word": 'a, "b"\nc'}, {"step": 2, "word": "é🍎"}]
    read = list(csv.DictReader(io.StringIO(csv_of(rows))))
    assert read == [{"step": "1", "word": 'a, "b"\nc'}, {"step": "2", "word": "é🍎"}]


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A1", "+1", "-1", "@x", "\tx"])
def test_formulas_are_not_run_by_a_spreadsheet(text: str) -> None:
    read = next(csv.DictReader(io.StringIO(csv_of([{"word": text}]))))
    assert read["word"] == f"'{text}"


def test_negative_numbers_stay_numbers() -> None:
    assert csv_of([{"value": -1.5}]) == "value\n-1.5\n"


def test_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="0 rows"):
        csv_of([])


def test_what_is_looked_at_has_a_real_minus_sign_and_keeps_its_numbers() -> None:
    table = written([{"of": "a-b", "value": -0.5}, {"of": "c", "value": 12.0}])
    shown = str(table.to_html())
    assert "−0.5" in shown
    assert "a-b" in shown
    assert list(table.data["value"]) == [-0.5, 12.0]


def test_a_heading_that_holds_a_value_is_english_in_the_file_and_the_readers_where_it_is_read() -> (
    None
):
    use_language("de")
    try:
        heading = tr("turns in {train_steps:,} timesteps", train_steps=1000)
        assert csv_of([{heading: 2}]).splitlines()[0] == '"turns in 1,000 timesteps"'
        [shown] = headed([{heading: 2}])[0]
    finally:
        use_language(ENGLISH)
    assert shown == heading != "turns in 1,000 timesteps"


def test_a_column_of_words_has_room_for_the_longest_wherever_it_stands() -> None:
    rows = [{"of": "", "value": 1}, {"of": "a", "value": 2}, {"of": "x" * 30, "value": 3}]
    assert text_widths(rows) == {"of": 228}
    assert text_widths([{"why": "x" * 300}])["why"] <= 480


def test_what_is_not_there_is_a_dash() -> None:
    shown = str(written([{"of": "a", "value": 1.5}, {"of": None, "value": None}]).to_html())
    assert shown.count("–") == 2
    assert "nan" not in shown


def test_no_table_scrolls_after_ten_rows_as_streamlit_has_it() -> None:
    for file in sorted(CORE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "dataframe":
                assert "height" in {given.arg for given in call.keywords}, file


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.4506, 0.477, 1.0], ["0.4506", "0.4770", "1.0000"]),
        ([12.0, -14.2, None], ["12.0", "−14.2", "–"]),
        ([1200.0, 0.00025], ["1200", "0.00025"]),
        ([0.5, 2e-7], ["0.5", "2 · 10⁻⁷"]),
        ([3, None], ["3", "–"]),
    ],
    ids=str,
)
def test_numbers_of_a_column_end_alike_unless_they_lie_far_apart(
    values: list[float | None], shown: list[str]
) -> None:
    rows = [{"of": "it", "value": value} for value in values]
    html = str(written(rows).to_html())
    assert [cell.split("<")[0] for cell in html.split('col1" >')[2:]] == shown
    text = table_text(rows, ["of", "value"]).splitlines()
    assert [line.split("|")[2].strip() for line in text[2:]] == shown


def test_numbers_stand_at_the_right_of_a_table_of_text() -> None:
    sides = table_text([{"of": "it", "value": 1.5, "right": True}], ["of", "value", "right"])
    assert sides.splitlines()[1] == "| --- | --: | --- |"
