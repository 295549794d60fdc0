"""The report and the other files of a run, read back by public tools."""

import csv
import dataclasses
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.lessons.generation.contact_sheet_data import contact_sheet
from core.lessons.generation.recipe_data import KIND, LARGEST, read_recipe, recipe_json
from core.lessons.generation.report_charts_data import Line, line_chart
from core.lessons.generation.report_data import report_html
from core.views.exports import gif_animation, open_picture, png_with_settings
from core.views.run import Run, quick_frames
from core.views.steps import step_rows
from core.views.strips import exact_sheet, frames_in, photo_sheet
from core.views.tables import csv_of
from core.views.versions import versions

HOSTILE = "<script>alert(1)</script><img src=http://example.com/x> & \"quoted\" 'too'"


class Page(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag  # every element is closed where it was opened

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def hostile(run: Run) -> Run:
    asked = dataclasses.replace(run.request, prompt=HOSTILE, negative=HOSTILE)
    return dataclasses.replace(run, request=validated(asked))


def test_report_is_whole_and_holds_everything(run: Run) -> None:
    page = Page(report_html(run, quick_frames(run)))
    assert page.open == []
    names = [tag for tag, _ in page.tags]
    assert names.count("img") == 1 + 2 * 4
    assert names.count("svg") == 4
    for word in ("a red apple", "DDIM", "w = 5", "t = 951", "finished", "0" * 64, "Ho & Salimans"):
        assert word in page.words
    for row in step_rows(run):
        assert str(row["sigma"]) in page.words


def test_time_is_not_told_as_if_the_run_had_been_alone(run: Run) -> None:
    frames = quick_frames(run)
    assert "in 0.50\xa0s; other work included" in report_html(run, frames)


def test_report_asks_for_nothing_and_runs_nothing(hostile: Run) -> None:
    page = Page(report_html(hostile, quick_frames(hostile)))
    assert HOSTILE in page.words
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "data", "action"):
                assert tag == "img"
                assert str(value).startswith("data:image/")
    policies = [
        attributes["content"] for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_settings_that_are_rarely_used_stand_in_the_table_where_they_are(run: Run) -> None:
    def told(**changes: int) -> dict[str, str]:
        request = dataclasses.replace(run.request, **changes)
        page = report_html(dataclasses.replace(run, request=request), quick_frames(run))
        table = page.split("<table>")[1].split("</table>")[0]
        return dict(re.findall("<th scope='row'>(.*?)</th><td>(.*?)</td>", table))

    plain = told()
    assert told(clip_skip=2).items() - plain.items() == {("Text layers left out (clip skip)", "2")}
    assert told(padding_mask=True).items() - plain.items() == {("Padding mask", "passed on")}


@pytest.mark.parametrize("prompt", ["", "a\0b\fc", "日本の林檎 🍎", "a\u202eb", "]]>--></style>"])
def test_report_takes_awkward_words(run: Run, prompt: str) -> None:
    request = dataclasses.replace(run.request, prompt=prompt, blend="x <b>", share=0.5)
    told = report_html(dataclasses.replace(run, request=request), quick_frames(run))
    assert "\0" not in told
    page = Page(told)
    assert page.open == []
    assert (prompt or "no words").translate({0: "\ufffd", 12: "\ufffd"}) in page.words


def test_report_of_a_run_without_guidance(run: Run) -> None:
    request = dataclasses.replace(run.request, guidance=1.0)
    alone = dataclasses.replace(run, request=request, eps_uncond=None)
    page = Page(report_html(alone, quick_frames(alone)))
    assert "There was none" in page.words
    assert [tag for tag, _ in page.tags].count("svg") == 3


def test_chart_has_its_names_and_leaves_gaps() -> None:
    chart = line_chart("A <b>", "size", "calls", [Line("x & y", "noise", np.array([1, np.nan, 3]))])
    page = Page(chart)
    assert "A <b>" in page.words
    assert "x & y" in page.words
    way = next(a["d"] for _, a in page.tags if a.get("class") == "line")
    assert str(way).count("M") == 2
    with pytest.raises(ValueError, match="finite"):
        line_chart("", "", "", [Line("", "noise", np.array([np.nan]))])


def test_recipe_brings_the_request_back(hostile: Run) -> None:
    written = recipe_json(hostile.request, hostile.fingerprint)
    told = json.loads(written)
    assert told["versions"]["torch"] == versions()["torch"]
    assert told["request"]["prompt"] == HOSTILE
    found = read_recipe(written.encode())
    assert found.request == hostile.request
    assert found.fingerprint == "0" * 64


def recipe(**changes: object) -> bytes:
    told = {"kind": KIND, "format": 1, "request": {"prompt": "a cat"}, **changes}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"null",
        b"{}",
        b" " * (LARGEST + 1),
        recipe(kind="another"),
        recipe(format=2),
        recipe(format=None),
        recipe(request=None),
        recipe(request=[1]),
        recipe(request={"prompt": 3}),
        recipe(request={"secret": 1}),
        recipe(request={"__class__": "os.system"}),
        recipe(request={"steps": 10**9}),
        recipe(request={"seed": True}),
        recipe(request={"guidance": "nan"}),
        b'{"kind": "glassbox recipe", "format": 1, "request": {"guidance": NaN}}',
        b'{"kind": "glassbox recipe", "format": 1, "request": {"steps": ' + b"9" * 9999 + b"}}",
        recipe(request={"model": "../../etc/passwd"}),
        recipe(request={"prompt": "a" * 30_000}),
        recipe(request={"params": [["eta", "x"]]}),
    ],
)
def test_hostile_recipe_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ExplainerError) as caught:
        read_recipe(data)
    assert caught.value.what.endswith(".")
    assert caught.value.fix


def test_recipe_of_a_person_needs_no_more_than_its_words() -> None:
    found = read_recipe(recipe(weights_sha256=["odd"], note="ignored"))
    assert found.request == Request(prompt="a cat")
    assert found.fingerprint == ""


def test_contact_sheet_shows_every_step_and_restores_the_run(run: Run) -> None:
    frames = quick_frames(run)
    sheet = contact_sheet(run, frames)
    assert sheet.dtype == np.uint8
    height, width = run.picture.shape[:2]
    data = png_with_settings(sheet, run.request, (height, width))
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (sheet.shape[1], sheet.shape[0])
        assert f"Size: {width}x{height}," in picture.info["parameters"]
    assert open_picture(data).request == run.request
    more = dataclasses.replace(
        frames, places=(0, 3), given=frames.given[:2], guess=frames.guess[:2]
    )
    assert contact_sheet(run, more).shape[1] < sheet.shape[1]


def test_gif_plays_every_frame_for_ever(run: Run) -> None:
    frames = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (0, 90, 180, 255)])
    with Image.open(io.BytesIO(gif_animation(frames, 100, 900))) as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        shades, times = [], []
        for index in range(4):
            film.seek(index)
            shades.append(int(np.asarray(film.convert("RGB")).mean()))
            times.append(film.info["duration"])
    assert shades == pytest.approx([0, 90, 180, 255], abs=2)
    assert times == [100, 100, 100, 900]
    with pytest.raises(ValueError, match="0 frames"):
        gif_animation(frames[:0])


def test_csv_is_read_back_by_pythons_own_reader(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_of(step_rows(run)))))
    assert [float(row["timestep t"]) for row in rows] == [951, 501, 1]


def test_frames_come_out_of_a_sheet_as_they_went_in() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, 6, 8, 3), np.uint8)
    assert (frames_in(exact_sheet(frames).as_json()) == frames).all()
    smooth = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (10, 100, 200)])
    found = frames_in(photo_sheet(smooth).as_json())
    assert np.abs(found.astype(int) - smooth).max() < 6
