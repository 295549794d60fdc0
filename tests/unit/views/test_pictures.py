"""Pictures side by side stand apart, and their corners are cut alike."""

import numpy as np

from core.views.pictures import GAP, row_picture


def test_pictures_of_a_row_have_gaps_and_one_kind_of_corner() -> None:
    one = np.full((32, 40, 3), 200, np.uint8)
    row = row_picture([one, one, one])
    assert row.shape == (32, 3 * 40 + 2 * GAP, 4)
    for start in range(0, row.shape[1], 40 + GAP):
        opaque = row[:, start : start + 40, 3]
        assert (opaque[0, 0], opaque[-1, -1], opaque[16, 20]) == (0, 0, 255)
        np.testing.assert_array_equal(opaque, row[:, :40, 3])
        assert (row[opaque.nonzero()[0], start + opaque.nonzero()[1], :3] == 200).all()
    assert (row[:, 40 : 40 + GAP, 3] == 0).all()
