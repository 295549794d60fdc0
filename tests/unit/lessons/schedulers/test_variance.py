"""The variance as it is shown: shares, bits and faces."""

import numpy as np
import pytest

from core.lessons.schedulers.variance_data import (
    bit_chart,
    bit_rows,
    choice_chart,
    choice_rows,
    faces_row,
    total_chart,
    total_rows,
)
from core.models.pixel_model import VarianceReading

READING = VarianceReading(
    timesteps=np.array([0, 500, 999]),
    beta=np.array([0.1, 0.4, 0.9]),
    beta_tilde=np.array([0.1, 0.1, 0.9]),
    v=np.array([0.3, 0.5, 1.0]),
    bits={"fixed small": np.array([2.0, 1.0, 0.5]), "learned": np.array([1.0, 0.5, 0.25])},
    prior=0.01,
)


def test_learned_variance_is_the_geometric_mean_by_its_share() -> None:
    rows = choice_rows(READING)
    assert [row["t"] for row in rows] == [0, 500, 999]
    assert rows[1]["learned"] == pytest.approx(0.2)  # half way between 0.1 and 0.4 in logarithms
    assert rows[1]["learned / beta"] == pytest.approx(0.5)
    assert rows[2]["beta tilde / beta"] == pytest.approx(1.0)


def test_bits_are_listed_by_step_and_add_up() -> None:
    rows = bit_rows(READING)
    assert len(rows) == 6
    small = sum(float(str(row["bits"])) for row in rows if row["variance"] == "fixed small")
    assert small + READING.prior == pytest.approx(READING.total("fixed small"))


def test_charts_can_be_drawn() -> None:
    for chart in (choice_chart(choice_rows(READING)), bit_chart(bit_rows(READING))):
        assert chart.to_dict()["encoding"]["x"]["field"] == "t"


def test_faces_stand_side_by_side_as_they_are() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    row = faces_row(faces)
    assert row.shape == (16, 3 * 20 - 4, 3)
    np.testing.assert_array_equal(row[::4, 20:36:4], faces[1])
    assert (row[:, 16:20] == 255).all()


def test_bits_of_every_walk_that_was_measured_stand_side_by_side() -> None:
    rows = total_rows({2: READING, 4: READING})
    assert len(rows) == 2 * len(READING.bits)
    assert rows[0]["bits"] == pytest.approx(READING.total(str(rows[0]["variance"])), rel=1e-3)
    encoding = total_chart(rows, 4).to_dict()["encoding"]
    assert encoding["y"]["field"] == "steps"
    assert encoding["yOffset"]["field"] == "variance"
