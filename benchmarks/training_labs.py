"""How long the live labs of the training page take, from the press to the end.

    python -m benchmarks.training_labs [--lab points|word]

Prints one JSON object. Each lab runs as the page runs it, in a process of its own with one thread.
"""

import argparse
import base64
import json
import resource
import time

from core.models.gallery import open_picture
from core.training.lab_bench import Bench
from core.training.lab_points_settings import SHAPES, PointSettings
from core.training.lab_settings import Settings
from core.training.lab_word_settings import SIDE, WordSettings

GOAL_S = 60.0


def measure(settings: Settings) -> dict[str, object]:
    """Train once, and say how long the first sign of life and the whole took."""
    bench = Bench()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    training = bench.join(settings)
    first = 0.0
    while not training.ended:
        training.wait(len(training.events), 1.0)
        if not first and any(event["kind"] == "step" for event in list(training.events)):
            first = time.perf_counter() - started
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    steps = [event for event in training.events if event["kind"] == "step"]
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "state": training.state,
        "steps": steps[-1]["step"],
        "first_step_s": round(first, 1),
        "press_to_end_s": round(wall, 1),
        "processor_s": round(processor, 1),
        "under_a_minute": wall < GOAL_S,
        "under_a_minute_of_one_core": processor < GOAL_S,
        "first_loss": round(steps[0]["loss"], 4),
        "last_loss": round(steps[-1]["loss"], 4),
        "told_bytes": sum(len(json.dumps(event)) for event in training.events),
        "saved_bytes": len(training.saved or ""),
    }


def measure_points() -> dict[str, object]:
    """Measure every shape that can be chosen."""
    found: dict[str, object] = {}
    for shape in SHAPES[:-1]:
        found[shape] = measure(PointSettings(shape))
    return found


def measure_word() -> dict[str, object]:
    """Measure one picture that the model never saw."""
    picture = open_picture("octopus").convert("RGB").resize((SIDE, SIDE))
    pixels = base64.b64encode(picture.tobytes()).decode("ascii")
    return measure(WordSettings("blorb", pixels, "a red apple"))


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", choices=("points", "word"), help="one lab alone")
    lab = parser.parse_args().lab
    labs = {"points": measure_points, "word": measure_word}
    print(json.dumps({n: measure() for n, measure in labs.items() if lab in (None, n)}, indent=1))


if __name__ == "__main__":
    main()
