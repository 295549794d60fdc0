"""Downloads that fail: what the Hub or the network said, in words that say what to do."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import huggingface_hub
import pytest

from core.errors import ExplainerError
from core.models.catalog import find_entry, is_installed
from core.models.download import download
from core.models.folders import find_checkpoint

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


THEIRS = "diffusion_pytorch_model.safetensors"
NAMES = [f"unet/{THEIRS}", f"vae/{THEIRS}", "text_encoder/model.safetensors"]
SHA = "a" * 40


def hub(body: Callable[[], httpx2.SyncByteStream]) -> Answer:
    """A Hub with one model, all of whose files are sent by ``body``."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if "/tree/" in request.url.path:
            rows = [{"type": "file", "path": name, "size": 1000, "oid": SHA} for name in NAMES]
            return httpx2.Response(200, json=rows, request=request)
        if "/api/models/" in request.url.path:
            files = [{"rfilename": name} for name in NAMES]
            return httpx2.Response(200, json={"sha": SHA, "siblings": files, "id": "owner/name"})
        headers = {"ETag": '"b"', "X-Repo-Commit": SHA, "Content-Length": "1000"}
        if request.method == "HEAD":
            return httpx2.Response(200, headers=headers, request=request)
        return httpx2.Response(200, headers=headers, stream=body(), request=request)

    return answer


class Cut(httpx2.SyncByteStream):
    """Half of what was promised, then the line is gone."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 500
        raise httpx2.ReadError("gone")


def test_half_a_download_is_no_model(serve: Serve, tmp_path: Path) -> None:
    serve(hub(Cut))
    with pytest.raises(ExplainerError, match=AGAIN) as caught:
        download(find_entry("owner/name"))
    assert "it goes on where it stopped" in caught.value.fix
    assert isinstance(caught.value.__cause__, httpx2.ReadError)  # it was under way
    assert not list(tmp_path.rglob("*.safetensors"))
    assert not is_installed(find_entry("owner/name"))
    with pytest.raises(ExplainerError, match="not on this machine"):
        find_checkpoint("owner/name")


def test_a_disk_that_is_full_while_downloading_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Whole(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"x" * 1000

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    serve(hub(Whole))
    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    with pytest.raises(ExplainerError, match=f"{AGAIN}: ") as caught:
        download(find_entry("owner/name"))
    assert "disk" in caught.value.fix
    assert not is_installed(find_entry("owner/name"))
