"""The command line tells of a prompt all that the tokens page shows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from core.__main__ import main
from core.models.catalog import FOLDERS


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS, "")


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:  # Any: JSON
    assert main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_words_pieces_and_unique_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "tokens", "a cat, a Cat")
    assert [row["word"] for row in answer["words"]] == ["a", "cat", ",", "a", "Cat"]
    assert [number for row in answer["words"] for number in row["ids"]] == answer["ids"][1:6]
    assert {row["piece"]: row["times"] for row in answer["unique"]}["cat</w>"] == 2
    assert answer["encoder"]["positions"] == 77
    assert answer["encoder"]["passes_mask"] is False


def test_merges_lead_from_letters_to_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "tokens", "unbelievableness", "--merges")
    (word,) = answer["merges"]
    assert "".join(word["letters"]) == "unbelievableness</w>"
    assert word["steps"][-1]["pieces"] == answer["words"][0]["pieces"]


def test_states_and_what_the_mask_would_change(
    capsys: pytest.CaptureFixture[str], tiny_folder: Path, tmp_path: Path
) -> None:
    answer = ask(
        capsys, "tokens", "a red cat", "--states", "--model", str(tiny_folder),
        "--out", str(tmp_path),
    )  # fmt: skip
    own = sum(answer["mask"])
    assert np.shape(answer["lengths"]) == (4, 77)
    assert len(answer["attention_on_start"]) == 3
    assert not any(answer["mask_change"][:own])
    assert all(answer["mask_change"][own + 1 :])
    written = safetensors.numpy.load_file(tmp_path / "states.safetensors")
    assert {name: array.shape for name, array in written.items()} == {
        "last": (77, 32), "hidden": (4, 77, 32), "normed": (4, 77, 32),
        "attentions": (3, 4, 77, 77),
    }  # fmt: skip


def test_another_prompt_is_compared(capsys: pytest.CaptureFixture[str], tiny_folder: Path) -> None:
    answer = ask(
        capsys, "tokens", "a red cat", "--against", "a red dog", "--against", "a red cat",
        "--model", str(tiny_folder),
    )  # fmt: skip
    dog, same = answer["against"]
    assert not any(dog["change"][:3])
    assert all(dog["change"][3:])
    assert same["cosine"] == pytest.approx(1)
    assert not any(same["change"])
    assert np.shape(answer["cosine"]) == (3, 3)


def test_text_is_read_in_another_way_for_a_picture(
    capsys: pytest.CaptureFixture[str], tiny_folder: Path, tmp_path: Path
) -> None:
    ways = {
        "plain": (),
        "mask": ("--padding-mask",),
        "skip": ("--clip-skip", "1"),
        "blend": ("--blend", "a blue dog", "--share", "0.5"),
    }
    found = set()
    for name, way in ways.items():
        ask(
            capsys, "generate", "--prompt", "a red cat", "--steps", "2", *way,
            "--model", str(tiny_folder), "--out", str(tmp_path / name),
        )  # fmt: skip
        found.add(np.asarray(Image.open(tmp_path / name / "image.png")).tobytes())
    assert len(found) == len(ways)
