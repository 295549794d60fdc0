"""A teacher and two pupils in one class, each in a tab of their own."""

import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

OPEN = (sys.executable, "-m", "core", "class", "--address", "127.0.0.1", "--port")
STEPS = 4  # set for everybody


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def opened(serve: Callable[..., AbstractContextManager[str]], cache: Path) -> Iterator[str]:
    """The address of a class."""
    with serve(cache, command=OPEN) as address:
        yield address


def told(cache: Path, what: str) -> str:
    """What the console says, such as the code."""
    found = re.search(rf"^{what} +(\S+)$", (cache / "server.log").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def join(page: Page, address: str, code: str) -> None:
    page.goto(f"{address}/generation?steps=3")
    page.get_by_label("Code").fill(code.lower())
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("In this class you are").wait_for()


def choose(page: Page, label: str, value: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=value, exact=True).click()


def answer(address: str, host: str) -> bytes:
    """The status of the socket that pages talk through, asked for under a name."""
    asked = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: streamlit\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), 30) as line:
        line.sendall(asked.encode())
        return line.recv(64).split()[1]


def test_a_class_answers_under_its_names_alone(opened: str) -> None:
    for host, status in (("127.0.0.1", b"101"), ("localhost", b"101"), ("evil.example", b"403")):
        assert answer(opened, host) == status


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_door_and_desk_have_no_barrier_of_our_own(
    new_page: Callable[..., Page], opened: str, cache: Path, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{opened}/tokens")
    page.get_by_label("Code").wait_for()
    look(page)
    page.goto(f"{opened}/teacher")
    page.get_by_label("Token").fill(told(cache, "Token"))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Set for everybody").wait_for()
    look(page)


def look(page: Page) -> None:
    """Look for barriers, and for what sticks out of a phone."""
    page.locator("[data-test-script-state=notRunning]").first.wait_for(state="attached")
    found = Axe().run(page, context={"exclude": [["[data-testid=stSidebarNav]"]]}).response
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    assert [(one["id"], [node["target"] for node in one["nodes"]])
            for one in found["violations"]] == []  # fmt: skip
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("innerWidth === 390")
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_class(new_page: Callable[..., Page], opened: str, cache: Path) -> None:
    teacher, ann, ben = new_page(), new_page(), new_page()

    # The door: a code for pupils, a token for the teacher; neither does for the other.
    ann.goto(f"{opened}/generation?steps=3")
    ann.get_by_label("Code").fill("WRONG2")
    ann.get_by_role("button", name="Go on").click()
    ann.get_by_text("This code is wrong.").wait_for()
    assert ann.locator("section.film, [data-testid=stSidebarNav]").count() == 0
    ann.wait_for_timeout(1100)
    join(ann, opened, told(cache, "Code"))
    ben.goto(f"{opened}/?join={told(cache, 'Code')}")
    ben.get_by_text("In this class you are").wait_for()

    teacher.goto(f"{opened}/teacher")
    teacher.get_by_label("Token").fill(told(cache, "Code"))
    teacher.get_by_role("button", name="Go on").click()
    teacher.get_by_text("This token is wrong.").wait_for()
    teacher.wait_for_timeout(1100)
    teacher.get_by_label("Token").fill(told(cache, "Token"))
    teacher.get_by_role("button", name="Go on").click()
    teacher.get_by_role("heading", name="Your class").wait_for()
    assert told(cache, "Token").replace("-", "") not in teacher.url
    expect(teacher.get_by_test_id("stMetric").first).to_contain_text("2")

    # What is set is followed, without a touch of the pupil's.
    ann.locator("section.film").wait_for()
    choose(teacher, "Steps", str(STEPS))
    teacher.get_by_text("Lock: pupils cannot change").click()
    teacher.get_by_role("button", name="Attention").click()  # closes it
    teacher.get_by_role("button", name="Set for everybody").click()
    expect(ann).to_have_url(re.compile(f"steps={STEPS}"))
    expect(ben).to_have_url(re.compile(f"steps={STEPS}"))
    ann.goto(f"{opened}/generation?steps=9&join={told(cache, 'Code')}")  # a link changes nothing
    expect(ann).to_have_url(re.compile(f"steps={STEPS}"))
    ben.get_by_test_id("stSidebarNav").get_by_role("link", name="Attention").click()
    ben.get_by_role("heading", name="This page is closed for now").wait_for()

    # The board: only what its pupil shows, and nothing that was hidden.
    ann.locator("section.film").wait_for()
    board = teacher.get_by_role("button", name="Hide")
    teacher.wait_for_timeout(4000)
    assert board.count() == 0
    ann.get_by_text("Show my pictures").click()
    expect(board).to_have_count(1)
    teacher.get_by_text("a red apple").wait_for()
    board.click()
    expect(board).to_have_count(0)
    words = ann.get_by_label("Your words")
    words.fill("a **blue** <b>ball</b>")
    words.press("Enter")
    teacher.get_by_text("a **blue** <b>ball</b>").wait_for()

    # Everybody look here: offered, not forced.
    teacher.get_by_test_id("stSidebarNav").get_by_role("link", name="Schedulers").click()
    teacher.locator("section.schedulers").wait_for()
    teacher.get_by_role("button", name="Everybody look here").click()
    ann.get_by_role("button", name="Not now").click()
    expect(ann.get_by_role("button", name="Go there")).to_have_count(0)
    ben.get_by_role("button", name="Go there").click()
    ben.locator("section.schedulers").wait_for()
    assert "/generation" in ann.url

    # Clear.
    teacher.get_by_test_id("stSidebarNav").get_by_role("link", name="Your class").click()
    teacher.get_by_role("button", name="Clear everything").click()
    expect(board).to_have_count(0)
    ben.get_by_test_id("stSidebarNav").get_by_role("link", name="Attention").click()
    ben.locator("section.attention").wait_for()
    assert told(cache, "Token") not in teacher.content() + ann.content() + teacher.url
