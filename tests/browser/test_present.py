"""Data that reaches a component in the wrong order: what is shown must be the newest."""

import pytest
from playwright.sync_api import Page

from core.ui.component import SHARED

CALL = """(turns) => {
    const told = [];
    class View {
        open() { told.push("open"); }
        async receive(data) { told.push(data); }
        close() { told.push("close"); }
    }
    const parent = document.createElement("div");
    parent.innerHTML = "<section class='view'></section>";
    const given = (turn) => ({ parentElement: parent, data: [`data ${turn}`, turn] });
    const ends = turns.map((turn) => present(given(turn), ".view", View));
    ends.forEach((end) => end());
    return told.filter((word) => word !== "open");
}"""


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        ([1, 2], ["data 1", "data 2", "close"]),
        ([2, 1], ["data 2", "close"]),
        ([1, 3, 2], ["data 1", "data 3", "close"]),
        ([1, 1], ["data 1", "data 1", "close"]),
    ],
    ids=str,
)
def test_newest_data_stays_and_is_closed_once(
    page: Page, turns: list[int], told: list[str]
) -> None:
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    for name in ("linked.js", "present.js"):
        page.add_script_tag(content=(SHARED / name).read_text("utf-8"))
    assert page.evaluate(CALL, turns) == told
