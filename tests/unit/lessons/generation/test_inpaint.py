"""What the browser and the address are told of a mask, and what is measured at its seams."""

from dataclasses import replace

import numpy as np
import pytest

from core.lessons.generation.inpaint_data import (
    first_signs,
    inpaint_data,
    inpaint_rows,
    mask_of,
    measure_seam,
    read_signs,
    say_kept,
    say_seam,
    signs_of,
    write_signs,
)
from core.views.run import Run, quick_frames


@pytest.mark.parametrize("count", [1, 6, 8, 256, 4096])
def test_a_mask_goes_into_an_address_and_comes_back_in_one_bit_a_latent(count: int) -> None:
    draw = np.random.default_rng(count)
    signs = "".join(draw.choice(["0", "1"], count))
    text = write_signs(signs)
    assert read_signs(text, count) == signs
    assert len(text) == -(-4 * -(-count // 8) // 3)
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "AA", "AAA!", "é", "_____", "A" * 9000, "_w=="])
def test_what_is_no_mask_of_this_size_says_nothing(text: str) -> None:
    assert read_signs(text, 256) is None


def test_bits_beyond_the_last_latent_must_be_off() -> None:
    assert read_signs(write_signs("0110" + "0"), 4) == "0110"
    assert read_signs(write_signs("01101"), 4) is None


@pytest.mark.parametrize("told", [None, 7, "", "01", "0121", ["0", "1", "0", "1"]])
def test_what_a_browser_tells_is_a_mask_or_nothing(told: object) -> None:
    assert signs_of(told, 4) is None


def test_the_mask_begins_as_the_right_half() -> None:
    assert mask_of(first_signs(2, 5), 2, 5).tolist() == [[0, 0, 1, 1, 1]] * 2
    assert signs_of(first_signs(2, 5), 10) == "0011100111"


def test_the_browser_gets_both_pictures_the_film_and_the_mask(run: Run) -> None:
    data = inpaint_data(run, quick_frames(run), run.picture, "001001", "lion")
    assert (data["height"], data["width"], data["mask"]) == (2, 3, "001001")
    assert (data["pictures"]["count"], data["given"]["count"], data["guess"]["count"]) == (2, 4, 4)
    assert len(data["places"]) == 4
    other = inpaint_data(run, quick_frames(run), run.picture, "001011", "lion")
    assert other["id"] != data["id"]


def test_a_seam_is_measured_in_pixels_near_and_far_and_across() -> None:
    before = np.full((32, 32, 3), 100, np.uint8)
    mask = np.zeros((4, 4), np.uint8)
    mask[:, 3] = 1
    after = before.copy()
    after[:, 24:] = 130  # drawn anew
    after[:, 16:24] = 106  # within one latent of it
    after[:, :16] = 101
    seam = measure_seam(before, after, mask)
    assert seam is not None
    assert (seam.near, seam.far, seam.across, seam.before) == (6, 1, 24, 0)
    assert "moved by 6.0 of 255" in say_seam(seam, 8)
    assert "24 apart; in the picture as it was, 0" in say_seam(seam, 8)
    mask[:, 1::2] = 1  # every latent that is kept touches it
    found = measure_seam(before, after, mask)
    assert found is not None
    assert found.far is None
    assert "Farther" not in say_seam(found, 8)


@pytest.mark.parametrize("mask", [np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)])
def test_without_a_boundary_there_is_no_seam(mask: np.ndarray) -> None:
    assert measure_seam(np.zeros((16, 16, 3)), np.zeros((16, 16, 3)), mask) is None


def test_what_is_said_of_the_kept_part_is_measured(run: Run) -> None:
    mask = mask_of("001001", 2, 3)
    original = run.path[-1].copy()
    original[:, mask == 1] += 5
    assert "67\xa0% of the latents" in say_kept(run, original, mask)
    assert "difference is 0." in say_kept(run, original, mask)
    original[0, 0, 0] += 0.25
    assert "difference is 0.25" in say_kept(run, original, mask)
    assert "Nothing is painted" in say_kept(run, original, 0 * mask)
    assert "a plain run" in say_kept(run, original, 0 * mask + 1)


def test_the_table_has_the_weights_of_what_is_put_back_and_how_wrong_the_estimate_is(
    run: Run,
) -> None:
    mask = mask_of("001001", 2, 3)
    original = run.x0[1].copy()
    original[:, mask == 0] -= 0.5
    rows = inpaint_rows(run, original, mask)
    assert [row["call"] for row in rows] == [1, 2, 3]
    assert rows[1]["estimate, kept part: from the picture"] == pytest.approx(0.5, abs=1e-4)
    assert rows[1]["estimate, new part: from the picture"] == 0
    weights = rows[0]["weight of the picture"], rows[0]["weight of the noise"]
    assert weights == pytest.approx((0.1, 0.99**0.5), abs=1e-5)
    whole = inpaint_rows(replace(run), original, 0 * mask)
    assert whole[0]["estimate, new part: from the picture"] is None
