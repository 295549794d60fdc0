"""Every timestep through the U-Net's own layers: the numbers that a real call adds."""

from typing import Any

import numpy as np
import torch

from core.lessons.timesteps.network_data import (
    before_after_rows,
    block_rows,
    likeness,
    likeness_picture,
    mean_likeness,
    middle_of,
)
from core.models.time_reading import read_times

T = 437


def test_blocks_add_what_a_real_call_adds(tiny_checkpoint: Any) -> None:
    unet = tiny_checkpoint.unet
    added: list[torch.Tensor] = []
    hooks = [
        module.time_emb_proj.register_forward_hook(lambda _, __, out: added.append(out[0]))
        for module in unet.modules()
        if hasattr(module, "time_emb_proj")
    ]
    told: list[torch.Tensor] = []
    hooks.append(unet.time_embedding.register_forward_hook(lambda _, __, out: told.append(out[0])))
    try:
        with torch.no_grad():
            width = unet.config.cross_attention_dim
            unet(torch.zeros(1, 4, 8, 8), T, encoder_hidden_states=torch.zeros(1, 77, width))
    finally:
        for hook in hooks:
            hook.remove()
    reading = read_times(tiny_checkpoint)
    np.testing.assert_allclose(reading.vectors[T], told[0], atol=1e-4)
    assert [block.channels for block in reading.blocks] == [len(one) for one in added]
    sizes = [float(one.square().mean().sqrt()) for one in added]  # in the order of the pass
    np.testing.assert_allclose(reading.sizes[:, T], sizes, atol=1e-4)


def test_every_block_is_named_once_in_the_order_of_the_pass(tiny_checkpoint: Any) -> None:
    reading = read_times(tiny_checkpoint)
    names = [block.name for block in reading.blocks]
    levels = ["down 0", "down 1", "middle", "middle", "up 0", "up 0", "up 1", "up 1"]
    numbers = [0, 0, 0, 1, 0, 1, 0, 1]
    assert names == [f"{at}, block {no}" for at, no in zip(levels, numbers, strict=True)]
    assert reading.waves.shape == (1000, 16)
    assert reading.vectors.shape == (1000, 64)
    assert reading.sizes.shape == reading.moves.shape == (8, 1000)
    assert (reading.moves.mean(axis=1) > 0).all()


def test_pictures_and_rows_come_from_the_same_numbers(tiny_checkpoint: Any) -> None:
    reading = read_times(tiny_checkpoint)
    before, after = likeness(reading.waves), likeness(reading.vectors)
    np.testing.assert_allclose(np.diag(after), 1)
    assert likeness_picture(before).shape == (250, 250, 3)
    assert -1 <= mean_likeness(before) < 1
    assert mean_likeness(np.ones((4, 4))) == 1
    rows = before_after_rows(before, after)
    assert middle_of(before) == 500
    assert [row["alike"] for row in rows if row["t"] == 500] == [1, 1]
    some = before[:25, :25]  # as of 100 timesteps: the middle one is not half of them
    rows = before_after_rows(some, some)
    assert [row["alike"] for row in rows if row["t"] == middle_of(some)] == [1, 1]
    table = block_rows(reading)
    assert len(table) == 8
    assert table[0]["channels"] == 16
    assert table[0]["adds (RMS)"] >= table[0]["of it moves with t (RMS)"] > 0
