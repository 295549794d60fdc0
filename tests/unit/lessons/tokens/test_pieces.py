"""Pieces and tables say of a prompt what the tokenizer says."""

import json

import pytest
from tokenizers import Tokenizer

from core.lessons.tokens.pieces_data import MOST_PIECES, pieces_data
from core.lessons.tokens.positions_data import (
    position_rows,
    strip_data,
    tensor_text,
    unique_rows,
    word_rows,
)
from core.models.catalog import builtin_folder
from core.models.token_words import read_merges, visible, words_of
from core.models.tokens import Tokens, load_tokenizer, tokenize


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(builtin_folder() / "tokenizer")


@pytest.fixture(scope="module")
def ranks(tokenizer: Tokenizer) -> dict[tuple[str, str], int]:
    return read_merges(tokenizer)


def read(tokenizer: Tokenizer, prompt: str) -> Tokens:
    return tokenize(tokenizer, prompt, 49407)


def test_pieces_stand_in_order_with_their_ids(
    tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    prompt = "a Red unbelievableness"
    data = pieces_data(read(tokenizer, prompt), words_of(tokenizer, prompt), ranks)
    assert [word["text"] for word in data["words"]] == ["a", "Red", "unbelievableness"]
    assert [part["text"] for part in data["words"][2]["pieces"]] == ["unbeliev", "ab", "leness"]
    assert [part["id"] for word in data["words"] for part in word["pieces"]] == [
        320, 736, 11383, 596, 36551,
    ]  # fmt: skip
    assert data["words"][2]["merges"][-1]["pieces"] == ("unbeliev", "ab", "leness</w>")
    assert (data["used"], data["room"], data["padding"], data["beyond"]) == (5, 75, 70, 0)
    assert data["pad"] == {"piece": "<|endoftext|>", "id": 49407}
    json.dumps(data, allow_nan=False)


def test_what_does_not_fit_is_marked_where_it_stands(
    tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    prompt = "cat " * 74 + "unbelievableness dog"
    data = pieces_data(read(tokenizer, prompt), words_of(tokenizer, prompt), ranks)
    marks = [part["cut"] for word in data["words"] for part in word["pieces"]]
    assert marks == [False] * 75 + [True] * 3  # within a word, too
    assert (data["count"], data["used"], data["padding"]) == (78, 75, 0)


def test_a_very_long_prompt_is_drawn_in_part(
    tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    prompt = "cat " * 3_000
    data = pieces_data(read(tokenizer, prompt), words_of(tokenizer, prompt), ranks)
    assert len(data["words"]) == MOST_PIECES
    assert data["beyond"] == 3_000 - MOST_PIECES


def test_no_words_leave_start_end_and_padding(
    tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    data = pieces_data(read(tokenizer, ""), (), ranks)
    assert (data["words"], data["used"], data["padding"]) == ([], 0, 75)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b", "U+001B"),
        ("a\u200bb", "aU+200Bb"),
        ("\u202e", "U+202E"),
        ("é", "é"),
        ("<b>", "<b>"),
    ],
)
def test_signs_that_draw_nothing_are_named(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_rows_are_all_positions(tokenizer: Tokenizer) -> None:
    tokens = read(tokenizer, "a red apple")
    rows = position_rows(tokens)
    assert [row["position"] for row in rows] == list(range(77))
    assert [row["what it is"] for row in rows[:6]] == [
        "start", "your words", "your words", "your words", "end", "padding",
    ]  # fmt: skip
    assert [row["padding mask"] for row in rows] == list(tokens.mask)
    assert {row["is read"] for row in rows} == {"yes"}
    told = [row["is read"] for row in position_rows(tokens, passes_mask=True)]
    assert told == ["yes"] * 5 + ["no"] * 72


def test_each_token_is_listed_once(tokenizer: Tokenizer) -> None:
    rows = unique_rows(read(tokenizer, "cat cat"))
    assert rows == [
        {"piece": "<|startoftext|>", "id": 49406, "times": 1},
        {"piece": "cat</w>", "id": 2368, "times": 2},
        {"piece": "<|endoftext|>", "id": 49407, "times": 74},
    ]


def test_tensor_text_is_what_python_reads(tokenizer: Tokenizer) -> None:
    tokens = read(tokenizer, "a red apple")
    text = tensor_text(tokens.ids)
    assert json.loads(text.removeprefix("tensor(").removesuffix(")")) == [list(tokens.ids)]


def test_word_rows_hold_pieces_and_ids(tokenizer: Tokenizer) -> None:
    apple, pie = word_rows(words_of(tokenizer, "Apple pie"))
    assert apple == {"word": "Apple", "pieces": ["apple</w>"], "ids": [3055]}
    assert pie == {"word": "pie", "pieces": ["pie</w>"], "ids": [tokenizer.token_to_id("pie</w>")]}


def test_the_strip_says_of_every_position_what_the_table_says(tokenizer: Tokenizer) -> None:
    tokens = read(tokenizer, "cat\u202e dog")
    data = strip_data(tokens, passes_mask=True, words="these")
    rows = position_rows(tokens, passes_mask=True, words="these")
    assert len(data["positions"]) == len(rows) == 77
    for cell, row in zip(data["positions"], rows, strict=True):
        assert f"id {row['id']}, {row['what it is']}" in cell["said"]
        assert cell["read"] == (row["is read"] == "yes")
    assert "\u202e" not in json.dumps(data, ensure_ascii=False)
    assert [entry["kind"] for entry in data["key"]] == ["start", "word", "padding"]
    full = strip_data(read(tokenizer, "cat " * 90))
    assert [entry["kind"] for entry in full["key"]] == ["start", "word"]
    assert [cell["kind"] for cell in full["positions"]].count("word") == 75
