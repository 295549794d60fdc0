"""The U-Net's map and pictures say what the files and the run say."""

import base64
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.ideas.picture_likeness import apart
from core.lessons.unet.attention_data import attention_data
from core.lessons.unet.block_data import block_picture, component_colours, tidy_limit
from core.lessons.unet.map_data import Moment, box_rows, say_count, say_how, say_time, unet_map
from core.lessons.unet.off_data import noise_picture, say_moved, skip_names
from core.lessons.unet.silu_data import lowest_points, say_where_nothing_is_learned
from core.models.unet_facts import UNetFacts, read_unet_facts
from core.models.unet_seen import BoxSeen, Looking
from core.views.colormaps import latent_colours


@pytest.fixture
def facts(tiny_folder: Path) -> UNetFacts:
    return read_unet_facts(tiny_folder, (None, None))


def test_map_holds_every_box_and_skip_of_the_files(facts: UNetFacts) -> None:
    drawn = unet_map(facts, "conv_in")
    assert [box["name"] for box in drawn["boxes"]] == [box.name for box in facts.boxes]
    assert drawn["boxes"][1]["shape"] == "16×8×8"
    assert [skip["number"] for skip in drawn["skips"]] == [0, 1, 2, 3]
    assert (drawn["chosen"], drawn["off"], drawn["text"]) == ("conv_in", -1, "77×32")
    assert (drawn["t"], drawn["given"]) == ("", "")
    assert all(box["time"] == "" and box["share"] == 0 for box in drawn["boxes"])


def test_map_of_a_run_has_its_times_and_pictures(facts: UNetFacts) -> None:
    seconds = {box.name: 0.001 * (at + 1) for at, box in enumerate(facts.boxes)}
    moment = Moment(301.0, np.zeros((4, 8, 8)), np.ones((4, 8, 8)), "the answer")
    drawn = unet_map(facts, "conv_in", moment, seconds, off=0)
    assert drawn["t"] == "t = 301"
    assert drawn["given"].startswith("data:image/png")
    assert drawn["given"] != drawn["noise"]
    assert drawn["boxes"][-1]["share"] == 1
    assert drawn["boxes"][0]["time"] == "1.0\xa0ms"
    assert drawn["off"] == 0
    took = say_time(sum(seconds.values()))
    assert drawn["total"].endswith(f"{took} for the prompt’s half of a call")


def test_rows_add_up_to_the_whole_network(facts: UNetFacts) -> None:
    rows = box_rows(facts, {"conv_in": 0.0012})
    assert sum(int(str(row["weights"])) for row in rows) == facts.weights
    assert [row["ms"] for row in rows[:2]] == [None, 1.2]
    assert sum(bool(row["skip from"]) for row in rows) == len(facts.skips)


@pytest.mark.parametrize(
    ("number", "says"),
    [(128, "128"), (2350, "2.35 k"), (147_584, "148 k"), (999_600, "1 M"), (1_966_000, "1.97 M"),
     (859_520_964, "860 M")],
)  # fmt: skip
def test_counts_are_short(number: int, says: str) -> None:
    assert say_count(number) == says


@pytest.mark.parametrize(("seconds", "says"), [(0.00012, "0.1\xa0ms"), (0.0123, "12\xa0ms")])
def test_times_have_as_many_digits_as_they_are_worth(seconds: float, says: str) -> None:
    assert say_time(seconds) == says


@pytest.mark.parametrize(
    ("values", "limit"),
    [([0.0], 1.0), ([1.0], 1.0), ([-2.31], 2.4), ([0.0567], 0.057), ([123], 130)],
)
def test_scales_end_at_a_short_number(values: list[float], limit: float) -> None:
    assert tidy_limit(np.array(values)) == pytest.approx(limit)


def test_components_become_colours_on_a_known_scale() -> None:
    components = np.zeros((3, 2, 2))
    components[0] = [[3, -1], [-1, -1]]  # standard deviation 1.732
    colours = component_colours(components)
    assert (colours[..., 1:] == 128).all()
    assert colours[0, 0, 0] == round(255 * (0.5 + 3 / (4 * np.sqrt(3))))
    assert colours[0, 1, 0] == round(255 * (0.5 - 1 / (4 * np.sqrt(3))))


def test_box_is_shown_with_how_it_was_coloured() -> None:
    rng = np.random.default_rng(0)
    channels = rng.normal(size=(8, 4, 6)).astype(np.float16)
    parts = rng.normal(size=(3, 4, 6)).astype(np.float16).astype(np.float32)
    seen = BoxSeen(
        0.01, (64, 4, 6), -0.5, 1.25, -3.0, 2.5, 0.625, tuple(range(10, 18)), channels,
        parts.astype(np.float16), (0.5, 0.25, 0.125),
    )  # fmt: skip
    shown = block_picture(seen)
    height, width, _ = shown.picture.shape
    assert width == 544
    assert height == 3 * 87 + 2 * 8  # three rows, each as a channel of 4 x 6 at 130 pixels
    assert (shown.picture[:, 132, 3] == 255).sum() < height  # see-through between the parts
    np.testing.assert_array_equal(shown.picture[0, 0, :3], component_colours(parts)[0, 0])
    limit = tidy_limit(channels.astype(np.float32))
    for says in ("50\xa0%, 25\xa0%, 12\xa0%", f"ends at ±{limit:g}", "blue below 0"):
        assert says in shown.said
    assert shown.numbers == (
        "mean −0.50 · standard deviation 1.25 · −3.00 to 2.50 · 62\xa0% below 0 · "
        "channels 10, 11, 12, 13, 14, 15, 16, 17"
    )


def test_vector_is_shown_row_by_row() -> None:
    vector = np.arange(70, dtype=np.float16).reshape(1, 1, 70)
    shown = block_picture(BoxSeen(0.01, (70,), 0, 1, 0, 69, 0, (), vector))
    assert shown.picture.shape == (3 * 17, 32 * 17, 4)
    assert shown.said.startswith("All 70 numbers, row by row")


def test_place_where_an_activation_has_no_slope_is_where_torch_finds_none() -> None:
    named = {"SiLU": functional.silu, "GELU": functional.gelu, "Mish": functional.mish}
    assert set(lowest_points()) == set(named)
    said = say_where_nothing_is_learned()
    for title, at in lowest_points().items():
        x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        named[title](x).backward()
        assert abs(float(x.grad)) < 1e-4
        assert f"{at:.2f}".replace("-", "−") in said


def test_noise_is_four_tiles_on_a_fixed_scale() -> None:
    noise = np.zeros((4, 8, 8))
    noise[0] = 3.0
    picture = noise_picture(noise)
    assert picture.shape == (256, 256, 3)
    assert (picture[:128, :128] == 255).all()
    assert (picture[128:] == picture[-1, -1]).all()


def test_distance_of_pictures_is_their_mean_difference() -> None:
    dark, bright = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    assert (apart(dark, dark), apart(dark, bright)) == (0, 255)


def test_skips_are_named_by_their_ends(facts: UNetFacts) -> None:
    names = skip_names(facts)
    assert list(names) == [0, 1, 2, 3]
    assert names[0] == "0: 16×8×8, conv_in → up_blocks.1.resnets.1"


def test_attention_is_told_in_multiples_of_looking_everywhere_alike(facts: UNetFacts) -> None:
    alike = np.full((2, 8, 8), 1 / 64, np.float32)
    name = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"
    data = attention_data(
        facts, [Looking(name, (1, 2), alike)], np.zeros((64, 64, 3), np.uint8), (1, 2)
    )
    assert (data["rows"], data["columns"], data["limit"]) == (8, 8, 1.0)
    (layer,) = data["layers"]
    assert layer["title"] == "8×8 on the way down"
    assert len(layer["heads"]) == 2
    assert set(base64.b64decode(layer["heads"][0])) == {255}
    assert base64.b64decode(data["colours"])[:3] == bytes(latent_colours(np.zeros(1))[0])


@pytest.mark.parametrize(
    ("guidance", "predicts", "said"),
    [
        (1.0, "epsilon", "the answer"),
        (5.0, "epsilon", "after guidance"),
        (1.0, "v_prediction", "worked out from v"),
        (5.0, "sample", "worked out from x0, guided"),
    ],
)
def test_the_noise_is_not_always_the_answer(guidance: float, predicts: str, said: str) -> None:
    assert say_how(guidance, predicts) == said


def test_noise_that_moved_is_told_and_noise_that_cannot_move_as_well() -> None:
    assert say_moved(0.256, 0.01) == "It moved by 26\xa0% of its own size."
    assert "the latents are the noise" in say_moved(0.0, 0.0)
