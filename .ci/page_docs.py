"""Write docs/pages: what each page shows, what to remember, its closer looks and its formulas.

    PYTHONPATH=. python .ci/page_docs.py

All of it is read from the pages' own lessons, looks and formulas. The pictures beside are taken by
``tests/browser/screens.py docs``; ``make docs`` does both.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.ideas.equation import equation_of
from core.ui.closer import Closers
from core.ui.navigation import START, existing
from core.views.lesson import LEVELS, Lesson, lesson_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pages"
HOME = "home"
MADE = "<!-- Made by: make docs -->"
Function = Callable[..., Any]  # Any: functions of every kind


def pages() -> dict[str, str]:
    """Return the titles of all pages by their addresses, in the order of the walk."""
    return {HOME: START, **{entry.url: entry.title for entry in existing()}}


def closers_of(page: str) -> Closers | None:
    """Return a page's closer looks; None where it has none."""
    if not (ROOT / "core" / "lessons" / page / "looks.py").is_file():
        return None
    return importlib.import_module(f"core.lessons.{page}.looks").LOOKS


def text_of(page: str) -> str:
    """Return what stands in a page's document.

    Args:
        page: its address below the app's.
    """
    lesson, closers = lesson_of(page), closers_of(page)
    title = pages()[page]
    parts = [
        MADE, f"# {title}", f"**{lesson.headline}**",
        f"![The page {title} as it opens]({page}.webp)",
        "## What it shows, and what to do", *_shows(lesson),
        "## What to remember", lesson.remember,
    ]  # fmt: skip
    if lesson.cards:
        claims = (f"- “{card.claim}”" for card in lesson.cards)
        said = "The page answers each from the run on show, under *True or not?*:"
        parts += ["## What many believe", said, "\n".join(claims)]
    if closers is not None:
        parts += ["## Closer looks", _looks(closers), *_formulas(closers)]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """Return the document that leads to all others."""
    rows = [
        f"| [{title}]({page}.md) | {lesson_of(page).headline} | {lesson_of(page).remember} |"
        for page, title in pages().items()
    ]
    head = ["| page | question | to remember |", "| --- | --- | --- |"]
    return "\n\n".join([MADE, "# The pages, one by one", "\n".join([*head, *rows])]) + "\n"


def _shows(lesson: Lesson) -> Iterator[str]:
    leads = [f"- *{name}:* {lesson.leads[level]}" for level, name in LEVELS.items()
             if level in lesson.leads]  # fmt: skip
    yield "\n".join(leads)
    if lesson.picture:
        yield lesson.picture


def _looks(closers: Closers) -> str:
    rows = ["| look | what it does | its file |", "| --- | --- | --- |"]
    for look in closers.looks:
        module = look.load()
        does = (inspect.getdoc(module.show) or "").splitlines()[0]
        rows.append(f"| {look.title} | {does} | {_link(module)} |")
    return "\n".join(rows)


def _formulas(closers: Closers) -> Iterator[str]:
    found: dict[str, tuple[Function, list[str]]] = {}
    behind = [("", closers.load_formulas())]
    behind += [(look.title, getattr(look.load(), "FORMULAS", ())) for look in closers.looks]
    for title, functions in behind:
        for function in functions:
            name = f"{function.__module__}.{function.__qualname__}"
            found.setdefault(name, (function, []))[1].append(title)
    if not found:
        return
    yield "## Formulas, and what computes them"
    for function, looks in found.values():
        formula, where = equation_of(function), ", ".join(f"*{look}*" for look in looks if look)
        module = sys.modules[function.__module__]
        told = [f"`{function.__qualname__}` in {_link(module)}", formula.source, where]
        tex = formula.tex.replace(r"\operatorname", r"\mathrm")  # which GitHub does not draw
        yield f"```math\n{tex}\n```"
        yield " · ".join(filter(None, told))
    if closers.sources:
        yield closers.sources


def _link(module: Any) -> str:  # Any: a module that was imported
    file = Path(module.__file__).relative_to(ROOT).as_posix()
    return f"[{file}](../../{file})"


def files() -> dict[Path, str]:
    """Return every document's text by its file."""
    return {
        FOLDER / "README.md": index(),
        **{FOLDER / f"{page}.md": text_of(page) for page in pages()},
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in files().items():
        file.write_text(text, "utf-8")
