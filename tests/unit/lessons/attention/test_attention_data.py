"""Attention as pictures, tables and files: shares stay shares, and files can be read back."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.engine.request import Request
from core.lessons.attention.maps_data import (
    MOST_SENT,
    attention_data,
    entries_of,
    entry_maps,
    first_entry,
    layer_titles,
    say_pooled,
    what_is_sent,
)
from core.lessons.attention.means_data import layer_choices, say_heads, say_mean, say_mean_of_places
from core.lessons.attention.outline_data import outline_of
from core.lessons.attention.reads_data import (
    BUDGET_COLOURS,
    alike,
    attribution_chart,
    attribution_rows,
    budget,
    difference_picture,
    heat_picture,
    map_png,
    maps_npz,
    region_pictures,
    scale_end,
    token_rows,
)
from core.models.attention_seen import AttentionSeen, LayerMaps
from core.models.catalog import builtin_folder
from core.models.token_words import placed_words
from core.models.tokens import Tokens, load_tokenizer, read_pad_id, tokenize
from core.views.colormaps import text_colours

FOLDER = builtin_folder() / "tokenizer"
TOKENIZER = load_tokenizer(FOLDER)
DICE = np.random.default_rng(0)
NAMES = {
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2": (8, 12),
    "mid_block.attentions.0.transformer_blocks.0.attn2": (4, 6),
    "up_blocks.1.attentions.0.transformer_blocks.0.attn2": (8, 12),
    "up_blocks.1.attentions.1.transformer_blocks.0.attn2": (8, 12),
}


def tokens_of(prompt: str) -> Tokens:
    return tokenize(TOKENIZER, prompt, read_pad_id(FOLDER, TOKENIZER))


def seen_of(
    calls: int = 3, heads: int = 2, times: int = 1, small_heads: int | None = None
) -> AttentionSeen:
    """A run with random weights; of the third position all on one place."""
    layers = []
    most = heads
    for name, (height, width) in NAMES.items():
        heads = small_heads or most if height == 4 else most  # as Stable Diffusion 2 has them
        drawn = DICE.random((calls, heads, 77, height * times, width * times))
        drawn[:, :, 3] = 0
        drawn[:, :, 3, -1, 0] = 300
        maps = (drawn / drawn.sum(axis=2, keepdims=True)).astype(np.float16)
        layers.append(LayerMaps(name, (height, width), heads, maps))
    picture = DICE.integers(0, 256, (64, 96, 3), np.uint8)
    return AttentionSeen(np.linspace(900, 1, calls, dtype=np.float32), tuple(layers), picture, ())


SEEN, TOKENS = seen_of(), tokens_of("a red apple")
ENTRIES = entries_of(TOKENS)


def test_entries_hold_every_position_once() -> None:
    for prompt in ("a red apple", "", "word " * 80):
        entries = entries_of(tokens_of(prompt))
        assert sorted(at for one in entries for at in one.positions) == list(range(77))
        maps = entry_maps(SEEN.mean(), entries)
        np.testing.assert_allclose(maps.sum(axis=0), 1, atol=2e-3)
    assert [entry.kind for entry in entries_of(tokens_of("word " * 80))][-1] == "end"


def test_what_draws_nothing_is_named() -> None:
    labels = [entry.label for entry in entries_of(tokens_of("a \u202e b"))]
    assert "\u202e" not in "".join(labels)


def test_layers_are_named_by_size_and_place() -> None:
    assert layer_titles(SEEN.layers) == [
        "8×12, way down", "4×6, middle", "8×12, way up, 1", "8×12, way up, 2",
    ]  # fmt: skip
    assert layer_choices(SEEN)["8×12: 3 layers"] == [0, 2, 3]


def test_browser_gets_the_weights_to_a_hundredth() -> None:
    import base64

    data = attention_data(SEEN, TOKENS, (64, 96))
    for layer, sent in zip(SEEN.layers, data["layers"], strict=True):
        read = np.frombuffer(base64.b64decode(sent["maps"]), np.uint8).astype(float)
        found = data["top"] * (read / 255) ** 2
        mean = layer.maps.mean(axis=0, keepdims=True, dtype=np.float32)  # over all calls, the last
        expected = entry_maps(np.concatenate([layer.maps, mean]), ENTRIES)
        np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=4e-3)
        shares = np.frombuffer(base64.b64decode(sent["shares"]), "<f4")
        np.testing.assert_allclose(
            shares.reshape(expected.shape[:3]), expected.mean(axis=(-2, -1)), atol=1e-6
        )
    assert json.dumps(data)


def test_page_of_a_large_run_is_bounded_and_says_what_is_left_out() -> None:
    large, entries = seen_of(calls=30, heads=2, times=4), entries_of(tokens_of("word " * 75))
    calls, heads = what_is_sent(large, len(entries))
    places = sum(layer.size[0] * layer.size[1] for layer in large.layers)
    assert (len(calls) + 1) * places * len(entries) * (2 if heads else 1) <= MOST_SENT
    assert not heads
    assert (calls[0], calls[-1]) == (0, 29)
    said = say_pooled(large, len(entries))
    assert "heads are averaged here" in said
    assert f"Of 30 calls, {len(calls)} are shown" in said
    assert say_pooled(SEEN, len(ENTRIES)) == ""


def test_it_opens_on_the_word_that_varies_most() -> None:
    at = first_entry(SEEN, ENTRIES)
    assert ENTRIES[at].label == "apple"  # position 3: all of it on one place
    assert first_entry(None, ENTRIES) == 3
    assert first_entry(SEEN, entries_of(tokens_of(""))) == 0


def test_budget_and_table_add_up() -> None:
    np.testing.assert_allclose(budget(SEEN, ENTRIES).sum(axis=1), 1, atol=2e-3)
    rows = token_rows(SEEN, ENTRIES)
    assert sum(float(str(row["share"])) for row in rows) == pytest.approx(1, abs=2e-3)
    apple = rows[3]
    assert (apple["row of that place"], apple["column of that place"]) == (8, 1)


def test_map_is_shown_alone_and_the_outline_is_no_colour_of_it() -> None:
    picture = np.full((80, 120, 3), (10, 20, 60), np.uint8)
    picture[:, 60:] = 250  # bright areas must not look like attention
    heat = np.zeros((4, 6))
    heat[3, 0] = 0.5
    alone = heat_picture(picture, heat, 0.5, outline=False)
    assert len(np.unique(alone.reshape(-1, 3), axis=0)) == 2
    assert alone[-1, 0].tolist() == text_colours(np.array(1.0)).tolist()
    shown = heat_picture(picture, heat, 0.5, outline=True)
    line = outline_of(picture)
    changed = (shown != alone).any(axis=-1)
    np.testing.assert_array_equal(changed, line[..., 3] > 0)
    columns = np.flatnonzero(changed.any(axis=0))
    assert abs(columns.mean() + 0.5 - shown.shape[1] / 2) < 2  # where dark and bright meet
    assert len(columns) <= 6  # of 600: thin
    solid = line[line[..., 3] == 255][:, :3]
    assert (solid == solid[:, :1]).all()  # neutral
    np.testing.assert_array_equal(
        heat_picture(picture[::-1], heat, 0.5, outline=False), alone
    )  # nothing of the picture in it


@pytest.mark.parametrize("ground", ["#FFFFFF", "#11161D"])
def test_colours_of_the_budget_can_be_seen_on_the_page(ground: str) -> None:
    for colour in BUDGET_COLOURS.values():
        one, other = sorted(_luminance(each) for each in (colour, ground))
        assert (other + 0.05) / (one + 0.05) > 1.9


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("colours", [((200, 60, 60), (60, 150, 60)), ((9, 9, 9), (250, 250, 250))])
def test_outline_follows_a_disc_whatever_its_colour(colours: tuple) -> None:
    rows, columns = np.mgrid[:96, :96] - 47.5
    inside = np.hypot(rows, columns) < 30
    picture = np.where(inside[..., None], colours[0], colours[1]).astype(np.uint8)
    line = outline_of(picture)
    at = np.argwhere(line[..., 3] == 255) - (np.array(line.shape[:2]) - 1) / 2
    radius = np.hypot(at[:, 0], at[:, 1]) * 96 / line.shape[0]
    assert np.abs(radius - 30).max() < 1.5
    angles = np.unique(np.degrees(np.arctan2(at[:, 0], at[:, 1])).round())
    assert len(angles) > 350  # all the way round


def test_picture_of_one_colour_has_no_outline() -> None:
    assert not outline_of(np.full((32, 32, 3), 77, np.uint8)).any()


def test_regions_part_the_picture() -> None:
    maps = np.zeros((3, 4, 6))
    maps[0, :, :3], maps[1, :, 3:] = 1, 1
    pictures, shares = region_pictures(SEEN.picture, maps)
    assert shares.tolist() == [0.5, 0.5, 0]
    large = np.asarray(Image.fromarray(SEEN.picture).resize(pictures[0].shape[1::-1], 0))
    half = large.shape[1] // 2
    np.testing.assert_array_equal(pictures[0][:, :half], large[:, :half])
    assert not np.array_equal(pictures[0][:, half:], large[:, half:])


def test_difference_is_red_above_and_blue_below() -> None:
    shown = difference_picture(
        SEEN.picture, np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), 1.0, False
    )
    assert shown[0, 0, 0] > shown[0, 0, 2]
    assert shown[0, -1, 0] < shown[0, -1, 2]


def test_push_and_attention_are_shared_out_among_tokens() -> None:
    shares = DICE.normal(size=77)
    rows = attribution_rows(SEEN, ENTRIES, 1, shares)
    assert sum(float(str(row["share of the push"])) for row in rows) == pytest.approx(
        shares.sum(), abs=0.01
    )
    assert sum(float(str(row["share of the attention"])) for row in rows) == pytest.approx(
        1, abs=2e-3
    )
    spec = attribution_chart(rows).to_dict()
    assert "padding" in spec["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]


def test_correlation_of_maps() -> None:
    one = DICE.random((4, 6))
    assert alike(one, 2 * one) == pytest.approx(1)
    assert alike(one, -one) == pytest.approx(-1)
    assert alike(one, np.ones((4, 6))) == 0


def test_scale_ends_where_nearly_all_weights_lie_within() -> None:
    assert scale_end(np.linspace(0, 0.123, 10_000)) == 0.13
    assert scale_end(np.ones(9)) == 1
    assert scale_end(np.zeros(9)) == 1


def test_means_are_said_in_words() -> None:
    assert say_mean(SEEN, [0, 2]) == "Mean over 3 U-Net calls, 2 layers and 2 heads."
    assert "nothing is averaged" in say_mean(seen_of(calls=1, heads=1), [0])


def test_heads_that_differ_from_size_to_size_are_said_as_they_are() -> None:
    seen = seen_of(heads=2, small_heads=4)
    assert say_mean(seen, [0, 2, 3]) == "Mean over 3 U-Net calls, 3 layers and 2 heads."
    assert say_mean(seen, [1]) == "Mean over 3 U-Net calls and 4 heads."
    both = "4 layers and the 2 or 4 heads of each layer."
    how = "Maps of 8×12 and 4×6 places; every layer counts the same."
    assert say_mean(seen) == f"Mean over 3 U-Net calls, {both} {how}"
    assert say_mean_of_places(seen) == f"Mean over all places, {both} {how}"
    three = (*seen.layers, replace(seen.layers[0], heads=20))
    assert say_heads(three) == "the 2, 4 or 20 heads of each layer"
    sent = attention_data(seen, TOKENS, (64, 96))["layers"]
    assert [(layer["heads"], layer["all"]) for layer in sent] == [(2, 2), (4, 4), (2, 2), (2, 2)]


def test_layers_that_were_averaged_to_fit_are_counted() -> None:
    seen = seen_of()
    large = replace(seen.layers[0], name=", ".join(name for name in NAMES if name[0] != "m"))
    seen = replace(seen, layers=(large, seen.layers[1]))
    assert list(layer_choices(seen)) == ["All 4 layers", "8×12, 3 layers", "4×6, middle"]
    assert say_mean(seen, [0]) == "Mean over 3 U-Net calls, 3 layers and 2 heads."
    assert say_mean(seen).endswith("every size counts the same.")
    assert [layer["joined"] for layer in attention_data(seen, TOKENS, (64, 96))["layers"]] == [3, 1]


def test_files_can_be_read_back() -> None:
    request = Request(prompt="a red apple")
    archive = np.load(io.BytesIO(maps_npz(SEEN, TOKENS, request)), allow_pickle=False)
    for at, layer in enumerate(SEEN.layers):
        np.testing.assert_array_equal(archive[f"layer_{at}"], layer.maps)
    assert archive["layer_names"].tolist() == list(NAMES)
    assert archive["token_ids"].tolist() == list(TOKENS.ids)
    assert json.loads(str(archive["request"]))["prompt"] == "a red apple"
    heat = SEEN.mean()[3]
    with Image.open(io.BytesIO(map_png(SEEN, [0, 1, 2, 3], heat, 0.5))) as picture:
        assert picture.text["Description"].startswith("Mean over 3 U-Net calls")
        shown = np.asarray(picture)
    cell = shown.shape[0] // heat.shape[0]
    np.testing.assert_array_equal(shown[::cell, ::cell], text_colours(heat / 0.5))


def test_words_know_where_they_stand() -> None:
    prompt = "An astronautical cat, 日本"
    words = placed_words(TOKENIZER, prompt, 75)
    assert [word.text for word in words][:1] == ["An"]
    for word in words:
        assert prompt[slice(*word.span)] == word.text
    read = tokenize(TOKENIZER, prompt, 49407)
    assert [at for word in words for at in word.positions] == list(range(1, read.used + 1))
    assert len(placed_words(TOKENIZER, "word " * 80, 75)) == 75
