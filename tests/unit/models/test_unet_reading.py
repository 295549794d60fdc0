"""What is read out of the U-Net is what flows through the library's own."""

from typing import Any

import numpy as np
import pytest
import torch

from core.models.unet_reading import (
    ask_readable,
    principal_components,
    readable_unet,
    summarise,
    warmed,
)
from core.nets.unet import UNet
from core.nets.watching import boxes, feature_map

T = 437.0


@pytest.fixture
def question(tiny_checkpoint: Any) -> tuple[Any, torch.Tensor, float, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    width = tiny_checkpoint.unet.config.cross_attention_dim
    xt = torch.randn(1, 4, 8, 8, generator=generator)
    return tiny_checkpoint, xt, T, torch.randn(2, 77, width, generator=generator)


def test_readable_unet_is_made_once_and_shares_its_weights(tiny_checkpoint: Any) -> None:
    ours = readable_unet(tiny_checkpoint)
    assert readable_unet(tiny_checkpoint) is ours
    theirs = tiny_checkpoint.unet.state_dict()
    for name, weight in ours.state_dict().items():
        assert weight.data_ptr() == theirs[name].data_ptr(), name
    fresh = UNet(ours.config)
    assert [warmed(fresh), warmed(fresh)] == [False, True]


def test_answer_and_every_box_equal_the_librarys(question: tuple[Any, ...]) -> None:
    checkpoint, xt, t, states = question
    parts = dict.fromkeys(boxes(readable_unet(checkpoint)), feature_map)
    answer, seen, seconds = ask_readable(checkpoint, xt, t, states, parts=parts)
    theirs: dict[str, torch.Tensor] = {}
    modules = dict(checkpoint.unet.named_modules())
    hooks = []
    for name in parts:

        def note(_m: object, _i: object, out: Any, name: str = name) -> None:
            theirs[name] = out if isinstance(out, torch.Tensor) else out[0]

        hooks.append(modules[name].register_forward_hook(note))
    try:
        with torch.no_grad():
            expected = checkpoint.unet(
                xt.expand(2, -1, -1, -1), t, encoder_hidden_states=states
            ).sample
    finally:
        for hook in hooks:
            hook.remove()
    torch.testing.assert_close(answer, expected, rtol=0, atol=1e-4)
    assert set(seen) == set(parts)
    for name, part in seen.items():
        torch.testing.assert_close(part.value, theirs[name], rtol=0, atol=1e-4, msg=name)
    assert 0 < sum(part.seconds for part in seen.values()) <= seconds


@pytest.mark.parametrize("shape", [(5, 4, 6), (40, 3, 5), (16, 4, 4)], ids=str)
def test_principal_components_are_those_of_the_singular_values(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1)) + 3
    x[0] *= 4
    components, shares = principal_components(x)
    rows = x.flatten(1).T.numpy().astype(np.float64)
    rows -= rows.mean(axis=0)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(shares, s[:3] ** 2 / (s**2).sum(), atol=1e-6)
    expected = (u * s)[:, :3].T.reshape(3, *shape[1:])
    np.testing.assert_allclose(np.abs(components), np.abs(expected), atol=1e-4)
    flat = components.flatten(1)
    assert (flat.gather(1, flat.abs().argmax(dim=1, keepdim=True)) > 0).all()


def test_few_channels_and_equal_positions_leave_components_at_zero() -> None:
    components, shares = principal_components(torch.arange(8.0).view(2, 2, 2))
    assert components.shape == (3, 2, 2)
    np.testing.assert_allclose(shares, [1, 0, 0], atol=1e-6)
    still, none = principal_components(torch.ones(4, 2, 2))
    assert not still.any()
    assert not none.any()


def test_summary_picks_the_channels_that_vary_most() -> None:
    x = torch.zeros(1, 12, 2, 2)
    x[0, :, 0, 0] = torch.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12.0])
    seen = summarise(x, 0.25)
    assert seen.picked == (11, 10, 9, 8, 7, 6, 5, 4)
    assert seen.channels.shape == (8, 2, 2)
    assert (seen.low, seen.high, seen.seconds, seen.shape) == (-12, 11, 0.25, (12, 2, 2))
    assert seen.negative == pytest.approx(1 / 48)
    assert seen.mean == pytest.approx(54 / 48)


def test_summary_of_a_vector_is_the_vector() -> None:
    seen = summarise(torch.tensor([[1.0, -2.0, 70_000.0]]), 0.1)
    assert seen.shape == (3,)
    assert seen.components is None
    np.testing.assert_array_equal(seen.channels.ravel(), np.float16([1, -2, 65504]))
