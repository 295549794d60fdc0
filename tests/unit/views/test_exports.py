import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from core.engine.request import MAX_SEED, Request, validated
from core.errors import ExplainerError
from core.models.schedulers.table import SCHEDULERS
from core.views.exports import open_picture, png_with_settings, webp_animation

PICTURE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)

plain = [(name, ()) for name, info in SCHEDULERS.items() if not info.distilled_only]
settled = [("ddim", (("eta", 0.5),)), ("euler", (("use_karras_sigmas", True),))]

requests = st.builds(
    lambda pair, **fields: Request(scheduler=pair[0], params=pair[1], **fields),
    st.sampled_from(plain + settled),
    prompt=st.text(max_size=80),
    negative=st.text(max_size=40),
    seed=st.integers(0, MAX_SEED),
    steps=st.integers(1, 50),
    guidance=st.floats(0, 30, allow_nan=False),
    height=st.sampled_from([None, 64, 128]),
)


def png_with(name: str, text: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text(name, text)
    written = io.BytesIO()
    Image.fromarray(PICTURE).save(written, "PNG", pnginfo=chunks)
    return written.getvalue()


@settings(deadline=None, max_examples=60)
@given(requests)
def test_settings_come_back_as_they_went_in(request: Request) -> None:
    request = validated(request)
    assert open_picture(png_with_settings(PICTURE, request)).request == request


@pytest.mark.parametrize(
    "prompt", ["", "日本の林檎 🍎", "<b>&amp;</b>", "a\nSteps: 3, Seed: 9", "x\0y"]
)
def test_awkward_prompts_come_back(prompt: str) -> None:
    request = validated(Request(prompt=prompt, negative="Negative prompt: no"))
    assert open_picture(png_with_settings(PICTURE, request)).request == request


def test_pixels_are_kept_exactly() -> None:
    with Image.open(io.BytesIO(png_with_settings(PICTURE, Request()))) as picture:
        assert (np.asarray(picture) == PICTURE).all()


def test_other_programs_find_the_settings_in_their_own_words() -> None:
    request = Request(prompt="a red apple", negative="a worm", seed=7, scheduler="dpmpp-2m")
    with Image.open(io.BytesIO(png_with_settings(PICTURE, request))) as picture:
        assert picture.info["parameters"] == (
            "a red apple\nNegative prompt: a worm\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 5, "
            "Seed: 7, Size: 24x16, Model: emoji128"
        )


@pytest.mark.parametrize(
    ("theirs", "ours"), [("", 0), (", Clip skip: 1", 0), (", Clip skip: 2", 1)]
)
def test_clip_skip_counts_from_one_in_other_programs(theirs: str, ours: int) -> None:
    told = f"a lion\nSteps: 20, Seed: 7{theirs}"
    assert open_picture(png_with("parameters", told)).request.clip_skip == ours
    request = Request(prompt="a lion", clip_skip=ours)
    with Image.open(io.BytesIO(png_with_settings(PICTURE, request))) as picture:
        assert picture.info["parameters"].endswith(", Clip skip: 2") is (ours == 1)


def test_settings_of_another_program_are_read_as_far_as_they_mean_something_here() -> None:
    theirs = (
        "a red apple, (shiny:1.2)\non a table\nNegative prompt: a worm\nSteps: 12, Sampler: "
        "Euler a, Schedule type: Karras, CFG scale: 7.5, Seed: 42, Size: 512x512, Model: x"
    )
    assert open_picture(png_with("parameters", theirs)).request == Request(
        prompt="a red apple, (shiny:1.2) on a table", negative="a worm", steps=12, guidance=7.5,
        seed=42, scheduler="euler-a",
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"\x89PNG\r\n\x1a\n",
        b"<html></html>",
        png_with_settings(PICTURE, Request())[:200],
        png_with("Comment", "hello"),
        png_with("parameters", "hello"),
        png_with("parameters", "a\nSteps: many"),
        png_with("glassbox", "{"),
        png_with("glassbox", "[" * 100_000),
        png_with("glassbox", json.dumps({"prompt": 3})),
        png_with("glassbox", json.dumps({"steps": float("nan")})),
        png_with("glassbox", json.dumps({"model": "../../etc"})),
        png_with("glassbox", json.dumps({"secret": 1})),
        png_with("glassbox", '{"params": [["steps_offset", ' + "9" * 401 + "]]}"),
    ],
)
def test_what_holds_no_settings_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ExplainerError) as caught:
        open_picture(data)
    assert caught.value.what.endswith(".")
    assert caught.value.fix


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_pictures_without_settings_are_refused(kind: str) -> None:
    written = io.BytesIO()
    Image.fromarray(PICTURE).save(written, kind)
    with pytest.raises(ExplainerError, match="PNG"):
        open_picture(written.getvalue())


def with_text_behind(data: bytes) -> bytes:
    """Move the texts of a PNG behind its pixels, as some image programs do."""
    place, chunks = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append(data[place : place + 12 + length])
        place += 12 + length
    texts = [chunk for chunk in chunks if chunk[4:8] in (b"tEXt", b"iTXt", b"zTXt")]
    assert texts
    return data[:8] + b"".join(
        [chunk for chunk in chunks[:-1] if chunk not in texts] + texts + chunks[-1:]
    )


@pytest.mark.parametrize("prompt", ["a green apple", "日本の林檎", "a " * 4000])
def test_texts_may_stand_behind_the_pixels(prompt: str) -> None:
    request = validated(Request(prompt=prompt, scheduler="euler", steps=9, seed=7))
    saved = png_with_settings(PICTURE, request)
    assert open_picture(with_text_behind(saved)).request == request
    told = with_text_behind(png_with("parameters", f"{prompt}\nSteps: 12, Sampler: Euler"))
    assert open_picture(told).request.steps == 12


def test_a_packed_text_and_a_cut_picture_are_read_as_well() -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", "two dogs\nSteps: 12, Sampler: Euler", zip=True)
    written = io.BytesIO()
    Image.fromarray(PICTURE).save(written, "PNG", pnginfo=chunks)
    assert open_picture(written.getvalue()).request.prompt == "two dogs"
    cut = written.getvalue()[: written.getvalue().index(b"IDAT") + 10]
    assert open_picture(cut).request.prompt == "two dogs"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize("code", ["utf-16-be", "utf-16-le", "utf-8"])
def test_settings_in_the_comment_of_exif(kind: str, code: str) -> None:
    exif = Image.Exif()
    mark = b"UNICODE\0" if code.startswith("utf-16") else b"ASCII\0\0\0"
    told = mark + "two dogs, 二\nSteps: 12, Sampler: Euler a, Seed: 42".encode(code)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = told
    written = io.BytesIO()
    Image.fromarray(PICTURE).save(written, kind, exif=exif.tobytes())
    assert open_picture(written.getvalue()).request == Request(
        prompt="two dogs, 二", steps=12, scheduler="euler-a", seed=42
    )


@pytest.mark.parametrize(
    "told",
    [
        b"ASCII\0\0\0" + b"two d\xf6gs\nSteps: 12, Seed: 42\0\0",
        b"UNICODE\0" + "two dögs\nSteps: 12, Seed: 42".encode(),
        b"UNICODE\0" + "two dögs\nSteps: 12, Seed: 42\0".encode("utf-16-be"),
        b"JIS\0\0\0\0\0" + "two dögs\nSteps: 12, Seed: 42".encode(),
        "two dögs\nSteps: 12, Seed: 42".encode(),
    ],
)
def test_comments_that_are_not_as_they_say(told: bytes) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = told
    written = io.BytesIO()
    Image.fromarray(PICTURE).save(written, "JPEG", exif=exif.tobytes())
    assert open_picture(written.getvalue()).request == Request(prompt="two dögs", steps=12, seed=42)


def test_plain_texts_in_utf_8_and_texts_with_a_byte_order_mark() -> None:
    words = "日本 café\nSteps: 12, Seed: 42"
    for name, text in (
        ("parameters", words.encode().decode("latin-1")),  # what the bytes of UTF-8 look like
        ("parameters", "\ufeff" + words),
        ("invokeai_metadata", "\ufeff" + json.dumps({"positive_prompt": "日本 café", "steps": 12,
                                                     "seed": 42, "scheduler": "euler"})),
    ):  # fmt: skip
        found = open_picture(png_with(name, text)).request
        assert (found.prompt, found.steps, found.seed) == ("日本 café", 12, 42)
    assert (
        open_picture(png_with("parameters", "café, Ã\nSteps: 1, Seed: 4")).request.prompt
        == "café, Ã"
    )


def test_huge_picture_is_refused_before_it_is_decoded() -> None:
    written = io.BytesIO()
    Image.new("1", (6000, 6000)).save(written, "PNG")
    with pytest.raises(ExplainerError, match="large"):
        open_picture(written.getvalue())


def test_animation_plays_every_frame_for_ever() -> None:
    frames = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (0, 90, 180, 255)])
    with Image.open(io.BytesIO(webp_animation(frames, 100, 900))) as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        shades, times = [], []
        for index in range(4):
            film.seek(index)
            shades.append(int(np.asarray(film.convert("RGB")).mean()))
            times.append(film.info["duration"])
    assert shades == pytest.approx([0, 90, 180, 255], abs=4)
    assert times == [100, 100, 100, 900]


def test_animation_of_one_frame_and_of_none() -> None:
    with Image.open(io.BytesIO(webp_animation(PICTURE[None]))) as film:
        assert film.size == (24, 16)
    with pytest.raises(ValueError, match="0 frames"):
        webp_animation(np.zeros((0, 4, 4, 3), np.uint8))
