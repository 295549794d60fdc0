"""Timesteps through the engine: read by the worker that owns the model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.engine.engine import Engine
from core.engine.works.times import TimeWork
from core.errors import ExplainerError
from core.models.time_reading import read_times


def test_reading_is_the_models_and_computed_once(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any
) -> None:
    worker = make_worker()
    tickets = [worker.submit(TimeWork(), who) for who in "abc"]
    for _ in range(20):
        worker.tick()
    np.testing.assert_array_equal(tickets[0].result().sizes, read_times(tiny_checkpoint).sizes)
    assert (worker.counters().computed, worker.counters().joined) == (1, 2)


def test_unknown_model_is_refused_in_a_sentence(make_worker: Callable[..., Engine]) -> None:
    with pytest.raises(ExplainerError, match="not a model"):
        make_worker().submit(TimeWork("../x"))
