"""What people read, in their language: every text is written in English and marked where it stands.

A text is a whole sentence or label, with places in braces for what a run puts in, as gettext has
it. Its translations lie in one file a language, ``de.po``, which translators' programs read and
``python -m core words`` keeps in step with the code.

Numbers keep the decimal point in every language, as the formulas and the code beside them have it;
thousands stand apart by a comma in English and by a thin space elsewhere, where a comma would be
read as the point.
"""

import re
import string
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
FOLDER = Path(__file__).parent
# In a component's HTML: what stands between two tags, and what is read aloud.
HTML_TEXT = re.compile(
    r"(?<=>)[^<>]*[^\W\d_]{2}[^<>]*(?=<)|"
    r'(?:(?<= aria-label=")|(?<= placeholder=")|(?<= title=")|(?<= alt=")|(?<= label="))[^"]+'
)
UNIT = re.compile(r"(?<=[\d}]) (?=(?:%|m?s|min|h|dB|[MG]B|px)(?!\w))")  # after a number or a place
Text = str | tuple[str, str]  # one, or one and many
_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


class Said(str):
    """A text as it was said, which knows how to be said again in another language.

    What an engine says it says without knowing who will read it.

    Attributes:
        texts: the template; where there is one for many, that as well.
        values: what stands in its places.
        number: what decides between the two; None where there is one.
    """

    __slots__ = ("number", "texts", "values")

    texts: tuple[str, ...]
    values: Mapping[str, Any]  # Any: whatever can be formatted
    number: float | None

    def __new__(
        cls, texts: tuple[str, ...], values: Mapping[str, Any], number: float | None = None
    ) -> "Said":
        """Say it in the language of the thread."""
        made = super().__new__(cls, _written(texts, values, number))
        made.texts, made.values, made.number = texts, values, number
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep what it is made of, for another process and for a copy."""
        return Said, (self.texts, self.values, self.number)


class _Formatter(string.Formatter):
    """Says what stands in a place in the thread's language, and writes its thousands so."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return again(super().get_value(key, args, kwargs))

    def format_field(self, value: Any, format_spec: str) -> str:
        written = super().format_field(value, format_spec)
        apart = "," in format_spec and _language.get() != ENGLISH
        return written.replace(",", "\N{NARROW NO-BREAK SPACE}") if apart else written


_FORMATTER = _Formatter()


def language() -> str:
    """Return the language of whom this thread draws for, one of ``LANGUAGES``."""
    return _language.get()


def use_language(name: str) -> None:
    """Have this thread say everything in a language.

    Args:
        name: one of ``LANGUAGES``.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in LANGUAGES:
        raise ValueError(f"language is {name!r}, expected one of {tuple(LANGUAGES)}")
    _language.set(name)


def tr(text: str, /, **values: object) -> str:
    """Say a text in the reader's language.

    Args:
        text: in English; a template where there are values, as ``str.format`` reads it. What was
            said before is said again.
        values: what stands in its places.
    """
    return Said((text,), values) if not isinstance(text, Said) else again(text)


def in_english(text: str, /, **values: object) -> str:
    """Write a text in English, whoever reads it: what programs read is no text to read.

    Args:
        text: as for ``tr``.
        values: as for ``tr``.
    """
    before = _language.set(ENGLISH)
    try:
        return str(tr(text, **values))
    finally:
        _language.reset(before)


def tr_many(count: float, one: str, many: str, /, **values: object) -> str:
    """Say a text that differs with how many there are.

    Args:
        count: how many; stands in a place ``{count}``.
        one: in English, for 1.
        many: for all others.
        values: what else stands in its places.
    """
    return Said((one, many), {"count": count, **values}, count)


def tr_later(text: str) -> str:
    """Mark a text of a table, which ``tr`` says where it is shown.

    Args:
        text: in English.
    """
    return text


def in_a_row(*texts: str, between: str = " ") -> str:
    """Return texts one after the other, which can still be said again; what is empty is left out.

    Args:
        texts: whole sentences, or names.
        between: what stands between two of them.
    """
    said = {f"text_{at}": text for at, text in enumerate(filter(None, texts))}
    return Said((between.join(f"{{{name}}}" for name in said),), said)


def again(text: Any) -> Any:
    """Say in the reader's language what was said elsewhere; all else stays as it is.

    Args:
        text: anything.
    """
    return Said(text.texts, text.values, text.number) if isinstance(text, Said) else text


def of_many(thing: str) -> tuple[str, str]:
    """Return the texts for one of something and for many, by its name for one.

    Args:
        thing: in English; an s makes it many.
    """
    return f"{{count:,}} {thing}", f"{{count:,}} {thing}s"


def unparted(text: str) -> str:
    """Return a text in which no line ends between a number and its unit.

    Args:
        text: such as "39 % of all", or a template for it.
    """
    return UNIT.sub("\N{NO-BREAK SPACE}", text)


def in_html(html: str) -> str:
    """Return a component's HTML with its texts in the thread's language.

    Args:
        html: our own.
    """

    def told(found: re.Match[str]) -> str:
        text = " ".join(found[0].split())
        said = _texts(language()).get(text)
        return found[0] if said is None else found[0].replace(found[0].strip(), escape(said[0]))

    return HTML_TEXT.sub(told, html)


@cache
def of_files(name: str, files: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the translations of what some files say, by the English text; of two, by the first.

    Args:
        name: of the language.
        files: below the project's folder.
    """
    return {
        text if isinstance(text, str) else text[0]: said
        for text, said in _texts(name).items()
        if _places(name)[text] & files
    }


def _texts(name: str) -> Mapping[Text, tuple[str, ...]]:
    return _read(name)[0]


def _places(name: str) -> Mapping[Text, frozenset[str]]:
    return _read(name)[1]


@cache
def _read(name: str) -> tuple[Mapping[Text, tuple[str, ...]], Mapping[Text, frozenset[str]]]:
    """Return a language's texts by those in English, and the files that say them."""
    texts: dict[Text, tuple[str, ...]] = {}
    places: dict[Text, frozenset[str]] = {}
    if name == ENGLISH:
        return texts, places
    from babel.messages.pofile import read_po

    with (FOLDER / f"{name}.po").open("rb") as opened:
        for message in read_po(opened, locale=name):
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and all(said) and not message.fuzzy:
                one = message.id
                text = one if isinstance(one, str) else (one[0], one[1])
                texts[text] = tuple(map(str, said))
                places[text] = frozenset(place for place, _ in message.locations)
    return texts, places


def _written(texts: tuple[str, ...], values: Mapping[str, Any], count: float | None) -> str:
    """Return the text in the thread's language."""
    key = texts[0] if count is None else (texts[0], texts[1])
    told = _texts(_language.get()).get(key, texts)
    text = told[0] if count is None or count == 1 else told[1]
    return _FORMATTER.vformat(unparted(text), (), values) if values else unparted(text)
