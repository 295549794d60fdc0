"""One training of the lab of a new word, told as lines of JSON."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from core.labs.process import saved, serve
from core.labs.word import Model, train
from core.labs.word_settings import WordSettings
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
        {"kind": "start" | "step" | "look" | "saved" | "done", ...}.
    """
    model = model or Model(builtin_folder())
    prompts = settings.prompts
    if not kept:
        learned = sum(weight.numel() for weight in model.learned.values())
        whole = sum(weight.numel() for weight in model.unet.parameters())
        yield {"kind": "start", "prompts": prompts, "learned": learned, "whole": whole}
        yield _look(model, settings, prompts, 0)
    apart = max(1, settings.steps // LOOKS)
    for now in train(settings, model, kept):
        last = now.step == settings.steps
        yield {"kind": "step", "step": now.step, "loss": now.loss, "seconds": now.seconds}
        look = now.step % apart == 0 or last
        if look:
            yield _look(model, settings, prompts, now.step)
        if look or now.step % KEPT == 0:
            yield saved(now.state)
        if last:
            yield {"kind": "done", "seconds": now.seconds}


def _look(
    model: Model, settings: WordSettings, prompts: tuple[str, ...], step: int
) -> dict[str, Any]:
    drawn = [model.draw(prompt, settings.seed, settings.walk) for prompt in prompts]
    row = np.concatenate(drawn, axis=1)
    written = io.BytesIO()
    Image.fromarray(row).save(written, "WEBP", quality=90)
    picture = base64.b64encode(written.getvalue()).decode("ascii")
    return {"kind": "look", "step": step, "pictures": f"data:image/webp;base64,{picture}"}


if __name__ == "__main__":
    serve(lambda settings, kept: events(WordSettings(**settings).validated(), kept))
