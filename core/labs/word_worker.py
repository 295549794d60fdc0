"""One training of the lab of a new word, told as lines of JSON."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from core.labs.process import saved, serve
from core.labs.word import train
from core.labs.word_measures import compare, draw_both
from core.labs.word_model import Model
from core.labs.word_settings import WordSettings
from core.labs.word_ways import open_way
from core.models.catalog import builtin_folder

LOOKS = 3  # how often pictures are drawn, beside before the first step
KEPT = 10  # steps between two states that can be gone on from


def events(
    settings: WordSettings, kept: dict[str, Tensor] | None = None, model: Model | None = None
) -> Iterator[dict[str, Any]]:  # Any: what JSON holds
    """Train, and tell what happens.

    Args:
        settings: validated.
        kept: the state to go on from, nothing at the beginning.
        model: a copy of its own; loaded here where None.

    Yields:
        {"kind": "start" | "step" | "look" | "measuring" | "saved" | "done", ...}.

    Raises:
        ExplainerError: the word cannot be taught so.
    """
    model = model or Model(builtin_folder())
    whole = sum(weight.numel() for weight in model.unet.parameters())
    learning = open_way(model, settings)
    prompts = settings.prompts
    if not kept:
        yield {"kind": "start", "prompts": prompts, "learned": learning.numbers, "whole": whole}
        yield _look(model, settings, prompts, 0)
    before = yield from draw_both(model, settings)
    apart, seconds = max(1, settings.steps // LOOKS), 0.0
    for now in train(settings, model, learning, kept):
        seconds = now.seconds
        yield {"kind": "step", "step": now.step, "loss": now.loss, "seconds": seconds}
        look = now.step % apart == 0 or now.step == settings.steps
        if look:
            yield _look(model, settings, prompts, now.step)
        if look or now.step % KEPT == 0:
            yield saved(now.state)
    after = yield from draw_both(model, settings)
    measured = compare(before, after, settings)
    file = base64.b64encode(learning.file()).decode("ascii")
    yield {"kind": "done", "seconds": seconds, "file": file, "measured": measured}


def _look(
    model: Model, settings: WordSettings, prompts: tuple[str, ...], step: int
) -> dict[str, Any]:
    drawn = model.draw([(prompt, settings.seed) for prompt in prompts], settings.walk)
    written = io.BytesIO()
    Image.fromarray(np.concatenate(drawn, axis=1)).save(written, "WEBP", quality=90)
    picture = base64.b64encode(written.getvalue()).decode("ascii")
    return {"kind": "look", "step": step, "pictures": f"data:image/webp;base64,{picture}"}


if __name__ == "__main__":
    serve(lambda settings, kept: events(WordSettings(**settings).validated(), kept))
