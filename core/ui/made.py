"""What pages draw of what is there, made once for everybody and not at every rerun."""

import io
import json
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from PIL import Image

from core.engine.results import Recent
from core.host import host
from core.ideas.arrays import Pixels
from core.ui.all_pages import for_projector
from core.views.chart_fit import fit_chart
from core.words import ENGLISH, Said, language

Made = TypeVar("Made")

# How a chart writes numbers, as d3 has it: a space before the percent sign, and where a comma would
# be read as the point, thousands stand apart by a thin space.
_NUMBERS = {
    "decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""],
    "percent": "\N{NO-BREAK SPACE}%",
}  # fmt: skip
_APART = {**_NUMBERS, "thousands": "\N{NARROW NO-BREAK SPACE}"}

_MADE = Recent(host().drawn)  # bytes, with all that names what was made
_under_way: dict[Hashable, threading.Lock] = {}
_lock = threading.Lock()  # guards what is under way


def made(name: Hashable, make: Callable[[], Made]) -> Made:
    """Return what was made under a name, once for each language.

    Who asks meanwhile waits.

    Args:
        name: all that decides it, and what it is. A thing with no plain == stands for itself.
        make: makes it; what it returns is never changed afterwards.
    """
    name = language(), name
    found = _MADE.get(name)
    if found is None:
        with _lock:
            turn = _under_way.setdefault(name, threading.Lock())
        try:
            with turn:
                found = _MADE.get(name)
                if found is None:
                    found = make()
                    _MADE.keep(name, found)
        finally:
            with _lock:
                _under_way.pop(name, None)
    return found


def png(picture: Pixels) -> bytes:
    """Return a picture as a PNG for ``st.image``, which would pack it anew at every rerun.

    Args:
        picture: uint8, (H, W, 3) or (H, W); told from others by what it holds.
    """
    return made(("png", picture.shape, picture.tobytes()), lambda: _packed(picture))


def _packed(picture: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that is built and checked already; ``st.altair_chart`` asks for nothing else.

    Attributes:
        text: its Vega-Lite, as JSON.
        said: the texts in it that can be said again, by what they say in its language.
    """

    text: str
    said: Mapping[str, str] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:  # Any: what JSON holds
        """Return the chart for one run, which may change it."""
        return json.loads(self.text)


def chart(name: Hashable, make: Callable[[], Any]) -> Any:  # Any: passes for one of altair's
    """Return a chart for ``st.altair_chart``, built and checked once for everybody.

    Args:
        name: as for ``made``.
        make: builds it with altair; its data lie inside it.
    """
    large = for_projector()
    return made(("chart", large, name), lambda: _built(make, large))


def _built(make: Callable[[], Any], large: bool) -> Chart:  # Any: as above
    import altair

    altair.theme.enable("none")  # Streamlit has its own, and looks which one is in force
    told = make().to_dict()
    said = {str(text): text for text in _said_in(told)}
    fit_chart(told, large)
    numbers = _NUMBERS if language() == ENGLISH else _APART
    told.setdefault("config", {})["locale"] = {"number": numbers}
    return Chart(json.dumps(told), said)


def _said_in(told: Any) -> Iterable[Said]:  # Any: what JSON holds
    if isinstance(told, Said):
        yield told
    inside = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    for one in inside:
        yield from _said_in(one)
