"""The file of a word that was learned as vectors of tokens; imports no torch.

People have two forms. diffusers names the one tensor after the token; kohya's scripts and what
others made for AUTOMATIC1111 name it ``emb_params``, and there the file's own name is the word.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from core.errors import ExplainerError
from core.ideas.checks import check_text
from core.models.weight_files import PICKLED, PICKLES
from core.words import tr

MOST_BYTES = 1_000_000  # 75 vectors of Stable Diffusion XL, both of its encoders', have 600,000
MOST_VECTORS = 75  # as many as a prompt has room for
UNNAMED = ("emb_params", "string_to_param", "string_to_param.*", "*")  # tensors without a word
_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 1280: "Stable Diffusion XL"}
_OTHER = tr("Choose the file of one word, .safetensors, as textual inversion leaves it.")


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class NewToken:
    """A word that was learned.

    Attributes:
        token: what stands for it in a prompt.
        vectors: of as many tokens as it is read as, (n, D), float32.
    """

    token: str
    vectors: NDArray[np.float32]


def read_embedding(data: bytes, name: str, width: int, longest: int) -> NewToken:
    """Read the file of a word; nothing about it is trusted.

    Args:
        data: the file's bytes.
        name: of the file, which is the word where nothing inside says it.
        width: numbers of a token's vector in the model that is to read it, D.
        longest: letters that a token may have; more are cut off.

    Raises:
        ExplainerError: it is pickled, damaged, too large, no word, or of another model; says which.
    """
    _check_bytes(data, name)
    try:
        tensors = deserialize(data)
    except (SafetensorError, ValueError, OverflowError) as error:
        _refuse(tr("This file is damaged, or it is not safetensors."), error)
    keys = [key for key, _ in tensors]
    if {"clip_l", "clip_g"} <= set(keys):
        _refuse(tr("This is a word of Stable Diffusion XL, which reads it with two encoders."))
    if any("lora" in key for key in keys):
        _refuse(tr("This file is a LoRA: it changes layers, and holds no word."))
    if len(keys) != 1:
        _refuse(
            tr("This file holds {count} tensors, the file of a word holds one.", count=len(keys))
        )
    [(key, tensor)] = tensors
    vectors = _vectors(tensor["dtype"], tensor["shape"], tensor["data"], width)
    stem = PurePath(name.replace("\\", "/")).stem
    said = " ".join(check_text(f"<{stem}>" if key in UNNAMED else key, tr("word")).split())
    return NewToken(said[:longest] or "<word>", vectors)


def tokens_of(token: str, count: int) -> tuple[str, ...]:
    """Return the names of the tokens that a word is read as, as diffusers names them.

    Args:
        token: the word.
        count: how many vectors it has.
    """
    return (token, *(f"{token}_{number}" for number in range(1, count)))


def _check_bytes(data: bytes, name: str) -> None:
    if not data:
        _refuse(tr("This file is empty."))
    if name.lower().endswith(PICKLES) or (data.startswith(PICKLED) and data[8:9] != b"{"):
        _refuse(tr("This file is pickled and is never opened: such a file can run code."))
    if len(data) > MOST_BYTES:
        _refuse(tr("This file has more than {most:,} bytes, more than any word needs.",
                   most=MOST_BYTES))  # fmt: skip


def _vectors(kind: str, shape: list[int], data: bytes, width: int) -> NDArray[np.float32]:
    if kind == "BF16":  # the upper half of a float32
        numbers = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    elif kind in _KINDS:
        numbers = np.frombuffer(data, _KINDS[kind])
    else:
        _refuse(tr("Its numbers are of the kind {kind:.20}, which no vector has.", kind=kind))
    if len(shape) not in (1, 2) or not 1 <= (shape[0] if len(shape) == 2 else 1) <= MOST_VECTORS:
        _refuse(
            tr(
                "It has the shape {shape:.60}; one vector for each of 1 to {most} tokens was "
                "expected.",
                shape=" × ".join(map(str, shape)) or "1",
                most=MOST_VECTORS,
            )
        )
    if shape[-1] != width:
        there = _WIDTHS.get(shape[-1])
        what = tr("Its vectors have {theirs:,} numbers, those of this model’s tokens {ours:,}.",
                  theirs=shape[-1], ours=width)  # fmt: skip
        _refuse(
            tr("{what} It is a word of {family}.", what=what, family=there) if there else what,
            fix=tr("Choose a word that was learned with this model."),
        )
    with np.errstate(over="ignore"):  # said below
        vectors = numbers.reshape(-1, width).astype(np.float32)
    if not np.isfinite(vectors).all():
        _refuse(tr("It holds numbers that are not finite."))
    return vectors


def _refuse(what: str, error: Exception | None = None, fix: str = _OTHER) -> NoReturn:
    raise ExplainerError(what, fix) from error
