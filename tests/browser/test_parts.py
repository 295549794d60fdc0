"""What several components are made with."""

from playwright.sync_api import Page

from core.ui.component import SHARED

WATCH = """() => {
    const square = document.body.appendChild(document.createElement("div"));
    square.style = "position: fixed; inset: 0; width: 100px; height: 100px";
    square.addEventListener("pointerdown", (event) => (window.pointer = event.pointerId));
    window.told = [];
    drag(square, {
        begin: (event) => event.clientX < 50,
        move: (event) => told.push(event.clientX),
        end: () => told.push("end"),
    });
    window.take = () => square.releasePointerCapture(pointer);
}"""


def test_drag_ends_when_let_go_and_when_taken_away(page: Page) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    page.add_script_tag(content=(SHARED / "parts.js").read_text("utf-8"))
    page.evaluate(WATCH)
    for start, taken in ((10, False), (20, True), (60, False)):  # the last is refused
        page.mouse.move(start, 10)
        page.mouse.down()
        page.mouse.move(200, 10)  # outside, and still followed
        if taken:
            page.evaluate("take()")
            page.mouse.move(30, 10)
        page.mouse.up()
        page.mouse.move(40, 10)
    assert page.evaluate("told") == [10, 200, "end", 20, 200, "end"]
