"""The small judge that ships: its size, its card, what it names, what a prompt asks it for."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.engine.alone import run_alone
from core.engine.film import Film
from core.engine.request import FilmRequest, Request
from core.engine.works.judged import JudgeWork
from core.errors import ExplainerError
from core.models.catalog import BUILT_IN, builtin_folder
from core.models.judge_names import FOLDER, asked_for, judge_names
from core.models.known_words import known_words, words_in
from core.models.loading import Checkpoint
from core.models.manifest import verify_manifest
from core.models.small_judge import WEIGHTS, judge_pictures, load_small_judge
from core.nets.image_tower import ImageTower
from core.training.small_judge import write_card


def test_it_is_small_and_its_card_tells_the_measured_figures() -> None:
    size = (FOLDER / WEIGHTS).stat().st_size
    assert size <= 2_000_000
    assert {WEIGHTS, "MODEL_CARD.md", "evaluation.json", "config.json", "words.json"} <= set(
        verify_manifest(FOLDER)
    )
    found = json.loads((FOLDER / "evaluation.json").read_text())
    assert (FOLDER / "MODEL_CARD.md").read_text() == write_card(found, size)
    assert found["scenes"]["sharp"]["top1_percent"] > 90
    assert found["objects"] == len(judge_names())


def test_its_names_are_the_objects_of_the_model_that_ships() -> None:
    assert {words_in(name) for name in judge_names()} == set(known_words(builtin_folder()).objects)


def test_shares_add_up_and_do_not_hang_on_the_size_of_a_picture() -> None:
    judge = load_small_judge()
    small = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    shares = judge_pictures(judge, torch.from_numpy(small))
    assert shares.shape == (2, len(judge_names()))
    torch.testing.assert_close(shares.sum(1), torch.ones(2))
    torch.testing.assert_close(judge_pictures(judge, torch.from_numpy(large)), shares)


def test_the_tower_answers_by_hand_as_its_layers_do() -> None:
    torch.manual_seed(0)
    tower = ImageTower(outputs=5, width=8, hidden=12).eval()
    pictures = torch.randn(2, 3, 64, 64)
    x = F.conv2d(pictures, tower.stem.weight, tower.stem.bias, stride=4)
    for block, stride in zip(tower.stages, (2, 1, 2), strict=True):
        first = F.silu(F.group_norm(x, 8, block.norm1.weight, block.norm1.bias))
        h = F.conv2d(first, block.conv1.weight, block.conv1.bias, stride=stride, padding=1)
        second = F.silu(F.group_norm(h, 8, block.norm2.weight, block.norm2.bias))
        h = F.conv2d(second, block.conv2.weight, block.conv2.bias, padding=1)
        x = h + F.conv2d(x, block.shortcut.weight, block.shortcut.bias, stride=stride)
    flat = x.flatten(1)
    normed = F.layer_norm(flat, flat.shape[1:], tower.norm.weight, tower.norm.bias)
    expected = tower.project(F.silu(tower.hidden(normed)))
    torch.testing.assert_close(tower(pictures), expected)


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("a red apple", {"red apple"}),
        ("A Red Apple on a blue background", {"red apple"}),
        ("apples", {"red apple", "green apple", "pie"}),  # which is called so too
        ("a dog", {"dog", "dog face", "guide dog", "service dog", "hot dog"}),
        ("a blue background", set()),
        ("", set()),
        ("ein roter Apfel", set()),
    ],
)
def test_what_a_prompt_asks_for_is_every_object_whose_name_holds_it(
    prompt: str, names: set[str]
) -> None:
    assert {judge_names()[place] for place in asked_for(prompt)} == names


def test_other_words_for_objects_count_where_no_object_is_named() -> None:
    cars = {judge_names()[place] for place in asked_for("a blue car")}
    assert {"automobile", "taxi", "racing car", "tram car"} <= cars
    assert not cars & {"blue heart", "jeans"}  # a colour asks for nothing


def test_a_run_is_judged_at_each_frame_of_its_film_and_at_its_end(checkpoint: Checkpoint) -> None:
    request = Request(prompt="a red apple", steps=5)
    trace = run_alone(checkpoint, request)
    size = trace.picture.shape
    gray = np.full((5, *size), 128, np.uint8)
    film = Film(np.concatenate([gray, trace.picture[None]]), gray, (0, 1, 2, 3, 4))
    done = {request.validated(): trace, FilmRequest(request).validated(): film}
    found = run_alone(checkpoint, JudgeWork(BUILT_IN, request), done=done)
    assert found.calls == (0, 1, 2, 3, 4, 5)
    assert np.array_equal(found.pictures[-1], trace.picture)
    np.testing.assert_allclose(found.shares.sum(1), 1, atol=1e-5)
    assert (found.shares[0] == found.shares[4]).all()
    assert judge_names()[int(found.shares[-1].argmax())] == "red apple"


def test_runs_of_other_models_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine.works.judged.BUILT_IN", "another")
    with pytest.raises(ExplainerError, match="only what the built-in model was shown"):
        JudgeWork(BUILT_IN, Request()).validated()
