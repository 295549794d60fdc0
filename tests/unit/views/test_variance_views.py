"""The variance as it is shown: shares, bits and faces."""

import numpy as np
import pytest

from core.models.pixel_model import VarianceReading
from core.views.variance import bit_chart, bit_rows, choice_chart, choice_rows, faces_row

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
    assert row.shape == (8, 3 * 12 - 4, 3)
    np.testing.assert_array_equal(row[::2, 12:20:2], faces[1])
    assert (row[:, 8:12] == 255).all()
