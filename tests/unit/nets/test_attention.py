"""Attention is softmax(q k^T / sqrt(d)) v, and its weights are a mixture."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from core.nets import attention
from core.nets.attention import GEGLU, Attention, attend, attend_by_rows

Normal = Callable[..., Tensor]


@pytest.fixture
def qkv(normal: Normal) -> tuple[Tensor, Tensor, Tensor]:
    return normal(2, 7, 12, seed=1), normal(2, 5, 12, seed=2), normal(2, 5, 12, seed=3)


@pytest.mark.parametrize("heads", [1, 3, 4])
def test_attend_equals_scaled_dot_product_attention(
    qkv: tuple[Tensor, Tensor, Tensor], heads: int
) -> None:
    mixed, _ = attend(*qkv, heads)
    split = [x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in qkv]
    expected = F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-6)


def test_weights_are_shares_of_one_whole(qkv: tuple[Tensor, Tensor, Tensor]) -> None:
    _, weights = attend(*qkv, heads=3)
    assert weights.shape == (2, 3, 7, 5)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 7))


def test_what_may_not_be_read_gets_no_weight(qkv: tuple[Tensor, Tensor, Tensor]) -> None:
    readable = torch.tensor([True, False, True, True, False])
    q, k, v = qkv
    mixed, weights = attend(q, k, v, 2, readable)
    assert (weights[..., ~readable] == 0).all()
    shorter, _ = attend(q, k[:, readable], v[:, readable], 2)
    torch.testing.assert_close(mixed, shorter)


@pytest.mark.parametrize("most", [1, 2 * 3 * 5 * 2, 2**24])
def test_attending_by_rows_is_the_same_and_never_writes_out_more(
    qkv: tuple[Tensor, Tensor, Tensor], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def counted(*given: Any) -> tuple[Tensor, Tensor]:
        mixed, weights = attend(*given)
        written.append(weights.numel())
        return mixed, weights

    expected, _ = attend(*qkv, 3)
    monkeypatch.setattr(attention, "attend", counted)
    monkeypatch.setattr(attention, "MOST_WEIGHTS", most)
    mixed, kept = attend_by_rows(*qkv, 3)
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-6)
    assert kept.numel() == 0
    assert sum(written) == 2 * 3 * 7 * 5
    assert max(written) <= max(most, 2 * 3 * 5)


def test_equal_keys_share_equally(normal: Normal) -> None:
    same = torch.ones(1, 4, 6)
    v = normal(1, 4, 6)
    mixed, _ = attend(normal(1, 3, 6, seed=5), same, v, 2)
    torch.testing.assert_close(mixed, v.mean(1, keepdim=True).expand(1, 3, 6))


def test_half_precision_scores_do_not_overflow() -> None:
    q = torch.full((1, 2, 4), 300.0, dtype=torch.float16)  # q k = 4 * 90,000, over 65,504
    mixed, weights = attend(q, q, q, 1)
    assert mixed.dtype == torch.float16
    torch.testing.assert_close(weights.float(), torch.full((1, 1, 2, 2), 0.5))


def test_heads_must_divide_the_width() -> None:
    x = torch.zeros(1, 2, 10)
    with pytest.raises(ValueError, match="width is 10, expected a multiple of 4 heads"):
        attend(x, x, x, 4)


def test_attention_and_geglu_equal_the_library(normal: Normal) -> None:
    from diffusers.models.activations import GEGLU as TheirGEGLU
    from diffusers.models.attention_processor import Attention as TheirAttention

    x, text = normal(2, 9, 16), normal(2, 5, 8, seed=1)
    theirs = TheirAttention(16, cross_attention_dim=8, heads=4, dim_head=4)
    ours = Attention(16, 4, 8)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    out, weights = ours(x, text)
    torch.testing.assert_close(out, theirs(x, text), rtol=0, atol=1e-6)
    q, k = (theirs.head_to_batch_dim(y) for y in (theirs.to_q(x), theirs.to_k(text)))
    expected = theirs.get_attention_scores(q, k).unflatten(0, (2, 4))
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-6)

    theirs, ours = TheirGEGLU(16, 32), GEGLU(16, 32)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    torch.testing.assert_close(ours(x), theirs(x))
