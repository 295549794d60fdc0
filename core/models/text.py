"""Prompt to the states the U-Net reads."""

from typing import Any

import torch
from torch import Tensor

from core.models.conditions import pack
from core.models.loading import Checkpoint, Reader
from core.models.lora_fitted import wearing
from core.models.loras import Chosen
from core.models.tokens import Tokens, tokenize


@torch.inference_mode()
def encode_text(
    checkpoint: Checkpoint,
    prompt: str,
    clip_skip: int = 0,
    padding_mask: bool = False,
    loras: tuple[Chosen, ...] = (),
) -> Tensor:
    """Turn a prompt into text states.

    Args:
        checkpoint: its text encoder and tokenizer are used.
        prompt: any text; what does not fit is cut off.
        clip_skip: layers left out at the end; the final layer norm is applied all the same.
        padding_mask: hand the padding mask on, which Stable Diffusion does not.
        loras: what the text encoder reads with.

    Returns:
        Hidden states of all tokens, padding included, (1, 77, D), float32, on the checkpoint's
        device; with two text encoders those of both beside each other, packed with the pooled
        text, see ``core.models.conditions``.

    Raises:
        ValueError: ``clip_skip`` is not within 0 and the number of layers.
        ExplainerError: a LoRA cannot be used, or does not fit.
    """
    if not 0 <= clip_skip <= checkpoint.clip_layers:
        raise ValueError(f"clip_skip is {clip_skip}, expected 0 to {checkpoint.clip_layers}")
    first = Reader(checkpoint.text_encoder, checkpoint.tokenizer, checkpoint.pad_id)
    inside = clip_skip > 0 or checkpoint.second is not None
    with wearing(checkpoint, first.encoder, "text_encoder", [loras]):
        read = _ask(checkpoint, first, prompt, inside, padding_mask)
    if checkpoint.second is not None:
        with wearing(checkpoint, checkpoint.second.encoder, "text_encoder_2", [loras]):
            other = _ask(checkpoint, checkpoint.second, prompt, inside, padding_mask)
        # Stable Diffusion XL reads the state before the last layer, of both, and does not norm it.
        states = [one.hidden_states[-2 - clip_skip] for one in (read, other)]
        return pack(torch.cat(states, dim=-1), other.text_embeds).float()
    if clip_skip == 0:
        return read.last_hidden_state.float()
    parts = getattr(first.encoder, "text_model", first.encoder)  # flat since transformers 5
    return parts.final_layer_norm(read.hidden_states[-1 - clip_skip]).float()


def _ask(
    checkpoint: Checkpoint, reader: Reader, prompt: str, inside: bool, padding_mask: bool
) -> Any:  # Any: what transformers returns
    tokens = tokenize(reader.tokenizer, prompt, reader.pad_id, checkpoint.text_length)
    ids = torch.tensor([tokens.ids], device=checkpoint.device)
    # Stable Diffusion passes no padding mask unless the encoder's own config asks for one.
    masked = padding_mask or getattr(reader.encoder.config, "use_attention_mask", False)
    mask = torch.tensor([tokens.mask], device=checkpoint.device) if masked else None
    return reader.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=inside)


def read_prompt(checkpoint: Checkpoint, prompt: str) -> Tokens:
    """Turn a prompt into the token ids its text encoder is given.

    Args:
        checkpoint: its tokenizer is used.
        prompt: any text.
    """
    return tokenize(checkpoint.tokenizer, prompt, checkpoint.pad_id, checkpoint.text_length)
