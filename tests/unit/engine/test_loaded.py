"""What is kept of a run is found again only while all that decided it is the same."""

import ast
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from core.engine.loaded import CORE, DECIDING, LIBRARIES, LoadedModel, source_hash
from core.models.loading import Checkpoint

# Imported by what decides a run, and deciding none of its numbers themselves.
WORDS = {
    "core.errors",
    "core.engine.calls",
    "core.engine.request",  # the key holds the request itself
    "core.ideas.equation",
    "core.ideas.arrays",  # names of types
    "core.ideas.checks",
    "core.models.catalog",
    "core.models.config_files",
    "core.models.fitting",  # number type and tiles are in the stamp
    "core.models.folders",
    "core.models.gallery",  # quick colours are fitted on it; they are not kept
    "core.ideas.spacings",  # refuses what the library would miscount
    "core.models.manifest",  # reads the small decoder, whose weights are in the stamp
    "core.models.loras",  # names and checksums, which the request holds
    "core.models.hardware",  # device and number type are in the stamp
    "core.models.schedulers.names",
    "core.models.schedulers.planners",  # curves are drawn by them; a run is the library's
    "core.models.allocator",
    "core.words",  # what is said
    "core.host",  # how wide calls may be, and pictures
    "core.models.uncompiled",
    "core.models.uploads",
    "core.models.weight_files",  # the weights themselves are in the fingerprint
    "core.nets.autoencoder",  # our own encoder's answer; runs are decoded by the library
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_stamp_names_every_library_that_is_here(
    library: str, tiny_checkpoint: Checkpoint
) -> None:
    stamp = LoadedModel(tiny_checkpoint, 0).stamp
    if library == "torchsde":
        pytest.importorskip(library)
    assert f" {library} {version(library)} " in stamp


def test_the_stamp_changes_with_the_weights_the_number_type_and_our_code(
    tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    stamp = LoadedModel(tiny_checkpoint, 0).stamp
    assert tiny_checkpoint.fingerprint in stamp
    assert str(tiny_checkpoint.dtype) in stamp
    assert source_hash() in stamp
    copied = Path(
        shutil.copytree(CORE, tmp_path / "core", ignore=shutil.ignore_patterns("weights"))
    )
    assert source_hash(copied) == source_hash()
    seen = {source_hash()}
    for name in DECIDING:
        source_hash.cache_clear()
        with (copied / name).open("a") as file:
            file.write("# changed\n")
        seen.add(source_hash(copied))
    assert len(seen) == len(DECIDING) + 1


def test_everything_that_decides_a_run_is_hashed() -> None:
    used = set()
    for name in DECIDING:
        for node in ast.walk(ast.parse((CORE / name).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
                used.add(node.module)
    formulas = ("core.ideas.samplers.", "core.models.schedulers.sums")  # that are shown alone
    shown = {module for module in used if module.startswith(formulas)}
    hashed = {"core." + name.removesuffix(".py").replace("/", ".") for name in DECIDING}
    assert used - hashed - shown == used & WORDS
