"""Imports point down only, heavy libraries stay where they belong, every module has a layer."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("errors", "ideas", "nets", "models", "engine", "training", "views", "ui", "pages")
ABOVE_VIEWS = ("commands", "__main__")  # the command line: everything but ui
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
    "core.models.schedulers_info",
    "core.models.scheduler_options",
    "core.models.manifest",
    "core.models.folders",
    "core.models.gallery",
    "core.models.latent_facts",
    "core.models.scheduler_plans",
    "core.models.time_facts",
    "core.models.uploads",
    "core.engine.looks.look",
    "core.engine.request",
    "core.views.film",
    "core.views.report",
    "core.views.theme",
    "core.ui.generation_looks",
    "core.ui.run_panel",
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
    if rest[0] in ABOVE_VIEWS:
        return LAYERS.index("views")
    return LAYERS.index(rest[0])


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
        if top == "streamlit":
            assert name.split(".")[:2][-1] not in ABOVE_VIEWS, f"{name}:{line} imports {imported}"


def test_every_module_is_seen() -> None:
    assert {"core.errors", "core.models.loading", "core.__main__"} <= {dotted(f) for f in modules()}


def test_module_without_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        layer_of("core.utils")


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
