"""Every question has one right answer, which the run gives; a belief is met with its numbers."""

import importlib
import json
import re
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.engine.alone import run_alone
from core.engine.request import Request
from core.engine.works.guided import GuidedWork
from core.engine.works.inpainting import InpaintWork
from core.engine.works.judged import JudgeWork
from core.engine.works.own_sigmas import OwnSigmasWork
from core.engine.works.schedulers import CountWork
from core.engine.works.texts import TextWork
from core.engine.works.unet_off import OffAtCallWork, Switch
from core.ideas.picture_likeness import apart
from core.labs.points_data import make_points
from core.labs.points_settings import PointSettings
from core.models.catalog import builtin_folder
from core.models.config_files import read_config
from core.models.judge_names import judge_names
from core.models.loading import Checkpoint
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS
from core.models.text import read_prompt
from core.models.text_facts import read_text_facts
from core.models.tokens import load_tokenizer
from core.ui.navigation import WALK
from core.views.glossary import TERMS, terms_of
from core.views.lesson import PAGES, Asked, Live, ask_all, choose, lesson_of
from core.views.one_file import POLICY
from core.views.run import run_of
from core.views.worksheet import LETTERS, key_of, sheet_html

EVERY = ("home", *PAGES)
NUMBER = re.compile(r"\d")


def live_of(checkpoint: Checkpoint, request: Request) -> Live:
    read = cache(partial(run_alone, checkpoint))
    tokens = read_prompt(checkpoint, request.prompt)
    return Live(run_of(read(request)), tokens, builtin_folder(), read)


@pytest.fixture(scope="module")
def live(checkpoint: Checkpoint) -> Live:
    return live_of(checkpoint, Request(prompt="a red apple", steps=4))


@pytest.fixture(scope="module")
def other(checkpoint: Checkpoint) -> Live:
    """Another run: its words are cut into more pieces, it is not guided, and it asks otherwise."""
    request = Request(prompt="a hummingbird's <b>nest</b>", seed=3, steps=3, guidance=1.0,
                      scheduler="euler")  # fmt: skip
    return live_of(checkpoint, request)


@pytest.fixture(scope="module")
def asked(live: Live) -> dict[str, tuple[Asked, ...]]:
    return ask_all(live)


def named(page: str, name: str, live: Live) -> Asked:
    return next(one for one in lesson_of(page).questions if one.name == name).of(live)


def test_every_page_of_the_walk_has_its_lesson() -> None:
    assert [entry.url for entry in WALK if entry.url != "check"] == list(PAGES)
    for page in EVERY:
        lesson = lesson_of(page)
        assert lesson.headline.endswith("?")
        assert 2 <= len(lesson.own) <= 3
        assert lesson.cards
        assert {"first", "maths"} <= set(lesson.leads)
        assert terms_of(page)
        names = [question.name for question in lesson.questions]
        assert len(set(names)) == len(names)


def test_every_question_has_a_right_answer_and_says_why_others_are_wrong(
    asked: dict[str, tuple[Asked, ...]], other: Live
) -> None:
    for questions in (asked, ask_all(other)):
        for one in (one for page in questions.values() for one in page):
            assert one.right in one.options  # Asked checks that there is one
            assert all(option.why.endswith((".", ")")) for option in one.options), one.text
    places = {questions.options.index(questions.right) for questions in sum(asked.values(), ())}
    assert len(places) > 2  # nobody learns to press the first


def test_answers_are_those_of_the_run(live: Live, other: Live) -> None:
    """What is right is worked out a second time, by hand."""
    assert named("home", "often", live).right.text == "4 times"
    assert named("generation", "rows", live).right.text == "8 times"
    assert named("generation", "rows", other).right.text == "3 times"
    assert named("tokens", "pieces", live).right.text == "3"
    assert named("tokens", "pieces", other).right.text == str(other.tokens.used) != "3"
    assert named("tokens", "rows", live).right.text == "77"
    assert named("latents", "fewer", live).right.text == "48 times"
    assert named("timesteps", "numbers", live).right.text == "64"
    assert named("timesteps", "noisiest", live).right.text == "t = 999"
    assert named("schedulers", "first", live).right.text == f"t = {live.run.timesteps[0]:g}"
    assert named("schedulers", "first", other).right.text == f"t = {other.run.timesteps[0]:g}"
    assert named("schedulers", "calls", live).right.text == f"{2 * 4 - 1} times"
    # DPM++ 2M carries the line through two answers on: 1 + 1 / (2 r), -1 / (2 r), Lu et al. 2022.
    before, now, after = plan_run(SCHEDULERS["dpmpp-2m"], read_config(live.folder, "scheduler"),
                                  {}, 4).sigmas[1:4]  # fmt: skip
    half_share = np.log(now / after) / np.log(before / now) / 2
    memory = named("schedulers", "memory", live).right
    assert memory.text == "it is taken off"
    assert f"weighs {1 + half_share:.2f} and the one before −{half_share:.2f}" in memory.why
    assert named("noising", "half", live).right.text == "t = 354"
    assert "0.068" in named("noising", "left", live).right.text


def test_what_a_question_measures_is_measured_again(live: Live) -> None:
    other_seed = live.read(replace(live.run.request, seed=1)).picture
    same = (other_seed == live.run.picture).all(axis=-1).mean()
    assert same < 0.2
    assert named("generation", "seed", live).right.text == "fewer than a fifth"
    far = np.sqrt(np.mean((live.run.x0 - live.run.path[-1]) ** 2, axis=(1, 2, 3)))
    near = next(at for at, one in enumerate(far) if one <= far[0] / 2)
    quarters = ("in the first quarter", "in the second", "in the third", "in the last")
    assert named("generation", "when", live).right.text == quarters[near]
    assert named("schedulers", "ends", live).right.text == "noise is left in it"
    high = [float(sigma) for sigma in live.run.sigmas if sigma > 1]
    early = OwnSigmasWork(live.run.request.model, live.run.request, (*high, 1.0))
    led_on = replace(early, sigmas=(*high, 1.0, 0.0))
    far = np.abs(live.read(early).picture.astype(int) - live.read(led_on).picture.astype(int))
    assert f"are {far.mean():.0f} of 255 apart" in named("schedulers", "ends", live).right.why
    judged = live.read(JudgeWork(live.run.request.model, live.run.request))
    apple = judge_names().index("red apple")
    leads = [row.argmax() == apple for row in judged.shares[:-1]]
    begins = next(at for at in range(len(leads)) if all(leads[at:]))
    assert named("generation", "recognised", live).right.text == quarters[begins]
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 1
    work = InpaintWork(
        live.run.request.model, live.other, live.run.path[-1].tobytes(), (4, 16, 16), mask.tobytes()
    )
    halved = live.read(work)
    assert np.abs(halved.trace.latents.numpy() - live.run.path[-1])[:, :, :8].max() < 1e-5
    assert not (halved.trace.picture == halved.original)[:, :64].all()
    assert named("generation", "kept", live).right.text == "its latents, but not every pixel"
    plain, longer = live.read(
        TextWork(live.run.request.model, ("a red apple", "a red apple tree"))
    ).last
    assert np.abs(plain[:4] - longer[:4]).max() < 1e-4 < np.abs(plain[4:] - longer[4:]).max()
    assert named("tokens", "last", live).right.text == "none"
    assert live.read(CountWork(live.run.request.model, 4))["heun"] == 7


def test_every_question_of_a_look_is_about_one_that_there_is(live: Live) -> None:
    asked = 0
    for page in PAGES:
        looks = importlib.import_module(f"core.lessons.{page}.looks").LOOKS.looks
        about = [one.look for one in lesson_of(page).questions if one.look]
        assert set(about) <= {look.title for look in looks}
        assert len(set(about)) == len(about)
        assert all(lesson_of(page).about(look) for look in about)
        asked += len(about)
    assert asked >= 5
    assert lesson_of("tokens").about("Meaning") is None


def test_questions_of_looks_are_answered_a_second_time(live: Live, other: Live) -> None:
    for one in (live, other):
        kept, noise = (float(x) ** 0.5 for x in (one.run.alpha_bars[0], 1 - one.run.alpha_bars[0]))
        share = named("schedulers", "share", one).right
        assert share.text == f"s = {noise / (kept + noise):.3f}"
        assert f"t = {one.run.timesteps[0]:g}" in share.why
    request = live.run.request
    early = live.read(GuidedWork(request.model, request, 1, 2)).picture
    late = live.read(GuidedWork(request.model, request, 3, 4)).picture
    nearer = apart(live.run.picture, early) < apart(live.run.picture, late)
    half = named("generation", "half", live)
    assert half.right.text == ("the first half" if nearer else "the second half")
    assert f"{apart(live.run.picture, late):.1f}" in half.right.why
    unguided = named("generation", "half", other)
    assert f"w = {Request().guidance:g}" in unguided.right.why  # where there is none to take away
    plain = live.read(TextWork(request.model, ("a red apple",))).last[0].astype(np.float64)
    scaled = plain.copy()
    scaled[3] *= 1.3
    moved = np.abs(scaled * plain.mean() / scaled.mean() - plain).max(1) > 1e-5
    weighted = named("attention", "weighted", live)
    assert "“apple” gets the weight 1.3" in weighted.text
    assert weighted.right.text == str(moved.sum()) == "77"
    assert "where it is asked to, 1" in weighted.right.why
    before = live.read(replace(request, clip_skip=1)).picture
    far = apart(live.run.picture, before)
    layer = named("tokens", "before", live)
    assert layer.right.text == (
        "a lot" if far >= 15 else "a little" if far >= 0.05 else "not at all"
    )
    assert f"{far:.1f} of 255" in layer.right.why


def test_the_mean_of_pairs_is_followed_a_second_time(live: Live) -> None:
    data = make_points(PointSettings(seed=live.run.request.seed))[0].astype(np.float64)
    start = np.random.default_rng(live.run.request.seed).standard_normal((120, 2))
    z, long = start.astype(np.float32).astype(np.float64), 0.0
    for step in range(40):
        s = 1 - step / 40
        noise = (z[:, None] - (1 - s) * data) / s  # (120, n, 2)
        chance = np.exp(-0.5 * (noise**2).sum(-1) + 0.5 * (noise**2).sum(-1).min(1)[:, None])
        u = ((noise - data) * chance[..., None]).sum(1) / chance.sum(1)[:, None]
        long += np.hypot(*u.T).sum() / 40
        z = z - u / 40
    begun = np.random.default_rng(live.run.request.seed).standard_normal((120, 2))
    detour = long / np.hypot(*(z - begun).T).sum()
    bends = named("training", "bends", live).right
    assert f"{detour:.2f} times as long" in bends.why
    assert bends.text == "longer, by more than a tenth"
    assert detour > 1.1


def test_a_run_of_any_kind_is_asked_about_truly(
    checkpoint: Checkpoint, live: Live, tmp_path: Path
) -> None:
    """Where a plain run's sentences would be wrong: long words, one call, another prediction."""
    last = named("noising", "half", live).options[-1]
    assert last.text == "t = 999"
    assert "99.5\xa0% of the power is noise" in last.why  # never all of it
    words = " ".join(["apple"] * 90)
    tokens = read_prompt(checkpoint, words)
    long = replace(live, tokens=tokens, run=replace(live.run, request=Request(prompt=words)))
    pieces = named("tokens", "pieces", long).right
    assert pieces.text == "90"
    assert "the last are cut off" in pieces.why
    far = replace(live.run, x0=np.stack([live.run.path[-1] + 1] * len(live.run.x0)))
    assert named("generation", "when", replace(live, run=far)).right.text == "at none"
    one = replace(live.run, timesteps=live.run.timesteps[:1])
    assert (
        "guided at calls 1 to 1 alone"
        in named("generation", "half", replace(live, run=one)).right.why
    )
    call = live.run.input_at(len(live.run.timesteps) // 2)
    skip = live.read(OffAtCallWork(live.run.request.model, call, Switch("skip", 0))).change
    assert (
        f"the outermost skip connection {100 * skip:.0f}\xa0%"
        in named("unet", "off", live).right.why
    )
    config = read_config(live.folder, "scheduler") | {"prediction_type": "v_prediction"}
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    answer = named("unet", "answer", replace(live, folder=tmp_path))
    assert answer.right.text == "a mixture of noise and picture, v, 4 × 16 × 16 numbers"


@pytest.mark.parametrize(
    ("steps", "asked", "says"),
    [(10, (5, 10, 50), "less and less"), (1, (1, 2, 50), "less and less"),
     (80, (20, 40, 80), "less and less"), (10, (5, 10, 50), "need not be a better one")],
)  # fmt: skip
def test_more_steps_are_said_to_do_what_they_did(
    steps: int, asked: tuple[int, ...], says: str, live: Live
) -> None:
    grey = dict(zip(asked, (0, 40, 60 if says == "less and less" else 90), strict=True))
    drawn = replace(
        live,
        run=replace(live.run, request=replace(live.run.request, steps=steps)),
        read=lambda request: SimpleNamespace(picture=np.full((2, 2, 3), grey[request.steps])),
    )
    [card] = [one for one in lesson_of("generation").cards if "More steps" in one.claim]
    said = card.verdict(drawn)
    assert says in said
    assert f"From {asked[0]} to {asked[1]} steps the picture moves by 40.0" in said


def test_a_new_token_is_none_of_those_that_a_prompt_has(live: Live, other: Live) -> None:
    for one in (live, other):
        asked = named("training", "token", one)
        assert asked.right.text == "not at all"
        words = (one.run.request.prompt, f"{one.run.request.prompt} <zog>")
        tokenizer = load_tokenizer(one.folder / "tokenizer")
        before = tokenizer.encode(words[0]).ids
        tokenizer.add_tokens(["<zog>"])
        assert tokenizer.encode(words[0]).ids == before
        assert tokenizer.encode(words[1]).ids != before
        assert f"as {one.tokens.used} tokens" in asked.right.why
        assert f"{read_text_facts(one.folder).width} numbers" in asked.right.why


CARDS = [
    pytest.param(page, card, id=card.claim) for page in EVERY for card in lesson_of(page).cards
]


@pytest.mark.parametrize(("page", "card"), CARDS)
def test_a_belief_is_met_with_this_runs_numbers(
    page: str, card: Any, live: Live, other: Live
) -> None:
    said = card.verdict(live)
    assert NUMBER.search(said), said
    if page != "training":  # what training measured is no run's
        assert said != card.verdict(other)


def test_verdicts_say_what_is_so(live: Live) -> None:
    said = {card.claim: card.verdict(live) for page in EVERY for card in lesson_of(page).cards}
    request = replace(live.run.request, guidance=0.0)
    mine, theirs = (
        live.read(one).picture for one in (request, replace(request, prompt=live.other.prompt))
    )
    assert apart(mine, theirs) == 0
    assert "are 0 apart" in said["Guidance 0 means no guidance."]
    assert "0.029" in said["t = 0 is the noisy end."]
    assert "14.6" in said["t = 0 is the noisy end."]
    guess = "What it believes half-way is the picture already."
    assert "which guidance drives further" in said[guess]
    [plain] = [card for card in lesson_of("generation").cards if card.claim == guess]
    assert "guidance" not in plain.verdict(replace(live, run=replace(live.run, eps_uncond=None)))
    alpha_bar = float(live.run.alpha_bars[0])
    v = alpha_bar**0.5 * live.run.eps[0] - (1 - alpha_bar) ** 0.5 * live.run.x0[0]
    flow = live.run.eps[0] - live.run.x0[0]
    cosine = float((v * flow).sum() / np.sqrt((v**2).sum() * (flow**2).sum()))
    assert f"{cosine:.2f}".replace("-", "−") in said["v is velocity."]


def test_a_question_needs_one_right_option_among_two() -> None:
    assert choose("?", "b", ("a", "no"), ("b", "yes"), ("b", "again")).right.why == "yes"
    for options in ((("b", "yes"),), (("a", "no"), ("c", "no"))):
        with pytest.raises(ValueError, match=r"right option|expected two"):
            choose("?", "b", *options)


def test_worksheet_and_key_are_one_file_each_and_of_this_run(
    live: Live, other: Live, asked: dict[str, tuple[Asked, ...]]
) -> None:
    sheet, key = sheet_html(live, asked), sheet_html(live, asked, key=True)
    for text in (sheet, key):
        assert POLICY in text
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
    assert "class='right'" not in sheet
    count = sum(map(len, asked.values()))
    assert key.count("class='right'") == count == len(key_of(asked))
    assert set(key_of(asked).values()) <= set(LETTERS)
    theirs = ask_all(other)
    assert key_of(theirs) != key_of(asked)
    assert "<b>nest" not in sheet_html(other, theirs)
    assert "&lt;b&gt;nest" in sheet_html(other, theirs)


def test_glossary_names_pages_that_exist() -> None:
    assert len({term.name for term in TERMS}) == len(TERMS)
    assert {page for term in TERMS for page in term.pages} <= set(EVERY)


def test_lessons_are_small_files() -> None:
    wings = Path(__file__).parents[3] / "core" / "lessons"
    for page in EVERY:
        assert len((wings / page / "lesson_data.py").read_text().splitlines()) < 250
