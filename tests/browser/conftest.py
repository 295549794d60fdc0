"""A real server and a real browser; nothing outside this machine may be asked for."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

WAIT_MS = 120_000  # for a picture, on a machine that has other work as well
NewPage = Callable[..., Page]
expect.set_options(timeout=WAIT_MS)


def load_beside(name: str) -> ModuleType:
    """Import a module from beside this file, whatever the import mode."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


serve = load_beside("serving").serve


@pytest.fixture(scope="session", name="serve")
def _serve() -> Callable[..., AbstractContextManager[str]]:
    """The function that runs a server for as long as a block."""
    return serve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that all tests share."""
    with serve(tmp_path_factory.mktemp("cache")) as address:
        yield address


@pytest.fixture
def cold_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that nobody has talked to yet."""
    with serve(tmp_path) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; where there is none, every test fails and says so."""
    path = load_beside("find_browser").find_browser()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def context_of(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Contexts by their options; each keeps what it has loaded of the app for the next test."""
    contexts: dict[tuple[tuple[str, str], ...], BrowserContext] = {}

    def context(**options: str) -> BrowserContext:
        name = tuple(sorted(options.items()))
        if name not in contexts:
            contexts[name] = browser.new_context(**options)
        return contexts[name]

    yield context
    for opened in contexts.values():
        opened.close()


@pytest.fixture
def new_page(context_of: Callable[..., BrowserContext]) -> Iterator[NewPage]:
    """Open pages, without motion unless asked for; every host they ask is checked at the end."""
    with watched_pages(context_of) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def new_page_to_share(context_of: Callable[..., BrowserContext]) -> Iterator[NewPage]:
    """The same, for a page that several tests of a file look at."""
    with watched_pages(context_of) as open_one:
        yield open_one


@contextmanager
def watched_pages(context_of: Callable[..., BrowserContext]) -> Iterator[NewPage]:
    """Give a function that opens pages; close them at the end and check what they asked for."""
    pages: list[Page] = []
    hosts: set[str] = set()
    errors: list[str] = []

    def open_one(width: int = 1280, height: int = 800, **options: str) -> Page:
        page = context_of(**{"reduced_motion": "reduce", **options}).new_page()
        pages.append(page)
        page.on("request", lambda request: hosts.update(_host(request.url)))
        page.on("websocket", lambda socket: hosts.update(_host(socket.url)))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(WAIT_MS)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert not pages or hosts == {"127.0.0.1"}
    assert not errors


def _host(url: str) -> set[str]:
    parts = urlsplit(url)
    return {str(parts.hostname)} if parts.scheme in ("http", "https", "ws", "wss") else set()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One page in a window of 1280 x 800."""
    return new_page()
