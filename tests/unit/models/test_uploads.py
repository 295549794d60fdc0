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
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

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
    "96 six megabytes": (lambda: b"\x89PNG" + bytes(MOST_BYTES), "more than 5\xa0MB"),
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
    said = say_fit(read_upload(saved(wide)), 128, 128)
    assert said == "Cut to its middle and scaled from 300 × 100 to 128 × 128 pixels."
    assert say_fit(read_upload(plain(256, 256)), 128, 128).startswith("Scaled from 256")
    assert say_fit(read_upload(plain(128, 128)), 128, 128) == ""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_size_that_is_said_is_the_file_s_own(kind: str) -> None:
    upload = read_upload(saved(picture(1100, 700), kind))
    assert max(upload.picture.size) == KEPT_SIDE
    assert "from 1100 × 700 to 128" in say_fit(upload, 128, 128)
    sideways = read_upload(saved(picture(1100, 700), kind, exif=orientation(6)))
    assert sideways.size == (700, 1100)


def orientation(number: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("size", [(48, 48), (1200, 1200), (64, 48)])
def test_turning_is_told_where_the_file_says_so(
    kind: str, number: int, size: tuple[int, int]
) -> None:
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    upload = read_upload(saved(picture(*size), kind, exif=orientation(number), **options))
    told = " ".join(upload.notes)
    assert ("Turned" in told) is (number in (3, 5, 6, 7, 8))
    assert ("Mirrored" in told) is (number in (2, 4, 5, 7))
    shrunk = read_upload(saved(picture(*size), kind, **options)).picture
    shrunk.getexif()[0x0112] = number
    right = ImageOps.exif_transpose(shrunk)
    np.testing.assert_array_equal(np.asarray(upload.picture), np.asarray(right))


def test_a_second_picture_inside_is_no_animation() -> None:
    small = Image.new("RGB", (16, 12))
    data = saved(picture(), "MPO", save_all=True, append_images=[small], quality=95)
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.n_frames) == ("MPO", 2)
    upload = read_upload(data)
    assert (upload.picture.size, upload.notes) == ((64, 48), ())


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_of_one_frame_is_none(kind: str) -> None:
    assert read_upload(saved(picture(), kind, save_all=True)).notes == ()


def test_a_picture_that_stands_in_for_an_animation_is_no_part_of_it() -> None:
    frames = [Image.new("RGB", (64, 48), (index, 0, 0)) for index in range(3)]
    data = saved(picture(), save_all=True, append_images=frames, default_image=True)
    assert read_upload(data).notes == (
        "The still picture is used, not the animation that it stands in for.",
    )


def png_with_clear(depth: int, colour: tuple[int, ...], rows: list[bytes], width: int) -> bytes:
    """A PNG of any depth, grey or colour by the length of the colour that is transparent."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    kind = 0 if len(colour) == 1 else 2
    head = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    clear = struct.pack(f">{len(colour)}H", *colour)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", clear)
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("clear", [0, 1, -2, -1])
def test_a_transparent_grey_of_any_depth(depth: int, clear: int) -> None:
    most = 2**depth - 1
    clear %= most + 1
    values = [0, 1, most - 1, most] * 4  # 16 a row
    row = sum(value << depth * (15 - place) for place, value in enumerate(values))
    clear_with_more = clear + (most + 1 if depth in (2, 4) else 0)  # bits that mean nothing
    data = png_with_clear(depth, (clear_with_more,), [row.to_bytes(2 * depth, "big")] * 8, 16)
    upload = read_upload(data)
    assert ON_WHITE in upload.notes
    found = np.asarray(upload.picture)[0, :, 0].tolist()
    assert found == [255 if value == clear else value * 255 // most for value in values]


@pytest.mark.parametrize("depth", [8, 16])
def test_a_transparent_colour_is_that_colour_alone(depth: int) -> None:
    many = 257 if depth == 16 else 1
    clear = (10 * many, 20 * many, 30 * many)
    near = (clear[0], clear[1], clear[2] + 1)  # at 16 bits its upper half is the same
    numbers = [number for colour in (clear, near, clear, near) * 2 for number in colour]
    row = struct.pack(f">{len(numbers)}{'H' if depth == 16 else 'B'}", *numbers)
    upload = read_upload(png_with_clear(depth, clear, [row] * 8, 8))
    found = np.asarray(upload.picture)
    assert (found[:, ::2] == 255).all()
    assert (found[:, 1::2, 0] == 10).all()
    assert ("Its 16 bits a pixel became 8." in upload.notes) is (depth == 16)


def icc(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """A small colour profile, version 2."""
    table, bodies, place = b"", b"", 132 + 12 * len(tags)
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        table += name + struct.pack(">II", place, len(body))
        bodies, place = bodies + body, place + len(body)
    connection = b"Lab " if b"A2B0" in tags else b"XYZ "
    head = struct.pack(
        ">I4sI4s4s4s12s4s4sIIIII12s", place, b"lcms", 0x02100000, kind, space, connection,
        bytes(12), b"acsp", b"APPL", 0, 0, 0, 0, 0, bytes(12),
    )  # fmt: skip
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + bodies


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256))


D50 = xyz(0.9642, 1.0, 0.8249)
WIDE = icc(
    b"RGB ",
    {b"wtpt": D50, b"rXYZ": xyz(0.5151, 0.2412, -0.0011), b"gXYZ": xyz(0.292, 0.6922, 0.0419),
     b"bXYZ": xyz(0.1571, 0.0666, 0.7841), b"rTRC": gamma(2.2), b"gTRC": gamma(2.2),
     b"bTRC": gamma(2.2)},
)  # fmt: skip
GREY = icc(b"GRAY", {b"wtpt": D50, b"kTRC": gamma(1.0)})


def inks() -> bytes:
    """CMYK by a table of two points an ink: all four subtract lightness, three shift colour."""
    points = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    lab = [
        (max(0, 255 - 80 * c - 90 * m - 20 * y - 200 * k), 128 - 40 * c + 60 * m,
         128 - 50 * c + 80 * y)
        for c, m, y, k in points
    ]  # fmt: skip
    ramp = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    numbers = bytes(number for point in lab for number in point)
    return icc(b"CMYK", {b"wtpt": D50, b"A2B0": head + ramp * 4 + numbers + ramp * 3}, b"prtr")


INKS = inks()
COLOURS = "Its colours were converted to sRGB, from the profile in the file."
MISFIT = "Its colour profile does not fit it and was left out."


def in_srgb(what: Image.Image, profile: bytes) -> np.ndarray:
    """The oracle: littlecms by Pillow."""
    told = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    found = ImageCms.profileToProfile(what, told, srgb, outputMode="RGB")
    assert found is not None
    return np.asarray(found).astype(int)


@pytest.mark.parametrize(
    ("mode", "profile", "kind"),
    [
        ("RGB", WIDE, "PNG"), ("RGB", WIDE, "WEBP"), ("RGB", WIDE, "JPEG"), ("L", GREY, "PNG"),
        ("L", GREY, "JPEG"), ("L", WIDE, "PNG"), ("CMYK", INKS, "JPEG"),
    ],
)  # fmt: skip
def test_colours_of_a_profile_are_those_of_srgb(mode: str, profile: bytes, kind: str) -> None:
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = saved(picture().convert(mode), kind, icc_profile=profile, **options)
    upload = read_upload(data)
    assert upload.notes == (COLOURS,)
    with Image.open(io.BytesIO(data)) as opened:
        plain = opened.convert("RGB") if profile == WIDE else opened
        right = in_srgb(plain, profile)
    assert np.abs(np.asarray(upload.picture) - right).max() <= 2
    assert np.abs(np.asarray(picture().convert(mode).convert("RGB")) - right).max() > 5


def test_colours_of_a_profile_with_palette_transparency_and_sixteen_bits() -> None:
    few = picture().quantize(16)
    upload = read_upload(saved(few, icc_profile=WIDE))
    assert upload.notes == (COLOURS,)
    np.testing.assert_array_equal(np.asarray(upload.picture), in_srgb(few.convert("RGB"), WIDE))
    clear = picture()
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    upload = read_upload(saved(clear, icc_profile=WIDE))
    assert upload.notes == (COLOURS, ON_WHITE)
    right = Image.fromarray(in_srgb(clear.convert("RGB"), WIDE).astype(np.uint8))
    ground = Image.new("RGB", right.size, (255, 255, 255))
    ground.paste(right, mask=clear.getchannel("A"))
    np.testing.assert_array_equal(np.asarray(upload.picture), np.asarray(ground))
    for mode in ("LA", "I;16"):
        grey = Image.new(mode, (16, 16), (64, 255) if mode == "LA" else 64 * 257)
        upload = read_upload(saved(grey, icc_profile=GREY))
        assert COLOURS in upload.notes
        right = in_srgb(Image.new("L", (16, 16), 64), GREY)
        np.testing.assert_array_equal(np.asarray(upload.picture), right)


def test_srgb_is_as_it_is_and_needs_no_word() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    upload = read_upload(saved(picture(), icc_profile=profile))
    assert upload.notes == ()
    np.testing.assert_array_equal(np.asarray(upload.picture), np.asarray(picture()))


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    data = saved(picture())
    place = data.index(b"IDAT") - 4
    made = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return data[:place] + made + data[place:]


WIDER = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
USUAL = (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))


@pytest.mark.parametrize(
    ("chunks", "told"),
    [
        ([(b"gAMA", struct.pack(">I", 45455)), USUAL], False),
        ([(b"gAMA", struct.pack(">I", 100000))], True),
        ([WIDER], True),
        ([(b"sRGB", b"\0"), WIDER], False),
        ([(b"cICP", bytes([12, 13, 0, 1]))], True),
        ([(b"cICP", bytes([1, 13, 0, 1])), WIDER], False),
        ([(b"tEXt", b"a\0cICP")], False),
    ],
)
def test_another_space_that_is_named_without_a_profile_is_told(
    chunks: list[tuple[bytes, bytes]], told: bool
) -> None:
    notes = read_upload(png_with(*chunks)).notes
    assert any("another space than sRGB" in note for note in notes) is told


def test_a_camera_s_adobe_rgb_without_a_profile_is_told() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: "R03"}
    notes = read_upload(saved(picture(), "JPEG", exif=exif.tobytes())).notes
    assert any("another space than sRGB" in note for note in notes)


@pytest.mark.parametrize(
    ("mode", "profile"),
    [("RGB", b"no profile"), ("RGB", WIDE[:200]), ("RGB", WIDE[:128] + bytes(400)), ("RGB", GREY),
     ("RGB", INKS), ("L", INKS), ("RGB", icc(b"RGB ", {b"wtpt": D50}))],
)  # fmt: skip
def test_a_profile_that_does_not_fit_is_left_out(mode: str, profile: bytes) -> None:
    upload = read_upload(saved(picture().convert(mode), icc_profile=profile))
    assert upload.notes == (MISFIT,)
    right = picture().convert(mode).convert("RGB")
    np.testing.assert_array_equal(np.asarray(upload.picture), np.asarray(right))


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
