"""What people type is shown as text: nothing in the app hands it to Markdown or HTML."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "Home.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "core" / "ui").glob("*.py")]
SCRIPTS = sorted((ROOT / "core" / "ui" / "browser").glob("*.js"))
MARKDOWN = ("markdown", "write", "caption", "title", "header", "subheader", "error", "warning",
            "info", "success", "toast", "html", "metric", "table")  # fmt: skip
TYPED = ("prompt", "negative", "cut", "what", "fix", "words")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_markdown_is_never_given_what_was_typed(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        assert not any(word.arg and word.arg.startswith("unsafe_") for word in node.keywords)
        if node.func.attr not in MARKDOWN:
            continue
        assert node.func.attr != "html", f"{file.name}:{node.lineno}"
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        names |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        assert not names & set(TYPED), f"{file.name}:{node.lineno} gives {names} to Markdown"


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
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
