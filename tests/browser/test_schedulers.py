"""The overlay in a real browser: curves are chosen, read and taken away without the server."""

import csv
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.ideas.flow import flow_time
from core.ideas.noise_levels import alpha_bar_from_sigma
from core.models.catalog import builtin_folder
from core.models.folders import read_json
from core.models.schedulers.plans import plan_run, schedule_levels
from core.models.schedulers.table import SCHEDULERS

CHART = "section.schedulers"
CONFIG = read_json(builtin_folder() / "scheduler" / "scheduler_config.json")


def open_page(page: Page, address: str) -> list[object]:
    """Open the page and let it come to rest; returns the frames sent from then on."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{address}/schedulers?steps=20")
    page.locator(f"{CHART}[data-drawn='3'][data-pictures='3']").wait_for()
    page.wait_for_timeout(2000)
    sent.clear()
    return sent


def value_of(page: Page, name: str) -> str:
    return page.locator(f"{CHART} .values [data-id='{name}'] b").inner_text()


def test_curves_are_chosen_and_read_without_the_server(page: Page, server: str) -> None:
    sent = open_page(page, server)
    chart = page.locator(CHART)
    expect(chart).to_have_attribute("data-named", re.compile("[23]"))  # where they run
    for name in ("ddim", "euler-a"):
        plan = plan_run(SCHEDULERS[name], CONFIG, {}, 20)
        sigma = plan.sigmas[np.flatnonzero(plan.steps == 10)[0]]
        power = 100 * sigma**2 / (1 + sigma**2)
        assert value_of(page, name) == f"{power:.0f} %"
    named = chart.locator(".values span:not(.swatch)").all_inner_texts()
    assert all(map(str.startswith, chart.locator(".card b").all_inner_texts(), named))
    expect(chart.locator(".read .at")).to_have_text("After 10 of 20 steps")
    expect(chart.locator(".list")).to_be_hidden()
    chart.get_by_role("button", name="More schedulers").click()
    for name in ("unipc", "dpmpp-2m"):
        chart.locator(f".row[data-id='{name}']").click()
    expect(chart).to_have_attribute("data-drawn", "5")
    expect(chart.locator(".same")).to_contain_text("DPM++ 2M = UniPC")
    chart.get_by_role("radio", name="log σ").check()
    plan = plan_run(SCHEDULERS["unipc"], CONFIG, {}, 20)
    shown = value_of(page, "unipc").removeprefix("σ = ")
    assert float(shown) == pytest.approx(plan.sigmas[10], rel=6e-3)
    chart.get_by_role("radio", name="s", exact=True).check()
    shown = value_of(page, "unipc").removeprefix("s = ")
    wanted = flow_time(float(alpha_bar_from_sigma(plan.sigmas[10])))
    assert float(shown) == pytest.approx(wanted, abs=1e-3)
    chart.get_by_role("button", name="Only your run").click()
    expect(chart).to_have_attribute("data-drawn", "1")
    chart.get_by_role("radio", name="noise").check()
    chart.get_by_role("radio", name="t", exact=True).last.check()
    cursor = chart.locator("input.cursor")
    cursor.focus()
    cursor.press("Home")
    expect(chart.locator(".read .at")).to_have_text("At t = 999")
    cursor.press("End")
    expect(chart.locator(".read .at")).to_have_text("At t = 0")
    page.get_by_role("checkbox", name="Fixed axes").uncheck()
    expect(chart.locator(".read .at")).to_have_text("At t = 1")  # the run's own last timestep
    assert value_of(page, "ddim") == "0.2 %"
    chart.get_by_role("button", name="All", exact=True).click()
    expect(chart).to_have_attribute("data-drawn", "21")
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_curves_are_taken_away_as_they_are_shown(page: Page, server: str, tmp_path: Path) -> None:
    open_page(page, server)
    with page.expect_download() as table:
        page.locator(".st-key-csv_levels button").click()
    table.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scheduler"] == "Euler ancestral"]
    plan = plan_run(SCHEDULERS["euler-a"], CONFIG, {}, 20)
    np.testing.assert_allclose([float(row["sigma"]) for row in rows], plan.sigmas, rtol=1e-6)
    shares = flow_time(np.asarray(alpha_bar_from_sigma(plan.sigmas)))
    np.testing.assert_allclose([float(row["s"]) for row in rows], shares, atol=1e-6)
    np.testing.assert_allclose(
        [float(row["timestep t"]) for row in rows], plan.timesteps, atol=1e-3
    )
    with page.expect_download() as picture:
        page.locator(f"{CHART} .png").click()
    picture.value.save_as(tmp_path / "chart.png")
    pixels = np.asarray(Image.open(tmp_path / "chart.png").convert("RGB"))
    assert pixels.shape[1] == 2000
    blue = np.abs(pixels.astype(int) - [0x2E, 0x86, 0xC8]).sum(axis=-1) < 12  # DDIM's curve
    assert blue.sum() > 500


@pytest.mark.parametrize("size", [(1280, 800), (1024, 768)])
def test_pictures_and_curves_stand_above_the_fold_with_words_first(
    page: Page, server: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_page(page, server)
    lead = page.get_by_text("A scheduler does:").bounding_box()
    chart = page.locator(f"{CHART} .chart").bounding_box()
    assert lead is not None
    assert chart is not None
    assert lead["y"] < chart["y"]
    assert chart["y"] + chart["height"] <= size[1]
    assert chart["width"] > 450
    for card in page.locator(f"{CHART} .card canvas").all():
        box = card.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= chart["x"]
        assert box["y"] + box["height"] <= size[1]
        assert box["width"] > 60


def test_every_end_is_a_ring(page: Page, server: str) -> None:
    open_page(page, server)
    page.get_by_role("button", name="More schedulers").click()
    page.get_by_role("button", name="Only your run").click()
    page.get_by_role("radio", name="log σ").check()  # DDIM ends at some noise, not at none
    inside = page.locator(f"{CHART} .chart canvas").evaluate(
        """canvas => {
          const view = canvas.getRootNode().querySelector(".schedulers").view;
          const [x, y] = view.labels[0].path.at(-1);
          const scale = devicePixelRatio;
          return [...canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data];
        }"""
    )
    assert inside == [255, 255, 255, 255]


def test_noise_levels_are_drawn_and_always_fall(page: Page, server: str) -> None:
    page.goto(f"{server}/schedulers?steps=8&look=Your+own+noise+levels")
    drawing = page.locator("section.drawn[data-levels]")
    drawing.wait_for()
    box = drawing.locator(".chart")
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    room = box.bounding_box()
    assert room is not None

    def levels() -> list[float]:
        return [float(one) for one in (drawing.get_attribute("data-levels") or "").split(",")]

    def at(across: float, down: float) -> tuple[float, float]:
        return room["x"] + room["width"] * across, room["y"] + room["height"] * down

    before = levels()
    page.mouse.move(*at(0.3, 0.5))
    page.mouse.down()
    page.mouse.move(*at(0.6, 0.2))  # up: what was lower is pushed, what was higher stays above
    page.mouse.up()
    after = levels()
    assert after != before
    assert len(after) == len(before)
    assert all(one > other for one, other in itertools.pairwise(after))
    assert after[-1] == 0
    schedule = schedule_levels(CONFIG)
    assert schedule[0] * 0.999 <= min(after[:-1]) <= max(after) <= schedule[-1] * 1.001
    page.wait_for_url("**sigmas=**")
    dots = drawing.get_by_role("slider")
    expect(dots).to_have_count(8)
    focused = levels().index(float(drawing.locator("i:focus").get_attribute("aria-valuenow") or 0))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert levels()[focused + 1] < after[focused + 1]
    lowered = levels()
    page.wait_for_timeout(1500)
    page.reload()  # the link shows what was drawn
    drawing.wait_for()
    assert levels() == pytest.approx(lowered)


@pytest.mark.parametrize("scheduler", ["ddim", "unipc"])
def test_formula_of_a_step_is_not_cut(page: Page, server: str, scheduler: str) -> None:
    page.goto(f"{server}/schedulers?steps=3&scheduler={scheduler}&look=One+step")
    page.locator(".katex-display").nth(1).wait_for()
    page.wait_for_timeout(1000)
    room = page.locator(".katex-display").evaluate_all(
        """boxes => boxes.map(box => {
          const own = box.getBoundingClientRect();
          const tops = [...box.querySelectorAll(".katex-html *")]
            .filter(part => part.childElementCount === 0 && part.textContent.trim())
            .map(part => part.getBoundingClientRect());
          return Math.min(
            ...tops.map(top => top.top - own.top), ...tops.map(top => own.bottom - top.bottom));
        })"""
    )
    assert min(room) >= 0
