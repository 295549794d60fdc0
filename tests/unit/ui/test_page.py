"""The code under a formula: what is computed first, all of it behind."""

import ast
import importlib
import pkgutil

import pytest

import core.ideas
from core.ideas.equation import EQUATIONS
from core.ideas.forward import add_noise
from core.nets.residual import ResnetBlock
from core.ui.page import source_of

for _found in pkgutil.walk_packages(core.ideas.__path__, "core.ideas."):
    importlib.import_module(_found.name)  # each lists its formulas


IDEAS = sorted(name for name in EQUATIONS if name.startswith("core.ideas."))


def test_layers_are_shown_without_their_formula_as_well() -> None:
    brief, whole = source_of(ResnetBlock)
    assert brief.startswith("class ResnetBlock(")
    assert "def forward(" in brief
    assert "@equation" not in whole


@pytest.mark.parametrize("name", IDEAS)
def test_code_is_short_and_says_nothing_twice(name: str) -> None:
    brief, whole = source_of(EQUATIONS[name])
    short = ast.parse(brief).body[0]
    full = ast.parse(whole).body[0]
    assert isinstance(short, ast.FunctionDef)
    assert isinstance(full, ast.FunctionDef)
    assert short.decorator_list == full.decorator_list == []
    assert ast.get_docstring(short) is None
    assert ast.get_docstring(full)
    assert ast.dump(short.args) == ast.dump(full.args)
    assert ast.unparse(short.body[-1]) == ast.unparse(full.body[-1])  # what it returns
    assert len(short.body) <= 12
    assert "# type:" not in whole
    assert "# Any:" not in whole


def test_checks_of_arguments_are_behind() -> None:
    brief, whole = source_of(add_noise)
    assert "_refuse_other_shape(x0, eps)" in whole
    assert brief.splitlines()[1:] == [
        "    signal = spread(alpha_bar, x0)",
        "    return signal**0.5 * x0 + (1 - signal) ** 0.5 * eps",
    ]
    assert not [name for name in IDEAS if "raise " in source_of(EQUATIONS[name])[0]]
