"""Our U-Net is the library's U-Net, number for number."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.embeddings import get_timestep_embedding
from torch import Tensor, nn

from core.errors import ExplainerError
from core.nets.config import UNetConfig
from core.nets.time_embedding import sinusoids
from core.nets.unet import Ablation, UNet, switch_off

Config = dict[str, Any]  # Any: a config.json
Normal = Callable[..., Tensor]
Randomise = Callable[[nn.Module], nn.Module]
Pair = tuple[UNet, UNet2DConditionModel]


def both(config: Config, randomise: Randomise) -> Pair:
    theirs = UNet2DConditionModel(**config)
    randomise(theirs)
    ours = UNet(UNetConfig.from_config(config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours, theirs


@pytest.fixture
def pair(unet_config: Config, randomise: Randomise) -> Pair:
    return both(unet_config, randomise)


@pytest.fixture
def small_pair(small_unet_config: Config, randomise: Randomise) -> Pair:
    return both(small_unet_config, randomise)


@pytest.fixture
def question(normal: Normal) -> tuple[Tensor, Tensor, Tensor]:
    """Latents, one timestep a sample, text."""
    return normal(2, 4, 16, 16), torch.tensor([3, 987]), normal(2, 77, 24, seed=1)


def test_prediction_equals_the_library(pair: Pair, question: tuple[Tensor, Tensor, Tensor]) -> None:
    ours, theirs = pair
    with torch.no_grad():
        predicted, expected = ours(*question), theirs(*question).sample
    assert expected.std() > 0.1
    torch.testing.assert_close(predicted, expected, rtol=0, atol=1e-4)


def test_gradients_equal_the_library(
    pair: Pair,
    question: tuple[Tensor, Tensor, Tensor],
    normal: Normal,
    assert_same_gradients: Callable[..., None],
) -> None:
    ours, theirs = pair
    xt, t, text = question
    noise = normal(2, 4, 16, 16, seed=7)
    inputs = []
    for net in pair:
        own = xt.clone().requires_grad_(), text.clone().requires_grad_()
        answer = net(own[0], t, own[1])
        predicted = answer if isinstance(answer, Tensor) else answer.sample
        (predicted - noise).square().mean().backward()
        inputs.append([x.grad for x in own])
    for gradient, expected in zip(*inputs, strict=True):
        torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-7)
    assert_same_gradients(ours, theirs)


def test_odd_sizes_equal_the_library(pair: Pair, normal: Normal) -> None:
    ours, theirs = pair
    question = normal(1, 4, 13, 18), torch.tensor(500), normal(1, 77, 24, seed=1)
    with torch.no_grad():
        predicted, expected = ours(*question), theirs(*question).sample
    torch.testing.assert_close(predicted, expected, rtol=0, atol=1e-4)


def test_builtin_weights_equal_the_library(
    builtin: Callable[[str], tuple[Path, Config]], normal: Normal
) -> None:
    folder, config = builtin("unet")
    theirs = UNet2DConditionModel.from_pretrained(folder, local_files_only=True).float()
    ours = UNet(UNetConfig.from_config(config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    size = config["sample_size"]
    question = (
        normal(2, config["in_channels"], size, size),
        torch.tensor([20, 700]),
        normal(2, 77, config["cross_attention_dim"], seed=1),
    )
    with torch.no_grad():
        predicted, expected = ours(*question), theirs(*question).sample
    torch.testing.assert_close(predicted, expected, rtol=0, atol=1e-4)


def test_builtin_gradients_equal_the_library(
    builtin: Callable[[str], tuple[Path, Config]],
    normal: Normal,
    assert_same_gradients: Callable[..., None],
) -> None:
    folder, config = builtin("unet")
    theirs = UNet2DConditionModel.from_pretrained(folder, local_files_only=True).float().eval()
    ours = UNet(UNetConfig.from_config(config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    size = config["sample_size"]
    xt, noise = (normal(1, config["in_channels"], size, size, seed=seed) for seed in (0, 7))
    text, t = normal(1, 77, config["cross_attention_dim"], seed=1), torch.tensor([500])
    (ours(xt, t, text) - noise).square().mean().backward()
    (theirs(xt, t, text).sample - noise).square().mean().backward()
    assert_same_gradients(ours, theirs)


def test_full_size_checkpoints_load_strictly(full_unet_config: Config) -> None:
    with torch.device("meta"):  # shapes without memory
        theirs = UNet2DConditionModel(**full_unet_config)
        ours = UNet(UNetConfig.from_config(full_unet_config))
    state = theirs.state_dict()
    ours.load_state_dict(state, strict=True)
    shapes = {name: weight.shape for name, weight in ours.state_dict().items()}
    assert shapes == {name: weight.shape for name, weight in state.items()}


@pytest.mark.parametrize("width", [2, 32, 320])
@pytest.mark.parametrize("cos_first", [True, False])
@pytest.mark.parametrize("freq_shift", [0, 0.5])
def test_sinusoids_equal_the_library(width: int, cos_first: bool, freq_shift: float) -> None:
    t = torch.tensor([0.0, 1.0, 20.5, 500.0, 999.0])
    expected = get_timestep_embedding(t, width, cos_first, freq_shift)
    torch.testing.assert_close(sinusoids(t, width, cos_first, freq_shift), expected)


def test_sinusoids_refuse_an_odd_width() -> None:
    with pytest.raises(ValueError, match="width is 7, expected an even number"):
        sinusoids(torch.zeros(1), 7, True, 0)


def test_one_timestep_serves_all(small_pair: Pair, question: tuple[Tensor, Tensor, Tensor]) -> None:
    ours, _ = small_pair
    xt, _, text = question
    with torch.no_grad():
        torch.testing.assert_close(
            ours(xt, torch.tensor(40), text), ours(xt, torch.tensor([40, 40]), text)
        )


def test_without_text_no_word_matters(
    small_pair: Pair, question: tuple[Tensor, Tensor, Tensor], normal: Normal
) -> None:
    ours, theirs = small_pair
    xt, t, text = question
    off = Ablation(text=True)
    with torch.no_grad():
        deaf = ours(xt, t, text, off)
        assert torch.equal(deaf, ours(xt, t, normal(2, 77, 24, seed=9), off))
        assert not torch.allclose(deaf, ours(xt, t, text), atol=1e-3)
        for name, part in theirs.named_modules():
            if name.endswith("attn2"):
                part.register_forward_hook(lambda _part, _inputs, out: torch.zeros_like(out))
        torch.testing.assert_close(deaf, theirs(xt, t, text).sample, rtol=0, atol=1e-4)


def test_without_time_every_timestep_is_the_same(
    small_pair: Pair, question: tuple[Tensor, Tensor, Tensor]
) -> None:
    ours, theirs = small_pair
    xt, t, text = question
    off = Ablation(time=True)
    with torch.no_grad():
        timeless = ours(xt, t, text, off)
        assert torch.equal(timeless, ours(xt, torch.tensor([1, 2]), text, off))
        assert not torch.allclose(timeless, ours(xt, t, text), atol=1e-3)
        theirs.time_embedding.register_forward_hook(lambda _p, _i, out: torch.zeros_like(out))
        torch.testing.assert_close(timeless, theirs(xt, t, text).sample, rtol=0, atol=1e-4)


@pytest.mark.parametrize("chosen", [{0}, {3}, {5}, {1, 4}])
def test_without_a_skip_equals_the_library_with_it_cancelled(
    small_pair: Pair, question: tuple[Tensor, Tensor, Tensor], chosen: set[int]
) -> None:
    ours, theirs = small_pair
    stack: list[Tensor] = []

    def note(_part: nn.Module, _inputs: object, output: tuple[Tensor, tuple[Tensor, ...]]) -> None:
        stack.extend(output[1])

    for block in theirs.down_blocks:
        block.register_forward_hook(note)
    theirs.conv_in.register_forward_hook(lambda _p, _i, out: stack.append(out))
    with torch.no_grad():
        theirs(*question)
        skips = list(stack)
        # The library can add to its skips (for ControlNet): add the negative of the chosen ones.
        cancelled = theirs(
            *question,
            down_block_additional_residuals=[
                -x if i in chosen else torch.zeros_like(x) for i, x in enumerate(skips)
            ],
            mid_block_additional_residual=torch.zeros(1),
        ).sample
        without = ours(*question, off=Ablation(skips=frozenset(chosen)))
        assert not torch.allclose(without, ours(*question), atol=1e-3)
    assert len(skips) == 6
    torch.testing.assert_close(without, cancelled, rtol=0, atol=1e-4)


def test_a_skip_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"skips are \[2\], expected some of 0 to 1"):
        switch_off([torch.ones(1), torch.ones(1)], frozenset({1, 2}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_cond_proj_dim", 256),
        ("act_fn", "gelu"),
        ("mid_block_type", "UNetMidBlock2D"),
        ("down_block_types", ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D"]),
        ("up_block_types", ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D"]),
        ("transformer_layers_per_block", [1, 2, 10]),
        ("only_cross_attention", [True, True, False]),
    ],
)
def test_another_family_is_refused_in_a_sentence(
    small_unet_config: Config, name: str, value: object
) -> None:
    with pytest.raises(ExplainerError, match=f"config has {name} = .*knows .* only") as refused:
        UNetConfig.from_config(small_unet_config | {name: value})
    assert refused.value.fix


def test_heads_are_counted_for_each_level(full_unet_config: Config) -> None:
    config = UNetConfig.from_config(full_unet_config)
    listed = full_unet_config["attention_head_dim"]
    expected = listed if isinstance(listed, list) else [listed] * 4
    assert [config.heads(level) for level in range(4)] == expected
