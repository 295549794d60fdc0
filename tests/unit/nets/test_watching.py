"""Watching a network shows its parts and leaves its answer alone."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.nets.watching import boxes, feature_map, watch

Config = dict[str, Any]  # Any: a config.json
Question = tuple[Tensor, Tensor, Tensor]


@pytest.fixture
def unet(small_unet_config: Config, randomise: Callable[[nn.Module], nn.Module]) -> UNet:
    net = UNet(UNetConfig.from_config(small_unet_config))
    randomise(net)
    return net


@pytest.fixture
def question(normal: Callable[..., Tensor]) -> Question:
    return normal(1, 4, 8, 8), torch.tensor(500), normal(1, 77, 24, seed=1)


def test_watching_changes_nothing_and_leaves_nothing_behind(unet: UNet, question: Question) -> None:
    plain = unet(*question)
    with watch(unet, dict.fromkeys(boxes(unet), feature_map)) as seen:
        assert torch.equal(unet(*question), plain)
    assert torch.equal(seen["conv_out"].value, plain)
    assert not seen["conv_out"].value.requires_grad
    seen.clear()
    unet(*question)
    assert not seen


def test_parts_are_seen_in_the_order_in_which_they_run(unet: UNet, question: Question) -> None:
    with watch(unet, dict.fromkeys(boxes(unet), feature_map)) as seen:
        unet(*question)
        once = list(seen)
        unet(*question)
    assert list(seen) == once
    assert once[:4] == [
        "time_embedding",
        "conv_in",
        "down_blocks.0.resnets.0",
        "down_blocks.0.attentions.0",
    ]
    assert once[-2:] == ["conv_norm_out", "conv_out"]
    assert all(part.seconds > 0 for part in seen.values())


def test_boxes_hold_every_weight_once(unet: UNet) -> None:
    held = sum(weight.numel() for part in boxes(unet).values() for weight in part.parameters())
    assert held == sum(weight.numel() for weight in unet.parameters())


def test_another_threads_calls_are_not_seen(unet: UNet, question: Question) -> None:
    with watch(unet, {"conv_in": feature_map}) as seen:
        other = threading.Thread(target=unet, args=question)
        other.start()
        other.join()
        assert not seen
        unet(*question)
    assert list(seen) == ["conv_in"]


def test_watching_ends_when_the_network_fails(unet: UNet, question: Question) -> None:
    with pytest.raises(RuntimeError), watch(unet, {"conv_in": feature_map}) as seen:
        unet(question[0][:, :3], *question[1:])
    unet(*question)
    assert not seen


def test_an_unknown_part_is_named(unet: UNet) -> None:
    with (
        pytest.raises(ValueError, match=r"parts are \['cellar'\]"),
        watch(unet, {"conv_in": feature_map, "cellar": feature_map}),
    ):
        pass
