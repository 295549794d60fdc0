"""Pictures and latents through the engine: the numbers of the VAE alone, and plain refusals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from core.engine.engine import Engine
from core.engine.works.latents import DecodeWork, PictureWork, ScaleWork
from core.errors import ExplainerError
from core.models.latents import decode_latents, encode_picture, fit_color_map, preview
from core.nets.autoencoder import kl_to_unit_gaussian

SIDE = 64
Make = Callable[..., Engine]


def pixels(seed: int = 0, side: int = SIDE) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, side * side * 3, dtype=np.uint8).tobytes()


def as_tensor(data: bytes, side: int = SIDE) -> torch.Tensor:
    whole = torch.tensor(list(data)).view(side, side, 3).permute(2, 0, 1)[None]
    return whole / 127.5 - 1


def answer(worker: Engine, look: Any) -> Any:  # Any: each look has a reading of its own
    ticket = worker.submit(look)
    for _ in range(50):
        if ticket.wait(0):
            break
        worker.tick()
    return ticket.result()


def test_reading_is_what_the_vae_says(make_worker: Make, tiny_checkpoint: Any) -> None:
    reading = answer(make_worker(), PictureWork("emoji128", pixels(), SIDE, SIDE, (5, 6)))
    picture = as_tensor(pixels())
    with torch.no_grad():
        found = tiny_checkpoint.vae.encode(picture).latent_dist
    scale = tiny_checkpoint.scaling_factor
    np.testing.assert_allclose(reading.mean, found.mean[0] * scale, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reading.std, found.std[0] * scale, rtol=1e-4)
    closed = kl_to_unit_gaussian(found.mean, found.logvar)[0]
    np.testing.assert_allclose(reading.kl, closed, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(reading.kl.sum(), found.kl()[0], rtol=1e-4)
    for seed, sample in zip((5, 6), reading.samples, strict=True):
        alone = encode_picture(tiny_checkpoint, picture, torch.Generator().manual_seed(seed))
        np.testing.assert_allclose(sample, alone[0], rtol=1e-4, atol=1e-6)
    back = decode_latents(tiny_checkpoint, torch.tensor(reading.mean)[None])[0]
    np.testing.assert_array_equal(reading.back, back)


def test_colours_are_fitted_once_and_are_the_engines(
    make_worker: Make, tiny_checkpoint: Any
) -> None:
    worker = make_worker()
    reading = answer(worker, PictureWork("emoji128", pixels(), SIDE, SIDE))
    color_map = fit_color_map(tiny_checkpoint)
    np.testing.assert_allclose(reading.colour_weights, color_map.weights, rtol=1e-4)
    theirs = preview(torch.tensor(reading.mean)[None], color_map)[0].numpy()
    ours = reading.preview(reading.mean)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    ticket = worker.submit(PictureWork("emoji128", pixels(1), SIDE, SIDE))
    worker.tick()
    assert ticket.status().steps == 2  # encode and decode, nothing to fit


def test_a_picture_is_read_in_pieces_between_which_others_run(make_worker: Make) -> None:
    worker = make_worker()
    ticket = worker.submit(PictureWork("emoji128", pixels(), SIDE, SIDE))
    ticks = 0
    while not ticket.wait(0):
        worker.tick()
        ticks += 1
    assert ticks >= 10


def test_latents_are_decoded_as_the_vae_does(make_worker: Make, tiny_checkpoint: Any) -> None:
    latents = np.random.default_rng(0).normal(size=(3, 4, 8, 8)).astype(np.float32)
    decoded = answer(make_worker(), DecodeWork.of("emoji128", latents))
    expected = decode_latents(tiny_checkpoint, torch.tensor(latents))
    assert np.abs(decoded.pictures.astype(int) - expected.numpy()).max() <= 1
    assert len(decoded.decode_s) == 3
    assert min(decoded.decode_s) > 0


def test_scale_is_measured_on_samples(make_worker: Make, tiny_checkpoint: Any) -> None:
    pictures = tuple(pixels(seed) for seed in range(3))
    reading = answer(make_worker(), ScaleWork("emoji128", pictures, SIDE, SIDE, seed=4))
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        raw = torch.cat(
            [tiny_checkpoint.vae.encode(as_tensor(one)).latent_dist.sample(generator)
             for one in pictures]
        )  # fmt: skip
    assert reading.measured == pytest.approx(1 / raw.std(correction=0).item(), rel=1e-4)
    assert reading.configured == tiny_checkpoint.scaling_factor
    np.testing.assert_allclose(
        reading.means, raw.mean(dim=(0, 2, 3)) * tiny_checkpoint.scaling_factor, atol=1e-5
    )


def test_equal_pictures_are_read_once(make_worker: Make) -> None:
    worker = make_worker()
    tickets = [worker.submit(PictureWork("emoji128", pixels(), SIDE, SIDE), who) for who in "abc"]
    while not tickets[0].wait(0):
        worker.tick()
    assert len({id(ticket.result()) for ticket in tickets}) == 1
    assert worker.counters().computed == 1


NAN = np.full((1, 4, 8, 8), np.nan, np.float32)


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (PictureWork("../x", pixels(), SIDE, SIDE), "not a model"),
        (PictureWork("emoji128", pixels(), SIDE, 63), "height of the picture is 63"),
        (PictureWork("emoji128", pixels(), 10**9, SIDE), "width of the picture"),
        (PictureWork("emoji128", pixels()[:-1], SIDE, SIDE), "not the pixels"),
        (PictureWork("emoji128", pixels(), SIDE, SIDE, (-1,)), "seed is -1"),
        (PictureWork("emoji128", pixels(), SIDE, SIDE, (2**64,)), "seed is"),
        (PictureWork("emoji128", pixels(), SIDE, SIDE, tuple(range(99))), "too many seeds"),
        (DecodeWork("emoji128", b"", (0, 4, 8, 8)), "number of latents is 0"),
        (DecodeWork("emoji128", b"", (1, 4, 8)), "another shape"),  # type: ignore[arg-type]  # is the point
        (DecodeWork("emoji128", b"12", (1, 4, 8, 8)), "another shape"),
        (DecodeWork.of("emoji128", NAN), "not finite"),
        (ScaleWork("emoji128", (), SIDE, SIDE), "number of pictures is 0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(make_worker: Make, look: Any, says: str) -> None:
    with pytest.raises(ExplainerError, match=says):
        make_worker().submit(look)


def test_what_does_not_suit_the_model_is_told(make_worker: Make) -> None:
    other = DecodeWork.of("emoji128", np.zeros((1, 5, 8, 8), np.float32))
    with pytest.raises(ExplainerError, match="5 channels"):
        answer(make_worker(), other)
    with pytest.raises(ExplainerError, match="multiples of 8"):
        answer(make_worker(), PictureWork("emoji128", pixels(side=68), 68, 68))
