"""The U-Net's cross-attention in the open: an own processor in the place of the library's.

The library's processor hands its numbers to one fused function that returns no weights. So the
same attention is written out here for as long as a ``with`` block lasts; what was there before is
put back, also after an error. The weights of the prompt's half go through one function, which may
keep a small part of them, change them, or both.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.attention_layers import cross_layers

# Told a layer's name and its weights (heads, N, L) in float32; returns those to go on with.
Watch = Callable[[str, Tensor], Tensor]


@contextmanager
def watched(unet: nn.Module, watch: Watch) -> Iterator[None]:
    """Send the weights of the last row of every call through a function.

    The last row of a batch is the prompt's half; what the negative prompt reads is left alone.

    Args:
        unet: diffusers' UNet2DConditionModel.
        watch: is told the layer's name and the weights, and returns the weights to go on with.

    Yields:
        Nothing; while the block runs, the U-Net's cross-attention is ours.

    Raises:
        ExplainerError: there is no cross-attention of the kind that is written out here.
    """
    layers = cross_layers(unet)
    before = {name: layer.processor for name, layer in layers.items()}
    try:
        for name, layer in layers.items():
            layer.set_processor(WatchedAttention(name, watch))
        yield
    finally:
        for name, layer in layers.items():
            layer.set_processor(before[name])


class WatchedAttention:
    """Attention written out: what the library's plain processor computes, weights in the open."""

    def __init__(self, name: str, watch: Watch) -> None:
        self.name, self.watch = name, watch

    def __call__(
        self,
        attn: Any,  # Any: the library's Attention
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """Map (B, N, D) to (B, N, D); the text is (B, L, D_text)."""
        if attention_mask is not None:
            raise ValueError("attention_mask is given, expected None as in Stable Diffusion")

        def split(x: Tensor) -> Tensor:
            return x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (B, ., D) -> (B, h, ., D/h)

        q, k = split(attn.to_q(hidden_states)), split(attn.to_k(encoder_hidden_states))
        v = split(attn.to_v(encoder_hidden_states))
        # Only the prompt's weights are written out: those of all rows would take so much more.
        scores = q[-1].float() * attn.scale @ k[-1].float().transpose(-1, -2)
        weights = self.watch(self.name, scores.softmax(dim=-1))  # (h, N, L)
        others = F.scaled_dot_product_attention(q[:-1], k[:-1], v[:-1], scale=attn.scale)
        mixed = torch.cat([others, (weights.to(v.dtype) @ v[-1])[None]]).transpose(1, 2).flatten(2)
        drop = attn.to_out[1]
        return drop(attn.to_out[0](mixed)) / attn.rescale_output_factor
