"""How long the live labs of the training page take, from the press to the end.

    python -m benchmarks.training_labs [--lab points|word] [--short]

Prints one JSON object. Each lab runs as the page runs it, in a process of its own with one thread.
"""

import base64
import json
import resource
import time
from argparse import Namespace
from collections.abc import Sequence

from benchmarks._measuring import Arguments
from core.labs.autoencoder_settings import Settings
from core.labs.bench import Bench
from core.labs.points_settings import SHAPES, STEPS, PointSettings
from core.labs.word_settings import SIDE, WALK, WordSettings
from core.labs.word_settings import STEPS as WORD_STEPS
from core.models.gallery import open_picture

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


def measure_points(options: Namespace) -> dict[str, object]:
    """Measure every shape that can be chosen."""
    found: dict[str, object] = {}
    for shape in SHAPES[: options.shapes]:
        found[shape] = measure(PointSettings(shape, steps=options.steps))
    return found


def measure_word(options: Namespace) -> dict[str, object]:
    """Measure one picture that the model never saw."""
    picture = open_picture("octopus").convert("RGB").resize((SIDE, SIDE))
    pixels = base64.b64encode(picture.tobytes()).decode("ascii")
    chosen = WordSettings(
        "blorb", pixels, "a red apple", steps=options.word_steps, walk=options.walk
    )
    return measure(chosen)


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = Arguments(__doc__)
    parser.add_count("shapes", len(SHAPES) - 1, 1, "shapes of the lab of points")
    parser.add_count("steps", STEPS, 2, "of training on points")
    parser.add_count("word_steps", WORD_STEPS, 2, "of training on a word")
    parser.add_count("walk", WALK, 2, "steps of every picture of the word lab")
    parser.add_argument("--lab", choices=("points", "word"), help="one lab alone")
    options = parser.read(argv)
    labs = {"points": measure_points, "word": measure_word}
    chosen = labs if options.lab is None else {options.lab: labs[options.lab]}
    print(json.dumps({name: measure(options) for name, measure in chosen.items()}, indent=1))


if __name__ == "__main__":
    main()
