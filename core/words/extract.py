"""The texts of the project as its files have them, and the catalogues of translators' programs."""

import ast
import io
import json
import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from core.words import FOLDER, HTML_TEXT, Text, of_many

ROOT = FOLDER.parents[1]
GALLERY = "assets/gallery/gallery.json"  # says what its pictures are
WIDTH = 100  # of a line in a catalogue
_LITERAL = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
# In a script: calls may stand in each other's, and a number may be worked out where it is given.
_SAID = re.compile(
    rf"(?<![.\w])(?:tr\(\s*(?P<text>{_LITERAL})|count\([^\"';]*,\s*(?P<thing>{_LITERAL})\)|"
    rf"trMany\([^\"';]*,\s*(?P<one>{_LITERAL}),\s*(?P<many>{_LITERAL}))"
)


def texts() -> dict[Text, list[str]]:
    """Return every text of the project with the files that say it, in the order of the files."""
    found: dict[Text, list[str]] = {
        picture["title"]: [GALLERY]
        for picture in json.loads((ROOT / GALLERY).read_text())["pictures"]
    }
    for file in sorted(
        file
        for file in (*(ROOT / "core").rglob("*"), *(ROOT / "pages").glob("*"))
        if file.suffix in _READ
    ):
        name = file.relative_to(ROOT).as_posix()
        for text in _READ[file.suffix](file.read_text("utf-8")):
            where = found.setdefault(text, [])
            if name not in where:
                where.append(name)
    return found


def catalogue(name: str) -> Catalog:
    """Return a language's catalogue with all texts there are now, and none that is gone.

    Args:
        name: of the language, such as "de".
    """
    kept, file = Catalog(locale=name), FOLDER / f"{name}.po"
    if file.exists():  # a new language has none yet
        with file.open("rb") as opened:
            kept = read_po(opened, locale=name)
    made = Catalog(locale=name, project="Glassbox Diffusion", charset="utf-8", fuzzy=False)
    for text, files in texts().items():
        known = kept.get(text if isinstance(text, str) else text[0])
        alike = known is not None and known.id == text
        made.add(
            text,
            known.string if known is not None and alike else "",
            [(file, 1) for file in files],
            flags=known.flags if known is not None and alike else (),
        )
    return made


def written(made: Catalog) -> bytes:
    """Return a catalogue as its file has it.

    Args:
        made: from ``catalogue``.
    """
    file = io.BytesIO()
    write_po(file, made, width=WIDTH, omit_header=False, include_lineno=False)
    return re.sub(rb'^"(POT-Creation|PO-Revision)-Date:.*\n', b"", file.getvalue(), flags=re.M)


def _in_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
        if called == "describe" and len(given) == 2 and given[1] is not None:  # a coefficient
            yield str(given[1])
        elif called in ("tr", "tr_later") and given and isinstance(given[0], str):
            yield given[0]
        elif called == "tr_many" and len(given) == 3 and given[1] is not None:
            yield str(given[1]), str(given[2])
        elif called == "equation":
            yield from (
                one.value.value
                for one in node.keywords
                if one.arg == "source"
                and isinstance(one.value, ast.Constant)
                and isinstance(one.value.value, str)
            )
        elif called == "count" and len(given) == 2 and isinstance(given[1], str):
            yield of_many(given[1])


def _in_script(source: str) -> Iterator[Text]:
    for found in _SAID.finditer(source):
        said = {name: ast.literal_eval(text) for name, text in found.groupdict().items() if text}
        if "many" in said:
            yield said["one"], said["many"]
        else:
            yield said["text"] if "text" in said else of_many(said["thing"])


def _in_html(source: str) -> Iterator[Text]:
    for found in HTML_TEXT.finditer(source):
        yield " ".join(found[0].split())


_READ = {".py": _in_python, ".js": _in_script, ".html": _in_html}
