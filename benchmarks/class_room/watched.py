"""The app's own server, which tells when it is asked what its engine counted, and where time went.

    python -m benchmarks.class_room.watched run Home.py [Streamlit's options]

On the signal SIGUSR1 it writes ``watched.json`` into the folder of what the app keeps. Where
CLASS_ROOM_SAMPLES is set it also looks 100 times a second at what every thread is doing; that
costs a few percent, so figures are taken without.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import FrameType

EVERY_S = 0.01
ROOT = str(Path(__file__).resolve().parents[2])
IDLE = ("wait", "_wait_for_tstate_lock", "select", "get", "acquire", "accept")
DEEP = 60  # frames kept of a stack, the innermost

samples: Counter[str] = Counter()


def tell(number: int, frame: FrameType | None) -> None:
    """Write what is known by now, whole or not at all."""
    from core.engine import client

    engine = client.woken()
    counted = asdict(engine.counters()) if engine is not None else {}
    told = {"engine": counted, "samples": dict(samples)}
    file = client.cache_folder() / "watched.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(told), encoding="utf-8")
    new.replace(file)


def sample() -> None:
    """Look at every thread that computes, again and again."""
    names: dict[int, str] = {}
    while True:
        time.sleep(EVERY_S)
        for number, frame in sys._current_frames().items():
            if number == threading.get_ident() or frame.f_code.co_name in IDLE:
                continue
            if number not in names:
                names = {one.ident or 0: one.name for one in threading.enumerate()}
            kind = names.get(number, "?").partition("-")[0].partition("_")[0]
            if kind != "ThreadPoolExecutor":  # Streamlit's own, which sleeps between two looks
                samples.update(f"{kind} {place}" for place in _places(frame))


def _places(frame: FrameType | None) -> set[str]:
    """Return the functions of a stack, those of the app by their place in it."""
    found = set[str]()
    for _ in range(DEEP):
        if frame is None:
            break
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        ours = file.startswith(ROOT) and ".venv" not in file
        place = file[len(ROOT) + 1 :] if ours else "/".join(Path(file).parts[-2:])
        found.add(f"{place}:{name}")
        frame = frame.f_back
    return found | {"(all)"}


def main() -> None:
    """Serve."""
    signal.signal(signal.SIGUSR1, tell)
    if os.environ.get("CLASS_ROOM_SAMPLES"):
        threading.Thread(target=sample, name="sampler", daemon=True).start()
    from streamlit.web.cli import main as streamlit

    streamlit()


if __name__ == "__main__":
    main()
