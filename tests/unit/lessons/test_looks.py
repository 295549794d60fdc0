"""Every table of closer looks names what is there, and says it once."""

import importlib
import inspect
from pathlib import Path

import pytest

from core.ideas.equation import equation_of
from core.ui.closer import Closer, Closers

WINGS = Path(__file__).resolve().parents[3] / "core" / "lessons"
TABLES: dict[str, Closers] = {
    file.parent.name: importlib.import_module(f"core.lessons.{file.parent.name}.looks").LOOKS
    for file in sorted(WINGS.glob("*/looks.py"))
}
LOOKS = [(wing, look) for wing, table in TABLES.items() for look in table.looks]


def test_tables_are_found() -> None:
    assert {"attention", "training"} <= set(TABLES)


@pytest.mark.parametrize(("wing", "look"), LOOKS, ids=lambda part: getattr(part, "title", part))
def test_look_lies_in_its_wing_and_shows_formulas_that_there_are(wing: str, look: Closer) -> None:
    assert look.module.startswith(f"core.lessons.{wing}.")
    for function in getattr(look.load(), "FORMULAS", ()):
        assert equation_of(function).tex


@pytest.mark.parametrize("wing", TABLES)
def test_page_names_formulas_that_there_are(wing: str) -> None:
    found = list(TABLES[wing].load_formulas())
    assert len({equation_of(function).tex for function in found}) == len(TABLES[wing].formulas)


@pytest.mark.parametrize("wing", TABLES)
def test_looks_of_a_page_get_the_same_and_are_told_apart(wing: str) -> None:
    looks = TABLES[wing].looks
    taken = {len(inspect.signature(look.load().show).parameters) for look in looks}
    assert len(taken) == 1
    for names in ([look.title for look in looks], [look.module for look in looks]):
        assert len(set(names)) == len(looks)
