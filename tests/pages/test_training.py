"""The training page: the curves as they were, and small trainings, run for real."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from core.labs.bench import Bench, Training
from core.models.catalog import builtin_folder
from core.training.history import read_goals, read_stages
from core.words import unparted

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/9_training.py"

Open = Callable[..., AppTest]
Text = Callable[[AppTest], str]


def drawn(at: AppTest, having: str) -> dict[str, Any]:
    """What the component with a certain field was given."""
    found = [part.proto.json for part in at.get("bidi_component")]
    (one,) = [text for text in found if having in text]
    return json.loads(one)[0]


def choose(at: AppTest, look: str) -> AppTest:
    return at.button_group(key="ask_look").set_value(look).run()


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_shipped_log(open_page: Open, shown_text: Text, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "Could you train this yourself?"
    data = drawn(at, '"stages"')
    hours = 0.0
    for told, stage in zip(data["stages"], read_stages(builtin_folder()), strict=True):
        assert told["steps"] == stage.steps.tolist()
        assert told["series"][0]["values"] == pytest.approx(stage.losses["loss"], abs=1e-5)
        hours += stage.hours
    assert f"took {hours:.1f} hours on 1 or 2 cores of a CPU that has 2, the" in shown_text(at)
    assert "make train" in shown_text(at)


def test_first_paint_imports_no_torch() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"at = AppTest.from_file({PAGE!r}, default_timeout=60).run(); "
        "assert not at.exception and len(at.get('bidi_component')) >= 1; "
        "sys.exit(', '.join({'torch', 'diffusers', 'transformers'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr


def test_quality_stands_beside_what_was_wanted(open_page: Open, shown_text: Text) -> None:
    at = choose(open_page(PAGE), "What came of it")
    assert not at.exception
    goals = read_goals(builtin_folder())
    for goal in goals:
        assert f"| {unparted(goal.measured)} |" in shown_text(at)
    assert f"{sum(goal.reached for goal in goals)} of {len(goals)} goals" in shown_text(at)


def test_numbers_of_all_stages(open_page: Open) -> None:
    at = choose(open_page(PAGE), "In numbers")
    assert not at.exception
    assert np.all(at.dataframe[0].value["hours"] > 0)


def test_milestones_are_shown_where_there_are_some(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.lessons.training import history as training_history
    from core.training.milestones import keep_sheet

    for step in (1000, 9000):
        index = {"prompts": ["a", "b"], "seed": 5, "steps": [] if step == 1000 else [1000]}
        keep_sheet(np.full((16, 32, 3), step % 256, np.uint8), index, tmp_path, step)
    monkeypatch.setattr(training_history, "MILESTONES", tmp_path)
    data = drawn(open_page(PAGE), '"stages"')
    assert data["milestones"]["steps"] == [1000, 9000]
    assert data["milestones"]["stage"] in [stage["name"] for stage in data["stages"]]


def follow(at: AppTest, stop: str, most: float = 240) -> AppTest:
    """Run the page again and again, as its fragment does, until the training has ended."""
    deadline = time.monotonic() + most
    while any(button.key == stop for button in at.button):
        assert time.monotonic() < deadline
        time.sleep(0.5)
        at.run()
        assert not at.exception
    return at


@pytest.fixture
def short_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings on points of few steps."""
    from functools import partial

    from core.labs.points_settings import PointSettings
    from core.lessons.training import points as training_points

    monkeypatch.setattr(training_points, "PointSettings", partial(PointSettings, steps=60))


@pytest.mark.usefixtures("short_points")
def test_points_are_trained_when_asked_and_walked_afterwards(open_page: Open) -> None:
    at = open_page(PAGE, learns="noise")
    data = drawn(at, '"editable"')
    first = at.button_group(key="ask_shape").value
    assert data["look"] is None
    assert len(data["labels"]) > 100
    at.button(key="points_train").click().run()
    assert not at.exception
    follow(at, "points_stop")
    data = drawn(at, '"editable"')
    assert data["look"]["step"] == 60
    assert data["curve"][-1][0] == 60
    paths = drawn(at, '"walks"')
    assert [walk["title"] for walk in paths["walks"]] == ["DDPM", "DDIM", "Euler", "Heun"]
    assert paths["frames"] == 10
    assert set(paths["walks"][0]["kinds"]) == {0}
    at.slider(key="ask_walk_steps").set_value(3).run()
    assert not at.exception
    assert drawn(at, '"walks"')["frames"] == 3
    at.button_group(key="ask_shape").set_value("rings").run()
    assert not at.exception
    assert drawn(at, '"editable"')["look"] is None  # another shape waits to be asked for
    at.button_group(key="ask_shape").set_value(first).run()
    choose(at, "In numbers")
    choose(at, "Train on points")
    assert drawn(at, '"editable"')["look"]["step"] == 60  # what was trained is kept


@pytest.mark.usefixtures("short_points")
def test_flow_is_trained_then_straightened_and_set_beside_the_noise(
    open_page: Open, shown_text: Text
) -> None:
    at = open_page(PAGE, points_seed="5")
    film = drawn(at, '"walks"')
    assert [walk["steps"] for walk in film["walks"]] == [1, 40, 0]  # pairs, their mean, nothing yet
    assert "what one training pair says" in shown_text(at)
    at.button(key="points_train").click().run()
    follow(at, "points_stop")
    film = drawn(at, '"walks"')
    assert [walk["steps"] for walk in film["walks"]] == [1, 40, 10, 0]
    assert "times as long as straight lines" in shown_text(at)
    assert at.button(key="points_train").label == "Straighten"
    at.button(key="points_train").click().run()
    follow(at, "points_stop")
    assert not at.exception
    assert drawn(at, '"editable"')["look"]["step"] == 120
    assert "**Straightened.**" in shown_text(at)
    at.slider(key="ask_walk_steps").set_value(1).run()
    assert [walk["steps"] for walk in drawn(at, '"walks"')["walks"]] == [1, 40, 1, 1]
    at.button_group(key="ask_asked").set_value("orange").run()
    assert not at.exception
    assert set(drawn(at, '"walks"')["walks"][0]["kinds"]) == {1}
    assert "all three lines stand here" in shown_text(at)
    at.button_group(key="ask_learns").set_value("noise").run()
    assert not at.exception
    assert at.query_params["learns"] == "noise"
    at.button(key="points_train").click().run()
    follow(at, "points_stop")
    assert "One step of the straightened flow is off by" in shown_text(at)


@pytest.mark.usefixtures("short_points")
def test_own_points_are_checked_and_trained_on(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, learns="noise")
    at.button_group(key="ask_shape").set_value("drawn").run()
    assert drawn(at, '"editable"')["editable"] is True
    at.button(key="points_train").click().run()
    assert not at.exception
    assert "There are 0 points." in shown_text(at)
    at.query_params["points"] = "_".join(f"{100 * x}.500.{x % 2}" for x in range(-6, 6))
    at.run()
    assert len(drawn(at, '"editable"')["labels"]) == 12
    at.button(key="points_train").click().run()
    follow(at, "points_stop")
    assert drawn(at, '"walks"')["count"] > 0


@pytest.fixture
def short_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of a word of one step, and pictures of few."""
    from functools import partial

    from core.labs.word_settings import STEPS, WordSettings
    from core.lessons.training import word as training_word

    monkeypatch.setattr(training_word, "STEPS", dict.fromkeys(STEPS, 1))
    monkeypatch.setattr(training_word, "WordSettings", partial(WordSettings, walk=2))


@pytest.mark.usefixtures("short_word")
def test_word_is_taught_when_asked(open_page: Open, shown_text: Text) -> None:
    at = choose(open_page(PAGE, prompt="a lion"), "Teach it a word")
    assert not at.exception
    data = drawn(at, '"looks"')
    assert data["looks"] == []
    assert data["prompts"][::2] == ["a blorb", "a lion"]
    at.text_input(key="ask_word").set_value("<b>zog</b>").run()
    assert drawn(at, '"looks"')["prompts"][0] == "a <b>zog</b>"
    at.text_input(key="ask_word").set_value("  ").run()
    assert "The word has 0 letters." in shown_text(at)
    at.text_input(key="ask_word").set_value("zog").run()
    at.button(key="word_train").click().run()
    assert not at.exception
    follow(at, "word_stop")
    data = drawn(at, '"looks"')
    assert [look["step"] for look in data["looks"]] == [0, 1]
    assert "by heart" in shown_text(at)
    assert at.session_state["word_training"].state == "done"
    at.button(key="word_again").click().run()  # once more, from other noise
    assert not at.exception
    follow(at, "word_stop")
    assert seed_box(at).value == 1
    again = drawn(at, '"looks"')
    assert [look["step"] for look in again["looks"]] == [0, 1]
    assert again["looks"] != data["looks"]
    at.text_input(key="ask_word").set_value("other").run()
    assert drawn(at, '"looks"')["looks"] == []  # another word waits to be asked for
    at.text_input(key="ask_word").set_value("zog").run()
    assert drawn(at, '"looks"')["looks"] == again["looks"]  # what was taught is kept
    choose(at, "In numbers")
    choose(at, "Teach it a word")
    assert drawn(at, '"looks"')["looks"] == again["looks"]
    seed_box(at).set_value(0).run()
    assert drawn(at, '"looks"')["looks"] == data["looks"]  # the first one as well


@pytest.mark.usefixtures("short_word")
def test_ways_to_teach_a_word_stand_beside_each_other(open_page: Open, shown_text: Text) -> None:
    at = open_page(PAGE, look="Teach it a word", way="token", prompt="a lion")
    assert drawn(at, '"looks"')["prompts"][::2] == ["a <blorb>", "a lion"]
    assert not at.dataframe
    for way, named in (("token", "One vector learned"), ("lora", "Thin matrices learned")):
        at.button_group(key="ask_way").set_value(way).run()
        at.button(key="word_train").click().run()
        follow(at, "word_stop")
        assert not at.exception
        assert named in shown_text(at)
    table = at.dataframe[0].value
    assert table["what learns"].tolist() == ["a new token’s vector", "a LoRA of attention"]
    assert table["numbers"].tolist() == [192, 57_344]
    sizes = table["file, bytes"].tolist()
    assert 192 * 4 < sizes[0] < 192 * 4 + 200
    assert 57_344 * 4 < sizes[1] < 57_344 * 4.5
    moved = table["others moved"].tolist()
    assert moved[0] == 0 < moved[1]
    assert "Not tried with this word yet: keys and values." in shown_text(at)
    at.text_input(key="ask_word").set_value("zog").run()
    assert not at.dataframe  # of another word nothing is known
    at.text_input(key="ask_word").set_value("blorb").run()
    assert len(at.dataframe[0].value) == 2


@pytest.mark.usefixtures("short_word")
def test_word_of_a_file_is_drawn_and_a_bad_file_is_told(open_page: Open, shown_text: Text) -> None:
    import safetensors.torch
    import torch

    at = open_page(PAGE, look="Teach it a word", way="token")
    for tensors, says in (
        ({"<theirs>": torch.zeros(1, 768)}, "Its vectors have 768 numbers"),
        ({"a": torch.zeros(1, 192), "b": torch.zeros(1, 192)}, "holds 2 tensors"),
    ):
        data = safetensors.torch.save(tensors)
        at.file_uploader(key="word_file").set_value([("w.safetensors", data, "")]).run()
        assert not at.exception
        assert says in shown_text(at)
        assert at.button(key="word_train").label == "Teach it"
    data = safetensors.torch.save({"<theirs>": torch.full((1, 192), 0.02)})
    at.file_uploader(key="word_file").set_value([("w.safetensors", data, "")]).run()
    assert not at.exception
    assert drawn(at, '"looks"')["prompts"][0] == "a <theirs>"
    assert "1 vector from a file stands for this word." in shown_text(at)
    assert at.button(key="word_train").label == "Draw it"
    at.button(key="word_train").click().run()
    follow(at, "word_stop")
    assert [look["step"] for look in drawn(at, '"looks"')["looks"]] == [0]
    assert "nothing was trained" in shown_text(at)
    at.button_group(key="ask_way").set_value("lora").run()  # which reads the word as it is written
    assert at.button(key="word_train").label == "Teach it"


def seed_box(at: AppTest) -> NumberInput:
    """The seed's box; a value from elsewhere makes a new one, under another key."""
    [box] = (one for one in at.number_input if (one.key or "").startswith("ask_word_seed"))
    return box


def use(monkeypatch: pytest.MonkeyPatch, made: Bench) -> None:
    """Have the page train on a bench of the test's own, wherever it asks for one."""
    from core.lessons.training import follow as training_follow
    from core.lessons.training import points as training_points
    from core.lessons.training import word as training_word
    from core.ui import runs

    for module in (training_follow, training_points, training_word, runs):
        monkeypatch.setattr(module, "bench", lambda: made)


@pytest.mark.parametrize(
    ("look", "lab"), [("Train on points", "points"), ("Teach it a word", "word")]
)
def test_training_that_dies_is_told_and_not_begun_again(
    open_page: Open, shown_text: Text, monkeypatch: pytest.MonkeyPatch, look: str, lab: str
) -> None:
    started: list[Training] = []

    def start(training: Training) -> subprocess.Popen[str]:
        started.append(training)
        return subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, text=True)

    with closing(Bench(start)) as made:
        use(monkeypatch, made)
        at = choose(open_page(PAGE, prompt="a lion"), look)
        for press in (1, 2):
            at.button(key=f"{lab}_train").click().run()
            follow(at, f"{lab}_stop")
            assert not at.exception
            assert "The training ended before it was done." in shown_text(at)
            at.run()
            assert len(started) == press


def test_two_who_teach_the_same_word_do_not_disturb_each_other(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: Training) -> subprocess.Popen[str]:
        code = "import time; time.sleep(300)"
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)

    with closing(Bench(start)) as made:
        use(monkeypatch, made)
        pages = [choose(open_page(PAGE, prompt="a lion"), "Teach it a word") for _ in range(2)]
        for at in pages:
            at.button(key="word_train").click().run()
            assert not at.exception
        mine, theirs = (at.session_state["word_training"] for at in pages)
        assert mine is not theirs
        assert mine.settings == theirs.settings
        assert [mine.state, theirs.state] == ["running", "running"]
        pages[0].button(key="word_stop").click().run()
        assert [mine.state, theirs.state] == ["stopped", "running"]
        pages[1].text_input(key="ask_word").set_value("zog").run()
        pages[1].button(key="word_train").click().run()  # nobody waits for the word before any more
        assert theirs.state == "stopped"
        assert not pages[1].session_state["word_training"].ended


@pytest.mark.parametrize(
    ("look", "code"),
    [
        ("Train on points", "def heun_step("),
        ("Teach it a word", "class WordStep"),
        ("What came of it", "def unet_loss("),
    ],
)
def test_formulas_come_with_the_code_that_ran(
    open_page: Open, shown_text: Text, look: str, code: str
) -> None:
    at = choose(open_page(PAGE), look)
    at.toggle[-1].set_value(True).run()
    assert not at.exception
    assert at.get("latex")
    assert code in shown_text(at)
