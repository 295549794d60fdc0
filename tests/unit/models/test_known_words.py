"""What a model can draw by its own account: suggestions, and doubts told in a sentence."""

import json
from pathlib import Path

import pytest

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.known_words import MILESTONES, REPORT, WORDS, KnownWords, known_words, words_in

SAID = {
    "objects": {
        "food": ["red apple", "hot dog", "egg", "ice"],
        "animals": ["dog", "cat", "parrot"],
        "people": ["woman with white hair", "teacher"],
    },
    "words": [
        "apple",
        "dog",
        "cat",
        "parrot",
        "egg",
        "ice",
        "fruit",
        "teacher",
        "woman",
        "hair",
        "hot",
    ],
    "plain": ["a", "red", "white", "of", "and", "photo", "my", "with", "on", "background", "an"],
    "many": ["two", "many"],
}
TOLD = {
    "prompts": {
        "groups": {
            "food": {"top1_percent": 95.0},
            "animals": {"top1_percent": 91.0},
            "people": {"top1_percent": 4.0},
        }
    },
    "arranged": {"pairs": {"prompts": 80, "both_top1_percent": 2.5}},
    "typed": {
        "each": [
            {"prompt": prompt, "label": prompt.split(" ", 1)[1], "rank": rank, "share": share}
            for prompt, rank, share in (
                ("a cat", 1, 0.92), ("a parrot", 1, 0.9), ("a red apple", 1, 0.95),
                ("a dog", 2, 0.4), ("an ice", 1, 0.99), ("an egg", 1, 0.99),
                ("a hot dog", 7, 0.0), ("a fish", 1, 0.8),
            )
        ],
        "groups": {"food": {"top1_percent": 99.0}, "animals": {"top1_percent": 91.0}},
    },
}  # fmt: skip


@pytest.fixture
def known(tmp_path: Path) -> KnownWords:
    (tmp_path / WORDS).write_text(json.dumps(SAID))
    (tmp_path / REPORT).write_text(json.dumps(TOLD))
    return known_words(tmp_path)


def test_suggestions_are_of_good_groups_in_turn_the_commonest_first(known: KnownWords) -> None:
    assert known.suggestions(40) == ("a red apple", "a cat", "an egg")
    assert known.suggestions(999) == ("a red apple", "a cat", "an egg", "a parrot")


def test_without_a_judge_of_each_what_the_training_drew_is_suggested(tmp_path: Path) -> None:
    (tmp_path / WORDS).write_text(json.dumps(SAID))
    (tmp_path / REPORT).write_text(json.dumps({k: v for k, v in TOLD.items() if k != "typed"}))
    (tmp_path / MILESTONES).parent.mkdir(parents=True)
    (tmp_path / MILESTONES).write_text(json.dumps({"prompts": ["a teacher", "a cat", "a hot dog"]}))
    assert known_words(tmp_path).suggestions(999) == ("a hot dog", "a cat")


@pytest.mark.parametrize(
    "prompt",
    ["a red apple", "Cats", "a parrot on a white background", "fruit", "", "!!", "red apples"],
)
def test_what_it_was_shown_is_not_doubted(known: KnownWords, prompt: str) -> None:
    assert known.doubt(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("ein roter Apfel", "It has read none of these words: its captions are English."),
        ("赤いリンゴ", "It has read none of these words"),
        ("a photo of my Ferrari", "No word here names a thing that it was shown."),
        ("a cat and a dog", "In 80 tests with two things it drew both in 2.5\xa0%"),
        ("a woman with white hair and a cat", "more than one thing"),
        ("two cats", "more than one thing"),
        (
            "a photo of my teacher",
            "rarer things of this kind (people), only 4\xa0% were recognised.",
        ),
        ("a photo of my hot dogs", "tested on just this word, it drew something else."),
    ],
)
def test_what_may_come_out_as_nothing_is_told_why(
    known: KnownWords, prompt: str, says: str
) -> None:
    doubt = known.doubt(prompt)
    assert doubt is not None
    assert says in doubt[0]
    assert doubt[1].endswith(".")


def test_two_things_that_it_draws_best_are_told_apart(tmp_path: Path) -> None:
    told = TOLD | {"best_pairs": {"drawn": {"both_top1_percent": 22.0}}}
    (tmp_path / WORDS).write_text(json.dumps(SAID))
    (tmp_path / REPORT).write_text(json.dumps(told))
    doubt = known_words(tmp_path).doubt("a cat and a dog")
    assert doubt is not None
    assert "In 80 tests with two things it drew both in 2.5\xa0%" in doubt[0]
    assert doubt[0].endswith("; with two of those that it draws best, in 22\xa0%.")


def test_the_longest_name_is_the_one_that_is_meant(known: KnownWords) -> None:
    (thing,) = known.things(words_in("a Hot-Dog, hot dog"))
    assert (thing.group, thing.begins, thing.ends) == ("food", 2, 4)


@pytest.mark.parametrize("lacks", [WORDS, REPORT])
def test_a_damaged_file_is_told(tmp_path: Path, lacks: str) -> None:
    (tmp_path / WORDS).write_text(json.dumps(SAID))
    (tmp_path / REPORT).write_text(json.dumps(TOLD))
    (tmp_path / lacks).write_text("{}")
    with pytest.raises(ExplainerError, match="says of itself is damaged"):
        known_words(tmp_path)


def test_the_model_that_ships_has_something_to_suggest_and_knows_its_limits() -> None:
    known = known_words(builtin_folder())
    offered = known.suggestions(90)
    assert len(set(offered)) >= 4
    for prompt in offered:
        assert known.doubt(prompt) is None, prompt
        (thing,) = known.things(words_in(prompt))
        assert known.typed[thing.group] >= 90
    wrong = [" ".join(name) for name, right in known.judged.items() if not right]
    for prompt in ("a cat and a dog", "Harry Potter", "ein roter Apfel", *wrong):
        assert known.doubt(prompt) is not None, prompt
    for prompt in ("a red apple on a blue background", *known.right):
        assert known.doubt(prompt) is None, prompt
