"""The text as the encoder reads it: the library's numbers, and what masks do to them."""

from typing import Any

import numpy as np
import pytest
import torch

from core.ideas.text_geometry import relative_change
from core.models.text import encode_text
from core.models.text_reading import TextReading, read_texts, readable_encoder

PROMPT, CHANGED = "a red apple on a table", "a red apple on a chair"


def read(checkpoint: Any, *prompts: str, **how: bool) -> TextReading:  # Any: a Checkpoint
    return read_texts(checkpoint, readable_encoder(checkpoint), prompts, **how)


@pytest.mark.parametrize("mask", [False, True])
def test_reading_equals_the_library_on_the_builtin_weights(checkpoint: Any, mask: bool) -> None:
    found = read(checkpoint, PROMPT, "", padding_mask=mask, inside=True)
    theirs = checkpoint.text_encoder
    before = theirs.config._attn_implementation
    theirs.set_attn_implementation("eager")  # the only one that gives its weights
    try:
        for at, tokens in enumerate(found.tokens):
            with torch.no_grad():
                expected = theirs(
                    input_ids=torch.tensor([tokens.ids], device=checkpoint.device),
                    attention_mask=torch.tensor([tokens.mask]) if mask else None,
                    output_hidden_states=True,
                    output_attentions=True,
                )
            close = {"rtol": 0, "atol": 1e-4}
            np.testing.assert_allclose(found.last[at], expected.last_hidden_state[0], **close)
            for layer, state in enumerate(expected.hidden_states):
                np.testing.assert_allclose(found.hidden[at, layer], state[0], **close)
            for layer, weights in enumerate(expected.attentions):
                np.testing.assert_allclose(found.attentions[at, layer], weights[0], **close)
    finally:
        theirs.set_attn_implementation(before)


def test_reading_equals_what_the_unet_gets(checkpoint: Any) -> None:
    found = read(checkpoint, PROMPT, inside=True)
    for skip in range(checkpoint.clip_layers + 1):
        state = encode_text(checkpoint, PROMPT, skip)[0].cpu()
        np.testing.assert_allclose(found.normed[0, -1 - skip], state, rtol=0, atol=1e-4)
    masked = read(checkpoint, PROMPT, padding_mask=True)
    given = encode_text(checkpoint, PROMPT, padding_mask=True)[0].cpu()
    np.testing.assert_allclose(masked.last[0], given, rtol=0, atol=1e-4)


def test_padding_mask_changes_the_padded_positions_and_no_other(checkpoint: Any) -> None:
    plain, masked = read(checkpoint, PROMPT), read(checkpoint, PROMPT, padding_mask=True)
    own = sum(plain.tokens[0].mask)
    moved = relative_change(plain.last[0], masked.last[0])
    assert (moved[:own] == 0).all()
    assert (moved[own + 1 :] > 1e-4).all()  # the first padding position reads the words anyway


def test_padded_positions_carry_the_prompt(checkpoint: Any) -> None:
    found = read(checkpoint, PROMPT, "two blue dogs")
    own = max(sum(tokens.mask) for tokens in found.tokens)
    assert (relative_change(found.last[0, own:], found.last[1, own:]) > 1e-3).all()


def test_a_changed_word_leaves_what_stands_before_it(checkpoint: Any) -> None:
    found = read(checkpoint, PROMPT, CHANGED)
    first = next(
        at
        for at, (a, b) in enumerate(zip(*(tokens.ids for tokens in found.tokens), strict=True))
        if a != b
    )
    moved = relative_change(found.last[0], found.last[1])
    assert first == 6
    assert (moved[:first] == 0).all()
    assert (moved[first:] > 1e-4).all()


def test_start_is_the_same_for_every_prompt(checkpoint: Any) -> None:
    found = read(checkpoint, PROMPT, "", "two dogs", "日本語")
    assert (found.last[:, 0] == found.last[0, 0]).all()


def test_nobody_reads_ahead(checkpoint: Any) -> None:
    weights = read(checkpoint, PROMPT, inside=True).attentions
    assert weights is not None
    assert (np.triu(weights, 1) == 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-3)


def test_ends_are_the_states_at_the_end_token(tiny_checkpoint: Any) -> None:
    found = read(tiny_checkpoint, PROMPT, "cat")
    tokens = torch.tensor([read.ids for read in found.tokens])
    pooled = tiny_checkpoint.text_encoder(tokens).pooler_output.detach()
    np.testing.assert_allclose(found.ends, pooled, rtol=0, atol=1e-5)


def test_neighbours_change_nothing(tiny_checkpoint: Any) -> None:
    alone, together = read(tiny_checkpoint, PROMPT), read(tiny_checkpoint, "cat", PROMPT)
    assert np.array_equal(alone.last[0], together.last[1])
    assert alone.hidden is None
    assert alone.attentions is None


def test_weights_are_shared_not_copied(tiny_checkpoint: Any) -> None:
    ours = readable_encoder(tiny_checkpoint)
    theirs = tiny_checkpoint.text_encoder.state_dict()
    mine = {weight.data_ptr() for weight in ours.parameters()}
    assert mine == {weight.data_ptr() for weight in theirs.values() if weight.is_floating_point()}
