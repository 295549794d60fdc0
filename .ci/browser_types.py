"""Write the types of what Python sends to the browser, for TypeScript's checker of the scripts.

They are the TypedDicts whose names end with Data, in core/views and beside the pages' screens. All
go into one file, under the names that they have in Python, so each name is given once.
"""

import importlib
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parents[1]
WHERE = ROOT / ".venv" / "browser" / "data.d.ts"  # as tsconfig.json says
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def of(kind: Any) -> str:  # Any: whatever stands in an annotation
    """Return a type as TypeScript writes it.

    Args:
        kind: what JSON can hold: texts, numbers, choices, lists, dicts by text, TypedDicts.

    Raises:
        TypeError: it is something else.
    """
    inner = get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if is_typeddict(kind):
        return kind.__name__
    if get_origin(kind) in (Union, types.UnionType):
        return " | ".join(map(of, inner))
    if get_origin(kind) is Literal:
        return " | ".join(f'"{choice}"' for choice in inner)
    if get_origin(kind) is tuple and inner[-1] is not Ellipsis:
        return f"[{', '.join(map(of, inner))}]"
    if get_origin(kind) in (list, tuple, Sequence):
        return f"({of(inner[0])})[]"
    if get_origin(kind) is dict and inner[0] is str:
        return f"Record<string, {of(inner[1])}>"
    raise TypeError(f"{kind} is sent to no browser")


def interface(sent: type) -> str:
    """Return a TypedDict as an interface, with what is said about it.

    Args:
        sent: the TypedDict.
    """
    optional = typing.cast("frozenset[str]", getattr(sent, "__optional_keys__", frozenset()))
    fields = [
        f"  {name}{'?' * (name in optional)}: {of(kind)};"
        for name, kind in get_type_hints(sent).items()
    ]
    said = (inspect.getdoc(sent) or "").replace("*/", "* /")
    return "\n".join([f"/** {said} */", f"interface {sent.__name__} {{", *fields, "}"])


def sent() -> Iterator[type]:
    """Find all that is sent.

    Raises:
        ValueError: two have the same name.
    """
    files = [*ROOT.glob("core/views/*.py"), *ROOT.glob("core/lessons/*/*_data.py")]
    seen: dict[str, str] = {}
    for file in sorted(files):
        module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for name, found in vars(module).items():
            if (
                name.endswith("Data")
                and is_typeddict(found)
                and found.__module__ == module.__name__
            ):
                if name in seen:
                    raise ValueError(f"{name} is in {seen[name]} and in {module.__name__}")
                seen[name] = module.__name__
                yield found


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    WHERE.write_text("\n\n".join(map(interface, sent())) + "\n", "utf-8")
