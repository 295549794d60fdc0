"""The command that noises a picture: its numbers, its files, one sentence when it goes wrong."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.__main__ import main
from core.models.gallery import open_picture


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    open_picture("lion").save(path)
    return path


def test_noised_latents_are_the_formulas(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["noise", "--image", str(picture), "--t", "500", "--seed", "3", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = load_file(out / "noised.safetensors")
    mixed = told["signal_weight"] * found["x0"] + told["noise_weight"] * found["noise"]
    torch.testing.assert_close(found["xt"], mixed)
    assert told["signal_weight"] ** 2 + told["noise_weight"] ** 2 == pytest.approx(1)
    assert told["alpha_bar"] == pytest.approx(0.2763, abs=1e-3)
    assert told["sigma"] == pytest.approx(told["noise_weight"] / told["signal_weight"])
    for name in ("noised_pixels.png", "noised_latents.png"):
        with Image.open(out / name) as written:
            assert written.size == (128, 128)


@pytest.mark.parametrize("t", ["-1", "1000", "x"])
def test_bad_timestep_is_one_sentence(
    t: str, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["noise", "--image", str(picture), "--t", t, "--out", str(tmp_path / "out")]
    assert main(words) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_what_is_no_picture_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.png"
    file.write_text("no picture")
    assert main(["noise", "--image", str(file), "--t", "5", "--out", str(tmp_path / "o")]) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
