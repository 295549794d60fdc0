"""Grids and charts of the text show the numbers that they are given."""

import base64
import json

import numpy as np
import pytest

from core.lessons.tokens.charts_data import (
    attention_grid,
    change_chart,
    change_rows,
    mask_grids,
    names_of,
    states_grid,
)
from core.lessons.tokens.grids_data import Grid, grid_data
from core.lessons.tokens.meaning_data import (
    OTHERS,
    YOURS,
    cosine_grid,
    cosine_rows,
    map_rows,
    short,
    text_sides,
    word_map,
)
from core.models.tokens import Tokens
from core.views.colormaps import text_colours
from core.views.tables import Row


@pytest.fixture
def tokens() -> Tokens:
    """A prompt of two pieces in six positions."""
    return Tokens(
        ids=(8, 1, 2, 9, 9, 9),
        mask=(1, 1, 1, 1, 0, 0),
        pieces=("<|startoftext|>", "red</w>", "cat</w>", *["<|endoftext|>"] * 3),
        texts=("", "red", "cat", "", "", ""),
        cut="",
        pad_id=9,
        count=2,
    )


def grid(values: np.ndarray, **more: object) -> Grid:
    names = [str(at) for at in range(len(values))]
    columns = [str(at) for at in range(values.shape[1])]
    return Grid("t", values, names, columns, "d", "a", "{value}", **more)  # type: ignore[arg-type]  # a test's shorthand


def cells(data: dict) -> np.ndarray:
    numbers = np.frombuffer(base64.b64decode(data["cells"]), "<u2")
    return numbers.reshape(len(data["rows"]), len(data["columns"])) / 65_535


def test_names_are_short_and_say_what_is_no_word(tokens: Tokens) -> None:
    assert names_of(tokens) == ["<start>", "red", "cat", "<end>", "<pad>", "<pad>"]
    assert names_of(tokens, 2) == ["<start>", "red"]


def test_masks_are_those_that_are_applied(tokens: Tokens) -> None:
    left_aside, applied = grid_data(mask_grids(tokens, passed=False))["grids"]
    assert (cells(left_aside) == np.array(tokens.mask)).all()
    assert (cells(applied) == np.tri(6)).all()
    _, both = grid_data(mask_grids(tokens, passed=True))["grids"]
    assert (cells(both) == np.tri(6) * np.array(tokens.mask)).all()


def test_cells_are_the_numbers_to_a_65535th() -> None:
    values = np.random.default_rng(0).normal(size=(5, 9))
    (signed,) = grid_data([grid(values, scale="signed")])["grids"]
    read = signed["low"] + (signed["high"] - signed["low"]) * cells(signed)
    assert np.abs(read - values).max() <= (signed["high"] - signed["low"]) / 65_535
    (shares,) = grid_data([grid(np.abs(values), top=1.0)])["grids"]
    assert (shares["low"], shares["high"]) == (0, 1)
    assert len(base64.b64decode(shares["colours"])) == 256 * 3


@pytest.mark.parametrize(
    "wrong",
    [{"rows": ["a"]}, {"bars": [1.0]}, {"values": np.array([[np.nan, 1], [0, 1]])}],
    ids=["rows", "bars", "nan"],
)
def test_wrong_grids_are_refused(wrong: dict) -> None:
    whole = {"values": np.eye(2), "rows": ["a", "b"], "columns": ["a", "b"]} | wrong
    with pytest.raises(ValueError, match=r"expected|finite"):
        grid_data([Grid(title="t", down="d", across="a", says="", **whole)])


def test_change_is_told_for_every_position(tokens: Tokens) -> None:
    rows = change_rows(tokens, np.array([0, 0, 0.5, 0.25, 0, 0.125]))
    assert [row["change"] for row in rows] == [0, 0, 50, 25, 0, 12.5]
    assert [row["kind"] for row in rows] == ["start, words, end"] * 4 + ["padding"] * 2
    spec = change_chart(rows).to_dict()
    assert next(iter(spec["datasets"].values())) == rows
    assert spec["encoding"]["y"]["title"] == "output moved, % of its length"


def test_padding_is_shown_when_asked(tokens: Tokens) -> None:
    weights = np.tri(6) / np.arange(1, 7)[:, None]
    assert len(attention_grid(tokens, weights, "t", padding=False).rows) == 4
    assert len(attention_grid(tokens, weights, "t", padding=True).rows) == 6
    states = np.ones((6, 3))
    shown = states_grid(tokens, states, np.linalg.norm(states, axis=-1), "t", padding=False)
    assert np.shape(shown.values) == (4, 3)
    assert shown.bars == [pytest.approx(3**0.5)] * 4


def test_map_places_axis_words_at_the_ends() -> None:
    vectors = np.random.default_rng(1).normal(size=(5, 8))
    rows = map_rows(["mine", "left", "top"], vectors[[4, 0, 3]], vectors[:4])
    assert [row["kind"] for row in rows] == [YOURS, OTHERS, OTHERS]
    assert rows[1]["across"] == -1
    assert rows[2]["up"] == 1
    spec = word_map(rows, ["<b>", "$x$", "c", "d"]).to_dict()
    assert "<b>" in json.dumps(spec)  # as text of an axis, which draws no HTML


def test_cosine_table_is_symmetric_with_ones() -> None:
    vectors = np.random.default_rng(2).normal(size=(3, 8))
    rows = cosine_rows(["a", "b", "c"], vectors)
    assert [row[""] for row in rows] == ["a", "b", "c"]
    assert rows[0]["b"] == rows[1]["a"]
    assert [row[name] for row, name in zip(rows, "abc", strict=True)] == [1, 1, 1]


def test_like_stands_beside_like_in_the_heat_map() -> None:
    across = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9], [0.7, 0.4]])
    grid = cosine_grid(["prompt", "far", "near", "farther", "middle"], across)
    assert list(grid.rows) == ["prompt", "near", "middle", "farther", "far"]
    assert grid.columns == grid.rows
    np.testing.assert_allclose(grid.values.diagonal(), 1)
    assert grid.values[0, 1] > grid.values[0, 2] > grid.values[0, 3]
    assert "cosine" in grid.says


def test_long_and_empty_texts_are_named() -> None:
    assert short("") == "(no words)"
    assert len(short("x" * 100)) == 28


def test_text_scale_grows_lighter_all_the_way() -> None:
    colours = text_colours(np.linspace(0, 1, 64)).astype(float)
    light = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > 0).all()


def test_texts_of_points_that_lie_near_stand_on_different_sides() -> None:
    places = {"strawberry": (-0.5, 0.14), "apple": (-0.24, 0.14), "cat": (0.23, 0.08),
              "whale": (0.15, 0.04), "dog": (0.59, -0.06)}  # fmt: skip
    rows: list[Row] = [{"text": text, "across": x, "up": y} for text, (x, y) in places.items()]
    sides = dict(zip(places, text_sides(rows, 0.6), strict=True))
    assert sides["strawberry"] != (1, 0)  # apple's point lies there
    assert sides["cat"] != sides["whale"]
    assert sides["dog"] != (1, 0)  # it would leave the plot
    assert text_sides(rows[:1], 0.6) == [(1, 0)]
