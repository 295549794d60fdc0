"""The tokens page in a real browser: typing, clicking a word, and text that stays text."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

HTML = '<img src=x onerror="window.hacked=1"> **bold** ![i](http://example.org/t.png) :red[r]'
NewPage = Callable[..., Page]


def words(page: Page) -> list[str]:
    return page.locator(".pieces .word").evaluate_all(
        "all => all.map(word => Array.from(word.querySelectorAll('.text'), "
        "text => text.textContent).join(''))"
    )


def wait_for(page: Page, *expected: str) -> None:
    expect(page.locator(".pieces .word")).to_have_count(len(expected))
    assert words(page) == list(expected)


def test_typing_redraws_without_enter(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens")
    wait_for(page, "a", "red", "apple")
    field = page.get_by_label("Your words")
    field.press("End")
    field.press_sequentially(" unbelievableness", delay=30)
    expect(page.locator(".pieces .word")).to_have_count(4)
    expect(page.locator(".pieces .word").last.locator(".piece")).to_have_count(3)
    expect(page.locator(".pieces .word").last.locator(".id")).to_have_text(
        ["11383", "596", "36551"]
    )
    expect(page.locator(".pieces .count")).to_have_text(re.compile("^6 of 75 places"))
    expect(page).to_have_url(re.compile("prompt=a\\+red\\+apple\\+unbelievableness"))


def test_a_clicked_word_shows_its_merges_and_costs_the_server_nothing(
    page: Page, server: str
) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/tokens?prompt=a+red+unbelievableness")
    wait_for(page, "a", "red", "unbelievableness")
    expect(page.locator(".merging li")).to_have_count(14)
    page.wait_for_timeout(1000)
    sent.clear()
    page.locator(".pieces .word").nth(1).click()
    expect(page.locator(".merging h2")).to_have_text("How red becomes 1 piece")
    expect(page.locator(".merging li").last).to_have_text(re.compile("^red</w>pair [0-9,]+$"))
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_cut_words_are_greyed_where_they_stand(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens?prompt={'cat+' * 76}dog")
    expect(page.locator(".pieces .word")).to_have_count(77)
    expect(page.locator(".pieces .piece.cut")).to_have_count(2)
    expect(page.locator(".pieces .piece.cut .text")).to_have_text(["cat", "dog"])
    expect(page.locator(".pieces .count")).to_have_text(re.compile("the last 2 are cut off"))


def test_long_prompt_is_shown_to_its_cut_and_beyond(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens?prompt={'unbelievableness+' * 30}")
    expect(page.locator(".pieces .word")).to_have_count(30)
    line = page.locator(".pieces .line")
    assert line.evaluate("line => line.scrollHeight <= line.clientHeight + 1")
    edge, last = (
        page.locator(name).bounding_box() for name in (".pieces .line", ".piece.cut >> nth=-1")
    )
    assert edge is not None
    assert last is not None
    assert last["y"] + last["height"] <= edge["y"] + edge["height"] + 1


def test_markers_are_whole_and_no_words_explain_nothing(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens")
    wait_for(page, "a", "red", "apple")
    marker = page.locator(".pieces .marker .text", has_text="padding × 72")
    assert marker.evaluate("text => text.scrollHeight <= text.clientHeight")
    expect(page.locator(".pieces .how")).to_contain_text("Each row glues neighbours")
    page.get_by_label("Your words").fill("")
    expect(page.locator(".pieces .word")).to_have_count(0)
    expect(page.locator(".pieces .how")).to_have_text("")


def test_strip_is_read_cell_by_cell(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens?look=All+positions")
    strip = page.locator(".positions .strip")
    expect(strip.locator(".cell")).to_have_count(77)
    page.wait_for_timeout(1500)
    strip.focus()
    said = page.locator(".positions .said")
    for key, says in (("ArrowRight", "Position 0: <|startoftext|>, id 49406, start."),
                      ("ArrowRight", "Position 1: a</w>, id 320, your words."),
                      ("End", "Position 76: <|endoftext|>, id 49407, padding."),
                      ("Home", "Position 0: ")):  # fmt: skip
        page.keyboard.press(key)
        expect(said).to_contain_text(says)
    strip.locator(".cell").nth(4).hover()
    expect(said).to_contain_text("Position 4: <|endoftext|>, id 49407, end.")


def test_heat_map_of_words_is_read_with_names_and_a_minus_sign(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens")
    grid = page.locator(".grid", has_text="Cosine of every two")
    grid.wait_for()
    expect(grid.locator(".scale")).to_have_text(re.compile("^−1.001.00$"))
    page.wait_for_timeout(1500)
    grid.locator("canvas").focus()
    page.keyboard.press("ArrowUp")
    expect(grid.locator(".said")).to_have_text("a red apple and a red apple: cosine 1.00.")


def test_back_undoes_the_look_and_the_words(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens?look=No+words&steps=2")
    wait_for(page, "a", "red", "apple")
    page.wait_for_timeout(2000)
    page.get_by_text("All positions", exact=True).click()
    expect(page).to_have_url(re.compile("look=All"))
    page.locator(".positions").wait_for()
    page.get_by_label("Your words", exact=True).fill("two dogs")
    wait_for(page, "two", "dogs")
    expect(page).to_have_url(re.compile("prompt=two"))
    page.go_back()
    wait_for(page, "a", "red", "apple")
    expect(page).to_have_url(re.compile("look=All(?!.*prompt)"))
    page.go_back()
    expect(page.get_by_role("textbox", name="Not this")).to_be_visible()
    expect(page).to_have_url(re.compile("look=No"))


@pytest.mark.parametrize("look", ["All positions", "The mask"])
def test_typed_markup_is_text(page: Page, server: str, look: str) -> None:
    page.goto(f"{server}/tokens?steps=1")
    wait_for(page, "a", "red", "apple")
    page.get_by_label("Your words").fill(HTML + " \u202e\u200b $\\frac{1}{0}$")
    expect(page.locator(".pieces .word").first).to_contain_text("<")
    page.get_by_role("radio", name=look).or_(page.get_by_role("button", name=look)).first.click()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.hacked") is None
    assert page.locator("section.pieces img, .pieces b, .pieces .katex").count() == 0


def test_masks_are_read_cell_by_cell(page: Page, server: str) -> None:
    page.goto(f"{server}/tokens?steps=2")
    wait_for(page, "a", "red", "apple")
    page.wait_for_timeout(1500)
    deadline = time.monotonic() + 60
    applied = page.locator(".grid", has_text="Really applied")
    while not applied.count() and time.monotonic() < deadline:
        page.get_by_text("The mask", exact=True).click()
        page.wait_for_timeout(3000)
    expect(applied).to_have_count(1)
    canvas = applied.locator("canvas")
    canvas.focus()
    page.keyboard.press("ArrowDown")
    expect(applied.locator(".said")).to_have_text("Position 1 a reads 0 <start>: yes.")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(applied.locator(".said")).to_have_text("Position 1 a reads 2 red: no.")


def test_narrow_window_shows_all_of_it(new_page: NewPage, server: str) -> None:
    page = new_page(width=390, height=844)
    page.goto(f"{server}/tokens")
    wait_for(page, "a", "red", "apple")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    box = page.locator(".pieces .word").first.bounding_box()
    assert box is not None
    assert box["y"] < 844
