"""Live on the pages: what the browser asks is drawn, whatever it sends, and kept once it rests."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.testing.v1 import AppTest

import core.classroom
from core.classroom import Classroom, Opening, digest
from core.engine.request import MAX_SEED
from core.models.few_steps import few_steps
from core.models.turbo import FOLDER

PAGE, TOKENS = "pages/6_generation.py", "pages/1_tokens.py"
Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]


CODE = "QRS234"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """The class that the process is open for."""
    made = Classroom(Opening(CODE, digest("ABCDEFGHJKLMNPQRSTUV"), "http://127.0.0.1:1"))
    monkeypatch.setattr(core.classroom, "_found", [made])
    return made


def part(at: AppTest, name: str) -> Any | None:  # Any: of Streamlit's tests
    found = [one for one in at.get("bidi_component") if one.proto.component_name.endswith(name)]
    return found[0] if found else None


def live(at: AppTest) -> dict[str, Any]:
    """What the component was given."""
    return json.loads(part(at, "glassbox_live").proto.json)[0]  # type: ignore[union-attr]  # is there


def tell(at: AppTest, event: str, value: object) -> AppTest:
    """Have the browser tell something, as it may tell anything, and come back once painted."""
    states = WidgetStates()
    name = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{part(at, 'glassbox_live').proto.id}__events"  # type: ignore[union-attr]  # as above
    states.widgets.add(id=name, json_trigger_value=json.dumps([{"event": event, "value": value}]))
    at._run(states)
    return at.run()


def rest(at: AppTest) -> AppTest:
    """Have the browser say that the hand rests, until all is there."""
    for _ in range(400):
        tell(at, "rested", live(at)["number"])
        if live(at)["state"] not in ("asked", "waits"):
            break
    assert not at.exception
    return at


def opened(open_page: Open, file: str = PAGE, **query: str) -> AppTest:
    """The page, settled: painted, then drawn."""
    at = rest(open_page(file, live="on", **query))
    assert live(at)["state"] == "settled"
    return at


@pytest.fixture
def page(open_page: Open) -> AppTest:
    return opened(open_page, prompt="a pear")


def test_it_opens_on_the_running_example_with_its_film(page: AppTest) -> None:
    shown = live(page)
    assert (shown["number"], shown["settings"]["prompt"]) == (0, "a pear")
    assert shown["picture"] is not None
    film = json.loads(part(page, "generation_film").proto.json)[0]  # type: ignore[union-attr]  # is there
    assert film["count"] == few_steps("emoji128").steps
    assert shown["full"] is None
    assert not page.text_input


def test_what_is_asked_is_drawn_and_kept_once_it_rests(page: AppTest) -> None:
    before = live(page)
    tell(page, "asked", {"number": 1, "prompt": "a pear!", "turn": 0.5, "other_seed": 3})
    asked = live(page)
    assert (asked["number"], asked["state"]) == (1, "asked")
    assert asked["picture"] != before["picture"]
    assert part(page, "generation_film") is None  # it would be of other words
    assert page.query_params["prompt"] == "a pear"
    rest(page)
    assert page.query_params["prompt"] == "a pear!"
    assert (page.query_params["turn"], page.query_params["other_seed"]) == ("0.5", "3")
    kept = live(page)
    assert (kept["number"], kept["state"]) == (1, "settled")
    assert part(page, "generation_film") is not None
    page.query_params["prompt"] = "a plum"  # a link, or Back
    page.run()
    assert (live(page)["number"], live(page)["settings"]["prompt"]) == (0, "a plum")


def test_size_is_asked_in_pixels_and_its_own_is_left_out(page: AppTest) -> None:
    tell(page, "asked", {"number": 1, "side": 64})
    assert live(page)["picture"]["width"] == 64
    rest(page)
    assert page.query_params["width"] == page.query_params["height"] == "64"
    tell(page, "asked", {"number": 2, "side": 128})
    rest(page)
    assert "width" not in page.query_params


BAD = (
    *(None, 3, "x", [], {}, {"number": "1"}, {"number": None, "prompt": "x"}),
    {"number": 1, "prompt": 5, "seed": -1, "turn": "much", "words": 99, "side": 3},
    {"number": 1, "prompt": "x" * 30_000, "side": [64], "seed": MAX_SEED + 1},
    {"number": 1, "model": "../x", "steps": 150, "height": 1024},
)


@pytest.mark.parametrize("told", BAD, ids=lambda told: repr(told)[:30])
def test_whatever_a_browser_sends_changes_nothing_that_cannot_be(
    page: AppTest, told: object
) -> None:
    before = live(page)
    tell(page, "asked", told)
    assert not page.exception
    assert live(page) == {**before, "number": live(page)["number"]}


def test_the_full_model_draws_from_the_same_noise_when_it_is_asked(open_page: Open) -> None:
    page = opened(open_page, prompt="a pear", steps="3", seed="5")
    assert live(page)["fully"] == "3 steps of DDIM at guidance 5"
    tell(page, "full", 0)
    rest(page)
    full = live(page)["full"]
    assert full is not None
    assert full != live(page)["picture"]
    tell(page, "asked", {"number": 1, "prompt": "a plum"})
    assert live(page)["full"] is None


@pytest.mark.parametrize(
    ("file", "below"), [("Home.py", "home_pipeline"), (TOKENS, "tokens_pieces")]
)
def test_it_follows_on_other_pages_as_well_without_knobs(
    open_page: Open, file: str, below: str
) -> None:
    page = opened(open_page, file, prompt="a pear")
    assert live(page)["knobs"] is False
    assert live(page)["picture"] is not None
    assert part(page, below) is not None
    tell(page, "asked", {"number": 1, "prompt": "a pear tree"})
    assert live(page)["number"] == 1
    words = part(page, "tokens_pieces")
    said = (
        [] if words is None else [one["text"] for one in json.loads(words.proto.json)[0]["words"]]
    )
    assert said == (["a", "pear", "tree"] if file == TOKENS else [])


def test_it_is_not_offered_where_no_model_draws_in_few_steps(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.turbo.FOLDER", FOLDER / "gone")
    page = open_page(PAGE, live="on")
    assert part(page, "glassbox_live") is None
    assert "Live" not in [one.label for one in page.toggle]


def test_what_a_class_locks_holds_for_what_is_asked_live(
    open_page: Open, room: Classroom, shown_text: Texts
) -> None:
    page = opened(open_page, prompt="a pear", join=CODE)
    room.set_rules((("height", 96), ("width", 96)), True, frozenset())
    page.run()
    rest(page)
    assert [one["side"] for one in live(page)["sizes"]] == [96]
    tell(page, "asked", {"number": 1, "prompt": "a plum", "side": 64})
    assert (live(page)["settings"]["side"], live(page)["picture"]["width"]) == (96, 96)
    room.set_rules((("steps", 20),), True, frozenset())
    tell(page, "asked", {"number": 2, "prompt": "a plum!"})
    assert part(page, "glassbox_live") is None
    assert "Your teacher has set the number of steps to 20." in shown_text(page)
    [toggle] = [one for one in page.toggle if one.label == "Live"]
    assert toggle.disabled
