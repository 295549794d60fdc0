"""Attention, written out: every position asks, every position answers, softmax decides."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation
from core.nets.config import UNetConfig

MOST_WEIGHTS = 2**24  # at once, where none are kept: 64 MB


@equation(
    tex=r"\operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V",
    source="Vaswani et al. 2017 (Attention Is All You Need), eq. 1; d is the width of one head",
)
def attend(
    q: Tensor, k: Tensor, v: Tensor, heads: int, readable: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mix the values, each weighted by how well its key answers the query.

    Args:
        q: queries, one for each position that reads, (B, N, D).
        k: keys, one for each position that is read, (B, L, D).
        v: values, same shape as ``k``.
        heads: how many times attention runs side by side, each on D / heads numbers.
        readable: True where a query may read a key; broadcasts to (B, heads, N, L).

    Returns:
        What each position read, (B, N, D), and the weights, (B, heads, N, L), rows summing to 1.

    Raises:
        ValueError: D is not a multiple of ``heads``.
    """
    if q.shape[-1] % heads:
        raise ValueError(f"width is {q.shape[-1]}, expected a multiple of {heads} heads")
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))  # (B, h, ., D/h)
    wide = torch.promote_types(q.dtype, torch.float32)  # SD 2.1's scores overflow in float16
    q = q.to(wide) / math.sqrt(q.shape[-1])  # here and not below: N L numbers are far more than N D
    scores = q @ k.to(wide).transpose(-1, -2)  # (B, h, N, L)
    if readable is not None:
        scores = scores.masked_fill(~readable, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1).to(v.dtype)
    mixed = weights @ v  # (B, h, N, D/h)
    return mixed.transpose(1, 2).flatten(2), weights  # heads side by side again: (B, N, D)


def attend_by_rows(
    q: Tensor, k: Tensor, v: Tensor, heads: int, readable: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Attend without keeping weights: a few queries at a time, for each reads by itself.

    All weights of Stable Diffusion's first level, at 512 pixels with guidance, take a gigabyte.

    Args:
        q: as for ``attend``.
        k: as for ``attend``.
        v: as for ``attend``.
        heads: as for ``attend``.
        readable: as for ``attend``; not cut, so it must broadcast along the queries.

    Returns:
        What each position read, (B, N, D), and nothing for the weights, (0,).
    """
    rows = max(1, MOST_WEIGHTS // (q.shape[0] * heads * k.shape[1]))
    mixed = [attend(part, k, v, heads, readable)[0] for part in q.split(rows, dim=1)]
    return torch.cat(mixed, dim=1), q.new_empty(0)


class Attention(nn.Module):
    """Tokens read a context: themselves in self-attention, the text in cross-attention.

    Args:
        width: numbers in a token, D.
        heads: attention heads.
        context_width: numbers in a context token; None for self-attention.
    """

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.attend = attend  # one that keeps no weights may stand here
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_width or width, width, bias=False)
        self.to_v = nn.Linear(context_width or width, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Return what was read, (B, N, D), and the weights, (B, h, N, L)."""
        q, k, v = self.to_q(x), self.to_k(context), self.to_v(context)
        mixed, weights = self.attend(q, k, v, self.heads)
        return self.to_out(mixed), weights


class GEGLU(nn.Module):
    """A layer that computes numbers, and beside each a gate that lets it through or not.

    Source: Shazeer 2020 (GLU Variants Improve Transformer), eq. 6.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, N, D) to (B, N, inner)."""
        values, gates = self.proj(x).chunk(2, dim=-1)
        return values * F.gelu(gates)


class FeedForward(nn.Module):
    """What each token computes on its own, after it has read the others."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Identity stands where training had dropout, so that the last layer keeps its number
        self.net = nn.Sequential(
            GEGLU(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, N, D) to (B, N, D)."""
        return self.net(x)


class TransformerBlock(nn.Module):
    """Look around in the picture, read the text, think: three steps, each added to the token."""

    def __init__(self, width: int, heads: int, text_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, heads, text_width)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, text: Tensor | None) -> Tensor:
        """Map tokens (B, N, D) to (B, N, D); text is (B, L, D_text), or None to read none."""
        y = self.norm1(x)
        x = x + self.attn1(y, y)[0]
        if text is not None:
            x = x + self.attn2(self.norm2(x), text)[0]
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Transformer blocks on a feature map: every position becomes one token.

    Args:
        config: sizes of the U-Net.
        level: which of its levels this stands on.
    """

    def __init__(self, config: UNetConfig, level: int) -> None:
        super().__init__()
        width, heads = config.block_out_channels[level], config.heads(level)
        self.linear = config.use_linear_projection
        self.norm = nn.GroupNorm(config.norm_num_groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width) if self.linear else nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(width, heads, config.cross_attention_dim)
            for _ in range(config.transformer_layers_per_block)
        )
        self.proj_out = nn.Linear(width, width) if self.linear else nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, text: Tensor | None) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W); text is (B, L, D_text), or None to read none."""
        tokens = self.enter(self.norm(x))  # (B, C, H, W) -> (B, N, C)
        for block in self.transformer_blocks:
            tokens = block(tokens, text)
        return x + self.leave(tokens, x.shape)  # (B, N, C) -> (B, C, H, W)

    # A 1 x 1 convolution is a linear layer at every position: checkpoints have one or the other.

    def enter(self, x: Tensor) -> Tensor:
        """Project and flatten a feature map, (B, C, H, W) -> (B, N, C)."""
        if self.linear:
            return self.proj_in(x.flatten(2).transpose(1, 2))
        return self.proj_in(x).flatten(2).transpose(1, 2)

    def leave(self, tokens: Tensor, shape: torch.Size) -> Tensor:
        """Unflatten and project tokens, (B, N, C) -> (B, C, H, W)."""
        if self.linear:
            return self.proj_out(tokens).transpose(1, 2).reshape(shape)
        return self.proj_out(tokens.transpose(1, 2).reshape(shape))
