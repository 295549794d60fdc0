"""The pictures that ship: small, whole, licensed, and read without torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExplainerError
from core.models import gallery as module
from core.models.gallery import FOLDER, TITLES, find_picture, gallery, lab_objects, open_picture

ROOT = Path(__file__).resolve().parents[3]


def test_gallery_is_a_dozen_different_pictures() -> None:
    pictures = gallery()
    assert len(pictures) == 12
    assert len({picture.name for picture in pictures}) == 12
    seen = [np.asarray(open_picture(picture.name)) for picture in pictures]
    assert {picture.shape for picture in seen} == {(256, 256, 3)}
    assert len({picture.tobytes() for picture in seen}) == 12
    assert any(picture.unseen for picture in pictures)
    assert tuple(picture.title for picture in pictures) == TITLES


def test_gallery_is_small_and_licensed() -> None:
    files = list(FOLDER.iterdir())
    assert sum(file.stat().st_size for file in files) < 300_000
    assert "MIT License" in (FOLDER / "LICENSE.txt").read_text("utf-8")
    named = {f"{picture.name}.webp" for picture in gallery()}
    assert {file.name for file in files} == named | {"lab.webp", "gallery.json", "LICENSE.txt"}


def test_whoever_asks_gets_a_copy() -> None:
    open_picture("apple").putpixel((0, 0), (1, 2, 3))
    assert open_picture("apple").getpixel((0, 0)) != (1, 2, 3)


@pytest.mark.parametrize("name", ["", "../apple", "apple.webp", None, 3, "x" * 10_000])
def test_unknown_name_is_told_with_all_names(name: object) -> None:
    with pytest.raises(ExplainerError, match="Choose one of: apple, ") as told:
        find_picture(name)
    assert len(str(told.value)) < 300


def test_lab_has_one_square_for_each_name() -> None:
    objects = lab_objects()
    assert objects.pictures.shape == (len(objects.names), 32, 32, 4)
    assert all(picture[..., 3].max() == 255 for picture in objects.pictures)


def test_missing_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ExplainerError, match="missing or damaged"):
        module.picture_bytes.__wrapped__("apple")


@pytest.mark.parametrize(
    "name",
    ["core.models.gallery", "core.models.uploads", "core.models.latent_facts",
     "core.models.latent_reading", "core.engine.works.latents", "core.ideas.latent_surgery",
     "core.ideas.picture_likeness"],
)  # fmt: skip
def test_what_the_page_needs_at_once_imports_no_torch(name: str) -> None:
    code = (
        f"import sys, {name}; "
        "sys.exit(', '.join({'torch', 'diffusers', 'transformers'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
