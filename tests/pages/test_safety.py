"""What people type is shown as text: nothing in the app hands it to Markdown or HTML."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    ROOT / "Home.py",
    *(ROOT / "pages").glob("*.py"),
    *(ROOT / "core" / "ui").glob("*.py"),
    *(ROOT / "core" / "lessons").rglob("*.py"),
]
SCRIPTS = sorted((ROOT / "core").rglob("*.js"))
MARKDOWN = ("markdown", "write", "caption", "title", "header", "subheader", "error", "warning",
            "info", "success", "toast", "html", "metric", "table")  # fmt: skip
TYPED = ("prompt", "negative", "cut", "what", "fix", "words")


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_markdown_is_never_given_what_was_typed(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        assert not any(word.arg and word.arg.startswith("unsafe_") for word in node.keywords)
        if node.func.attr not in MARKDOWN:
            continue
        if node.func.attr == "html":  # our own style sheet, a file named in the module
            assert ast.unparse(node) == "st.html(STYLE)", f"{file.name}:{node.lineno}"
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        names |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        assert not names & set(TYPED), f"{file.name}:{node.lineno} gives {names} to Markdown"


@pytest.mark.parametrize("file", SCRIPTS, ids=name_of)
def test_components_write_text_only(file: Path) -> None:
    code = file.read_text("utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
    ):
        assert way not in code.replace("never innerHTML", "")


def test_there_are_components() -> None:
    assert len(SCRIPTS) >= 2


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_what_a_browser_tells_comes_through_one_door(file: Path) -> None:
    """A component's state is handed on to ``told`` and ``told_one``, and opened nowhere else."""
    tree = ast.parse(file.read_text("utf-8"))
    mounts = [
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "mount"
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript):
            assert getattr(node.value, "id", "") not in mounts, f"{file.name}:{node.lineno}"
            inside = ast.unparse(node.value)
            by_name = inside in ("st.session_state[NAME]", "st.session_state.get(NAME)")
            assert not by_name, f"{file.name}:{node.lineno} reads {ast.unparse(node)}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_that_are_given_are_one_and_those_taken_are_named_by_us(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "file_uploader":
            assert "accept_multiple_files" not in {word.arg for word in node.keywords}
        if node.func.attr == "download_button":
            names = {part.id for part in ast.walk(node.args[2]) if isinstance(part, ast.Name)}
            assert names <= {"name"}, f"{file.name}:{node.lineno} is named by {names}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_what_is_kept_for_everybody_is_bounded(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    bounded = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "max_entries" in {word.arg for word in node.keywords}
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("cache_data", "cache_resource"):
            assert id(node) in bounded, f"{file.name}:{node.lineno}"
