"""Inpainting: what is kept is put back exactly, and a latent stands for eight pixels each way."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.ideas.inpainting import put_back, spread_mask


def test_inside_the_mask_nothing_changes_and_outside_it_everything_is_the_kept_part() -> None:
    xt, kept = np.random.default_rng(0).normal(size=(2, 1, 4, 6, 5))
    mask = np.zeros((6, 5))
    mask[1:4, 2:] = 1
    found = put_back(xt, kept, mask)
    inside = mask.astype(bool)
    assert (found[:, :, inside] == xt[:, :, inside]).all()
    assert (found[:, :, ~inside] == kept[:, :, ~inside]).all()
    as_torch = put_back(*(torch.from_numpy(one) for one in (xt, kept, mask)))
    assert np.array_equal(as_torch.numpy(), found)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(1, 4, 2, 2\)"):
        put_back(np.zeros((1, 4, 2, 2)), np.zeros((1, 4, 2, 3)), np.ones((2, 2)))


def test_a_latent_stands_for_eight_pixels_each_way_as_the_librarys_pipeline_takes_a_mask() -> None:
    mask = (np.random.default_rng(1).random((16, 12)) < 0.4).astype(np.float32)
    pixels = spread_mask(mask, 8)
    assert pixels.shape == (128, 96)
    for row, column in ((0, 0), (7, 95), (8, 8), (63, 40), (127, 95)):
        assert pixels[row, column] == mask[row // 8, column // 8]
    # diffusers: prepare_mask_latents
    theirs = F.interpolate(torch.from_numpy(pixels)[None, None], size=(16, 12))[0, 0]
    assert np.array_equal(theirs.numpy(), mask)
