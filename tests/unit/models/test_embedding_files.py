"""The files of learned words, in the forms that people have; and bad ones, a sentence each."""

import io
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.models.embedding_files import MOST_BYTES, MOST_VECTORS, read_embedding, tokens_of

WIDTH, LONGEST = 6, 24
ROWS = torch.arange(2.0 * WIDTH).reshape(2, WIDTH) / 8


def file_of(**tensors: Tensor) -> bytes:
    return safetensors.torch.save(tensors, metadata={"format": "pt"})


def pickled() -> bytes:
    written = io.BytesIO()
    torch.save({"string_to_param": {"*": ROWS}}, written)
    assert zipfile.is_zipfile(written)
    return written.getvalue()


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(
    ("key", "name", "token"),
    [
        ("<cat-toy>", "learned_embeds.safetensors", "<cat-toy>"),  # diffusers
        ("emb_params", "My style.safetensors", "<My style>"),  # kohya, AUTOMATIC1111
        ("emb_params", r"C:\embeddings\zog.safetensors", "<zog>"),
        ("string_to_param.*", "zog.safetensors", "<zog>"),
        ("a\nword", "zog.safetensors", "a word"),
        ("x" * 99, "zog.safetensors", "x" * LONGEST),
        ("", "zog.safetensors", "<word>"),
    ],
)
def test_word_is_read_from_every_form(kind: torch.dtype, key: str, name: str, token: str) -> None:
    found = read_embedding(file_of(**{key: ROWS.to(kind)}), name, WIDTH, LONGEST)
    assert found.token == token
    np.testing.assert_array_equal(found.vectors, ROWS.numpy())  # eighths are exact in all kinds
    assert found.vectors.dtype == np.float32


def test_one_vector_needs_no_row() -> None:
    found = read_embedding(file_of(zog=ROWS[1]), "a.safetensors", WIDTH, LONGEST)
    np.testing.assert_array_equal(found.vectors, ROWS[1:].numpy())


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "a.safetensors", "is empty"),
        (pickled(), "a.safetensors", "never opened"),
        (pickled(), "a.pt", "never opened"),
        (b"anything", "a.bin", "never opened"),
        (b"no such file", "a.safetensors", "damaged, or it is not safetensors"),
        (file_of(zog=ROWS)[:-1], "a.safetensors", "damaged, or it is not safetensors"),
        (b"\xff" * 8 + b"{}", "a.safetensors", "damaged, or it is not safetensors"),
        (b"x" * (MOST_BYTES + 1), "a.safetensors", "more than any word needs"),
        (file_of(), "a.safetensors", "holds 0 tensors"),
        (file_of(a=ROWS, b=ROWS + 1), "a.safetensors", "holds 2 tensors"),
        (file_of(clip_l=ROWS, clip_g=ROWS + 1), "a.safetensors", "Stable Diffusion XL"),
        (file_of(**{"unet.x.lora_A.weight": ROWS}), "a.safetensors", "is a LoRA"),
        (file_of(zog=ROWS.long()), "a.safetensors", "kind I64"),
        (file_of(zog=torch.tensor(1.0)), "a.safetensors", "has the shape 1;"),
        (file_of(zog=ROWS[None]), "a.safetensors", "has the shape 1 × 2 × 6;"),
        (file_of(zog=ROWS[:0]), "a.safetensors", "has the shape 0 × 6;"),
        (file_of(zog=torch.zeros(MOST_VECTORS + 1, WIDTH)), "a.safetensors", "has the shape 76"),
        (file_of(zog=torch.zeros(1, 768)), "a.safetensors", "768 numbers.*tokens 6.*Diffusion 1"),
        (file_of(zog=torch.zeros(1, 7)), "a.safetensors", "have 7 numbers, .* 6"),
        (file_of(zog=ROWS / 0), "a.safetensors", "not finite"),
        (
            file_of(zog=torch.full((WIDTH,), 1e300, dtype=torch.double)),
            "a.safetensors",
            "not finite",
        ),
    ],
)
def test_bad_file_is_refused_in_one_sentence(data: bytes, name: str, says: str) -> None:
    with pytest.raises(ExplainerError, match=says):
        read_embedding(data, name, WIDTH, LONGEST)


def test_tokens_are_named_as_diffusers_names_them() -> None:
    assert tokens_of("<zog>", 1) == ("<zog>",)
    assert tokens_of("<zog>", 3) == ("<zog>", "<zog>_1", "<zog>_2")
