"""LoRA: beside the weights as merged into them, for each row of a batch by itself."""

import threading

import pytest
import torch
from torch import Tensor, nn

from core.nets.lora import Lora, Pair, adapted, merge


class Small(nn.Module):
    """A convolution with a stride, one of 1 x 1, and a linear layer on every position."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.point = nn.Conv2d(6, 6, 1)
        self.linear = nn.Linear(6, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.point(self.conv(x).tanh())
        return self.linear(x.flatten(2).transpose(1, 2))  # (B, C, H, W) -> (B, N, C)


@pytest.fixture
def network() -> Small:
    torch.manual_seed(0)
    return Small().requires_grad_(False)


def lora(seed: int, rank: int = 2, alpha: float = 3.0) -> Lora:
    draw = torch.Generator().manual_seed(seed)

    def some(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw)

    return {
        "conv": Pair(some(rank, 3, 3, 3), some(6, rank, 1, 1), alpha),
        "point": Pair(some(rank, 6, 1, 1), some(6, rank, 1, 1), alpha),
        "linear": Pair(some(rank, 6), some(5, rank), alpha),
    }


def merged(network: Small, loras: list[Lora], strengths: list[float], x: Tensor) -> Tensor:
    """The network's answer with weights that were changed by hand, number by number."""
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    for one, strength in zip(loras, strengths, strict=True):
        for name, pair in one.items():
            scale = strength * pair.alpha / pair.down.shape[0]
            change = torch.einsum("or,ri->oi", pair.up.flatten(1), pair.down.flatten(1))
            weights[f"{name}.weight"] += scale * change.reshape(weights[f"{name}.weight"].shape)
    return torch.func.functional_call(network, weights, (x,))


def test_merging_is_what_is_written_beside_it() -> None:
    pair = Pair(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0], [0.0]]), alpha=0.5)
    found = merge(torch.ones(3, 2), pair, strength=2.0)
    torch.testing.assert_close(found, torch.tensor([[4.0, 7.0], [5.0, 9.0], [1.0, 1.0]]))
    assert torch.equal(merge(torch.ones(3, 2), pair, strength=0.0), torch.ones(3, 2))


def test_a_convolution_is_merged_at_every_place_of_its_kernel(network: Small) -> None:
    pair = lora(1)["conv"]
    found = merge(network.conv.weight, pair, 0.7) - network.conv.weight
    for row in range(3):
        for column in range(3):
            change = 0.7 * 1.5 * pair.up[:, :, 0, 0] @ pair.down[:, :, row, column]
            torch.testing.assert_close(found[:, :, row, column], change)


def test_beside_the_weights_is_as_in_them(network: Small) -> None:
    x, one = torch.randn(4, 3, 8, 8), lora(1)
    with adapted(network, [one], torch.tensor([[0.6]])):
        found = network(x)
    torch.testing.assert_close(found, merged(network, [one], [0.6], x), atol=2e-5, rtol=1e-5)


def test_every_row_of_a_call_has_its_own_strengths(network: Small) -> None:
    x, first = torch.randn(4, 3, 8, 8), lora(1)
    second = {"linear": lora(2, rank=3)["linear"]}
    strengths = torch.tensor([[1.0, 0.0, 0.5, 0.0], [0.0, 0.0, -0.25, 2.0]])
    with adapted(network, [first, second], strengths):
        found = network(x)
    for row in range(4):
        expected = merged(network, [first, second], strengths[:, row].tolist(), x[row : row + 1])
        torch.testing.assert_close(found[row : row + 1], expected, atol=2e-5, rtol=1e-5)
    assert torch.equal(found[1], network(x)[1])


def test_afterwards_the_network_is_as_it_was_also_after_an_error(network: Small) -> None:
    x = torch.randn(2, 3, 8, 8)
    before = network(x)
    with (
        pytest.raises(ValueError, match="3 rows, expected 2"),
        adapted(network, [lora(1)], torch.ones(1, 3)),
    ):
        network(x)
    assert torch.equal(network(x), before)


def test_another_threads_calls_are_left_alone(network: Small) -> None:
    x, found = torch.randn(2, 3, 8, 8), []
    before = network(x)
    with adapted(network, [lora(1)], torch.ones(1, 2)):
        other = threading.Thread(target=lambda: found.append(network(x)))
        other.start()
        other.join()
    assert torch.equal(found[0], before)


def test_what_was_learned_gets_a_gradient(network: Small) -> None:
    one = lora(1)
    for pair in one.values():
        pair.up.requires_grad_()
    with adapted(network, [one], torch.ones(1, 1)):
        network(torch.randn(2, 3, 8, 8)).square().sum().backward()
    assert all(pair.up.grad is not None and pair.up.grad.any() for pair in one.values())


@pytest.mark.parametrize(
    ("name", "pair", "words"),
    [
        ("gone", Pair(torch.ones(1, 6), torch.ones(5, 1), 1.0), "gone is NoneType"),
        ("linear", Pair(torch.ones(1, 5), torch.ones(5, 1), 1.0), r"\(5, 5\), expected \(5, 6\)"),
        ("conv", Pair(torch.ones(1, 3), torch.ones(6, 1), 1.0), r"expected \(6, 3, 3, 3\)"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(
    network: Small, name: str, pair: Pair, words: str
) -> None:
    with (
        pytest.raises(ValueError, match=words),
        adapted(network, [{name: pair}], torch.ones(1, 1)),
    ):
        pass


def test_strengths_are_given_for_each_lora(network: Small) -> None:
    with (
        pytest.raises(ValueError, match=r"\(2, 1\), expected \(1, rows\)"),
        adapted(network, [lora(1)], torch.ones(2, 1)),
    ):
        pass


def test_merging_refuses_another_shape() -> None:
    with pytest.raises(ValueError, match=r"fits \(5, 6\), expected \(5, 5\)"):
        merge(torch.ones(5, 5), lora(1)["linear"])
