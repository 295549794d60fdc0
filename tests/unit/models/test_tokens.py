"""Our tokens are the library's tokens."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.tokens import load_tokenizer, read_pad_id, tokenize

FOLDER = builtin_folder() / "tokenizer"
PROMPTS = [
    "",
    " ",
    " " * 500,
    "a red apple",
    "A RED  apple,\tand\na GREEN one!",
    "it's 42 l'été naïve",
    "日本語の犬 한국어",
    "👩‍👩‍👧‍👦" * 20,
    "e" + "\u0301" * 500,
    "NUL\x00 ESC\x1b[31m \u202e",
    "<|endoftext|> cat <|startoftext|>",
    "<script>alert(1)</script> ![i](x) :red[x] $\\frac{1}{0}$",
    " ".join(["cat"] * 75),
    " ".join(["cat"] * 76),
    " ".join(["cat"] * 300),
    "x" * 10_000,
    "cat " * 10_000,
    "".join(f"z{mark * 40}" for mark in "\u0300\u0334\u0353\u036f"),
    " ".join(["cat"] * 77),
]


@pytest.fixture(scope="module")
def ours() -> Tokenizer:
    return load_tokenizer(FOLDER)


@pytest.fixture(scope="module")
def theirs() -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(FOLDER, local_files_only=True)


@pytest.mark.parametrize("prompt", PROMPTS, ids=range(len(PROMPTS)))
def test_ids_and_mask_equal_the_librarys(
    prompt: str, ours: Tokenizer, theirs: CLIPTokenizer
) -> None:
    tokens = tokenize(ours, prompt, 49407)
    read = theirs(prompt, padding="max_length", truncation=True, max_length=77)
    assert list(tokens.ids) == read["input_ids"]
    assert list(tokens.mask) == read["attention_mask"]


@settings(max_examples=150, deadline=None)
@given(prompt=st.text(max_size=200))
def test_ids_equal_the_librarys_for_any_text(
    ours: Tokenizer, theirs: CLIPTokenizer, prompt: str
) -> None:
    read = theirs(prompt, padding="max_length", truncation=True, max_length=77)
    assert list(tokenize(ours, prompt, 49407).ids) == read["input_ids"]


def test_known_prompt_has_the_published_ids(ours: Tokenizer) -> None:
    ids = tokenize(ours, "a photo of a cat", 49407).ids
    assert ids[:8] == (49406, 320, 1125, 539, 320, 2368, 49407, 49407)


def test_75_tokens_fit_and_the_76th_is_cut(ours: Tokenizer) -> None:
    fits = tokenize(ours, " ".join(["cat"] * 75), 49407)
    assert (fits.count, fits.used, fits.cut, sum(fits.mask)) == (75, 75, "", 77)
    cut = tokenize(ours, " ".join(["cat"] * 75) + " dog here", 49407)
    assert (cut.count, cut.used, cut.cut) == (77, 75, "dog here")
    assert cut.ids == fits.ids


def test_texts_are_the_prompts_own(ours: Tokenizer) -> None:
    tokens = tokenize(ours, "A Red APPLE", 49407)
    assert tokens.texts[:5] == ("", "A", "Red", "APPLE", "")
    assert tokens.pieces[1:4] == ("a</w>", "red</w>", "apple</w>")


def test_lone_surrogates_are_read_as_replacement(ours: Tokenizer) -> None:
    assert tokenize(ours, "cat \ud800", 49407).ids == tokenize(ours, "cat \ufffd", 49407).ids


@pytest.mark.parametrize("wrong", [None, 3, ["a"]])
def test_other_than_text_is_refused(wrong: object, ours: Tokenizer) -> None:
    with pytest.raises(ValueError, match="expected str"):
        tokenize(ours, wrong, 49407)  # type: ignore[arg-type]  # that is the point


def test_sd2_pads_with_exclamation_marks_as_the_library_does(tmp_path: Path) -> None:
    folder = tmp_path / "tokenizer"
    shutil.copytree(FOLDER, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text()) | {"pad_token": "!"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    ours, theirs = load_tokenizer(folder), CLIPTokenizer.from_pretrained(folder)
    assert read_pad_id(folder, ours) == 0
    for prompt in ("a cat", "a cat!", "! !!"):
        read = theirs(prompt, padding="max_length", truncation=True, max_length=77)
        assert list(tokenize(ours, prompt, 0).ids) == read["input_ids"]


def test_older_folder_of_vocabulary_and_merges_gives_the_same_ids(
    tmp_path: Path, ours: Tokenizer
) -> None:
    model = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    merges = "\n".join(
        pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]
    )
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    older = load_tokenizer(tmp_path)
    for prompt in PROMPTS:
        assert tokenize(older, prompt, 49407).ids == tokenize(ours, prompt, 49407).ids


@pytest.mark.parametrize("damage", ["empty", "cut", "missing"])
def test_damaged_tokenizer_is_named(damage: str, tmp_path: Path) -> None:
    whole = (FOLDER / "tokenizer.json").read_text(encoding="utf-8")
    if damage != "missing":
        (tmp_path / "tokenizer.json").write_text("" if damage == "empty" else whole[:1000])
    with pytest.raises(ExplainerError, match=r"cannot be read|vocab\.json is missing"):
        load_tokenizer(tmp_path)


def test_many_threads_read_as_one_does(ours: Tokenizer) -> None:
    prompts = PROMPTS * 20
    alone = [tokenize(ours, prompt, 49407).ids for prompt in prompts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: tokenize(ours, prompt, 49407).ids, prompts))
    assert together == alone
