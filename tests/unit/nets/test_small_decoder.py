"""The small decoder: shapes, what it squashes, and that its size is the size of the latents."""

import math

import torch

from core.nets.small_decoder import SmallDecoder, SmallDecoderConfig, squash

CONFIG = SmallDecoderConfig.from_config(
    {"latent_channels": 4, "widths": [12, 8, 8], "blocks": [1, 2, 1], "autoencoder": "of no matter"}
)


def test_every_level_doubles_the_size() -> None:
    decoder = SmallDecoder(CONFIG)
    assert decoder(torch.zeros(2, 4, 5, 3)).shape == (2, 3, 40, 24)
    two_levels = SmallDecoder(SmallDecoderConfig(4, (8, 8), (0, 0)))
    assert two_levels(torch.zeros(1, 4, 5, 3)).shape == (1, 3, 20, 12)


def test_latents_far_outside_are_squashed_and_small_ones_are_not() -> None:
    given = torch.tensor([0.0, 0.1, -1.5, 300.0])
    expected = torch.tensor([3 * math.tanh(value / 3) for value in given.tolist()])
    torch.testing.assert_close(squash(given), expected)
    assert float(squash(given)[3]) == 3


def test_it_answers_for_each_position_from_its_neighbourhood_alone() -> None:
    torch.manual_seed(0)
    decoder = SmallDecoder(SmallDecoderConfig(4, (8, 8), (1, 1))).eval()
    latents = torch.randn(1, 4, 24, 8)
    changed = latents.clone()
    changed[:, :, 20] += 1
    with torch.no_grad():
        before, after = decoder(latents), decoder(changed)
    different = (before != after).any(dim=1).any(dim=-1)[0].nonzero().flatten()
    assert different.min() > 4 * 14  # three convolutions above, three below at twice the size
    assert different.max() == 4 * 24 - 1
