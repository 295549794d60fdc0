"""The walk as a learner takes it: every question answered, right and wrong, to the last page."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.engine.alone import run_alone
from core.models.catalog import builtin_folder
from core.models.loading import Checkpoint
from core.models.text import read_prompt
from core.ui import running_example
from core.ui.navigation import START
from core.views.lesson import LEVELS, PAGES, Asked, Live, lesson_of
from core.views.run import run_of
from core.words import ENGLISH, tr, use_language

ROOT = Path(__file__).resolve().parents[2]
IDLE = "[data-test-script-state=notRunning]"
RIGHT = re.compile(r"<ol>(.*?)</ol>", re.S)
NewPage = Callable[..., Page]


def without_numbers(text: str) -> str:
    """What is said but for its figures, whose last digit may hang on what else was computed."""
    return re.sub(r"[\d.,]+", "#", text)


def answer(page: Page, question: Asked, rightly: bool, last: bool) -> None:
    """Answer the question on show, and read what the run says of the answer.

    Args:
        page: where it is asked.
        question: as the engine has it, asked about the same run without a browser.
        rightly: with the right option, or with one of the others: the first or the last.
        last: which of them.
    """
    asked = page.locator(".st-key-predict_first")
    said = asked.get_by_test_id("stText")
    expect(said).to_have_text([question.text])
    options = asked.get_by_role("radio").or_(asked.locator("button[kind=pills]"))
    expect(options).to_have_text([option.text for option in question.options])
    wrong = [option for option in question.options if not option.right]
    chosen = question.right if rightly else wrong[-1 if last else 0]
    options.nth(question.options.index(chosen)).click()
    expected = [question.text, chosen.text, chosen.why]
    if not rightly:
        expected.append(question.right.text)
    if not rightly and question.right.why not in chosen.why:  # nothing is said twice
        expected.append(question.right.why)
    expect(said).to_have_count(len(expected))
    assert [without_numbers(text) for text in said.all_inner_texts()] == [
        without_numbers(text) for text in expected
    ]
    signs = asked.get_by_role("img", name=re.compile("cancel|check.circle"))
    expect(signs).to_have_text([*([] if rightly else ["cancel"]), "check_circle"])


@pytest.fixture(scope="module")
def same_run(checkpoint: Checkpoint) -> Live:
    """The run of the walk, without a browser."""
    request = replace(running_example.START, steps=2)
    read = cache(partial(run_alone, checkpoint))
    tokens = read_prompt(checkpoint, request.prompt)
    return Live(run_of(read(request)), tokens, builtin_folder(), read)


@pytest.fixture
def speak() -> Iterator[Callable[[str], None]]:
    """Have the texts that are looked for said in a language."""
    yield use_language
    use_language(ENGLISH)


@pytest.mark.parametrize(
    ("level", "language", "rightly"),
    [("first", "en", False), ("how", "de", True), ("maths", "en", False)],
)
def test_the_whole_walk_from_start_to_the_last_page(
    new_page: NewPage,
    server: str,
    same_run: Live,
    speak: Callable[[str], None],
    level: str,
    language: str,
    rightly: bool,
) -> None:
    """Every question is answered right once, and wrong with its first and its last wrong option."""
    speak(language)
    page = new_page()
    page.goto(f"{server}/?steps=2&level={level}&lang={language}")
    page.get_by_role("button", name=tr("Walk me through it")).click()
    for name in ("home", *PAGES):
        lesson = lesson_of(name)
        page.get_by_role("heading", name=tr(lesson.headline)).wait_for()
        for number, question in enumerate(lesson.own):
            at, questions = number + 1, len(lesson.own)
            page.get_by_text(
                tr("Predict first · question {at} of {questions}", at=at, questions=questions)
            ).wait_for()
            answer(page, question.of(same_run), rightly, last=level == "maths")
            if at < questions:
                page.get_by_role("button", name=tr("Next question")).click()
        expect(page.get_by_text(tr(lesson.remember))).to_be_visible()
        expect(page).to_have_url(re.compile(rf"walked=[a-z.]*{name}"))
        if name != PAGES[-1]:
            page.locator(".st-key-lesson_foot").get_by_role(
                "link", name=re.compile(f"^{tr('Next: {headline}', headline='')}")
            ).click()
    page.get_by_role("link", name=tr("Back to {start}", start=tr(START))).click()
    done = tr("{count} of {pages} pages done", count=len(PAGES), pages=len(PAGES))
    expect(page.get_by_text(done)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("section.pipeline .done")).to_have_count(9)


def test_levels_change_words_and_keep_to_the_walk(new_page: NewPage, server: str) -> None:
    page = new_page()
    for level in LEVELS:
        page.goto(f"{server}/noising?level={level}")
        lead = lesson_of("noising").leads.get(level, "")
        page.get_by_role("heading", name=lesson_of("noising").headline).wait_for()
        page.locator(
            "[data-testid=stExpandSidebarButton], [data-testid=stSidebarNav]"
        ).first.wait_for()
        if level == "first":
            expect(page.get_by_text(lead.split("**")[0].strip())).to_be_visible()
    page.get_by_role("link", name="Timesteps", exact=True).click()
    page.get_by_role("heading", name=lesson_of("timesteps").headline).wait_for()
    expect(page).to_have_url(re.compile("level=maths"))


def test_key_of_the_page_is_that_of_the_command_line(
    new_page: NewPage, server: str, tmp_path: Path
) -> None:
    page = new_page()
    page.goto(f"{server}/?steps=2&seed=5&prompt=a+blue+car")
    page.get_by_role("button", name="For the teacher").click()
    page.get_by_role("button", name="Make worksheet and key").click()
    with page.expect_download() as told:
        page.get_by_role("button", name="Key", exact=True).click()
    html = Path(told.value.path()).read_text("utf-8")
    letters = [
        "ABCDEFGH"[re.findall(r"<li class='(\w*)'>", options).index("right")]
        for options in RIGHT.findall(html)
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "core", "worksheet", "--prompt", "a blue car", "--seed", "5",
         "--steps", "2", "--out", str(tmp_path), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert list(json.loads(ran.stdout)["key"].values()) == letters


def test_page_down_leads_on_where_somebody_presents(new_page: NewPage, server: str) -> None:
    page = new_page()
    page.goto(f"{server}/noising?present=on")
    page.get_by_role("button", name="End presenting").wait_for()
    page.locator(IDLE).wait_for(state="attached")
    assert not page.get_by_test_id("stSidebar").is_visible()
    heading = page.get_by_role("heading", name=lesson_of("generation").headline)
    for _ in range(12):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(600)
        if heading.count():
            break
    heading.wait_for()
    expect(page).to_have_url(re.compile("present=on"))


@pytest.mark.parametrize("address", ["generation", "attention"])
def test_an_old_projector_shows_the_picture_with_what_moves_it(
    new_page: NewPage, server: str, address: str
) -> None:
    page = new_page(width=1024, height=768)
    page.goto(f"{server}/{address}?steps=3&present=on")
    page.locator("button.play:not([disabled])").wait_for()
    page.locator(IDLE).first.wait_for(state="attached")
    box = page.locator("button.play").first.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 768


def test_what_the_network_is_given_leaves_room_for_what_it_believes(
    new_page: NewPage, server: str
) -> None:
    page = new_page(width=1024, height=768)
    page.goto(f"{server}/generation?steps=3&present=on")
    page.locator("button.play:not([disabled])").wait_for()
    page.locator("section.film input.step").press("ArrowLeft")
    expect(page.locator(".given .title")).to_have_text("What the network is given")
    given, guess = (
        page.locator(f".stage .{pane} canvas").bounding_box() for pane in ("given", "guess")
    )
    assert given
    assert guess
    assert given["x"] + given["width"] < guess["x"]
    assert given["y"] == pytest.approx(guess["y"], abs=1)
