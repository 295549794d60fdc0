import base64
import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.loading import Checkpoint
from core.views.colormaps import latent_colours
from core.views.film import LIMIT, change_gain, film_data
from core.views.run import Frames, Run, quick_frames, run_of
from core.views.steps import changes, charts_data, measure, step_rows
from core.views.strips import channel_tiles

KINDS = ("given", "guess", "noise", "change")
SPACES = ("ddim", "euler", "heun", "dpmpp-2m")  # both noise spaces, two calls a step, two orders


def frame(sheet: dict, index: int) -> np.ndarray:
    """One frame of an exact sheet, as its pixels."""
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["url"].split(",")[1]))))
    row, column = divmod(index, sheet["columns"])
    down, across = row * sheet["height"], column * sheet["width"]
    return picture[down : down + sheet["height"], across : across + sheet["width"]]


def test_measures_are_root_mean_squares(run: Run) -> None:
    found = measure(run)
    assert found.given.shape == (4,)
    assert found.given[3] == pytest.approx(np.sqrt((run.path[3] ** 2).mean()))
    assert found.eps[1] == pytest.approx(np.sqrt((run.eps[1] ** 2).mean()))
    assert found.moved[0] == pytest.approx(np.sqrt(((run.path[1] - run.path[0]) ** 2).mean()))
    assert np.isnan(found.corrected[0])
    assert found.corrected[2] == pytest.approx(np.sqrt(((run.x0[2] - run.x0[1]) ** 2).mean()))
    assert found.snr_db == pytest.approx([10 * np.log10(a / (1 - a)) for a in (0.01, 0.4, 0.9)])


def test_only_noise_has_no_decibels(run: Run) -> None:
    run = dataclasses.replace(run, alpha_bars=np.array([0.0, 0.4, 1.0]))
    assert np.isnan(measure(run).snr_db).tolist() == [True, False, True]
    assert step_rows(run)[0]["SNR, dB"] is None
    assert json.dumps(charts_data(run), allow_nan=False)


@pytest.mark.parametrize("scheduler", SPACES)
def test_every_scheduler_is_told_at_unit_scale(tiny_checkpoint: Checkpoint, scheduler: str) -> None:
    run = run_of(run_alone(tiny_checkpoint, Request(prompt="a cat", steps=4, scheduler=scheduler)))
    found = measure(run)
    assert 0.9 < found.given[0] < 1.1  # not sigma times as much
    signal, noise = np.sqrt(run.alpha_bars), np.sqrt(1 - run.alpha_bars)
    for call in range(len(run.timesteps)):  # the four panes are four sides of one formula
        rebuilt = signal[call] * run.x0[call] + noise[call] * run.eps[call]
        np.testing.assert_allclose(rebuilt, run.path[call], rtol=1e-4, atol=1e-4)
        after = run.path[call] + changes(run)[call]
        np.testing.assert_allclose(after, run.path[call + 1], atol=1e-4)


def test_charts_have_a_number_for_every_call_and_one_more_for_x(run: Run) -> None:
    lines = {(chart["name"], line["label"]): line for chart in charts_data(run)
             for line in chart["lines"]}  # fmt: skip
    assert len(lines["Sizes", "x"]["values"]) == 4
    assert {len(line["values"]) for name, line in lines.items() if name != ("Sizes", "x")} == {3}
    assert lines["Change", "of x̂₀"]["values"][0] is None


def test_table_has_a_row_for_every_call(run: Run) -> None:
    rows = step_rows(run)
    assert [row["call"] for row in rows] == [1, 2, 3]
    assert rows[1]["timestep t"] == 501
    assert rows[1]["sigma"] == pytest.approx((0.6 / 0.4) ** 0.5, abs=1e-4)
    assert rows[1]["noise, share of the power"] == pytest.approx(0.6)
    assert rows[0]["rms of the noisy latents"] == pytest.approx(
        np.sqrt((run.path[0] ** 2).mean()), abs=1e-3
    )
    assert rows[0]["rms change of the estimate"] is None


def test_film_has_four_panes_of_the_same_places(run: Run) -> None:
    drawn = film_data(run, quick_frames(run))
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn
    sheets = [drawn[kind][way] for kind in KINDS for way in ("sheet", "latents")]
    assert {sheet["count"] for sheet in sheets} == {4} == {len(drawn["places"])}
    assert drawn["calls"] == [0, 1, 2, 3]
    assert "quick colours" in drawn["how"]["sheet"]


def test_change_is_what_the_next_latents_have_more_times_its_gain(run: Run) -> None:
    run = dataclasses.replace(run, path=run.path * 0.1)
    gain = change_gain(run)
    middle = float(np.median(measure(run).moved))
    assert 0.5 < middle * gain <= 1
    drawn = film_data(run, quick_frames(run))
    assert f"Changes are shown {gain:g} times as strong." in drawn["how"]["latents"]
    wanted = (run.path[2] - run.path[1]) * gain
    tiles = channel_tiles(latent_colours(wanted, LIMIT))
    assert (frame(drawn["change"]["latents"], 1) == tiles).all()
    whole = channel_tiles(latent_colours(run.path[3] - run.path[0], LIMIT))
    assert (frame(drawn["change"]["latents"], 3) == whole).all()  # as it is, and said apart


def test_last_place_shows_latents_beside_the_picture(run: Run) -> None:
    drawn = film_data(run, quick_frames(run))
    assert drawn["given"]["end"]["show"] == "latents"
    assert drawn["guess"]["end"]["show"] == "sheet"
    same = frame(drawn["given"]["latents"], 3) == frame(drawn["guess"]["latents"], 3)
    assert same.all()
    assert (frame(drawn["noise"]["latents"], 3) == frame(drawn["given"]["latents"], 0)).all()


def test_long_run_keeps_the_calls_of_its_frames(run: Run) -> None:
    pictures = np.zeros((3, 16, 24, 3), np.uint8)
    drawn = film_data(run, Frames((0, 2, 3), pictures, pictures, True))
    assert drawn["calls"] == [0, 2, 3]
    assert drawn["count"] == 3
    assert drawn["noise"]["latents"]["count"] == 3
    assert "enlarged smoothly" in drawn["how"]["sheet"]


def test_run_that_does_not_move_has_a_gain(run: Run) -> None:
    still = dataclasses.replace(run, path=np.zeros_like(run.path))
    assert change_gain(still) == 1
