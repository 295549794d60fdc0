"""The command `encode`: the files, the numbers, and one sentence where it cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.__main__ import main
from core.models.gallery import FOLDER
from core.models.latents import decode_latents, encode_picture, picture_tensor

LION = str(FOLDER / "lion.webp")


def encode(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["encode", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_files_hold_what_the_vae_makes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_folder: Path, tiny_checkpoint: object
) -> None:
    where = ("--model", str(tiny_folder), "--image", LION)
    told = encode(capsys, *where, "--out", str(tmp_path))
    pixels = np.asarray(Image.open(tmp_path / "picture.png"))
    assert pixels.shape == (64, 64, 3)
    latents = encode_picture(tiny_checkpoint, picture_tensor(pixels.tobytes(), 64, 64))
    saved = load_file(tmp_path / "latents.safetensors")
    torch.testing.assert_close(saved["latents"], latents[0])
    back = np.asarray(Image.open(tmp_path / "reconstruction.png"))
    np.testing.assert_array_equal(back, decode_latents(tiny_checkpoint, latents)[0])
    error = np.mean((pixels.astype(float) - back) ** 2)
    assert told["psnr"] == pytest.approx(10 * np.log10(255**2 / error), abs=1e-3)
    assert (told["numbers_in"], told["numbers_out"], told["shape"]) == (12_288, 256, [4, 8, 8])
    assert {Path(name).name for name in told["files"].values()} == {
        *(f"channel_{index}.png" for index in (1, 2, 3, 4)),
        "picture.png", "reconstruction.png", "error.png", "latents.safetensors",
    }  # fmt: skip
    assert told["notes"] == ["Scaled from 256 × 256 to 64 × 64 pixels."]

    sampled = encode(capsys, *where, "--seed", "3", "--out", str(tmp_path))
    again = encode(capsys, *where, "--seed", "3", "--out", str(tmp_path))
    assert sampled == again
    drawn = load_file(tmp_path / "latents.safetensors")["latents"]
    assert not torch.equal(drawn, latents[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--image", LION], "--out DIR"),
        (["--image", "no/such.png", "--out", "OUT"], "no/such.png cannot be used"),
        (["--image", __file__, "--out", "OUT"], "not a PNG, JPEG or WebP picture"),
        (["--image", "/dev/zero", "--out", "OUT"], "more than 5 MB"),
        (["--image", LION, "--seed", "-1", "--out", "OUT"], "seed is -1"),
        (["--image", LION, "--model", "../x y", "--out", "OUT"], "not a model"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], says: str
) -> None:
    given = [str(tmp_path) if word == "OUT" else word for word in arguments]
    assert main(["encode", *given]) == 1
    assert says in capsys.readouterr().err
