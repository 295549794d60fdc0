"""Captions: what is kept for the evaluation is never written in training."""

import random
from dataclasses import replace

import pytest

from core.models.known_words import words_in
from core.training.arranged import ARRANGEMENTS, OPPOSITE, Arranged
from core.training.captions import (
    ARRANGED_WORDINGS,
    FILLERS,
    HELD_OUT_PAIR_WORDING,
    HELD_OUT_WORDINGS,
    PAIR_WORDINGS,
    PLAIN_WORDINGS,
    WORDINGS,
    CaptionWriter,
    article,
    caption_words,
    evaluation_captions,
    fill,
    opening,
    spoken,
    typed_captions,
)
from core.training.held_out import is_held_out_composition, trained_colours
from core.training.pictures import PictureBank, is_held_out
from core.training.scenes import COLOUR_NAMES


def test_training_never_writes_a_held_out_composition(bank: PictureBank) -> None:
    writer = CaptionWriter(bank)
    chance = random.Random(0)
    kept = 0
    for _ in range(4000):
        caption = writer.write(chance.randrange(bank.objects), chance)
        label = bank.emoji[caption.row].label
        colour = COLOUR_NAMES[caption.colour]
        assert colour == "white" or not is_held_out_composition(label, colour)
        kept += colour != "white"
        # Held-out wordings are told by the words that no trained wording has.
        assert "against" not in caption.text
        assert "there is" not in caption.text
        assert " with a " not in caption.text or "background" not in caption.text
    assert kept > 2000


def test_evaluation_asks_only_for_what_was_kept(bank: PictureBank) -> None:
    captions = evaluation_captions(bank, 200, seed=1)
    assert captions
    for caption in captions:
        label = bank.emoji[caption.row].label
        assert is_held_out_composition(label, COLOUR_NAMES[caption.colour])
        assert caption.colour not in trained_colours(label)
        colour = COLOUR_NAMES[caption.colour]
        assert caption.text in [fill(w, spoken(label), colour) for w in HELD_OUT_WORDINGS]
    assert captions == evaluation_captions(bank, 200, seed=1)


def test_people_type_the_words_that_are_said_most_half_of_them_with_a_background(
    bank: PictureBank,
) -> None:
    captions = typed_captions(bank, 4, seed=1)
    labels = [bank.emoji[caption.row].label for caption in captions]
    assert labels == ["key", "sun", "whale", "rocket"]  # "red apple" is no single word
    for caption, label in zip(captions, labels, strict=True):
        ground = f" on {article(COLOUR_NAMES[caption.colour])} {COLOUR_NAMES[caption.colour]}"
        tail = f"{ground} background" if caption.colour else ""
        assert caption.text == f"a {label}{tail}"
    assert sum(caption.colour == 0 for caption in captions) == 2
    assert typed_captions(bank, 4, seed=1) == captions
    assert [c.colour for c in typed_captions(bank, 4, seed=2)] != [c.colour for c in captions]


def test_nothing_is_called_what_another_thing_is_called(bank: PictureBank) -> None:
    astronaut = replace(bank.emoji[4], label="astronaut", tags=("rocket", "spaceman"))
    writer = CaptionWriter(replace(bank, emoji=(*bank.emoji[:4], astronaut, *bank.emoji[5:])))
    chance = random.Random(3)
    said = [writer.write(4, chance).text for _ in range(400)]
    said += [writer.describe(Arranged(4, 0, "small"), chance).text for _ in range(400)]
    assert not [text for text in said if "rocket" in text and "astronaut" not in text]
    assert [text for text in said if "spaceman" in text and "astronaut" not in text]


def test_wordings_do_not_overlap() -> None:
    assert not set(HELD_OUT_WORDINGS) & {*WORDINGS, *PLAIN_WORDINGS}


def test_openings_say_nothing_that_the_evaluation_or_a_place_says() -> None:
    chance = random.Random(0)
    words = {word for _ in range(2000) for word in opening(chance).split()}
    assert words == set(FILLERS)
    said = " ".join([*HELD_OUT_WORDINGS, HELD_OUT_PAIR_WORDING, *COLOUR_NAMES, *OPPOSITE])
    said += " ".join(one for every in ARRANGED_WORDINGS.values() for one in every)
    said += " ".join(one for every in PAIR_WORDINGS.values() for one in every)
    assert not words & (set(said.split()) - {"of", "to"})


def test_about_one_composition_in_ten_is_kept() -> None:
    pairs = [(f"thing {i}", colour) for i in range(300) for colour in COLOUR_NAMES]
    share = sum(is_held_out_composition(*pair) for pair in pairs) / len(pairs)
    assert 0.08 < share < 0.12


def test_about_one_picture_in_twenty_is_kept_from_the_autoencoder() -> None:
    share = sum(is_held_out(f"thing {i}") for i in range(3000)) / 3000
    assert 0.04 < share < 0.06


@pytest.mark.parametrize(
    ("label", "said"),
    [("woman: white hair", "woman with white hair"), ("“ok” button", "ok button")],
)
def test_labels_are_said_as_one_would(label: str, said: str) -> None:
    assert spoken(label) == said


def test_articles_fit_the_word() -> None:
    assert fill("{a} on a {c} background", "apple", "red") == "an apple on a red background"
    assert fill("{a}", "whale", "white") == "a whale"
    assert fill("{o} on a {c} background", "owl", "orange") == "owl on an orange background"


def test_captions_of_two_objects_say_where_the_second_ends(bank: PictureBank) -> None:
    writer, chance = CaptionWriter(bank), random.Random(1)
    scene = Arranged(0, 2, "left", other=1)
    told, endings = 0, set()
    for _ in range(200):
        caption = writer.describe(scene, chance)
        assert (caption.row, caption.other, caption.colour) == (0, 1, 2)
        head = caption.text[: caption.other_ends]
        endings.add(next(name for name in ("parrot", "parrot tag") if head.endswith(f"a {name}")))
        assert "red apple" in head
        assert "red" in caption.text[caption.other_ends :]
        told += caption.how == "left"
        assert (caption.how == "left") == ("left" in caption.text)
    assert endings == {"parrot", "parrot tag"}
    assert 80 < told < 160


@pytest.mark.parametrize("how", ARRANGEMENTS)
def test_captions_of_one_arranged_object_say_how(bank: PictureBank, how: str) -> None:
    writer, chance = CaptionWriter(bank), random.Random(2)
    said = {"small": ("small", "tiny", "little"), "big": ("big", "large", "huge")}
    for _ in range(30):
        caption = writer.describe(Arranged(3, 0, how), chance)
        assert any(word in caption.text for word in said.get(how, (how,)))
        assert caption.how == how
        assert caption.other is None


def test_tags_that_many_objects_share_stand_for_none(bank: PictureBank) -> None:
    writer = CaptionWriter(bank)
    chance = random.Random(3)
    texts = {writer.write(0, chance).text for _ in range(500)}
    assert any("red apple tag" in text for text in texts)
    # "shared" may only stand behind the label, never in its place
    assert all("red apple" in text for text in texts if "shared" in text)


def test_no_caption_holds_a_word_that_is_not_told(bank: PictureBank) -> None:
    said = caption_words(bank)
    known = {*said["words"], *said["plain"]}
    writer, chance = CaptionWriter(bank), random.Random(0)
    for _ in range(2000):
        row = chance.randrange(bank.objects)
        texts = [writer.write(row, chance).text, opening(chance)]
        assert not {word for text in texts for word in words_in(text)} - known
    assert not set(said["words"]) & set(said["plain"])
    assert not known & set(said["many"])
    assert said["objects"]["food-drink"] == ["red apple", "sun", "man with beard", "key"]
