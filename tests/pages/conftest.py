"""Pages are run as Streamlit runs them, without a browser, and compute for real."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.models.catalog import builtin_folder
from core.models.loras import LORAS
from core.models.weight_files import find_weights

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the runs of these tests apart from the app's own, and together from test to test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLASSBOX_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _packages_read_once() -> Iterator[None]:
    """Streamlit looks for components in every installed package: once, not for each page anew."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known in memory when a test begins; runs and films are found on disk."""
    from core.engine import client
    from core.engine.results import Recent

    if client._engine is not None:
        monkeypatch.setattr(client._engine._results, "_recent", Recent(300_000_000))  # type: ignore[attr-defined]  # the local one


@pytest.fixture
def open_page() -> Open:
    """Open a page by its file, with query parameters as its address would have them."""

    def open_file(file: str = "Home.py", page: str | None = None, **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / file), default_timeout=120)
        for name, text in query.items():
            at.query_params[name] = text
        if page:
            at.switch_page(str(ROOT / page))
        return at.run()

    return open_file


@pytest.fixture
def offered_lora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a LoRA of random numbers that fits the built-in model's cross-attention."""
    folder, draw = builtin_folder(), np.random.default_rng(0)
    tensors = {}
    for key, shape in find_weights(folder / "unet").shapes.items():
        if "attn2" in key and len(shape) == 2:
            layer = f"unet.{key.removesuffix('.weight')}.lora_"
            tensors[f"{layer}A.weight"] = draw.normal(0, 0.1, (2, shape[1])).astype(np.float32)
            tensors[f"{layer}B.weight"] = draw.normal(0, 0.1, (shape[0], 2)).astype(np.float32)
    save_file(tensors, tmp_path / "*stripes*.safetensors")
    monkeypatch.setenv(LORAS, str(tmp_path))
    return "*stripes*"


@pytest.fixture
def shown_text() -> Callable[[AppTest], str]:
    """All plain text of a page."""

    def read(at: AppTest) -> str:
        kinds = ("title", "markdown", "caption", "text", "code")
        return "\n".join(str(part.value) for kind in kinds for part in at.get(kind))

    return read
