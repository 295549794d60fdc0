"""What the text encoder makes of prompts, layer by layer: computed by the readable copy of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.ideas.arrays import Numbers
from core.models.loading import Checkpoint
from core.models.text import read_prompt
from core.models.tokens import Tokens
from core.nets.clip_text import ClipTextEncoder, without_prefix
from core.nets.config import ClipTextConfig


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class TextReading:
    """Several prompts as the text encoder reads them; all arrays are float32.

    Attributes:
        prompts: as given.
        tokens: what the encoder got for each.
        padding_mask: whether it got the padding mask as well.
        last: what the U-Net reads, (P, L, D).
        hidden: embeddings, then the state after each layer, (P, layers + 1, L, D); None if not
            asked for.
        normed: the same under the final layer norm, as clip skip hands them to the U-Net, so that
            the last of them is ``last``; None if not asked for.
        attentions: who read whom, (P, layers, h, L, L); None if not asked for.
    """

    prompts: tuple[str, ...]
    tokens: tuple[Tokens, ...]
    padding_mask: bool
    last: Numbers
    hidden: Numbers | None
    normed: Numbers | None
    attentions: Numbers | None

    @property
    def ends(self) -> Numbers:
        """Each prompt as one vector, the state at its end token, (P, D).

        This is the place that CLIP was trained to compare with pictures.
        """
        return np.stack([self.last[at, read.used + 1] for at, read in enumerate(self.tokens)])


def readable_encoder(checkpoint: Checkpoint) -> ClipTextEncoder:
    """Put a checkpoint's weights into our own text encoder; the weights are shared, not copied.

    Args:
        checkpoint: its text encoder is used.

    Raises:
        ExplainerError: the text encoder is of another kind.
    """
    theirs = checkpoint.text_encoder
    with torch.device("meta"):
        encoder = ClipTextEncoder(ClipTextConfig.from_config(theirs.config.to_dict()))
    encoder.load_state_dict(without_prefix(theirs.state_dict()), strict=True, assign=True)
    return encoder.eval().requires_grad_(False)


@torch.inference_mode()
def read_texts(
    checkpoint: Checkpoint,
    encoder: ClipTextEncoder,
    prompts: Sequence[str],
    padding_mask: bool = False,
    inside: bool = False,
) -> TextReading:
    """Read prompts one after the other, so that none depends on its neighbours.

    Args:
        checkpoint: its tokenizer is used, and its device.
        encoder: from ``readable_encoder``.
        prompts: any texts.
        padding_mask: hand the padding mask on, which Stable Diffusion does not.
        inside: whether every layer's states and attention weights are kept.
    """
    masked = padding_mask or getattr(checkpoint.text_encoder.config, "use_attention_mask", False)
    tokens = tuple(read_prompt(checkpoint, prompt) for prompt in prompts)
    last, hidden, normed, attentions = [], [], [], []
    for read in tokens:
        ids, mask = (torch.tensor([row], device=checkpoint.device) for row in (read.ids, read.mask))
        states = encoder(ids, mask if masked else None)
        last.append(states.last[0].float().cpu())
        if inside:
            layers = torch.cat(states.hidden)  # (layers + 1, L, D)
            hidden.append(layers.float().cpu())
            normed.append(encoder.final_layer_norm(layers).float().cpu())
            attentions.append(torch.cat(states.attentions).float().cpu())  # (layers, h, L, L)
    return TextReading(
        prompts=tuple(prompts),
        tokens=tokens,
        padding_mask=masked,
        last=torch.stack(last).numpy(),
        hidden=torch.stack(hidden).numpy() if inside else None,
        normed=torch.stack(normed).numpy() if inside else None,
        attentions=torch.stack(attentions).numpy() if inside else None,
    )
