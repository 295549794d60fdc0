import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from core.views.strips import SHEET_PIXELS, Sheet, channel_tiles, enlarge, exact_sheet, photo_sheet


def frames(count: int, height: int = 6, width: int = 8) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, height, width, 3), np.uint8)


def cut(sheet: Sheet) -> np.ndarray:
    """Cut the frames out again as the browser does."""
    whole = np.asarray(Image.open(io.BytesIO(sheet.data)).convert("RGB"))
    found = []
    for index in range(sheet.count):
        row, column = divmod(index, sheet.columns)
        top = sheet.pad + row * (sheet.height + 2 * sheet.pad)
        left = sheet.pad + column * (sheet.width + 2 * sheet.pad)
        found.append(whole[top : top + sheet.height, left : left + sheet.width])
    return np.stack(found)


@pytest.mark.parametrize("count", [1, 2, 5, 21, 64])
def test_exact_sheet_gives_every_frame_back(count: int) -> None:
    assert (cut(exact_sheet(frames(count))) == frames(count)).all()


def test_photo_sheet_gives_every_frame_back_nearly() -> None:
    plain = np.arange(0, 240, 12, dtype=np.uint8)[:, None, None, None]
    told = np.broadcast_to(plain, (20, 32, 32, 3))
    away = np.abs(cut(photo_sheet(np.ascontiguousarray(told))).astype(int) - told)
    assert away.max() <= 4  # neighbours of other brightness do not bleed in


def test_photo_sheet_keeps_the_size_of_a_small_film_and_shrinks_a_huge_one() -> None:
    small = photo_sheet(frames(21, 32, 32))
    assert (small.width, small.height) == (32, 32)
    huge = photo_sheet(np.zeros((64, 512, 512, 3), np.uint8))
    assert huge.count == 64
    assert 0.9 * SHEET_PIXELS <= huge.count * huge.width * huge.height <= SHEET_PIXELS


def test_sheet_says_all_that_the_browser_needs() -> None:
    told = photo_sheet(frames(3)).as_json()
    assert told["url"].startswith("data:image/webp;base64,")
    assert (told["count"], told["width"], told["height"]) == (3, 8, 6)
    assert told["pad"] > 0


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (4, 4, 3), (2, 4, 4, 4)])
@pytest.mark.parametrize("make", [photo_sheet, exact_sheet])
def test_what_is_no_film_is_refused(make: Callable[..., Sheet], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        make(np.zeros(shape, np.uint8))


def test_four_channels_make_two_rows_of_two() -> None:
    colours = frames(4, 2, 3)
    tiles = channel_tiles(colours)
    assert tiles.shape == (4, 6, 3)
    assert (tiles[:2, :3] == colours[0]).all()
    assert (tiles[:2, 3:] == colours[1]).all()
    assert (tiles[2:, :3] == colours[2]).all()
    assert (tiles[2:, 3:] == colours[3]).all()


def test_channels_of_many_frames_are_laid_out_together() -> None:
    colours = frames(5 * 4, 2, 3).reshape(5, 4, 2, 3, 3)
    tiles = channel_tiles(colours)
    assert tiles.shape == (5, 4, 6, 3)
    assert (tiles[3] == channel_tiles(colours[3])).all()


def test_sixteen_and_three_channels_fit_as_well() -> None:
    assert channel_tiles(frames(16, 2, 2)).shape == (8, 8, 3)
    assert channel_tiles(frames(3, 2, 2)).shape == (4, 4, 3)


def test_no_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        channel_tiles(np.zeros((0, 2, 2, 3), np.uint8))


def test_enlarge_keeps_pixels_as_squares() -> None:
    picture = frames(1)[0]
    large = enlarge(picture, 3)
    assert large.shape == (18, 24, 3)
    assert (large[::3, ::3] == picture).all()
    assert (large[2::3, 1::3] == picture).all()
    with pytest.raises(ValueError, match="times"):
        enlarge(picture, 0)
