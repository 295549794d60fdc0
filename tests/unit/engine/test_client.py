"""The one engine of a process: made once, lazily, whoever asks first."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine import client, on_ray
from core.engine.engine import Engine
from core.engine.request import Request
from core.errors import ExplainerError


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test has its own engine and its own cache."""
    monkeypatch.setattr(client, "_engine", None)
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GLASSBOX_ENGINE", raising=False)
    yield
    if isinstance(client._engine, Engine):
        client._engine.close()


def test_everybody_gets_the_same_engine() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(client.engine())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(engine) for engine in found}) == 1


@pytest.mark.parametrize("kind", ["rays", "", "LOCAL", "../x"])
def test_an_engine_there_is_not_is_refused_with_a_sentence(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_ENGINE", kind)
    with pytest.raises(ExplainerError, match="no engine called"):
        client.engine()


def test_ray_where_it_is_not_installed_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLASSBOX_ENGINE", "ray")
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]  # as where it is not
    with pytest.raises(ExplainerError, match=r"needs Ray.*requirements-scale\.txt"):
        client.engine()


@pytest.mark.parametrize("wished", ["-1", "two", "1e3", "٣", "65"])
def test_a_number_of_replicas_that_is_none_is_refused_with_a_sentence(
    wished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_ENGINE", "ray")
    monkeypatch.setenv("GLASSBOX_REPLICAS", wished)
    with pytest.raises(ExplainerError, match="GLASSBOX_REPLICAS is"):
        client.engine()


@pytest.mark.parametrize(
    ("resources", "wished", "count", "share"),
    [
        ({"GPU": 4.0, "CPU": 32.0}, 0, 4, {"num_gpus": 1.0, "num_cpus": 1.0}),
        ({"GPU": 1.0, "CPU": 8.0}, 2, 2, {"num_gpus": 0.5, "num_cpus": 1.0}),
        ({"CPU": 8.0}, 0, 2, {"num_cpus": 4}),
        ({"CPU": 1.0}, 0, 2, {"num_cpus": 0.5}),
    ],
)
def test_replicas_share_what_there_is(
    resources: dict[str, float], wished: int, count: int, share: dict[str, float]
) -> None:
    assert on_ray._shares(resources, wished) == (count, share)


def test_the_cache_is_beside_the_app_unless_it_is_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert client.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("GLASSBOX_CACHE")
    assert client.cache_folder() == Path(client.__file__).resolve().parents[2] / "cache"


def test_the_built_in_model_answers_and_its_run_is_kept(tmp_path: Path) -> None:
    trace = client.engine().submit(Request(prompt="a red apple", steps=2), "ann").result()
    assert trace.picture.shape == (128, 128, 3)
    assert trace.calls == 2
    client._engine.close()  # type: ignore[union-attr]  # the worker writes before it stops
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 1


def test_importing_the_client_imports_no_torch() -> None:
    code = (
        "import json, sys, core.engine.client, core.engine.request, core.engine.store;"
        "heavy = {'torch', 'diffusers', 'transformers', 'ray'};"
        "print(json.dumps(sorted(set(sys.modules) & heavy)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
