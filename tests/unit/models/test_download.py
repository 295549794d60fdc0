"""Downloads that fail: what the Hub or the network said, in words that say what to do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import huggingface_hub
import pytest

from core.errors import ExplainerError
from core.models.catalog import find_entry
from core.models.download import download

Answer = Callable[[httpx2.Request], httpx2.Response]
Serve = Callable[[Answer], None]
NO_MODEL, AGAIN = "The Hub has no model owner/name", "could not be downloaded"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    """A Hub inside the process: the library's client with another transport."""
    monkeypatch.setenv("GLASSBOX_ONLINE", "1")
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("time.sleep", lambda _: None)  # the library waits between its tries

    def start(answer: Answer) -> None:
        transport = httpx2.MockTransport(answer)
        huggingface_hub.set_client_factory(lambda: httpx2.Client(transport=transport))

    yield start
    huggingface_hub.set_client_factory(_closed)


def _closed() -> httpx2.Client:
    """No test after these reaches any Hub."""
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(503)))


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "RepoNotFound", NO_MODEL),
        (403, "GatedRepo", NO_MODEL),
        (401, "", NO_MODEL),
        (403, "", f"owner/name {AGAIN}: the Hub answered 403"),
        (404, "RevisionNotFound", AGAIN),
        (429, "", f"owner/name {AGAIN}: the Hub answered 429"),
        (500, "", f"owner/name {AGAIN}: the Hub answered 500"),
        (503, "", f"owner/name {AGAIN}: the Hub answered 503"),
    ],
)
def test_only_a_model_that_is_not_there_is_said_not_to_be(
    status: int, code: str, said: str, serve: Serve
) -> None:
    headers = {"X-Error-Code": code} if code else {}
    serve(lambda request: httpx2.Response(status, headers=headers, request=request))
    with pytest.raises(ExplainerError, match=said):
        download(find_entry("owner/name"))


@pytest.mark.parametrize(
    "kind", [httpx2.ConnectError, httpx2.ReadTimeout, httpx2.RemoteProtocolError]
)
def test_a_network_that_fails_is_told_with_what_to_do(
    kind: type[httpx2.TransportError], serve: Serve
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise kind("no luck", request=request)

    serve(answer)
    with pytest.raises(ExplainerError, match=f"{AGAIN}: {kind.__name__}") as caught:
        download(find_entry("owner/name"))
    assert "Check the network" in caught.value.fix


def test_a_network_that_fails_half_way_is_not_a_missing_model(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = "diffusion_pytorch_model.safetensors"
    names = [f"unet/{theirs}", f"vae/{theirs}", "text_encoder/model.safetensors"]
    monkeypatch.setattr("huggingface_hub.HfApi.list_repo_files", lambda *_, **__: names)

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("gone", request=request)

    serve(answer)
    with pytest.raises(ExplainerError, match=AGAIN):
        download(find_entry("owner/name"))
