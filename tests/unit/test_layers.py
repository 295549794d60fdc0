"""Imports point down only, wings do not touch, heavy libraries stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    "words", "errors", "host", "classroom", "ideas", "nets", "models", "engine", "training", "labs",
    "views", "data", "ui", "lessons", "pages",
)  # fmt: skip
ABOVE_DATA = ("commands", "__main__")  # the command line: also what lessons draw, no streamlit
LIBRARIES = {  # where a library may first appear
    "diffusers": "models",
    "transformers": "models",
    "altair": "views",
    "pandas": "views",
    "streamlit": "ui",
}
TORCH_FREE = (
    "core.errors",
    "core.ideas.equation",
    "core.models.catalog",
    "core.models.tokens",
    "core.models.schedulers.names",
    "core.models.schedulers.settings",
    "core.models.manifest",
    "core.models.folders",
    "core.models.gallery",
    "core.models.latent_facts",
    "core.models.schedulers.plans",
    "core.models.time_facts",
    "core.models.uploads",
    "core.engine.work",
    "core.engine.request",
    "core.views.film",
    "core.lessons.generation.report_data",
    "core.views.theme",
    "core.lessons.generation.looks",
    "core.lessons.generation.film",
    "core.__main__",
)


def modules() -> list[Path]:
    files = [*(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "Home.py"]
    return [file for file in files if file.exists()]


def layer_of(name: str) -> int:
    """Rank of a dotted module name; raises where it has no layer."""
    first, *rest = name.split(".")
    if first in ("pages", "Home"):
        return LAYERS.index("pages")
    if name == "core":
        return -1
    if rest[0] in ABOVE_DATA or (rest[0] == "lessons" and name.endswith("_data")):
        return LAYERS.index("data")
    return LAYERS.index(rest[0])


def wing_of(name: str) -> str:
    """The wing of a dotted module name; "" where it lies in none."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["core", "lessons"] and len(parts) > 2 else ""


def may_enter(name: str, wing: str) -> bool:
    """Whether a module may import from a wing: one of its own, a page, the command line."""
    first, *rest = name.split(".")
    return first != "core" or wing_of(name) == wing or rest[0] in ABOVE_DATA


def dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            assert node.names[0].name != "*", f"{file}:{node.lineno} imports everything"
            module = node.module or ""
            # `from core import ideas` names a package, `from core.ideas import x` a module
            found += (
                [(f"core.{alias.name}", node.lineno) for alias in node.names]
                if module == "core"
                else [(module, node.lineno)]
            )
    return found


@pytest.mark.parametrize("file", modules(), ids=dotted)
def test_module_imports_only_from_below(file: Path) -> None:
    name = dotted(file)
    mine = layer_of(name)
    for imported, line in imports(file):
        top = imported.split(".")[0]
        if top in ("core", "pages", "Home"):
            assert layer_of(imported) <= mine, f"{name}:{line} imports {imported} from above"
        if top in LIBRARIES:
            assert mine >= LAYERS.index(LIBRARIES[top]), f"{name}:{line} imports {imported}"
        if wing := wing_of(imported):
            assert may_enter(name, wing), f"{name}:{line} imports {imported} from another wing"
    wings = {wing_of(imported) for imported, _ in imports(file)} - {""}
    if not name.startswith("core"):
        assert len(wings) <= 1, f"{name} imports from {wings}"


def test_every_module_is_seen() -> None:
    assert {"core.errors", "core.models.loading", "core.__main__"} <= {dotted(f) for f in modules()}


def test_module_without_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        layer_of("core.utils")


def test_arrows_between_wings_are_refused() -> None:
    assert layer_of("core.lessons.latents.run_data") < layer_of("core.ui.shown")
    assert layer_of("core.lessons.latents.run") > layer_of("core.ui.shown")
    assert may_enter("core.lessons.latents.run", "latents")
    assert may_enter("core.commands.encode", "latents")
    assert may_enter("pages.2_latents", "latents")
    for name in ("core.lessons.noising.hero", "core.ui.shown", "core.views.run"):
        assert not may_enter(name, "latents")


def test_a_component_has_its_three_files_beside_the_page() -> None:
    ends = (".html", ".css", ".js")
    files = {file for file in (ROOT / "core" / "lessons").rglob("*") if file.suffix in ends}
    assert files == {file.with_suffix(end) for file in files for end in ends} != set()


@pytest.mark.parametrize("name", TORCH_FREE)
def test_module_imports_no_torch(name: str) -> None:
    code = (
        f"import sys, {name}; "
        "sys.exit(', '.join({'torch', 'diffusers', 'transformers'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


# Who reads weights, and why no byte of them can have changed unseen. All else reads them with
# ``core.models.manifest.read_weights``, which compares the folder with its checksums first.
READS_WEIGHTS = {
    "core.models.manifest.read_weights": "this is the check",
    "core.models.part_loading._from_folder": "of a folder that was inspected, checksums and all",
    "core.models.part_loading._named_as_library": "of a single file whose header was checked",
    "core.models.lora_fitted.read_pairs": "of a file whose header was looked over",
    "core.models.machine_check._tokens": "a tokenizer: text, of a folder that was inspected",
    "core.engine.film.film_from_bytes": "bytes of the store, which has compared their checksum",
    "core.engine.trace.from_bytes": "bytes of the store, which has compared their checksum",
    "core.labs.activations._resume": "state that was handed out in this process",
    "core.labs.process.unpack": "state that was handed out by such a process",
    "core.training.evaluate.load_autoencoder": "a run's own, written just before",
    "core.training.evaluate.load_pipeline": "a run's own, written just before",
    "core.training.large.collect": "a run's own, trained on another machine",
    "core.training.large.unpack": "a run's own, packed on another machine",
    "core.training.latents.Kept": "a run's own",
    "core.training.small_decoder.make_pairs": "a run's own",
    "core.training.turbo.make_pairs": "a run's own",
    "core.training.evaluate_turbo._kept": "a run's own",
    "core.training.loop.load_checkpoint": "a run's own",
    "core.training.loop.load_weights": "a run's own",
    "core.training.loop.saved_step": "a run's own: its header",
    "core.training.pictures.load_pictures": "a run's own",
    "core.training.vocabulary._embed": "a public package's, whose checksum the installer compares",
    "core.training.vocabulary.make_embeddings": "a run's own",
    "core.training.vocabulary.make_tokenizer": "words, no weights",
}
READERS = ("load_file", "safe_open", "from_pretrained", "from_single_file", "load_safetensors")
LOADERS = ("safetensors.torch.load", "safetensors.numpy.load", "torch.load", "np.load")


def reads_weights(node: ast.AST) -> bool:
    """Whether a name is that of a function that reads weights from a file or from bytes."""
    if isinstance(node, ast.alias):
        return node.name in READERS and node.asname is not None  # by another name from here on
    if isinstance(node, ast.Attribute):
        return node.attr in READERS or ast.unparse(node) in LOADERS
    return isinstance(node, ast.Name) and node.id in READERS


def test_whoever_reads_weights_has_checked_them() -> None:
    found = {
        f"{dotted(file)}.{getattr(part, 'name', '')}"
        for file in modules()
        for part in ast.parse(file.read_text(encoding="utf-8")).body
        if any(reads_weights(node) for node in ast.walk(part))
    }
    assert found == set(READS_WEIGHTS)


def test_a_reader_of_weights_is_seen_however_it_is_called() -> None:
    for code in (
        "from safetensors.torch import load_file as read",
        "safetensors.torch.load_file(path)",
        "safetensors.torch.load(content)",
        "with safe_open(path, 'pt') as file: pass",
        "torch.load(path)",
        "AnyModel.from_pretrained(folder)",
    ):
        assert any(reads_weights(node) for node in ast.walk(ast.parse(code))), code
    assert not any(reads_weights(node) for node in ast.walk(ast.parse("json.load(file)")))


TELLS_A_TERMINAL = ("core.commands.", "core.training.", "core.labs.process", "core.__main__")


def slips(node: ast.AST, terminal: bool = False) -> bool:
    """Whether noise is not Gaussian, a device is written in, or a fault might only be printed."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("rand_like", "uniform_")
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    placed = called == "to" and any("cuda" in ast.unparse(one) for one in node.args)
    printed = isinstance(node.func, ast.Name) and node.func.id == "print" and not terminal
    return placed or called == "cuda" or printed


def test_noise_is_gaussian_no_device_is_written_in_and_nothing_only_prints() -> None:
    for file in modules():
        terminal = dotted(file).startswith(TELLS_A_TERMINAL)
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        assert not any(slips(node, terminal) for node in nodes), file


def test_a_slip_is_seen_however_it_is_written() -> None:
    for code in (
        "torch.rand_like(x)",
        "x.uniform_(0, 1)",
        "x.to('cuda:0')",
        "x.cuda()",
        "print(1)",
    ):
        assert any(slips(node) for node in ast.walk(ast.parse(code))), code
    for code in ("torch.randn_like(x)", "x.to(device)", "torch.cuda.is_available()"):
        assert not any(slips(node) for node in ast.walk(ast.parse(code))), code
