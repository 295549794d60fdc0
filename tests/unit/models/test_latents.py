"""Pictures to latents and back, as the checkpoint's own numbers say."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from core.errors import ExplainerError
from core.models.latents import blobs, decode_latents, encode_picture, fit_color_map, preview
from core.models.loading import Checkpoint


def draw(count: int, side: int = 64) -> torch.Tensor:
    return blobs(count, side, torch.Generator().manual_seed(3))


def test_encoding_is_the_scaled_mean_of_the_vae(tiny_checkpoint: Checkpoint) -> None:
    pictures = draw(2)
    with torch.no_grad():
        mean = tiny_checkpoint.vae.encode(pictures).latent_dist.mean
    latents = encode_picture(tiny_checkpoint, pictures)
    assert latents.shape == (2, 4, 8, 8)
    torch.testing.assert_close(latents, mean * 0.18215)


def test_encoding_with_a_generator_is_a_seeded_sample(tiny_checkpoint: Checkpoint) -> None:
    def sample(seed: int) -> torch.Tensor:
        return encode_picture(tiny_checkpoint, draw(1), torch.Generator().manual_seed(seed))

    torch.testing.assert_close(sample(1), sample(1))
    assert not torch.equal(sample(1), sample(2))
    assert not torch.equal(sample(1), encode_picture(tiny_checkpoint, draw(1)))


def test_decoding_undoes_the_scaling(tiny_checkpoint: Checkpoint) -> None:
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        direct = tiny_checkpoint.vae.decode(latents / 0.18215).sample
    wanted = ((direct / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    pictures = decode_latents(tiny_checkpoint, latents)
    assert (pictures.shape, pictures.dtype) == ((2, 64, 64, 3), torch.uint8)
    torch.testing.assert_close(pictures, wanted)


def test_a_shift_is_taken_off_and_put_back(tiny_checkpoint: Checkpoint) -> None:
    vae = copy.deepcopy(tiny_checkpoint.vae)
    vae.register_to_config(shift_factor=0.25)
    checkpoint = replace(tiny_checkpoint, vae=vae)
    with torch.no_grad():
        mean = checkpoint.vae.encode(draw(1)).latent_dist.mean
    latents = encode_picture(checkpoint, draw(1))
    torch.testing.assert_close(latents, (mean - 0.25) * 0.18215)
    plain = decode_latents(tiny_checkpoint, mean * 0.18215)
    assert (decode_latents(checkpoint, latents).int() - plain.int()).abs().max() <= 1


def test_built_in_brings_a_picture_back(checkpoint: Checkpoint) -> None:
    pictures = draw(2, checkpoint.height)
    back = decode_latents(checkpoint, encode_picture(checkpoint, pictures)).float() / 255
    error = (back - (pictures.permute(0, 2, 3, 1) / 2 + 0.5)).abs().mean()
    assert error < 0.1


def test_color_map_guesses_unseen_pictures(checkpoint: Checkpoint) -> None:
    color_map = fit_color_map(checkpoint)
    pictures = draw(4, checkpoint.height)
    guessed = preview(encode_picture(checkpoint, pictures), color_map)
    wanted = F.avg_pool2d(pictures, checkpoint.vae_scale).permute(0, 2, 3, 1) / 2 + 0.5
    assert (guessed.shape, guessed.dtype) == (wanted.shape, torch.uint8)
    explained = 1 - (guessed / 255 - wanted).square().mean() / wanted.var()
    assert explained > 0.8


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 4, 64, 64), (1, 3, 60, 64)])
def test_picture_of_another_shape_is_refused(
    shape: tuple[int, ...], tiny_checkpoint: Checkpoint
) -> None:
    with pytest.raises(ValueError, match="expected"):
        encode_picture(tiny_checkpoint, torch.zeros(shape))


@pytest.mark.parametrize("shape", [(4, 8, 8), (1, 3, 8, 8)])
def test_latents_of_another_shape_are_refused(
    shape: tuple[int, ...], tiny_checkpoint: Checkpoint
) -> None:
    with pytest.raises(ValueError, match="expected"):
        decode_latents(tiny_checkpoint, torch.zeros(shape))


def test_picture_that_is_not_finite_is_never_shown(tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(ExplainerError, match="not finite"):
        decode_latents(tiny_checkpoint, torch.full((1, 4, 8, 8), torch.nan))


def test_checkpoints_cannot_be_changed(tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(AttributeError):
        tiny_checkpoint.id = "other"  # type: ignore[misc]  # that is the point
    assert replace(tiny_checkpoint, id="other").id == "other"
