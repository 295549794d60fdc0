import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ExplainerError
from core.ideas.timestep import STABLE_DIFFUSION, EmbeddingSettings
from core.models.catalog import builtin_folder
from core.models.schedulers.factory import timetable
from core.models.schedulers.table import SCHEDULERS
from core.models.time_facts import embedding_of, read_time_facts

SD1 = {"block_out_channels": [320, 640, 1280, 1280], "flip_sin_to_cos": True, "freq_shift": 0}
SD1_SCHEDULER = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}


def test_embedding_is_read_from_the_config() -> None:
    assert embedding_of(SD1) == STABLE_DIFFUSION
    other = {"block_out_channels": [64], "flip_sin_to_cos": False, "freq_shift": 1}
    assert embedding_of(other) == EmbeddingSettings(64, 10_000.0, False, 1.0)


def test_built_in_models_own_width_is_told() -> None:
    facts = read_time_facts(builtin_folder())
    config = json.loads((builtin_folder() / "unet" / "config.json").read_text("utf-8"))
    assert facts.settings.dim == config["block_out_channels"][0]
    assert facts.train_steps == 1000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time_embedding_type": "fourier"}, "timestep embedding in model"),
        ({"block_out_channels": [0]}, r"block_out_channels = \[0\]"),
        ({"freq_shift": 8}, "freq_shift = 8; a number from 0 to 1 was expected"),
    ],
)
def test_other_time_embeddings_are_refused_in_a_sentence(
    wrong: dict, says: str, tmp_path: Path, write_pipeline: Callable[..., None]
) -> None:
    folder = tmp_path / "model"
    write_pipeline(folder)
    file = folder / "unet" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | wrong))
    with pytest.raises(ExplainerError, match=says):
        read_time_facts(folder)


@pytest.mark.parametrize("steps", [0, 1, -5, 10**9, "many", None])
def test_timesteps_that_cannot_be_shown_are_refused_in_a_sentence(
    steps: object, tmp_path: Path, write_pipeline: Callable[..., None]
) -> None:
    folder = tmp_path / "model"
    write_pipeline(folder)
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"num_train_timesteps": steps}))
    with pytest.raises(ExplainerError, match="has num_train_timesteps = "):
        read_time_facts(folder)


def test_leading_spacing_starts_at_951_and_never_at_999() -> None:
    visits = timetable(SCHEDULERS["ddim"], SD1_SCHEDULER, {}, 20)
    assert visits == tuple(float(t) for t in range(951, 0, -50))


@pytest.mark.parametrize("name", ["heun", "euler", "pndm", "dpmpp-2m"])
def test_every_call_has_its_timestep(name: str) -> None:
    visits = timetable(SCHEDULERS[name], SD1_SCHEDULER, {}, 10)
    calls = {"heun": 19, "euler": 10, "pndm": 11, "dpmpp-2m": 10}[name]
    assert len(visits) == calls
    assert list(visits) == sorted(visits, reverse=True)


def test_options_of_a_scheduler_move_its_timesteps() -> None:
    given = {}, {"use_karras_sigmas": True}
    plain, karras = (timetable(SCHEDULERS["euler"], SD1_SCHEDULER, params, 10) for params in given)
    assert plain != karras
