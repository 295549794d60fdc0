"""What is kept on disk, people's words among it, can be seen and removed."""

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.engine.store import Store


def test_what_is_kept_is_counted_and_removed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path))
    for number in range(2):
        Store(tmp_path).put(f"{number:064x}", b"a secret wish")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "weights").write_bytes(b"w")
    for arguments, removed, kept in (((), 0, 2), (("--clear",), 2, 0), (("--clear",), 0, 0)):
        assert main(["cache", *arguments, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["folder"], told["removed"], told["kept"]) == (str(tmp_path), removed, kept)
        assert told["megabytes"] <= told["limit_megabytes"]
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [tmp_path / "models" / "weights"]


def test_a_folder_that_is_not_there_holds_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path / "none"))
    assert main(["cache", "--clear"]) == 0
    assert "kept: 0" in capsys.readouterr().out
