import dataclasses

import numpy as np
import torch

from core.engine.film import Film
from core.ideas.guidance import guide
from core.models.loading import Checkpoint
from core.views.film import begun_film
from core.views.numbers import say_noise
from core.views.run import Run, begun_run, frames_of, quick_frames, run_of, say_places


def test_run_of_a_real_trace_holds_its_numbers(tiny_checkpoint: Checkpoint) -> None:
    from core.engine.alone import run_alone
    from core.engine.request import Request

    trace = run_alone(tiny_checkpoint, Request(prompt="a red apple", steps=3, scheduler="heun"))
    run = run_of(trace)
    assert len(run.timesteps) == trace.calls == 5
    assert run.path.shape == (6, 4, 8, 8)
    assert (run.path[-1] == trace.latents.numpy()).all()
    assert (run.eps[2] == trace.steps[2].eps.numpy()).all()
    assert run.sigmas.tolist() == list(trace.sigmas)
    assert run.fingerprint == trace.fingerprint
    assert run.eps_uncond is not None
    torch.testing.assert_close(
        torch.from_numpy(guide(run.eps_uncond, run.eps_cond, 5.0)), torch.from_numpy(run.eps)
    )
    assert [place["text"] for place in say_places(run, [0, 1, 2, 5])] == [
        f"Start · only noise · the network is told t = {run.timesteps[0]:g}",
        f"After 1 of 5 calls, 0 of 3 steps · t = {run.timesteps[1]:g} · "
        f"{say_noise(run.alpha_bars[1])}",
        f"After 2 of 5 calls, 1 of 3 steps · t = {run.timesteps[2]:g} · "
        f"{say_noise(run.alpha_bars[2])}",
        "After 5 of 5 calls, 3 of 3 steps · finished",
    ]


def test_run_without_guidance_asked_no_empty_prompt(tiny_checkpoint: Checkpoint) -> None:
    from core.engine.alone import run_alone
    from core.engine.request import Request

    run = run_of(run_alone(tiny_checkpoint, Request(prompt="a cat", steps=2, guidance=1)))
    assert run.eps_uncond is None
    assert (run.eps_cond == run.eps).all()


def test_places_say_step_timestep_and_noise(run: Run) -> None:
    said = say_places(run, range(4))
    assert [place["text"] for place in said] == [
        "Start · only noise · the network is told t = 951",
        "After 1 of 3 steps · t = 501 · 60\xa0% noise power",
        "After 2 of 3 steps · t = 1 · 10\xa0% noise power",
        "After 3 of 3 steps · finished",
    ]
    assert said[1]["spoken"] == "After 1 of 3 steps, timestep 501, 60\xa0% noise power"


def test_quick_frames_find_colours_that_are_linear_in_the_latents(run: Run) -> None:
    weights = np.array([[30, 0, 10], [0, 25, 0], [5, -20, 0], [0, 5, 30]])
    small = np.moveaxis(run.path[-1], 0, -1) @ weights + 120  # (2, 3, 3)
    picture = np.rint(small).clip(0, 255).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    run = dataclasses.replace(run, picture=picture)
    frames = quick_frames(run)
    assert not frames.decoded
    assert frames.places == (0, 1, 2, 3)
    assert frames.given.shape == frames.guess.shape == (4, 16, 24, 3)
    assert (frames.given[-1] == picture).all()
    assert (frames.guess[-1] == picture).all()
    assert (frames.given[0] != frames.given[1]).any()


def test_quick_frames_of_a_plain_picture_stay_finite(run: Run) -> None:
    run = dataclasses.replace(run, picture=np.full((16, 24, 3), 77, np.uint8))
    assert np.abs(quick_frames(run).given.astype(int) - 77).max() <= 1


def test_decoded_film_ends_with_the_picture_on_both_sides(run: Run) -> None:
    given = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((4, 16, 24, 3), np.uint8)
    frames = frames_of(run, Film(xt=given, x0=given[:3], indices=(0, 1, 2)))
    assert frames.decoded
    assert frames.places == (0, 1, 2, 3)
    assert (frames.guess[-1] == run.picture).all()


def test_film_of_a_long_run_keeps_which_places_it_shows(run: Run) -> None:
    given = np.zeros((3, 16, 24, 3), np.uint8)
    frames = frames_of(run, Film(xt=given, x0=given[:2], indices=(0, 2)))
    assert frames.places == (0, 2, 3)
    assert len(frames.guess) == 3


def test_steps_of_a_stopped_run_make_a_film_of_what_there_is(tiny_checkpoint: Checkpoint) -> None:
    from core.engine.alone import run_alone
    from core.engine.request import Request

    request = Request(prompt="a red apple", steps=6)
    trace = run_alone(tiny_checkpoint, request)
    weights = np.random.default_rng(0).normal(scale=0.02, size=(4, 3))
    shares = np.moveaxis(trace.steps[3].x0.numpy(), 0, -1) @ weights + 0.5
    begun = begun_run(request, trace.steps[:4], np.rint(255 * shares).astype(np.uint8))
    assert begun.path.shape == (5, 4, 8, 8)
    assert (begun.path[-1] == trace.steps[3].x_prev.numpy()).all()
    wanted = np.moveaxis(begun.path[-1], 0, -1) @ weights + 0.5  # the preview's own colours
    assert np.abs(begun.picture[::8, ::8] / 255 - wanted).max() < 0.02
    film = begun_film(begun, (6, 6))
    assert [place["text"].split(" · ")[0] for place in film["places"]] == [
        "Start", "After 1 of 6 steps", "After 2 of 6 steps", "After 3 of 6 steps",
    ]  # fmt: skip
    assert "finished" not in str(film["places"])
    for kind in ("given", "guess", "noise", "change"):
        assert film[kind]["end"] is None
        assert film[kind]["sheet"]["count"] == film[kind]["latents"]["count"] == 4
    assert (film["calls"], film["count"]) == ([0, 1, 2, 3], 3)
    assert {len(line["values"]) for chart in film["charts"] for line in chart["lines"]} == {4}
