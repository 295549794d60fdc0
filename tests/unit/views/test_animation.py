"""Frames with their words: two pictures, and a bar of the noise that is left."""

import numpy as np

from core.views.animation import BAR, HEAD, MARGIN, SIDE, with_words
from core.views.run import Run, quick_frames
from core.views.theme import PALETTE


def test_every_frame_has_both_pictures_and_a_bar_as_long_as_its_noise(run: Run) -> None:
    frames = with_words(run, quick_frames(run))
    tall = round(SIDE * 16 / 24)  # of a picture of 16 x 24 pixels
    assert len(frames) == len(run.timesteps) + 1
    assert frames.shape[2] == 2 * SIDE + 3 * MARGIN
    grey = np.array([int(PALETTE["noise"][at : at + 2], 16) for at in (1, 3, 5)])
    bars = frames[:, HEAD + tall + 8 + BAR // 2, MARGIN:-MARGIN]
    lengths = (bars == grey).all(-1).mean(-1)
    np.testing.assert_allclose(lengths, [*(1 - run.alpha_bars), 0], atol=0.01)
    end = frames[-1, HEAD : HEAD + tall]
    left, right = end[:, MARGIN : MARGIN + SIDE], end[:, 2 * MARGIN + SIDE : -MARGIN]
    np.testing.assert_array_equal(left, right)
