"""What may be opened, and what is refused before any library sees it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.models.catalog import (
    BUILT_IN,
    FOLDERS,
    builtin_folder,
    entries,
    find_entry,
    is_installed,
    local_folder,
    measure_size,
    offer,
    without_paths,
)
from core.models.download import download, weights
from core.models.folders import find_checkpoint

REFUSED = [
    "",
    " ",
    "../../../etc/passwd",
    "..",
    "/etc",
    "a/../b",
    "a/b/c",
    "http://example.org/model",
    "file:///etc/passwd",
    "owner/na me",
    "owner/name\x00",
    "owner/name\n",
    "-rf/x",
    ".hidden/x",
    "x" * 300,
    f"owner/{'x' * 97}",
    "owner/модель",
    "models--a--b/c",
    "Emoji128",
    "__class__",
    None,
    7,
]


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv(FOLDERS, "")


@pytest.mark.parametrize("model_id", REFUSED)
def test_id_that_is_no_model_is_refused_in_plain_words(model_id: object) -> None:
    with pytest.raises(ExplainerError) as caught:
        find_entry(model_id)  # type: ignore[arg-type]  # that is the point
    assert len(str(caught.value)) < 300
    assert "\x00" not in str(caught.value)


def test_built_in_comes_first_and_is_here() -> None:
    first = entries()[0]
    assert (first.id, first.kind) == (BUILT_IN, "built-in")
    assert is_installed(first)
    assert local_folder(first) == builtin_folder()


def test_every_preset_is_found_by_its_id_and_not_here() -> None:
    presets = [entry for entry in entries() if entry.kind == "preset"]
    assert len(presets) >= 4
    for entry in presets:
        assert find_entry(entry.id) == entry
        assert not is_installed(entry)


def test_any_hub_id_has_an_entry() -> None:
    entry = find_entry("owner/some-model.v1_2")
    assert (entry.kind, entry.source, entry.size_mb) == ("hub", "owner/some-model.v1_2", None)


def test_folder_opens_only_when_it_was_offered(tiny_folder: Path) -> None:
    with pytest.raises(ExplainerError):
        find_entry(str(tiny_folder))
    entry = offer(tiny_folder)
    assert find_entry(entry.id) == entry
    assert local_folder(entry) == tiny_folder.resolve()
    offer(tiny_folder)
    assert len([entry for entry in entries() if entry.kind == "folder"]) == 1


def test_a_model_is_found_without_a_walk_over_its_files(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = offer(tiny_folder)
    looked: list[str] = []
    for name in ("stat", "scandir", "listdir", "walk"):
        real = getattr(os, name)

        def counted(*args: Any, real: Any = real, name: str = name, **kwargs: Any) -> Any:
            looked.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, counted)
    assert validated(Request(model=entry.id)).model == entry.id
    assert looked == []
    files = [file for file in tiny_folder.rglob("*") if file.is_file()]
    assert measure_size(entry) == round(sum(len(file.read_bytes()) for file in files) / 1e6)
    assert looked


@pytest.mark.parametrize("wrong", ["/etc", "nowhere", "x" * 5000, "nul\x00"])
def test_folder_without_a_model_is_not_offered(wrong: str) -> None:
    with pytest.raises(ExplainerError, match="not a checkpoint"):
        offer(Path(wrong))


def test_offered_folders_have_names_of_their_own(tmp_path: Path) -> None:
    places = [tmp_path / "a" / "same", tmp_path / "b" / "same", tmp_path / "c" / BUILT_IN]
    for place in places:
        place.mkdir(parents=True)
        (place / "model_index.json").write_text("{}")
    found = [offer(place) for place in places]
    assert [entry.id for entry in found] == ["same", "same 2", f"{BUILT_IN} 2"]
    for entry, place in zip(found, places, strict=True):
        assert find_entry(entry.id) == find_entry(str(place)) == entry
        assert local_folder(entry) == place
        assert str(tmp_path) not in entry.id + entry.title + entry.note


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("no file in /tmp/x1/y/unet found", "no file in unet found"),
        ("/srv/models/a b/unet/config.json is bad.", "a b/unet/config.json is bad."),
        ("Choose owner/name, or see https://a.org/b/c.", None),
        ("core/weights is missing; 1/2 and N/A stay.", None),
    ],
)
def test_sentences_keep_names_and_lose_places(
    said: str, read: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDERS, "/srv/models/a b")
    assert without_paths(said) == (said if read is None else read)


def test_hub_model_is_found_in_either_cache(tmp_path: Path) -> None:
    entry = find_entry("owner/name")
    for cache in (tmp_path / "hub", tmp_path / "cache" / "models"):
        repo = cache / "models--owner--name"
        snapshot = repo / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (repo / "refs").mkdir()
        (repo / "refs" / "main").write_text("abc")
        assert local_folder(entry) is None or cache.name == "models"
        (snapshot / "model_index.json").write_text("{}")
        assert local_folder(entry) == snapshot


def test_nothing_is_downloaded_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLASSBOX_ONLINE", raising=False)
    with pytest.raises(ExplainerError, match="GLASSBOX_ONLINE=1"):
        download(find_entry("owner/name"))


def test_half_precision_is_fetched_where_there_is_some_and_never_a_pickle() -> None:
    names = [
        "model_index.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.fp16.safetensors",
        "safety_checker/model.safetensors",
    ]
    assert weights(names) == [
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.fp16.safetensors",
    ]
    two = [*names, "text_encoder_2/model.safetensors", "text_encoder_2/model.fp16.safetensors"]
    assert weights(two) == [*weights(names), "text_encoder_2/model.fp16.safetensors"]
    with pytest.raises(ExplainerError, match="pickled"):
        weights(["unet/diffusion_pytorch_model.bin"])


def test_libraries_are_offline_as_soon_as_the_package_is_imported() -> None:
    code = (
        "import core.models.catalog, huggingface_hub.constants as c; "
        "print(c.HF_HUB_OFFLINE, c.HF_HUB_DISABLE_TELEMETRY)"
    )
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GLASSBOX_"))}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=bare, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.split() == ["True", "True"], ran.stderr


def unreadable(*_: object, **__: object) -> bool:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("place", ["/" + "x" * 300, "a\0b", "README.md", "not/there"])
def test_places_that_cannot_be_looked_at_hold_no_model(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GLASSBOX_CACHE", "HF_HUB_CACHE", FOLDERS):
        monkeypatch.setitem(os.environ._data, name.encode(), place.encode())  # type: ignore[attr-defined]  # setenv itself refuses NUL
    for entry in (*entries(), find_entry("owner/name")):
        assert is_installed(entry) is (entry.kind == "built-in")
        assert entry.kind != "folder" or measure_size(entry) is None


def test_a_folder_that_is_not_ours_to_read_holds_no_model(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = offer(tiny_folder)
    monkeypatch.setattr(Path, "is_file", unreadable)
    monkeypatch.setattr(Path, "read_text", unreadable)
    for entry in (offered, find_entry("owner/name")):
        assert local_folder(entry) is None
    assert measure_size(offered) is None
    with pytest.raises(ExplainerError, match="tiny-sd that was offered holds no model"):
        find_checkpoint(offered.id)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\0b", b"x" * 5000])
def test_a_revision_that_is_none_is_no_model(content: bytes, tmp_path: Path) -> None:
    main = tmp_path / "hub" / "models--owner--name" / "refs" / "main"
    main.parent.mkdir(parents=True)
    main.write_bytes(content)
    assert local_folder(find_entry("owner/name")) is None


def test_a_person_without_a_home_has_the_built_in_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert [entry.id for entry in entries() if is_installed(entry)] == [BUILT_IN]
    assert without_paths("all is well") == "all is well"
