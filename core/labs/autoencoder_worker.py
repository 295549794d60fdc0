"""One training of the autoencoder lab, told as lines of JSON."""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.labs.autoencoder import (
    COPIES,
    PlainAutoencoder,
    SmallDecoder,
    VariationalAutoencoder,
    lab_pictures,
    train,
)
from core.labs.autoencoder_settings import LabSettings
from core.labs.process import serve

EVERY = 10  # steps between two points of the curves
LOOKS = 16  # how often what comes back is shown


def events(settings: LabSettings) -> Iterator[dict[str, Any]]:  # Any: what JSON holds
    """Train, and tell what happens.

    Args:
        settings: validated.

    Yields:
        {"kind": "start" | "step" | "look" | "done", ...}.
    """
    pictures, rows = lab_pictures(settings.seed)
    shown = pictures[::COPIES]
    yield {"kind": "start", "steps": settings.steps, "pictures": _bytes(shown)}
    apart = max(1, settings.steps // LOOKS)
    now = None
    for now in train(settings, pictures):
        last = now.step == settings.steps
        if now.step % EVERY == 0 or now.step == 1 or last:
            yield {
                "kind": "step",
                "step": now.step,
                "plain": now.plain_error,
                "variational": now.error,
                "kl": now.kl,
                "seconds": now.seconds,
            }
        if now.step % apart == 0 or now.step == 1 or last:
            back = {name: _back(net, shown) for name, net in _nets(now).items()}
            yield {"kind": "look", "step": now.step, **back}
    assert now is not None
    nets = {name: _exported(net, pictures) for name, net in _nets(now).items()}
    yield {"kind": "done", "seconds": now.seconds, "objects": rows.tolist(), **nets}


Net = PlainAutoencoder | VariationalAutoencoder


def _nets(now: Any) -> dict[str, Net]:  # Any: a LabStep
    return {"plain": now.plain, "variational": now.variational}


@torch.inference_mode()
def _back(net: Net, pictures: Tensor) -> str:
    return _bytes(net.decoder(net.place(pictures)))


@torch.inference_mode()
def _exported(net: Net, pictures: Tensor) -> dict[str, Any]:
    """Return where every picture lies, and the decoder's layers for the browser."""
    return {"points": _floats(net.place(pictures)), "decoder": export_decoder(net.decoder)}


def export_decoder(decoder: SmallDecoder) -> list[dict[str, Any]]:  # Any: what JSON holds
    """Return the layers in the order of the forward pass.

    Args:
        decoder: trained.

    Returns:
        {"kind": "linear" | "conv", "shape", "weight", "bias"}, numbers as float32 in base64.
    """
    layers: list[tuple[str, Any]] = [("linear", decoder.hidden), ("linear", decoder.spread)]
    layers += [("conv", conv) for conv in decoder.convs]
    return [
        {
            "kind": kind,
            "shape": list(layer.weight.size()),
            "weight": _floats(layer.weight),
            "bias": _floats(layer.bias),
        }
        for kind, layer in layers
    ]


def _floats(values: Any) -> str:  # Any: a tensor; a module's attribute has no type
    numbers = np.ascontiguousarray(values.detach().numpy(), "<f4")
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def _bytes(pictures: Tensor) -> str:
    """Return pictures (n, 3, H, W) in [0, 1] side by side as bytes (H, n * W, 3) in base64."""
    rows = (pictures.permute(2, 0, 3, 1).flatten(1, 2) * 255).round().to(torch.uint8)
    return base64.b64encode(rows.contiguous().numpy().tobytes()).decode("ascii")


if __name__ == "__main__":
    serve(lambda settings, _: events(LabSettings(**settings).validated()))
