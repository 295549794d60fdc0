"""What a U-Net is given beside latents and timestep: the text, and what some families want more.

Text states travel as one tensor, (B, L, D). Stable Diffusion XL's U-Net also reads the whole prompt
as one vector: it travels as one row more behind the others, filled up with zeros.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def is_xl(unet: Any) -> bool:  # Any: diffusers' U-Net
    """Whether a U-Net reads a pooled text and sizes, as Stable Diffusion XL's does."""
    return unet.config.addition_embed_type == "text_time"


def pack(states: Tensor, pooled: Tensor) -> Tensor:
    """Put the pooled text behind the states.

    Args:
        states: (B, L, D).
        pooled: (B, P), P at most D.

    Returns:
        (B, L + 1, D).
    """
    row = F.pad(pooled, (0, states.shape[-1] - pooled.shape[-1]))
    return torch.cat([states, row[:, None]], dim=1)


def text_rows(unet: Any, states: Tensor) -> int:  # Any: as above
    """Return how many positions of text the cross-attention reads of packed states."""
    return states.shape[1] - is_xl(unet)


def given(unet: Any, states: Tensor, size: tuple[int, int]) -> dict[str, Any]:  # Any: arguments
    """Return the arguments that stand for the prompt in a call of a U-Net.

    Args:
        unet: diffusers' UNet2DConditionModel.
        states: (B, L, D), or (B, L + 1, D) as ``pack`` makes them.
        size: height and width of the picture, pixels: the size that the picture is said to have
            had, and the one that is wanted; it is said to be cut nowhere.
    """
    if not is_xl(unet):
        return {"encoder_hidden_states": states}
    sizes = 6 * unet.config.addition_time_embed_dim
    pooled = unet.config.projection_class_embeddings_input_dim - sizes
    told = states.new_tensor([[*size, 0, 0, *size]]).expand(len(states), -1)
    added = {"text_embeds": states[:, -1, :pooled], "time_ids": told}
    return {"encoder_hidden_states": states[:, :-1], "added_cond_kwargs": added}
