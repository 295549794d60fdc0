"""A prompt's way from the page to the U-Net: few files, each of which does something with it."""

import sys
import threading
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
CORE = f"{ROOT / 'core'}/"
PROMPT = "a bicycle that nobody has asked for yet"
MOST = 16  # files of core whose functions are given the prompt, or what holds it


def holds(value: object, deep: int = 4) -> bool:
    """Whether this is the prompt, or a record or a row with the prompt inside."""
    if isinstance(value, str):
        return value == PROMPT
    if not deep:
        return False
    if isinstance(value, tuple | list | dict) and len(value) < 200:
        inside = value.values() if isinstance(value, dict) else value
        return any(holds(part, deep - 1) for part in inside)
    if is_dataclass(value) and not isinstance(value, type):
        return any(holds(getattr(value, part.name), deep - 1) for part in fields(value))
    return False


class Walk:
    """The files that are given the prompt on its way, in order, until the U-Net is asked.

    In the page's thread that is what begins with the box and with the run; remarks about the words
    lead nowhere.
    """

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self.arrived = threading.Event()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(CORE) or self.arrived.is_set():
            return
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(holds(frame.f_locals.get(name)) for name in given) and self.leads_on(frame):
            self.files[Path(code.co_filename).relative_to(ROOT).as_posix()] = None

    def leads_on(self, frame: FrameType | None) -> bool:
        if threading.current_thread().name == "engine":
            return True
        while frame is not None:
            if frame.f_code.co_name in ("_take", "show_run"):
                return True
            frame = frame.f_back
        return False


def test_a_prompt_passes_few_files_on_its_way_to_the_network(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("pages/6_generation.py", steps="1")
    from core.engine.client import woken

    worker: Any = woken()
    walk, tick = Walk(), worker.tick
    hook = worker._model.checkpoint.unet.register_forward_pre_hook(lambda *_: walk.arrived.set())

    def watched() -> None:  # the engine's thread runs already: it is watched from here on
        sys.setprofile(walk)
        try:
            tick()
        finally:
            sys.setprofile(None)

    monkeypatch.setattr(worker, "tick", watched)
    threading.setprofile(walk)  # the page's thread is a new one
    try:
        next(box for box in at.text_input if box.label == "Your words").set_value(PROMPT).run()
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]  # as the library has it
        hook.remove()
    assert not at.exception
    assert walk.arrived.is_set()
    ends = {"core/ui/running_example.py", "core/engine/denoise.py", "core/models/tokens.py"}
    assert ends <= walk.files.keys()
    assert len(walk.files) <= MOST, f"the prompt passes {', '.join(walk.files)}"
