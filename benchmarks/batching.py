"""What sharing U-Net calls brings: pupils all at once, against one after another, in one run.

    python -m benchmarks.batching [--pupils 8] [--steps 20] [--repeats 3] [--threads 2] [--short]

Both ways run the built-in model on the same requests (own prompts, seeds, schedulers, guidance) by
turns. Prints one JSON object: medians in seconds, and their ratio (above 1 sharing is faster); the
same from CPU time, which other programs on the machine disturb less; and the U-Net calls.
"""

import json
from collections.abc import Sequence

from benchmarks._measuring import Arguments, by_turns, medians, ratios, use_threads
from core.engine.alone import run_alone
from core.engine.loaded import LoadedModel, load_model
from core.engine.request import Request
from core.engine.worker import Worker

PROMPTS = ("a red apple", "a cat", "a sunflower", "a whale on a blue background", "a hamburger")
SCHEDULERS = ("ddim", "euler", "dpmpp-2m", "unipc", "ddpm")


def requests_of(pupils: int, steps: int) -> list[Request]:
    """One request a pupil, none equal to another."""
    return [
        Request(
            prompt=PROMPTS[number % len(PROMPTS)],
            scheduler=SCHEDULERS[number % len(SCHEDULERS)],
            seed=number,
            steps=steps,
            guidance=3.0 + number % 4,
        )
        for number in range(pupils)
    ]


def one_after_another(model: LoadedModel, requests: list[Request]) -> int:
    """Run each request alone; returns the U-Net calls."""
    return sum(run_alone(model.checkpoint, request).calls for request in requests)


def all_at_once(model: LoadedModel, requests: list[Request]) -> int:
    """Run all requests in one worker; returns the U-Net calls."""
    before = model.unet.calls
    worker = Worker(load=lambda _: model, threaded=False)
    tickets = [worker.submit(request, f"pupil {n}") for n, request in enumerate(requests)]
    while worker.busy:
        worker.tick()
    assert all(ticket.status().state == "done" for ticket in tickets)
    return model.unet.calls - before


def main(argv: Sequence[str] | None = None) -> None:
    """Measure both ways by turns and print the medians."""
    parser = Arguments(__doc__)
    parser.add_count("pupils", 8, 2)
    parser.add_count("steps", 20, 2)
    parser.add_count("repeats", 3, 1)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    options = parser.read(argv)
    threads = use_threads(options.threads)
    model = load_model("emoji128")
    requests = requests_of(options.pupils, options.steps)
    ways = {
        "one_after_another": lambda: one_after_another(model, requests),
        "all_at_once": lambda: all_at_once(model, requests),
    }
    for way in (one_after_another, all_at_once):
        way(model, requests_of(2, 2))  # warm
    found = by_turns(ways, options.repeats)
    middle = medians(found)
    summary = {
        "pupils": options.pupils,
        "steps": options.steps,
        "threads": threads,
        "device": str(model.checkpoint.device),
        **{name: each | {"unet_calls": found[name][0][2]} for name, each in middle.items()},
        **ratios(middle["one_after_another"], middle["all_at_once"]),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
