"""The command that writes a map a token: its files, its numbers, its one sentence of error."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.views.exports import open_picture


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the command wrote for a short run."""
    out = tmp_path_factory.mktemp("attention") / "out"
    words = ["attention", "--prompt", "a Red ../apple", "--seed", "4", "--steps", "2"]
    assert main([*words, "--height", "64", "--width", "96", "--out", str(out), "--json"]) == 0
    return out


def test_every_token_has_a_map_and_numbers(written: Path) -> None:
    told = json.loads((written / "attention.json").read_text())
    tokens = told["tokens"]
    assert [row["token"] for row in tokens][:3] == ["⟨start⟩", "a", "Red"]
    assert [row["kind"] for row in tokens][-2:] == ["end", "padding"]
    assert sum(row["share"] for row in tokens) == pytest.approx(1, abs=2e-3)
    assert sorted(row["file"] for row in tokens) == sorted(map(str, written.glob("map_*.png")))
    for row in tokens:
        with Image.open(row["file"]) as picture:
            assert picture.width / picture.height == 1.5
            assert picture.text["Description"].startswith("Mean over 2 U-Net calls, 7 layers")
    assert told["calls"] == 2
    assert told["layers"][0]["size"] == [8, 12]


def test_maps_and_budget_can_be_read_back(written: Path) -> None:
    archive = np.load(written / "maps.npz", allow_pickle=False)
    for at, size in enumerate([(8, 12), (4, 6), (2, 3), (4, 6), (4, 6), (8, 12), (8, 12)]):
        maps = archive[f"layer_{at}"]
        assert maps.shape == (2, 4, 77, *size)
        np.testing.assert_allclose(maps.sum(axis=2, dtype=np.float32), 1, atol=2e-3)
    with (written / "budget.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2
    for row in rows:
        shares = [float(row[kind]) for kind in ("start", "word", "end", "padding")]
        assert sum(shares) == pytest.approx(1, abs=2e-3)
    assert open_picture((written / "image.png").read_bytes()).request.prompt == "a Red ../apple"


def test_answer_for_people_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["attention", "--prompt", "cat\x1b[31m", "--steps", "1", "--out", str(tmp_path)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "most at one place" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prompt", "x"], "--out DIR"),
        (["--prompt", "x", "--steps", "0", "--out", "."], "1 to 150"),
        (["--prompt", "x", "--model", "no/such", "--out", "."], "not on this machine"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attention", *words]) != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1
