"""Whatever a link, a file or a browser says: it is used in one form, or refused in a sentence."""

import json
from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.engine.request import Request, from_json, usable, validated
from core.errors import ExplainerError
from core.ideas.checks import read_json, say_number
from core.lessons.generation.recipe_data import FORMAT, KIND, read_recipe
from core.ui import address
from core.ui.address import Field, numbered, one_of, real, some_of, switch, whole
from core.ui.component import told, told_one
from core.ui.running_example import IN_LINK, START, _read, link_parameters
from core.ui.settings import weights

HUGE = int("9" * 401)
ODD = [
    HUGE, -HUGE, 10**30, -1, 2**32, True, None, "", [], {}, [[]], [1, 2, 3], {"a": [1]}, "\ud800",
    "\udc00\ud800", "a\nb", "\0", "x" * 30_000, 1e308, float("inf"), float("nan"), 0.30000000000004,
    7.3, "HeunDiscreteScheduler", "__class__", "../..", [["steps_offset", HUGE]],
    [["eta", "\ud800"]], [["\ud800", 1]], [[1, 2]], [["eta", 0.1], ["eta", 0.2]], [["eta", [1]]],
    [["eta", {}]], [[[], []]],
]  # fmt: skip
values = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from([field.name for field in fields(Request)])
quick = settings(deadline=None, max_examples=60)


def is_clean(request: Request) -> bool:
    """Whether it is valid, in one form, and can be written anywhere."""
    json.dumps(link_parameters(request)).encode()
    (request.prompt + request.negative + request.blend).encode()
    return validated(request) == request


def shows(text: str) -> str:
    """What a box of one line shows of a text: HTML has it drop line breaks."""
    return text.replace("\r", "").replace("\n", "")


@quick
@given(st.dictionaries(names, values | st.text(), max_size=4))
@example({"scheduler": "nothing", "params": [["eta", 0.5]]})
@example({"params": [["steps_offset", HUGE]]})
@example({"scheduler": "lcm", "steps": 100, "params": [["eta", 1]]})
def test_any_link_gives_a_run_and_says_the_same_ever_after(said: dict[str, object]) -> None:
    link = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()
    }
    link = {name: text.encode("utf-8", "replace").decode() for name, text in link.items()}
    typed = Request(**{**_all(START), **{name: _read(name, text) for name, text in link.items()}})
    request, notes = usable(typed, START)
    assert is_clean(request)
    assert all(isinstance(text, str) for note in notes for text in note)
    for text in (request.prompt, request.negative, request.blend):
        assert shows(text) == text
    assert request.guidance in weights(request.guidance)
    written = link_parameters(request)
    again = {**_all(START), **{name: _read(name, text) for name, text in written.items()}}
    if all(len(text) < 500 for text in (request.prompt, request.negative, request.blend)):
        assert usable(Request(**again), START) == (request, [])


def _all(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in IN_LINK}


@quick
@given(st.dictionaries(names | st.text(max_size=4), values, max_size=4))
def test_any_recipe_and_any_picture_of_ours(said: dict[str, object]) -> None:
    text = json.dumps(said)
    told_all = {"kind": KIND, "format": FORMAT, "request": said, "weights_sha256": said}
    for read in (
        lambda: from_json(text),
        lambda: read_recipe(json.dumps(told_all).encode()).request,
        lambda: read_recipe(b"\xef\xbb\xbf" + json.dumps(told_all).encode()).request,
    ):
        with suppress(ExplainerError):
            assert is_clean(read())


@quick
@given(values, values, values)
def test_any_recipe_s_frame(kind: object, form: object, request: object) -> None:
    for frame in (kind, {"kind": KIND, "format": form}, {"kind": KIND, "format": FORMAT,
                                                        "request": request}):  # fmt: skip
        with suppress(ExplainerError):
            assert is_clean(read_recipe(json.dumps(frame).encode()).request)


FIELDS = (
    whole("a", 1, 1, 9), real("b", 0.5, -2.0, 10.0), switch("c"), address.text("d", "x", 40),
    one_of("e", ["ddim", "heun"]), numbered("f", 5, 2), some_of("g", ["ddim", "heun", "a,b"], []),
)  # fmt: skip


@quick
@given(st.text() | values.map(json.dumps), st.sampled_from(FIELDS))
@example("nan", FIELDS[1])
@example("1e309", FIELDS[1])
@example("[" * 100_000, FIELDS[6])
@example('["heun", "heun"]', FIELDS[6])
@example('[["heun"]]', FIELDS[6])
@example("9" * 5_000, FIELDS[0])
def test_any_text_of_a_field_is_nothing_or_a_choice_that_is_written_alike(
    said: str, field: Field[object]
) -> None:
    found = field.read(said.encode("utf-8", "replace").decode())
    if found is not None:
        field.write(found).encode()
        assert field.read(field.write(found)) == found
        assert field.shown(found)


@quick
@given(values, values)
def test_any_event_of_a_component(state: object, value: object) -> None:
    told(state, "open")
    for choices in ({"tokens": 1}, range(4), ["a", "b"], [[0, 1], [1, 2]]):
        assert told_one(state, "open", choices) is None or isinstance(state, dict)
        answer = told_one({"open": value}, "open", choices)
        assert answer is None or answer in list(choices)
    assert told_one({"open": "tokens"}, "open", {"tokens": 1}) == "tokens"
    assert told_one({"open": [1, 2]}, "open", [[0, 1], [1, 2]]) == [1, 2]
    assert told_one({"open": True}, "open", range(4)) is None


@quick
@given(values)
def test_json_comes_in_one_form(value: object) -> None:
    text = json.dumps(value)
    found = read_json(text)
    json.dumps(found, ensure_ascii=False).encode()
    assert repr(read_json("\ufeff" + text)) == repr(found)
    for code in ("utf-8", "utf-8-sig", "utf-16"):
        assert repr(read_json(text.encode(code))) == repr(found)


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"", b"{", b"[" * 200_000, "[" * 200_000])
def test_what_is_no_json_is_said_to_be_none(bad: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"nested|codec|Expecting"):
        read_json(bad)


@quick
@given(st.floats(0, 30))
def test_a_number_is_said_with_all_its_digits(number: float) -> None:
    assert float(say_number(number)) == number
    assert not say_number(number).endswith(".0")
