"""Our CLIP text encoder is the library's, and the masks do what is taught of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from core.errors import ExplainerError
from core.nets.clip_text import ClipTextEncoder, causal_mask, quick_gelu, without_prefix
from core.nets.config import ClipTextConfig

Config = dict[str, Any]  # Any: a config.json
Randomise = Callable[[nn.Module], nn.Module]
Pair = tuple[ClipTextEncoder, CLIPTextModel]

WORDS = 9  # start, seven pieces, end: the prompt's own positions


def both(config: Config, randomise: Randomise) -> Pair:
    theirs = CLIPTextModel(CLIPTextConfig(**config))
    theirs.set_attn_implementation("eager")  # the only one that gives its weights
    randomise(theirs)
    ours = ClipTextEncoder(ClipTextConfig.from_config(config)).eval()
    ours.load_state_dict(without_prefix(theirs.state_dict()), strict=True)
    return ours, theirs


@pytest.fixture
def pair(text_config: Config, randomise: Randomise) -> Pair:
    return both(text_config, randomise)


@pytest.fixture
def small(small_text_config: Config, randomise: Randomise) -> ClipTextEncoder:
    return both(small_text_config, randomise)[0]


@pytest.fixture
def ids() -> Tensor:
    """Two prompts of nine tokens, padded to 77 with the end token."""
    words = torch.randint(1, 90, (2, 77), generator=torch.Generator().manual_seed(0))
    words[:, 0] = 98
    words[:, WORDS - 1 :] = 99
    return words


@pytest.fixture
def padding_mask() -> Tensor:
    return (torch.arange(77) < WORDS).long().expand(2, 77)


def assert_same_states(pair: Pair, ids: Tensor, mask: Tensor | None = None) -> None:
    ours, theirs = pair
    with torch.no_grad():
        found = ours(ids, mask)
        expected = theirs(
            ids, attention_mask=mask, output_hidden_states=True, output_attentions=True
        )
    assert len(found.hidden) == len(expected.hidden_states)
    assert len(found.attentions) == len(expected.attentions)
    torch.testing.assert_close(found.last, expected.last_hidden_state, rtol=0, atol=1e-4)
    for state, other in zip(found.hidden, expected.hidden_states, strict=True):
        torch.testing.assert_close(state, other, rtol=0, atol=1e-4)
    for weights, other in zip(found.attentions, expected.attentions, strict=True):
        torch.testing.assert_close(weights, other, rtol=0, atol=1e-5)


def test_states_and_attentions_equal_the_library(pair: Pair, ids: Tensor) -> None:
    assert_same_states(pair, ids)


def test_states_equal_the_library_with_a_padding_mask(
    pair: Pair, ids: Tensor, padding_mask: Tensor
) -> None:
    assert_same_states(pair, ids, padding_mask)


def test_states_equal_the_library_for_a_short_sequence(pair: Pair, ids: Tensor) -> None:
    assert_same_states(pair, ids[:, :5])


def test_builtin_weights_equal_the_library(
    builtin: Callable[[str], tuple[Path, Config]],
) -> None:
    folder, config = builtin("text_encoder")
    theirs = CLIPTextModel.from_pretrained(folder, local_files_only=True).float()
    theirs.set_attn_implementation("eager")
    ours = ClipTextEncoder(ClipTextConfig.from_config(config)).eval()
    ours.load_state_dict(without_prefix(theirs.state_dict()), strict=True)
    ids = torch.full((1, 77), 49407)
    ids[0, :7] = torch.tensor([49406, 320, 1125, 539, 320, 2368, 49407])
    assert_same_states((ours, theirs), ids)


def test_gradients_equal_the_library(
    pair: Pair, ids: Tensor, assert_same_gradients: Callable[..., None]
) -> None:
    ours, theirs = pair
    target = torch.randn(2, 77, 24, generator=torch.Generator().manual_seed(4))
    (ours(ids).last - target).square().mean().backward()
    (theirs(ids).last_hidden_state - target).square().mean().backward()
    assert_same_gradients(ours, theirs)


def test_full_size_checkpoints_load_strictly(full_text_config: Config) -> None:
    with torch.device("meta"):  # shapes without memory
        theirs = CLIPTextModel(CLIPTextConfig(**full_text_config))
        ours = ClipTextEncoder(ClipTextConfig.from_config(full_text_config))
    state = without_prefix(theirs.state_dict())
    ours.load_state_dict(state, strict=True)
    shapes = {name: weight.shape for name, weight in ours.state_dict().items()}
    assert shapes == {name: weight.shape for name, weight in state.items()}


def test_old_files_load_as_well(small: ClipTextEncoder) -> None:
    new = small.state_dict()
    old = {f"text_model.{name}": weight for name, weight in new.items()}
    old["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    assert without_prefix(old).keys() == without_prefix(new).keys() == new.keys()
    small.load_state_dict(without_prefix(old), strict=True)


def test_attention_rows_sum_to_one_and_never_look_ahead(
    small: ClipTextEncoder, ids: Tensor
) -> None:
    for weights in small(ids).attentions:
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 77))
        assert weights.triu(diagonal=1).eq(0).all()


def test_a_changed_word_leaves_what_stands_before_it(small: ClipTextEncoder, ids: Tensor) -> None:
    place = 4
    changed = ids.clone()
    changed[:, place] = 95
    with torch.no_grad():
        before, after = small(ids).last, small(changed).last
    assert torch.equal(before[:, :place], after[:, :place])
    moved = (before[:, place:] - after[:, place:]).abs().amax(-1)
    assert moved.gt(1e-4).all()  # every later position, the padding too


def test_start_is_the_same_for_every_prompt(small: ClipTextEncoder, ids: Tensor) -> None:
    with torch.no_grad():
        states = small(ids).last
    assert torch.equal(states[0, 0], states[1, 0])


def test_the_padding_mask_changes_padded_positions_only(
    small: ClipTextEncoder, ids: Tensor, padding_mask: Tensor
) -> None:
    with torch.no_grad():
        plain, masked = small(ids), small(ids, padding_mask)
    assert torch.equal(plain.last[:, :WORDS], masked.last[:, :WORDS])
    moved = (plain.last[:, WORDS:] - masked.last[:, WORDS:]).abs().amax(-1)
    assert moved.gt(1e-5).all()
    assert all(w[..., WORDS:].eq(0).all() for w in masked.attentions)


def test_clip_skip_normalises_an_earlier_state(pair: Pair, ids: Tensor) -> None:
    ours, theirs = pair
    with torch.no_grad():
        skipped = ours.final_layer_norm(ours(ids).hidden[-2])
        hidden = theirs(ids, output_hidden_states=True).hidden_states[-2]
        expected = theirs.final_layer_norm(hidden)
    torch.testing.assert_close(skipped, expected, rtol=0, atol=1e-4)
    assert not torch.allclose(skipped, ours(ids).last, atol=1e-3)


def test_causal_mask_lets_row_i_read_columns_0_to_i() -> None:
    expected = [[j <= i for j in range(5)] for i in range(5)]
    assert causal_mask(5).tolist() == expected


def test_quick_gelu_is_close_to_gelu_and_equals_the_library() -> None:
    from transformers.activations import ACT2FN

    x = torch.linspace(-6, 6, 1001)
    torch.testing.assert_close(quick_gelu(x), ACT2FN["quick_gelu"](x))
    assert (quick_gelu(x) - nn.functional.gelu(x)).abs().max() < 0.021


def test_too_many_ids_are_refused(small: ClipTextEncoder) -> None:
    with pytest.raises(ValueError, match="ids have 78 positions, expected at most 77"):
        small(torch.zeros(1, 78, dtype=torch.long))


def test_another_activation_is_refused_in_a_sentence(small_text_config: Config) -> None:
    with pytest.raises(ExplainerError, match="hidden_act = relu"):
        ClipTextConfig.from_config(small_text_config | {"hidden_act": "relu"})
