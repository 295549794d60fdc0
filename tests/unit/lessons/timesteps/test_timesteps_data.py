import base64

import numpy as np
import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding

from core.ideas.timestep import EmbeddingSettings, compare_embeddings, embed_timesteps
from core.ideas.timestep_presets import PRESETS
from core.lessons.timesteps.charts_data import alike_rows, map_picture
from core.lessons.timesteps.map_data import alike_by_distance, map_data, say_period
from core.lessons.timesteps.tables_data import (
    alike_table,
    clock_rows,
    embedding_csv,
    preset_rows,
    say_unfinished,
)
from core.views.colormaps import latent_colours

SD1 = PRESETS["sd-1"].settings


def rows_in_browser(data: dict, times: np.ndarray) -> np.ndarray:
    """What the component makes of its data."""
    angles = times[:, None] * np.array(data["frequencies"])
    halves = [np.cos(angles), np.sin(angles)]
    return np.concatenate(halves if data["cosFirst"] else halves[::-1], axis=1)


@pytest.mark.parametrize("name", PRESETS)
def test_browser_is_given_all_it_needs_for_the_librarys_rows(name: str) -> None:
    chosen, times = PRESETS[name].settings, np.arange(1000)
    data = map_data(chosen, 1000)
    theirs = get_timestep_embedding(
        torch.tensor(times), chosen.dim, flip_sin_to_cos=chosen.flip_sin_to_cos,
        downscale_freq_shift=chosen.freq_shift, max_period=int(chosen.max_period),
    )  # fmt: skip
    np.testing.assert_allclose(rows_in_browser(data, times), theirs, atol=1e-4)
    assert len(base64.b64decode(data["colours"])) == 257 * 3


def test_likeness_by_distance_is_that_of_any_two_timesteps() -> None:
    rows = embed_timesteps(np.arange(1000), SD1)
    curve = alike_by_distance(SD1, 1000)
    matrix = compare_embeddings(rows, rows)
    for one, other in ((0, 0), (3, 700), (999, 998), (500, 1)):
        assert curve[abs(one - other)] == pytest.approx(matrix[one, other], abs=1e-9)
    assert map_data(SD1, 1000)["alike"] == pytest.approx(curve, abs=1e-5)


@pytest.mark.parametrize("dim", [2, 4, 96, 320])
def test_clocks_go_from_fastest_to_slowest(dim: int) -> None:
    pairs = [pair["index"] for pair in map_data(EmbeddingSettings(dim), 1000)["pairs"]]
    assert pairs == sorted(set(pairs))
    assert (pairs[0], pairs[-1]) == (0, dim // 2 - 1)


@pytest.mark.parametrize(
    ("period", "said"),
    [(6.2832, "a turn in 6.3 timesteps"), (59_317.2, "a turn in 59,317 timesteps"),
     (2e9, "a turn in 2e+09 timesteps"), (np.inf, "stands still")],
)  # fmt: skip
def test_periods_are_said(period: float, said: str) -> None:
    assert say_period(period) == said


def test_unfinished_clocks_are_counted() -> None:
    rows = clock_rows(SD1, 1000)
    assert sum(row["goes round"] == "no" for row in rows) == 71
    assert rows[0]["timesteps a turn"] == pytest.approx(6.28319)
    assert say_unfinished(SD1, 1000) == ("**71 of 160 clocks never go round** in 1,000 timesteps.")
    assert say_unfinished(EmbeddingSettings(96), 1000).startswith("**21 of 48")
    assert say_unfinished(SD1, 100).startswith("**111 of 160")


def test_presets_are_told_apart() -> None:
    rows = {row["as in"]: row for row in preset_rows(1000)}
    assert rows["Stable Diffusion 1.x"]["never go round"] == "71 of 160"
    assert rows["DDPM (CIFAR-10)"]["slowest turn, timesteps"] == round(2 * np.pi * 10_000)
    assert rows["Base 1,000 (a common slip)"]["alike, 100 apart"] < 0.3
    assert all(row["source"] for row in rows.values())
    assert [row["alike, 100 apart"] for row in preset_rows(50)] == [
        row["alike, 100 apart"] for row in rows.values()
    ]


def test_csv_holds_every_number() -> None:
    head, *lines = embedding_csv(SD1, 1000).decode().splitlines()
    assert head.split(",")[:2] == ["t", "cos 0"]
    assert head.split(",")[161] == "sin 0"
    read = np.array([line.split(",") for line in lines], dtype=float)
    np.testing.assert_array_equal(read[:, 0], np.arange(1000))
    np.testing.assert_allclose(read[:, 1:], embed_timesteps(np.arange(1000), SD1), atol=1e-6)


def test_map_is_noisiest_on_top() -> None:
    picture = map_picture(SD1, 1000, size=(320, 1000))
    np.testing.assert_array_equal(picture[-1], latent_colours(embed_timesteps(0, SD1), 1.0)[0])
    np.testing.assert_array_equal(picture[0], latent_colours(embed_timesteps(999, SD1), 1.0)[0])


def test_curves_become_rows() -> None:
    rows = alike_rows({"a": np.linspace(1, 0, 9)})
    assert [(row["apart"], row["alike"]) for row in rows] == [(0, 1), (4, 0.5), (8, 0)]


def test_likeness_table_has_every_distance() -> None:
    rows = alike_table(SD1, 1000)
    assert len(rows) == 1000
    assert rows[0] == {"apart": 0, "cosine similarity": 1, "dot product": 160}
    e0, e100 = embed_timesteps([0, 100], SD1)
    assert rows[100]["dot product"] == pytest.approx(e0 @ e100, abs=1e-3)
