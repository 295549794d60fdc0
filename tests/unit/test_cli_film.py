"""The command that draws a run as an animation, and the animation in README.md."""

import re
import shlex
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageSequence

from core.__main__ import main
from core.engine.request import Request
from core.lessons.generation.recipe_data import Recipe, read_recipe
from core.models.catalog import builtin_folder
from core.models.folders import inspect_folder

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 600_000


def recipe_in(film: Path) -> Recipe:
    """Read what a film says of itself."""
    with Image.open(film) as opened:
        return read_recipe(opened.getexif()[ExifTags.Base.ImageDescription].encode())


def test_a_run_becomes_an_animation_with_a_frame_a_place(tiny_folder: Path, tmp_path: Path) -> None:
    asked = ["--prompt", "a cat", "--steps", "3", "--seed", "7", "--model", str(tiny_folder)]
    assert main(["film", *asked, "--out", str(tmp_path)]) == 0
    film = tmp_path / "film.webp"
    with Image.open(film) as opened:
        assert (opened.format, opened.info["loop"]) == ("WEBP", 0)
        assert len(ImageSequence.all_frames(opened)) == 4
    request = recipe_in(film).request
    assert (request.prompt, request.steps, request.seed) == ("a cat", 3, 7)
    assert recipe_in(film).fingerprint == inspect_folder(tiny_folder).fingerprint


def test_readme_shows_what_its_command_makes_of_the_weights_that_ship() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    command = re.search(r"-m core (film [^`]*)`", readme)
    assert command is not None
    asked = shlex.split(command[1])
    film = ROOT / asked[asked.index("--out") + 1] / "film.webp"
    assert str(film.relative_to(ROOT)) in readme
    assert film.stat().st_size < MOST_BYTES
    recipe = recipe_in(film)
    assert recipe.request == Request(prompt=asked[asked.index("--prompt") + 1]).validated()
    assert recipe.fingerprint == inspect_folder(builtin_folder()).fingerprint
    with Image.open(film) as opened:
        assert len(ImageSequence.all_frames(opened)) == recipe.request.steps + 1


@pytest.mark.parametrize("field", [["--steps", "0"], ["--guidance", "x"]])
def test_what_cannot_be_drawn_is_refused(field: list[str], tmp_path: Path) -> None:
    assert main(["film", "--prompt", "a cat", *field, "--out", str(tmp_path)]) != 0
    assert not list(tmp_path.iterdir())
