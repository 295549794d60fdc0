"""Every bad picture is answered by one plain sentence, or repaired as we say it is."""

import io
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.errors import ExplainerError
from core.models.uploads import KEPT_SIDE, MOST_BYTES, fit, read_upload, say_fit

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 2.0
MEGABYTES = 300


def picture(width: int = 64, height: int = 48) -> Image.Image:
    rows, columns = np.mgrid[:height, :width]
    red, green = rows * 255 // height, columns * 255 // width
    return Image.fromarray(np.stack([red, green, 255 - red], axis=-1).astype(np.uint8))


def saved(what: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    written = io.BytesIO()
    what.save(written, kind, **options)
    return written.getvalue()


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def png_claiming(width: int, height: int) -> bytes:
    """A header that promises pixels which are not there."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"


def bad_crc() -> bytes:
    data = bytearray(saved(picture()))
    data[data.index(b"IDAT") + 9] ^= 0xFF
    return bytes(data)


def text_bomb() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("a", "b" * 100_000_000, zip=True)
    return saved(picture(), pnginfo=info)


def plain(width: int, height: int) -> bytes:
    return saved(Image.new("RGB", (width, height)))


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "70 empty": (lambda: b"", "This file is empty."),
    "71 one byte": (lambda: b"\x89", "not a PNG, JPEG or WebP"),
    "72 text": (lambda: b"hello, I am a picture", "not a PNG, JPEG or WebP"),
    "73 html": (lambda: b"<html><script>alert(1)</script>", "not a PNG, JPEG or WebP"),
    "74 svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG, JPEG or WebP"),
    "75 half png": (lambda: half(saved(picture())), "damaged or cut off"),
    "76 half jpeg": (lambda: half(saved(picture(500, 400), "JPEG")), "damaged or cut off"),
    "half webp": (lambda: half(saved(picture(500, 400), "WEBP")), "PNG, JPEG or WebP|damaged"),
    "77 bad crc": (bad_crc, "damaged or cut off"),
    "79 one pixel": (lambda: plain(1, 1), "1 × 1 pixels"),
    "80 one clear pixel": (lambda: saved(Image.new("RGBA", (1, 1))), "1 × 1 pixels"),
    "81 wide": (lambda: plain(20_000, 1), "20,000 × 1 pixels"),
    "81 tall": (lambda: plain(1, 20_000), "1 × 20,000 pixels"),
    "81 narrow": (lambda: plain(4000, 400), "8 times as long"),
    "82 no pixels": (lambda: png_claiming(0, 0), "damaged|not a PNG|0 × 0"),
    "87 gif": (lambda: saved(picture(), "GIF"), "not a PNG, JPEG or WebP"),
    "89 tiff": (lambda: saved(Image.new("F", (9, 9), float("nan")), "TIFF"), "not a PNG"),
    "92 bomb": (lambda: png_claiming(50_000, 50_000), "too many pixels"),
    "93 large": (lambda: png_claiming(12_000, 12_000), "12,000 × 12,000|too many pixels"),
    "94 large": (lambda: png_claiming(9000, 9000), "9,000 × 9,000 pixels"),
    "95 text bomb": (text_bomb, "damaged"),
    "96 six megabytes": (lambda: b"\x89PNG" + bytes(MOST_BYTES), "5.0 MB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_picture_is_refused_in_a_sentence(name: str) -> None:
    make, says = REFUSED[name]
    data = make()
    started = time.process_time()
    with pytest.raises(ExplainerError, match=says) as told:
        read_upload(data)
    assert time.process_time() - started < SECONDS
    assert told.value.fix.endswith(".")


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture(64, 48), "JPEG", exif=exif.tobytes(), quality=95)


def palette() -> bytes:
    small = picture().quantize(16)
    small.info["transparency"] = 0
    return saved(small, transparency=0)


def animation(kind: str) -> bytes:
    others = [Image.new("RGB", (64, 48), (index, 0, 0)) for index in range(5)]
    return saved(picture(), kind, save_all=True, append_images=others, lossless=True)


ANIMATION = "Only the first picture of the animation is used."
ON_WHITE = "Transparent parts were put on white."
REPAIRED: dict[str, tuple[Callable[[], bytes], tuple[int, int], tuple[str, ...]]] = {
    "78 with a zip behind": (lambda: saved(picture()) + b"PK\x03\x04zip", (64, 48), ()),
    "83 cmyk jpeg": (lambda: saved(picture().convert("CMYK"), "JPEG"), (64, 48), ()),
    "84 sixteen bits": (
        lambda: saved(Image.fromarray(np.full((48, 64), 32_768, np.uint16))),
        (64, 48),
        ("Its 16 bits a pixel became 8.",),
    ),
    "85 one bit": (lambda: saved(picture().convert("1")), (64, 48), ()),
    "86 palette": (palette, (64, 48), (ON_WHITE,)),
    "87 webp animation": (lambda: animation("WEBP"), (64, 48), (ANIMATION,)),
    "88 apng": (lambda: animation("PNG"), (64, 48), (ANIMATION,)),
    "90 turned": (lambda: turned(6), (48, 64), ("Turned as its camera was held.",)),
    "91 turned to nowhere": (lambda: turned(99), (64, 48), ()),
    "98 wrong extension": (lambda: saved(picture(), "WEBP"), (64, 48), ()),
    "grey with alpha": (lambda: saved(Image.new("LA", (64, 48), (9, 9))), (64, 48), (ON_WHITE,)),
    "large jpeg": (lambda: saved(picture(2400, 1200), "JPEG"), (KEPT_SIDE, KEPT_SIDE // 2), ()),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_odd_picture_is_repaired_and_said_so(name: str) -> None:
    make, size, notes = REPAIRED[name]
    upload = read_upload(make())
    assert (upload.picture.mode, upload.picture.size, upload.notes) == ("RGB", size, notes)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    make, *_ = REPAIRED["84 sixteen bits"]
    assert np.unique(np.asarray(read_upload(make()).picture)).tolist() == [127]


def test_first_picture_of_an_animation_is_the_one() -> None:
    found = np.asarray(read_upload(animation("PNG")).picture)
    np.testing.assert_array_equal(found, np.asarray(picture()))


@pytest.mark.parametrize(("under", "seen"), [(0, 255), (255, 255)])
def test_clear_parts_are_white_whatever_their_colour(under: int, seen: int) -> None:
    """100: transparent black and transparent white look the same."""
    clear = Image.new("RGBA", (32, 32), (under, under, under, 0))
    assert np.unique(np.asarray(read_upload(saved(clear)).picture)).tolist() == [seen]


def test_shrinking_keeps_hidden_colours_hidden() -> None:
    pixels = np.zeros((1200, 1200, 4), np.uint8)
    pixels[..., 0] = 255  # red everywhere, but only the right half can be seen
    pixels[:, 600:, 3] = 255
    found = np.asarray(read_upload(saved(Image.fromarray(pixels))).picture)
    assert found.shape == (KEPT_SIDE, KEPT_SIDE, 3)
    np.testing.assert_array_equal(found[500, 100], [255, 255, 255])
    np.testing.assert_array_equal(found[500, 900], [255, 0, 0])


def test_nothing_but_pixels_is_kept() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("secret", "where I live")
    assert "secret" not in read_upload(saved(picture(), pnginfo=info)).picture.info


def test_middle_is_cut_out_and_said() -> None:
    wide = picture(300, 100)
    assert fit(wide, 128, 128).size == (128, 128)
    np.testing.assert_array_equal(np.asarray(fit(wide, 100, 100)), np.asarray(wide)[:, 100:200])
    said = say_fit(wide, 128, 128)
    assert said == "Cut to its middle and scaled from 300 × 100 to 128 × 128 pixels."
    assert say_fit(picture(256, 256), 128, 128).startswith("Scaled from 256")
    assert say_fit(picture(128, 128), 128, 128) == ""


@pytest.mark.parametrize(("mode", "kind"), [("RGBA", "WEBP"), ("LA", "PNG"), ("I;16", "PNG")])
def test_largest_pictures_stay_within_their_memory(tmp_path: Path, mode: str, kind: str) -> None:
    file = tmp_path / "large"
    Image.new(mode, (4000, 4000)).save(file, kind)
    code = (
        "import resource, sys, time, pathlib; from core.models.uploads import read_upload\n"
        "most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        f"data = pathlib.Path({str(file)!r}).read_bytes(); before = most()\n"
        "started = time.process_time(); read_upload(data)\n"
        "print(time.process_time() - started, most() - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    seconds, megabytes = map(float, ran.stdout.split())
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
