"""Words in place: nothing of a prompt gets lost, and pieces are the tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from core.models.catalog import builtin_folder
from core.models.token_words import explain_word, read_merges, words_of
from core.models.tokens import load_tokenizer, tokenize


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(builtin_folder() / "tokenizer")


@pytest.fixture(scope="module")
def ranks(tokenizer: Tokenizer) -> dict[tuple[str, str], int]:
    return read_merges(tokenizer)


@settings(max_examples=150, deadline=None)
@given(prompt=st.text(max_size=120))
def test_pieces_are_the_tokens_and_texts_the_prompt(tokenizer: Tokenizer, prompt: str) -> None:
    words = words_of(tokenizer, prompt)
    pieces = [part for word in words for part in word.pieces]
    tokens = tokenize(tokenizer, prompt, 49407)
    assert len(pieces) == tokens.count
    assert tuple(part.id for part in pieces[:75]) == tokens.ids[1 : tokens.used + 1]
    clean = prompt.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if pieces:
        shown = "".join(part.text for part in pieces)
        assert "".join(shown.split()) == "".join(clean.split())
    for word in words:
        assert word.text == "".join(part.text for part in word.pieces)


def test_an_emoji_of_several_pieces_is_shown_once(tokenizer: Tokenizer) -> None:
    (word,) = words_of(tokenizer, "🧑🏿‍🚀")
    assert len(word.pieces) > 1
    assert "".join(part.text for part in word.pieces) == "🧑🏿‍🚀"


def test_a_joined_accent_stays_with_its_letter(tokenizer: Tokenizer) -> None:
    (word,) = words_of(tokenizer, "cafe\u0301")
    assert word.text == "cafe\u0301"
    assert [part.piece for part in word.pieces] == ["cafÃ©</w>"]


@pytest.mark.parametrize("text", ["unbelievableness", "Apple", "naïve", "🍎", "don't", "ΟΔΟΣ"])
def test_merges_end_at_the_pieces(
    text: str, tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    for word in words_of(tokenizer, text):
        letters, merges = explain_word(word, ranks)
        assert len(letters) == len(word.text.lower().encode())
        last = merges[-1].pieces if merges else letters
        assert last == tuple(part.piece for part in word.pieces)
        sizes = [len(letters), *(len(merge.pieces) for merge in merges)]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("text", ["<|endoftext|>", "x" * 5_000])
def test_markers_and_endless_words_are_not_explained(
    text: str, tokenizer: Tokenizer, ranks: dict[tuple[str, str], int]
) -> None:
    (word,) = words_of(tokenizer, text)
    assert explain_word(word, ranks) == ((), ())
