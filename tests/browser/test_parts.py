"""What several components are made with."""

from playwright.sync_api import Page

from core.ui.component import SHARED

WATCH = """() => {
    const square = document.body.appendChild(document.createElement("div"));
    square.style = "position: fixed; inset: 0; width: 100px; height: 100px";
    square.addEventListener("pointerdown", (event) => (window.pointer = event.pointerId));
    window.told = [];
    drag(square, {
        begin: (across) => across < 0.5,
        move: (across) => told.push(across),
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
    assert page.evaluate("told") == [0.1, 2, "end", 0.2, 2, "end"]


KEYS = """() => {
    const field = document.body.appendChild(document.createElement("input"));
    window.told = [];
    keys(field, (across, down) => (down ? false : void told.push(across)), {
        Enter: () => void told.push("enter"),
    });
    document.addEventListener("keydown", (event) => told.push(event.defaultPrevented));
    field.focus();
}"""


def test_keys_that_nobody_takes_are_left_to_the_browser(page: Page) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    page.add_script_tag(content=(SHARED / "parts.js").read_text("utf-8"))
    page.evaluate(KEYS)
    for key in ("ArrowLeft", "ArrowDown", "Enter", "a", "Control+ArrowLeft"):
        page.keyboard.press(key)
    # Control itself is a key as well
    assert page.evaluate("told") == [-1, True, False, "enter", True, False, False, False]


TAKE = """async (turns) => {
    const told = [];
    const given = Object.fromEntries(turns.map((turn) => [turn, {}]));
    class Late extends View {
        load(data) { return new Promise((done) => (data.done = done)); }
        show(before, loaded) { told.push(loaded); }
    }
    const root = document.body.appendChild(document.createElement("section"));
    const view = new Late(root);
    for (const turn of Object.keys(given).sort()) view.receive(given[turn]);
    for (const turn of turns) given[turn].done(turn);
    await new Promise((done) => setTimeout(done));
    return told;
}"""


def test_what_is_loaded_late_is_left_out_where_newer_data_came(page: Page) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    for name in ("parts.js", "view.js"):
        page.add_script_tag(content=(SHARED / name).read_text("utf-8"))
    assert page.evaluate(TAKE, ["1", "2"]) == ["2"]
    assert page.evaluate(TAKE, ["2", "1"]) == ["2"]
