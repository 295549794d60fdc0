"""Byte-pair merging by the textbook, on a list of pairs small enough to follow by hand."""

import pytest

from core.ideas.byte_pairs import byte_letters, letters_of, merge_steps

RANKS = {("l", "o"): 0, ("lo", "w</w>"): 1, ("e", "r</w>"): 2, ("w", "er</w>"): 3}


def test_256_bytes_have_256_printable_letters() -> None:
    table = byte_letters()
    assert sorted(table) == list(range(256))
    assert len(set(table.values())) == 256
    assert all(letter.isprintable() and not letter.isspace() for letter in table.values())
    assert table[ord("a")] == "a"


def test_byte_letters_are_the_librarys() -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    assert set(byte_letters().values()) == set(ByteLevel.alphabet())


def test_letters_end_with_the_mark_of_a_word() -> None:
    assert letters_of("cat") == ("c", "a", "t</w>")
    assert letters_of("é") == ("Ã", "©</w>")  # two bytes
    assert len(letters_of("🍎")) == 4
    with pytest.raises(ValueError, match="at least one letter"):
        letters_of("")


def test_pair_learned_first_is_glued_first() -> None:
    steps = list(merge_steps(letters_of("lower"), RANKS))
    assert [(step.rank, step.pieces) for step in steps] == [
        (0, ("lo", "w", "e", "r</w>")),
        (2, ("lo", "w", "er</w>")),
        (3, ("lo", "wer</w>")),
    ]


def test_a_pair_is_glued_wherever_it_stands() -> None:
    (step,) = merge_steps(("l", "o", "l", "o", "x</w>"), RANKS)
    assert step.pieces == ("lo", "lo", "x</w>")
    (step,) = merge_steps(("a", "a", "a"), {("a", "a"): 0})
    assert step.pieces == ("aa", "a")  # from the left


def test_nothing_known_is_left_as_letters() -> None:
    assert list(merge_steps(letters_of("xyz"), RANKS)) == []
