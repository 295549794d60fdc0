"""Prompt to token ids, exactly as Stable Diffusion reads it; imports no torch.

The tokenizer here keeps no padding and no truncation of its own (that state is shared between
threads and races), so one tokenizer can serve many threads; padding and cutting are done by hand.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    normalizers,
    pre_tokenizers,
    processors,
)
from tokenizers.models import BPE

from core.errors import ExplainerError
from core.models.config_files import LARGEST_FILE, Config, read_json
from core.words import tr

START, END = "<|startoftext|>", "<|endoftext|>"
NAMES = ("tokenizer_config.json", "special_tokens_map.json")  # where special tokens stand
NAMED = (
    *(f"{name}_token" for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask")),
    "extra_special_tokens",
)
PIECES = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt as the text encoder reads it.

    Attributes:
        ids: token ids, start, up to 75 of the prompt, end, padding; (77,).
        mask: 1 for start, prompt and the first end, 0 for padding; (77,).
        pieces: the vocabulary's own spelling of each id, ``</w>`` ends a word; (77,).
        texts: the part of the prompt each id was read from, "" for start, end, padding; (77,).
        cut: the end of the prompt that did not fit, "" when all of it did.
        pad_id: the id that fills the rest.
        count: tokens of the whole prompt, without start and end, before cutting.
    """

    ids: tuple[int, ...]
    mask: tuple[int, ...]
    pieces: tuple[str, ...]
    texts: tuple[str, ...]
    cut: str
    pad_id: int
    count: int

    @property
    def used(self) -> int:
        """Tokens of the prompt that were kept, without start and end."""
        return min(self.count, len(self.ids) - 2)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read a CLIP tokenizer from a checkpoint's ``tokenizer`` folder.

    Args:
        folder: holds ``tokenizer.json``, or the older ``vocab.json`` and ``merges.txt``.

    Returns:
        A tokenizer with padding and truncation off; safe to share between threads.

    Raises:
        ExplainerError: the files are missing or damaged.
    """
    try:
        if (folder / "tokenizer.json").is_file():
            tokenizer = Tokenizer.from_str(_text(folder / "tokenizer.json"))
        else:
            tokenizer = _from_vocabulary(folder)
        # Learned words first, in the order of their ids. A pad token of its own ("!" in SD 2.x) is
        # special: it is split off before the merges.
        tokenizer.add_tokens(_added_tokens(folder))
        tokenizer.add_special_tokens([AddedToken(_pad_token(folder), normalized=False)])
        extra = _special_tokens(folder, "extra_special_tokens", "additional_special_tokens")
        known = tokenizer.get_vocab()
        tokenizer.add_special_tokens([token for token in extra if token.content not in known])
    except ExplainerError:
        raise
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ExplainerError(
            tr(
                "The tokenizer of {parent} cannot be read: {error!s:.120}",
                parent=folder.parent.name,
                error=error,
            ),
            tr("Put the checkpoint's tokenizer folder back as it was."),
        ) from error
    if tokenizer.token_to_id(START) is None or tokenizer.token_to_id(END) is None:
        raise ExplainerError(
            tr("The tokenizer of {parent} is not a CLIP tokenizer.", parent=folder.parent.name),
            tr("Choose a Stable Diffusion checkpoint."),
        )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def read_pad_id(folder: Path, tokenizer: Tokenizer) -> int:
    """Return the id this checkpoint pads with: 49407 in SD 1.x, 0 ("!") in SD 2.x.

    Args:
        folder: the checkpoint's ``tokenizer`` folder.
        tokenizer: the tokenizer loaded from it.

    Raises:
        ExplainerError: the pad token is not in the vocabulary.
    """
    token = _pad_token(folder)
    pad_id = tokenizer.token_to_id(token)
    if pad_id is None:
        raise ExplainerError(
            tr(
                "The tokenizer of {parent} pads with {token!r:.40}, which is not in its "
                "vocabulary.",
                parent=folder.parent.name,
                token=token,
            ),
            tr("Put the checkpoint's tokenizer folder back as it was."),
        )
    return pad_id


def tokenize(tokenizer: Tokenizer, prompt: str, pad_id: int, length: int = 77) -> Tokens:
    """Turn a prompt into token ids, cut and padded to one length.

    Args:
        tokenizer: from ``load_tokenizer``.
        prompt: any text; halves of surrogate pairs are read as U+FFFD.
        pad_id: the id that fills the rest.
        length: ids in all, start and end included; at least 2.

    Returns:
        The tokens; ``ids`` equal those of transformers' CLIPTokenizer.

    Raises:
        ValueError: ``prompt`` is not a str, ``length`` is below 2, or it is no CLIP tokenizer.
    """
    if not isinstance(prompt, str):
        raise ValueError(f"prompt is {type(prompt).__name__}, expected str")
    if length < 2:
        raise ValueError(f"length is {length}, expected at least 2")
    prompt = prompt.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    read = tokenizer.encode(prompt, add_special_tokens=False)
    room = length - 2
    padding = length - 2 - min(len(read.ids), room)
    spans = read.offsets[:room]
    start, end = (tokenizer.token_to_id(token) for token in (START, END))
    if start is None or end is None:
        raise ValueError(f"the tokenizer lacks {START} or {END}, expected one of load_tokenizer")
    ids = (start, *read.ids[:room], end, *(pad_id,) * padding)
    return Tokens(
        ids=ids,
        mask=(1,) * (length - padding) + (0,) * padding,
        pieces=tuple(tokenizer.id_to_token(token) or "" for token in ids),
        texts=("", *(prompt[first:last] for first, last in spans), "", *("",) * padding),
        cut=prompt[read.offsets[room][0] :] if len(read.ids) > room else "",
        pad_id=pad_id,
        count=len(read.ids),
    )


def _from_vocabulary(folder: Path) -> Tokenizer:
    """Build the byte-pair tokenizer from the two files of older checkpoints."""
    vocab = read_json(folder / "vocab.json", LARGEST_FILE)
    lines = _text(folder / "merges.txt").split("\n")
    pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    model = BPE(
        vocab=vocab,
        merges=[(left, right) for left, right in pairs],
        continuing_subword_prefix="",
        end_of_word_suffix="</w>",
        fuse_unk=False,
        unk_token=END,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    ends = ((END, vocab[END]), (START, vocab[START]))
    tokenizer.post_processor = processors.RobertaProcessing(*ends, False, False)
    tokenizer.add_special_tokens(
        [AddedToken(START, normalized=False), AddedToken(END, normalized=False)]
    )
    return tokenizer


def _text(file: Path) -> str:
    """Read a file in UTF-8 or UTF-16, with a byte order mark or without."""
    return file.read_text(encoding=json.detect_encoding(file.read_bytes()))


def _added_tokens(folder: Path) -> list[AddedToken]:
    """Read the tokens that were learned after the vocabulary was made, in the order of their ids.

    They stand in ``tokenizer_config.json``, or in older checkpoints in ``added_tokens.json``, which
    says no more than their ids: one that is not special is looked for in lower-cased text.
    """
    listed = _settings(folder, "tokenizer_config.json").get("added_tokens_decoder")
    if listed is not None:
        rows = sorted((int(number), row) for number, row in listed.items())
        return [_token(row) for _, row in rows]
    words = _settings(folder, "added_tokens.json")
    special = {token.content for token in _special_tokens(folder, *NAMED)}
    return [
        AddedToken(word, normalized=word not in special, special=word in special)
        for word in sorted(words, key=lambda word: int(words[word]))
    ]


def _special_tokens(folder: Path, *keys: str) -> list[AddedToken]:
    """Read the tokens that a checkpoint lists under these keys."""
    found = []
    for name in NAMES:
        for rows in map(_settings(folder, name).get, keys):
            listed = rows if isinstance(rows, list) else [rows] if rows else []
            found += [_token(row) for row in listed]
    return found


def _token(row: Any) -> AddedToken:  # Any: what JSON holds
    """Make a token of its text alone, or of its text and how it is looked for."""
    if isinstance(row, str):
        return AddedToken(row, special=True)
    how = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(row["content"], **{name: row[name] for name in how if name in row})


def _pad_token(folder: Path) -> str:
    """Read the pad token's text; SD 1.x has always padded with the end token."""
    for name in NAMES:
        token = _settings(folder, name).get("pad_token")
        if token:
            return token if isinstance(token, str) else token["content"]
    return END


def _settings(folder: Path, name: str) -> Config:
    """Read one of the small files that a tokenizer may have or leave out."""
    return read_json(folder / name, LARGEST_FILE) if (folder / name).exists() else {}
