"""Prompt to the states the U-Net reads."""

import torch
from torch import Tensor

from core.models.loading import Checkpoint
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
        device.

    Raises:
        ValueError: ``clip_skip`` is not within 0 and the number of layers.
        ExplainerError: a LoRA cannot be used, or does not fit.
    """
    if not 0 <= clip_skip <= checkpoint.clip_layers:
        raise ValueError(f"clip_skip is {clip_skip}, expected 0 to {checkpoint.clip_layers}")
    tokens = read_prompt(checkpoint, prompt)
    encoder = checkpoint.text_encoder
    ids = torch.tensor([tokens.ids], device=checkpoint.device)
    # Stable Diffusion passes no padding mask unless the encoder's own config asks for one.
    masked = padding_mask or getattr(encoder.config, "use_attention_mask", False)
    mask = torch.tensor([tokens.mask], device=checkpoint.device) if masked else None
    with wearing(checkpoint, encoder, "text_encoder", [loras]):
        read = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=clip_skip > 0)
    if clip_skip == 0:
        return read.last_hidden_state.float()
    parts = getattr(encoder, "text_model", encoder)  # flat since transformers 5
    return parts.final_layer_norm(read.hidden_states[-1 - clip_skip]).float()


def read_prompt(checkpoint: Checkpoint, prompt: str) -> Tokens:
    """Turn a prompt into the token ids its text encoder is given.

    Args:
        checkpoint: its tokenizer is used.
        prompt: any text.
    """
    return tokenize(checkpoint.tokenizer, prompt, checkpoint.pad_id, checkpoint.text_length)
