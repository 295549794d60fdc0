"""On a small public host every page says so, takes no file, and nothing gets onto the disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.engine import client
from core.engine.request import Request
from core.host import VARIABLE, host
from core.ui.page import SHARED

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["Home.py", *sorted(f"pages/{file.name}" for file in (ROOT / "pages").glob("[0-9]*.py"))]
Open = Callable[..., AppTest]


@pytest.fixture
def _small_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, "1")
    host.cache_clear()
    yield
    host.cache_clear()


@pytest.mark.usefixtures("_small_host")
@pytest.mark.parametrize("file", PAGES)
def test_every_page_says_so_and_takes_no_file(open_page: Open, file: str) -> None:
    at = open_page(file, steps="2")
    assert not at.exception
    assert SHARED in [one.value for one in at.caption]
    assert not at.get("file_uploader")
    assert not any("Pictures are computed on" in one.value for one in at.text)  # the doctor


@pytest.mark.parametrize("file", ["pages/2_latents.py", "pages/6_generation.py"])
def test_ones_own_machine_takes_files_and_says_nothing(open_page: Open, file: str) -> None:
    at = open_page(file, steps="2")
    assert at.get("file_uploader")
    assert SHARED not in [one.value for one in at.caption]


@pytest.mark.usefixtures("_small_host")
def test_a_run_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path))
    made = client._make_engine()
    ticket = made.submit(Request(prompt="a secret", steps=2))
    assert ticket.wait(60)
    assert made.find(Request(prompt="a secret", steps=2)) is not None
    made.close()
    assert not list(tmp_path.iterdir())
