"""The training page in a browser: curves read by hand and by key, points drawn and trained on."""

import contextlib
import re
from collections.abc import Callable, Iterator

import psutil
from playwright.sync_api import Page, expect

HERO = "section.training"
POINTS = "section.points"
POINTS_WORKER = "core.labs.points_worker"
IDLE = "[data-test-script-state=notRunning]"


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(f"{HERO}[data-shown]").wait_for()
    page.locator(IDLE).wait_for(state="attached")


@contextlib.contextmanager
def held(module: str) -> Iterator[None]:
    """Have the trainings of the servers that this process runs come no further in the block."""
    mine = set(psutil.Process().children(recursive=True))
    running = psutil.process_iter(["cmdline"])
    workers = [one for one in running if one in mine and module in (one.info["cmdline"] or ())]
    assert workers
    for worker in workers:
        worker.suspend()
    yield
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):  # it was ended
            worker.resume()


def test_stage_number_scale_and_step_are_chosen_without_the_server(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page()
    open_page(page, f"{server}/training")
    hero = page.locator(HERO)
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append("frame")))
    expect(hero).to_have_attribute("data-shown", "unet loss")
    turns = hero.locator(".turns li")
    expect(turns.first).to_contain_text(re.compile(r"^From step [\d,]+ on: "))
    hero.get_by_role("button", name="Autoencoder").click()
    expect(hero).to_have_attribute("data-shown", "vae loss")
    expect(turns).to_have_count(0)
    hero.get_by_role("button", name="PSNR").click()
    expect(hero).to_have_attribute("data-shown", "vae psnr")
    expect(hero).to_have_attribute("data-scale", "log")
    hero.get_by_text("log scale", exact=True).click()
    expect(hero).to_have_attribute("data-scale", "linear")
    last = hero.get_attribute("data-step")
    hero.locator(".cursor").press("ArrowLeft")
    expect(hero).not_to_have_attribute("data-step", last or "")
    canvas = hero.locator(".chart canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    early = int(hero.get_attribute("data-step") or 0)
    assert 0 < early < int(last or 0) / 2
    expect(hero.locator(".at")).to_contain_text(f"{early:,}")
    assert "PSNR" in (canvas.get_attribute("aria-label") or "")
    assert not sent


def test_own_points_are_drawn_trained_on_stopped_and_gone_on_with(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page()
    open_page(page, f"{server}/training?learns=noise")
    page.get_by_text("draw your own", exact=True).click()
    lab = page.locator(POINTS)
    page.locator(f"{POINTS}.editable").wait_for()
    plane = lab.locator(".left .plane")
    plane.scroll_into_view_if_needed()
    for pen, height in (("Draw blue", 0.35), ("Draw orange", 0.7)):
        lab.get_by_role("button", name=pen).click()
        box = plane.bounding_box()
        assert box is not None
        x, y = box["x"], box["y"] + height * box["height"]
        page.mouse.move(x + 0.2 * box["width"], y)
        page.mouse.down()
        page.mouse.move(x + 0.8 * box["width"], y, steps=30)
        page.mouse.up()
        page.locator(IDLE).wait_for(state="attached")
    before = int(lab.get_attribute("data-drawn") or 0)
    assert before > 20
    plane.press("ArrowUp")
    plane.press("Enter")
    expect(lab).to_have_attribute("data-drawn", str(before + 1))
    page.locator(IDLE).wait_for(state="attached")
    page.locator(".st-key-points_train button").click()
    expect(lab).to_have_attribute("data-going", "true")
    expect(lab).to_have_attribute("data-step", re.compile(r"^[1-9]\d*$"))
    with held(POINTS_WORKER):  # else it may be done before it is stopped
        page.locator(".st-key-points_stop button").click()
        go_on = page.locator(".st-key-points_train button", has_text="Go on")
        go_on.wait_for()
    go_on.click()
    expect(lab).to_have_attribute("data-step", "4000")
    paths = page.locator("section.paths")
    expect(paths).to_have_attribute("data-steps", "10")
    paths.locator(".walk input").press("Home")
    expect(paths).to_have_attribute("data-place", "0")
    lab.locator(".walk input").press("End")
    expect(lab.locator(".where")).to_contain_text("t = 999")


def test_noise_flows_before_anything_is_learned_and_a_point_is_marked_by_hand_and_by_key(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page()
    open_page(page, f"{server}/training")
    film = page.locator("section.paths")
    film.scroll_into_view_if_needed()
    assert film.locator("canvas").count() == 3
    expect(film).to_have_attribute("data-place", "160")  # it has played by itself, or stands
    film.locator(".play").click()
    expect(film.locator(".play")).to_have_text("Pause")
    expect(film.locator(".play")).to_have_text("Play")  # it has come to its end
    film.locator(".walk input").press("Home")
    expect(film.locator(".at")).to_have_text("s = 1.00")
    film.locator(".one input").press("ArrowRight")
    expect(film).to_have_attribute("data-marked", "2")
    expect(page).to_have_url(re.compile(r"marked=2"))
    pane = film.locator("canvas").nth(1).bounding_box()
    assert pane is not None
    page.mouse.click(pane["x"] + 0.8 * pane["width"], pane["y"] + 0.2 * pane["height"])
    expect(film).not_to_have_attribute("data-marked", "2")
    page.reload()
    page.locator("section.paths canvas").first.wait_for()
    expect(film.locator(".at")).to_have_text("s = 1.00")  # a link shows what was seen
    expect(film).not_to_have_attribute("data-marked", "1")


def test_word_begins_to_be_taught_and_can_be_stopped(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page()
    open_page(page, f"{server}/training?look=Teach+it+a+word&picture=octopus")
    word = page.locator("section.word")
    page.locator(".st-key-word_train button").click()
    expect(word).to_have_attribute("data-step", "0")  # what it draws before
    assert word.locator(".panes canvas").count() == 3
    page.locator(".st-key-word_stop button").click()
    expect(word).to_have_attribute("data-going", "false")
