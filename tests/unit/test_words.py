"""What people read: said in their language, and nothing forgotten in any catalogue."""

import ast
import copy
import pickle
import string
import threading
from collections.abc import Callable, Iterator

import pytest
from babel.messages.pofile import read_po

from core import words
from core.words import (
    ENGLISH,
    FOLDER,
    LANGUAGES,
    again,
    in_a_row,
    in_english,
    in_html,
    of_files,
    tr,
    tr_many,
    use_language,
)
from core.words.extract import _in_script, catalogue, texts, written

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

#: core/a.js core/b.py
msgid "{who} reads {what}"
msgstr "{what} liest {who}"

#: core/b.py
msgid "{count:,} step"
msgid_plural "{count:,} steps"
msgstr[0] "{count:,} Schritt"
msgstr[1] "{count:,} Schritte"

#: core/c.html
msgid "a <b> & c"
msgstr "ein <b> & c"

#: core/c.html
msgid "Play again"
msgstr "Noch „einmal“"

#, fuzzy
msgid "guessed"
msgstr "geraten"
"""
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})


@pytest.fixture
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A catalogue of these few texts in the place of the shipped one."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "de.po").write_text(PO, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "FOLDER", folder)
        forget()
        use_language("de")
        yield
        use_language(ENGLISH)
    forget()


def forget() -> None:
    words._read.cache_clear()
    of_files.cache_clear()


def test_no_line_ends_between_a_number_and_its_unit_but_what_was_typed_stays() -> None:
    asked = tr("{share} % of “{prompt}” in 3 s, then 5 steps", share=39, prompt="a 5 s film")
    assert asked == "39\xa0% of “a 5 s film” in 3\xa0s, then 5 steps"
    assert tr_many(2, "{count} s", "{count} MB") == "2\xa0MB"


def said(in_language: str, say: Callable[[], str]) -> str:
    """What a thread of another language says."""
    found: list[str] = []

    def run() -> None:
        use_language(in_language)
        found.append(say())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.usefixtures("german")
def test_a_text_is_said_in_the_threads_language() -> None:
    def say() -> str:
        return tr("{who} reads {what}", who="Ann", what=tr_many(1234, *words.of_many("step")))

    assert say() == "1\N{NARROW NO-BREAK SPACE}234 Schritte liest Ann"
    assert said(ENGLISH, say) == "Ann reads 1,234 steps"
    assert tr_many(1, *words.of_many("step")) == "1 Schritt"
    assert tr("nobody translated this {thing:.1f}", thing=0.25) == "nobody translated this 0.2"
    assert tr("guessed") == "guessed"  # until somebody has looked at it


@pytest.mark.usefixtures("german")
def test_what_was_said_elsewhere_is_said_again_for_who_reads_it() -> None:
    english = said(ENGLISH, lambda: tr("{who} reads {what}", who="Ann", what=tr("guessed")))
    assert english == "Ann reads guessed"
    for kept in (english, copy.deepcopy(english), pickle.loads(pickle.dumps(english))):
        assert again(kept) == "guessed liest Ann"
        assert tr(kept) == "guessed liest Ann"
    assert again("plain") == "plain"
    assert again(None) is None


@pytest.mark.usefixtures("german")
def test_sentences_in_a_row_can_be_said_again() -> None:
    english = said(ENGLISH, lambda: in_a_row(tr("Play again"), "", tr("guessed")))
    assert english == "Play again guessed"
    assert again(english) == "Noch „einmal“ guessed"
    assert in_english("{who} reads {what}", who="Ann", what=1) == "Ann reads 1"
    assert in_english("a brace { alone") == "a brace { alone"


def test_texts_of_a_script_are_found_inside_each_other() -> None:
    script = """
      tr("{all} in \\"{one}\\"", { all: count(n.length, "step"), one: tr('a "word"') });
      this.count(); other.tr("no text"); trMany(sum(1, 2), "one", "{count} of them", {});
    """
    assert list(_in_script(script)) == [
        '{all} in "{one}"', ("{count:,} step", "{count:,} steps"), 'a "word"',
        ("one", "{count} of them"),
    ]  # fmt: skip


def test_what_people_typed_is_never_read_as_a_template() -> None:
    assert tr("{prompt} is drawn", prompt="{secret} {0} {") == "{secret} {0} { is drawn"
    assert tr("a brace { stands alone") == "a brace { stands alone"


@pytest.mark.usefixtures("german")
def test_html_is_translated_where_it_is_read_and_nowhere_else() -> None:
    html = '<p class="Play again">\n  Play\n again</p><i aria-label="Play again"></i><b>x₀</b>'
    assert in_html(html) == (
        '<p class="Play again">\n  Noch „einmal“</p><i aria-label="Noch „einmal“"></i><b>x₀</b>'
    )


@pytest.mark.usefixtures("german")
def test_a_script_is_given_its_own_texts_alone() -> None:
    assert of_files("de", frozenset({"core/a.js"})) == {
        "{who} reads {what}": ("{what} liest {who}",)
    }
    assert of_files("de", frozenset({"core/b.py"}))["{count:,} step"] == (
        "{count:,} Schritt", "{count:,} Schritte",
    )  # fmt: skip


def test_there_is_no_other_language() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        use_language("xx")


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_is_what_the_command_writes(name: str) -> None:
    assert [file.name for file in FOLDER.glob("*.po")] == [f"{name}.po"]
    assert (FOLDER / f"{name}.po").read_bytes() == written(catalogue(name))


@pytest.mark.parametrize("name", OTHERS)
def test_no_text_is_missing_and_every_place_is_kept(name: str) -> None:
    with (FOLDER / f"{name}.po").open("rb") as opened:
        found = {message.id: message for message in read_po(opened, locale=name) if message.id}
    assert found.keys() == texts().keys()
    wrong = []
    for text, message in found.items():
        told = message.string if isinstance(message.string, tuple) else (message.string,)
        english = text if isinstance(text, tuple) else (text,)
        kept = all(places(one) <= places(english[-1]) for one in told)
        whole = places(told[-1]) == places(english[-1])
        if message.fuzzy or not all(told) or not kept or not whole:
            wrong.append(text)
    assert wrong == []


def places(text: str) -> set[str]:
    """The places of a template, each with how it is written."""
    if "{" not in text:
        return set()
    try:
        found = list(string.Formatter().parse(text))
    except ValueError:  # a text with a brace, and no places
        return set()
    return {f"{name}:{spec}" for _, name, spec, _ in found if name}


def test_what_a_check_calls_a_value_is_said_in_the_readers_language() -> None:
    checks = ("check_text", "check_whole", "check_real", "check_choice", "check_switch")
    for file in (FOLDER.parent).rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in checks:
                assert not isinstance(call.args[1], ast.Constant), f"{file}:{call.lineno}"
