import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ExplainerError

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"steps": "3"}
HEAVY = ("torch", "diffusers", "transformers", "pandas", "altair", "tokenizers")

Open = Callable[..., AppTest]


def stations(at: AppTest) -> dict[str, dict]:
    (component,) = [part for part in at.get("bidi_component") if part.proto.json]
    return {part["name"]: part for part in json.loads(component.proto.json)[0]["stations"]}


def test_first_paint_has_the_whole_map_and_nothing_computed(open_page: Open) -> None:
    at = open_page(prompt="never drawn before", **SHORT)
    assert not at.exception
    assert at.title[0].value == "How does noise become a picture?"
    drawn = stations(at)
    assert drawn["text"]["look"] == {"words": "never drawn before"}
    assert [name for name, part in drawn.items() if part["look"]] == ["text"]


def test_second_turn_fills_every_station(open_page: Open) -> None:
    at = open_page(**SHORT).run()
    assert not at.exception
    drawn = stations(at)
    assert all(part["look"] for part in drawn.values())
    assert drawn["picture"]["look"]["sheet"]["count"] == 4


def test_the_map_is_told_about_to_who_comes_without_a_link(open_page: Open) -> None:
    def tour(at: AppTest) -> list[str]:
        (component,) = [part for part in at.get("bidi_component") if part.proto.json]
        return json.loads(component.proto.json)[0]["tour"]

    assert len(tour(open_page())) == 3
    assert tour(open_page(**SHORT)) == []


def test_only_pages_that_exist_are_linked(open_page: Open) -> None:
    drawn = stations(open_page(prompt="two dogs", **SHORT))
    linked = {part["link"]["page"] for part in drawn.values() if part.get("link")}
    there = {file.stem.split("_", 1)[1] for file in (ROOT / "pages").glob("*_*.py")}
    assert "generation" in linked
    assert linked <= there
    assert drawn["picture"]["link"]["href"] == "generation?prompt=two+dogs&steps=3"


def test_words_change_the_map(open_page: Open) -> None:
    at = open_page(**SHORT).run()
    at.text_input(key="ask_prompt").set_value("two dogs").run()
    assert at.query_params["prompt"] == "two dogs"
    at.run()
    assert stations(at)["text"]["look"] == {"words": "two dogs"}
    assert stations(at)["tokens"]["look"]["chips"][1]["text"] == "dogs"


@pytest.mark.parametrize("file", ["Home.py", "pages/1_tokens.py", "pages/6_generation.py"])
def test_things_to_try_stand_below_the_prompt(
    open_page: Open, shown_text: Callable[[AppTest], str], file: str
) -> None:
    at = open_page(file, **{**SHORT, "prompt": "ein roter Apfel"})
    assert "single things in English, on one plain background" in shown_text(at)
    assert "It has read none of these words" in shown_text(at)
    offered = at.button_group(key="prompt_to_try")
    offered.set_value(offered.options[0]).run()
    assert not at.exception
    assert at.text_input(key="ask_prompt_1").value == offered.options[0]
    assert "It has read none of these words" not in shown_text(at)


def test_of_another_model_nothing_is_claimed(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(model="someone/no-such-model", **SHORT)
    assert "single things" not in shown_text(at)


def test_running_example_goes_along_to_another_page(open_page: Open) -> None:
    at = open_page(prompt="two dogs", seed="4", **SHORT).run()
    at.query_params.clear()  # as Streamlit's own menu does
    at.switch_page(str(ROOT / "pages" / "6_generation.py")).run()
    assert not at.exception
    assert at.text_input(key="ask_prompt").value == "two dogs"
    assert at.number_input(key="ask_seed").value == 4
    assert at.query_params["prompt"] == "two dogs"


@pytest.mark.parametrize("query", [{"steps": "nan"}, {"nonsense": "1"}, {"seed": "9" * 400}])
def test_bad_link_paints_all_the_same(open_page: Open, query: dict[str, str]) -> None:
    at = open_page(**query)
    assert not at.exception
    assert len(stations(at)) == 9


def test_a_link_holds_every_setting(open_page: Open) -> None:
    given = {
        "scheduler": "ddim",
        "params": '[["eta", 0.5]]',
        "width": "64",
        "height": "192",
        "clip_skip": "1",
        "padding_mask": "true",
        "blend": "a pear",
        "share": "0.25",
        **SHORT,
    }
    at = open_page(**given)
    assert not at.exception
    kept = {name: text for name, text in given.items() if name != "scheduler"}  # at its start
    assert dict(at.query_params) == kept
    said = [text.value for text in at.sidebar.text]
    assert "width: 64" in said
    assert "eta: 0.5" in said


@pytest.mark.parametrize("params", ["5", "[1, 2]", "eta", '[["eta", "much"]]', "[" * 5000])
def test_settings_that_cannot_be_read_are_said_so(open_page: Open, params: str) -> None:
    at = open_page(params=params, **SHORT)
    assert not at.exception
    assert "params" not in at.query_params
    assert any("Until then it is" in text.value for text in at.text)


def test_a_run_that_fails_is_not_asked_for_again_and_again(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.lessons.home import pipeline_run

    asked = []

    def fail(*request: object) -> None:
        asked.append(request)
        raise ExplainerError("The weights are damaged.", "Fetch them again.")

    monkeypatch.setattr(pipeline_run, "compute", fail)
    at = open_page(prompt="weights that are damaged", **SHORT).run().run().run()
    assert not at.exception
    assert [name for name, part in stations(at).items() if part["look"]] == ["text"]
    assert len(asked) == 1
    assert "The weights are damaged." in [text.value for text in at.text]
    (again,) = [button for button in at.button if button.label == "Try again"]
    again.click().run()
    assert len(asked) == 2


def test_first_paint_imports_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"bare = AppTest.from_string('import streamlit as st; st.title(1)').run()\n"
        "before = set(sys.modules)\n"
        "at = AppTest.from_file('Home.py', default_timeout=60).run()\n"
        "assert not at.exception and at.title, at.exception\n"
        f"print([name for name in {HEAVY!r} if name in set(sys.modules) - before])\n"
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True,
        timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == ["[]", "[]"]
