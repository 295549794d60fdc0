"""The overlay in a real browser: curves are chosen, read and taken away without the server."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.models.catalog import builtin_folder
from core.models.folders import read_json
from core.models.scheduler_plans import plan_run

CHART = "section.schedulers"
CONFIG = read_json(builtin_folder() / "scheduler" / "scheduler_config.json")


def open_page(page: Page, address: str) -> list[object]:
    """Open the page and let it come to rest; returns the frames sent from then on."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{address}/schedulers?steps=20")
    page.locator(f"{CHART}[data-drawn='4']").wait_for()
    page.wait_for_timeout(2000)
    sent.clear()
    return sent


def value_of(page: Page, name: str) -> str:
    return page.locator(f"{CHART} .row[data-id='{name}'] .value").inner_text()


def test_curves_are_chosen_and_read_without_the_server(page: Page, server: str) -> None:
    sent = open_page(page, server)
    chart = page.locator(CHART)
    for name in ("ddim", "heun", "dpmpp-2m"):
        plan = plan_run(name, CONFIG, {}, 20)
        sigma = plan.sigmas[np.flatnonzero(plan.steps == 10)[0]]
        assert float(value_of(page, name)) == pytest.approx(sigma, rel=6e-3)
    chart.locator(".row[data-id='unipc']").click()
    expect(chart).to_have_attribute("data-drawn", "5")
    expect(chart.locator(".same")).to_contain_text("DPM++ 2M = UniPC")
    chart.get_by_role("button", name="Only your run").click()
    expect(chart).to_have_attribute("data-drawn", "1")
    page.get_by_role("radio", name="ᾱ").check()
    page.get_by_role("radio", name="t", exact=True).last.check()
    cursor = chart.locator("input.cursor")
    cursor.focus()
    cursor.press("Home")
    expect(chart.locator(".head .at")).to_have_text("at t = 999")
    cursor.press("End")
    expect(chart.locator(".head .at")).to_have_text("at t = 0")
    page.get_by_role("checkbox", name="Fixed axes").uncheck()
    expect(chart.locator(".head .at")).to_have_text("at t = 1")  # the run's own last timestep
    expect(chart.locator(".row[data-id='ddim'] .value")).to_have_text("0.998")
    chart.get_by_role("button", name="All", exact=True).click()
    expect(chart).to_have_attribute("data-drawn", "21")
    page.wait_for_timeout(300)
    assert not sent


def test_curves_are_taken_away_as_they_are_shown(page: Page, server: str, tmp_path: Path) -> None:
    open_page(page, server)
    with page.expect_download() as table:
        page.locator(f"{CHART} .csv").click()
    table.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scheduler"] == "Heun"]
    plan = plan_run("heun", CONFIG, {}, 20)
    np.testing.assert_allclose([float(row["sigma"]) for row in rows], plan.sigmas, rtol=1e-6)
    np.testing.assert_allclose([float(row["t"]) for row in rows], plan.timesteps, atol=1e-3)
    with page.expect_download() as picture:
        page.locator(f"{CHART} .png").click()
    picture.value.save_as(tmp_path / "chart.png")
    pixels = np.asarray(Image.open(tmp_path / "chart.png").convert("RGB"))
    assert pixels.shape[1] == 2000
    green = np.abs(pixels.astype(int) - [0, 158, 115]).sum(axis=-1) < 12  # the run's own curve
    assert green.sum() > 500


def test_overlay_stands_above_the_fold_and_says_what_to_see(page: Page, server: str) -> None:
    open_page(page, server)
    box = page.locator(f"{CHART} canvas").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 800
    assert box["width"] > 450
    caption = page.get_by_text("All go down the same hill").bounding_box()
    assert caption is not None
    assert caption["y"] < 780
