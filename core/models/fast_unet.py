"""Another runtime for the U-Net's plain calls, where it is installed: OpenVINO, on the CPU.

It answers as torch does to a few millionths in float32, in less time for a row or two. It is a copy
of the network that nothing can look into: whatever is watched, changed or worn stays on torch.
"""

import copy
import importlib.util
import logging
import os
import threading
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.conditions import is_xl
from core.models.loading import Checkpoint
from core.words import tr

LOG = logging.getLogger(__name__)
SETTING = "GLASSBOX_FAST"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
OFF = "off"
MOST_WEIGHTS = 200_000_000  # of a U-Net: of a larger one there is no memory for a second copy


@cache
def fast_precision() -> str | None:
    """Return in which numbers the other runtime computes; None where it is not there or not wanted.

    Raises:
        ExplainerError: GLASSBOX_FAST says something else than it can.
    """
    wanted = os.environ.get(SETTING, "float32")
    if wanted not in (*PRECISIONS, OFF):
        raise ExplainerError(
            tr("{setting} is {wanted!r:.40}.", setting=SETTING, wanted=wanted),
            tr(
                "Unset it, or set it to {precisions} or {off}.",
                precisions=", ".join(PRECISIONS),
                off=OFF,
            ),
        )
    there = importlib.util.find_spec("openvino") is not None
    return wanted if there and wanted != OFF else None


def find_fast_unet(checkpoint: Checkpoint, threads: int) -> "FastUNet | None":
    """Return a checkpoint's U-Net on the other runtime, being built from now on; None without one.

    Args:
        checkpoint: in memory, and asked by nobody yet.
        threads: that it may compute with.
    """
    precision = fast_precision()
    weights = sum(weight.numel() for weight in checkpoint.unet.parameters())
    on_cpu = checkpoint.device.type == "cpu" and checkpoint.dtype == torch.float32
    wants_more = is_xl(checkpoint.unet) or checkpoint.unet.config.in_channels != (
        checkpoint.latent_channels
    )
    if precision is None or not on_cpu or wants_more or weights > MOST_WEIGHTS:
        return None
    return FastUNet(checkpoint, precision, threads)


class _Plain(nn.Module):
    """The library's U-Net, asked with three tensors and nothing else."""

    def __init__(self, unet: Any) -> None:  # Any: as in a checkpoint
        super().__init__()
        self.unet = unet

    def forward(self, latents: Tensor, times: Tensor, states: Tensor) -> Tensor:
        return self.unet(latents, times, encoder_hidden_states=states, return_dict=False)[0]


class FastUNet:
    """A U-Net for pictures of the model's own size and any number of rows, once it is built."""

    def __init__(self, checkpoint: Checkpoint, precision: str, threads: int) -> None:
        """Begin to build it, in a thread of its own, on a copy: others ask and change the first.

        Args:
            checkpoint: in float32 on the CPU; its U-Net is copied now.
            precision: one of ``PRECISIONS``.
            threads: that it computes with.
        """
        scale, text = checkpoint.vae_scale, checkpoint.unet.config.cross_attention_dim
        size = checkpoint.height // scale, checkpoint.width // scale
        self.shape = checkpoint.latent_channels, *size
        self.said = f"OpenVINO {precision}"
        self._inputs = [(-1, *self.shape), (-1,), (-1, checkpoint.text_length, text)]
        self._settings = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled: Any = None  # Any: OpenVINO's stubs are not here
        copied = copy.deepcopy(checkpoint.unet)
        # Python waits for it when it ends: it must not end in the midst of C++.
        self._builder = threading.Thread(target=self._build, args=(copied,), name="fast-unet")
        self._builder.start()

    @property
    def ready(self) -> bool:
        """Whether it is built."""
        return self._compiled is not None

    def takes(self, shape: Sequence[int]) -> bool:
        """Whether it answers for latents of a shape, (B, C, H, W), by now."""
        return self.ready and tuple(shape[1:]) == self.shape

    def wait(self) -> bool:
        """Wait until it is built or could not be; returns whether it is."""
        self._builder.join()
        return self.ready

    def ask(self, latents: Tensor, times: Tensor, states: Tensor) -> Tensor | None:
        """Answer as the U-Net does; None where it cannot: torch answers then.

        Args:
            latents: (B, C, H, W) float32.
            times: (B,) float32.
            states: (B, L, D) float32.

        Returns:
            What the U-Net puts out, (B, C, H, W) float32.
        """
        if not self.takes(latents.shape):
            return None
        given = [part.numpy() for part in (latents, times, states)]
        try:
            return torch.from_numpy(self._compiled(given)[0].copy())
        except Exception as error:  # a luxury: what it cannot do must end no run
            LOG.warning("the U-Net is asked by torch from now on: %s", error)
            self._compiled = None
            return None

    def _build(self, unet: Any) -> None:  # Any: as above
        try:
            openvino = importlib.import_module("openvino")  # not installed where types are checked
            example = [torch.zeros(2, *shape[1:]) for shape in self._inputs]
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # of tracing: what is read from shapes stays
                model = openvino.convert_model(_Plain(unet), example_input=tuple(example))
            model.reshape(dict(enumerate(map(openvino.PartialShape, self._inputs))))
            self._compiled = openvino.Core().compile_model(model, "CPU", self._settings)
        except Exception as error:  # as above
            LOG.warning("the U-Net stays on torch, %s cannot have it: %s", self.said, error)
