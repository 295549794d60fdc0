"""Scenes: one picture on one background, the same for the same generator."""

import torch

from core.training.pictures import PictureBank
from core.training.scenes import BACKGROUNDS, CENTRED, COLOUR_NAMES, LOOSE, Placement, compose

STILL = Placement(scale=(1.0, 1.0), shift=0.0, jitter=0.0)


def composed(bank: PictureBank, placement: Placement, seed: int = 0) -> torch.Tensor:
    rows = torch.arange(10)
    generator = torch.Generator().manual_seed(seed)
    return compose(bank, rows, rows % len(COLOUR_NAMES), placement, generator)


def test_scenes_have_the_background_that_was_asked_for(bank: PictureBank) -> None:
    corners = (composed(bank, STILL)[:, :, 0, 0] + 1) * 127.5
    wanted = torch.tensor(list(BACKGROUNDS.values()), dtype=torch.float32)
    torch.testing.assert_close(corners, wanted, atol=0.01, rtol=0)


def test_an_unmoved_picture_keeps_its_pixels(bank: PictureBank) -> None:
    scene = (composed(bank, STILL) + 1) * 127.5
    shown = bank.rgba[0, :3].float()
    inside = bank.rgba[0, 3] == 255
    torch.testing.assert_close(scene[0][:, inside], shown[:, inside], atol=0.01, rtol=0)


def test_scenes_stay_within_range_and_follow_the_seed(bank: PictureBank) -> None:
    scenes = composed(bank, LOOSE)
    assert scenes.shape == (10, 3, 128, 128)
    assert scenes.min() >= -1
    assert scenes.max() <= 1
    assert torch.equal(scenes, composed(bank, LOOSE))
    assert not torch.equal(scenes, composed(bank, LOOSE, seed=1))


def test_mirroring_turns_left_to_right(bank: PictureBank) -> None:
    half = bank.rgba.clone()
    half[..., 64:] = 0  # only the left half is painted
    lopsided = PictureBank(bank.emoji, half, bank.objects)
    plain = composed(lopsided, STILL)
    mirrored = composed(lopsided, Placement(scale=(1.0, 1.0), shift=0.0, flip=1.0, jitter=0.0))
    torch.testing.assert_close(mirrored.flip(-1), plain, atol=1e-4, rtol=0)


def test_centred_pictures_stay_in_the_middle(bank: PictureBank) -> None:
    scene = composed(bank, CENTRED)[0]
    background = scene[:, :1, :1]
    painted = ((scene - background).abs().sum(0) > 0.2).nonzero().float()
    assert (painted.mean(0) - 63.5).abs().max() < 128 * CENTRED.shift + 1
