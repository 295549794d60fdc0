"""The model in memory, as the worker uses it: prompts read once, calls that fit, previews."""

import contextlib
import functools
import hashlib
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from core.engine.ask import MEMORY_SHARE, answer_all, most_rows, unet_calls
from core.engine.calls import FittedCalls, free_memory
from core.engine.denoise import denoise, latent_shape, read_prompts
from core.engine.request import Request
from core.engine.results import Recent
from core.engine.trace import Step
from core.engine.work import Decode, NoiseQuery
from core.errors import ExplainerError
from core.host import host
from core.models.container import most_cores
from core.models.fast_unet import FastUNet, find_fast_unet
from core.models.fitting import fit_for
from core.models.hardware import peak_memory
from core.models.latents import ColorMap, decode_latents, fit_color_map
from core.models.loading import Checkpoint, load_checkpoint
from core.models.loras import Chosen
from core.models.manifest import sha256_of
from core.models.memory import decoding
from core.models.small_decoder import decode_quickly, digest_of, find_small_decoder
from core.models.text import encode_text
from core.models.text_reading import readable_encoder
from core.models.threads import ThreadChoice
from core.nets.clip_text import ClipTextEncoder
from core.nets.small_decoder import SmallDecoder
from core.words import tr

LOG = logging.getLogger(__name__)
CORE = Path(__file__).resolve().parents[1]
# What is computed anew when it changes; torchsde only where a scheduler needs it.
LIBRARIES = ("torch", "diffusers", "transformers", "tokenizers", "numpy", "scipy", "torchsde")
DECIDING = (
    *("engine/ask.py", "engine/denoise.py", "engine/film.py", "engine/trace.py"),
    "engine/work.py",
    *("models/conditions.py", "models/latents.py", "models/loading.py", "models/text.py"),
    *("models/building.py", "models/part_loading.py", "models/tokens.py"),
    *("models/single_files.py", "models/single_sizes.py"),
    *("models/small_decoder.py", "nets/small_decoder.py", "models/fast_unet.py"),
    *("models/lora_files.py", "models/lora_fitted.py", "models/lora_names.py"),
    "nets/lora.py",
    *("models/schedulers/factory.py", "models/schedulers/options.py"),
    *("models/schedulers/record.py", "models/schedulers/settings.py"),
    "models/schedulers/table.py",
    *("ideas/guidance.py", "ideas/noise_levels.py", "ideas/prediction.py"),
    *("ideas/forward.py", "ideas/inpainting.py", "ideas/interpolation.py"),
    *("ideas/slerp.py", "ideas/text_geometry.py"),
)
MOST_PROMPTS = 128  # text states kept
MOST_PICTURES = 4 // host().narrower  # decoded in one call
MOST_SMALL = 21 // host().narrower  # the same, by the small decoder
MOST_WALKS = 16_000_000 // host().narrower  # bytes of walks that live pictures were drawn by


_choices: WeakKeyDictionary[Any, ThreadChoice] = WeakKeyDictionary()  # Any: the library's U-Net


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A run from noise to latents.

    Attributes:
        steps: one a call of the U-Net.
        computer: what answered for the U-Net, and in which numbers.
        seconds: that it took, as lived through.
    """

    steps: tuple[Step, ...]
    computer: str
    seconds: float


class LoadedModel:
    """A checkpoint and what speeds it up; belongs to one thread."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        memory_bytes: int,
        small_decoder: SmallDecoder | None = None,
        fast: FastUNet | None = None,
    ) -> None:
        """Keep the checkpoint.

        Args:
            checkpoint: read-only.
            memory_bytes: of the device it is on; 0 where unknown.
            small_decoder: of its autoencoder, on its device; None where there is none.
            fast: its U-Net on another runtime; None where there is none.
        """
        self.checkpoint, self._memory = checkpoint, memory_bytes
        self.small_decoder = small_decoder
        self.fast = fast
        scale = checkpoint.vae_scale
        own = (checkpoint.latent_channels, checkpoint.height // scale, checkpoint.width // scale)
        most = partial(most_rows, checkpoint, memory_bytes=memory_bytes)
        self.unet = unet_calls(checkpoint, most, fast)
        self.vae = FittedCalls(self._decode, lambda latents: latents.shape, self._most_pictures)
        self.small = FittedCalls(self._draw, lambda latents: latents.shape, lambda _: MOST_SMALL)
        self.most_rows = most_rows(checkpoint, torch.Size(own), memory_bytes)  # of one call
        self.positions = own[1] * own[2]  # of the latents of a picture of the model's own size
        # Of the network, whoever holds it: what was tried once is not tried again for every run.
        self._threads = _choices.setdefault(checkpoint.unet, ThreadChoice(all_threads()))
        self.walks = Recent(MOST_WALKS)  # by request; the run itself is asked for once typing rests
        self._prompts: OrderedDict[tuple[object, ...], Tensor] = OrderedDict()
        self._reader: ClipTextEncoder | None = None
        self.colors: ColorMap | None = None  # for previews; fitted when one is asked for
        self.colors_tried = False

    @property
    def stamp(self) -> str:
        """All that decides a run beside the request: weights, number type, libraries, our code."""
        kind = f"{self.checkpoint.device.type} {self.checkpoint.dtype}"
        if self.checkpoint.vae.use_tiling:
            kind += " tiled"
        if self.small_decoder is not None:
            kind += f" small {digest_of(self.small_decoder)}"
        if self.fast is not None:
            kind += f" {self.fast.said} {version('openvino')}"
        return f"{self.checkpoint.fingerprint} {kind} {libraries()} core {source_hash()}"

    def memory(self) -> int:
        """Return the most memory that was held by now, bytes: of the GPU, or of this process."""
        return peak_memory(self.checkpoint.device.type)

    def computer_of(self, request: Request) -> str:
        """Name what computes a run's calls of the U-Net now, and its numbers: in no language."""
        shape = latent_shape(self.checkpoint, request)
        if self.fast is not None and self.fast.takes(shape) and not request.loras:
            return self.fast.said
        on = "" if self.checkpoint.device.type == "cpu" else f" ({self.checkpoint.device.type})"
        return f"torch {str(self.checkpoint.dtype).removeprefix('torch.')}{on}"

    def read(
        self,
        prompt: str,
        clip_skip: int = 0,
        padding_mask: bool = False,
        loras: tuple[Chosen, ...] = (),
    ) -> Tensor:
        """Return the text states of a prompt, (1, L, D), float32 on the CPU.

        Args:
            prompt: any text.
            clip_skip: layers left out at the end.
            padding_mask: whether the text encoder gets the padding mask.
            loras: what it reads with.

        Raises:
            ExplainerError: the text encoder has fewer layers, or a LoRA does not fit.
        """
        layers = self.checkpoint.clip_layers
        if clip_skip > layers:
            raise ExplainerError(
                tr(
                    "This text encoder has {layers} layers, and {clip_skip} should be left out.",
                    layers=layers,
                    clip_skip=clip_skip,
                ),
                tr("Skip {layers} at most.", layers=layers),
            )
        name = prompt, clip_skip, padding_mask, loras
        if name not in self._prompts:
            self._prompts[name] = encode_text(self.checkpoint, *name).cpu()
            if len(self._prompts) > MOST_PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(name)
        return self._prompts[name]

    def forget_limits(self) -> None:
        """Try calls of full width again."""
        self.unet.forget_limits()
        self.vae.forget_limits()
        self.small.forget_limits()

    def states(self, request: Request) -> Tensor:
        """Return the text states that a run asks with, see ``read_prompts``."""
        return read_prompts(request, self.read, self.checkpoint.empty_is_zero)

    def walk(self, request: Request) -> Generator[NoiseQuery, Tensor, Walk]:
        """Walk from noise to latents, as a picture while you type and the run itself both do.

        A work's course goes through all of it by ``yield from``.

        Args:
            request: validated.
        """
        started, computers = time.perf_counter(), [self.computer_of(request)]
        steps = yield from denoise(self.checkpoint, request, self.states(request))
        computers.append(self.computer_of(request))  # one that was built meanwhile
        seconds = time.perf_counter() - started
        return Walk(steps, ", ".join(dict.fromkeys(computers)), seconds)

    def answers(
        self, questions: Sequence[NoiseQuery | Decode]
    ) -> list[Tensor | list[Tensor] | Exception]:
        """Answer questions of one kind, as many in one call as fit.

        Args:
            questions: all for the U-Net, of any mix of times, prompts, guidance and sizes, or all
                for the autoencoder.

        Returns:
            For each question its answer, or the exception it ended with.
        """
        queries = [one for one in questions if isinstance(one, NoiseQuery)]
        if queries:
            return [*self._ask(queries)]
        decodes = [one for one in questions if isinstance(one, Decode)]
        pictures = {
            small: iter(
                calls.run([z for one in decodes if one.small == small for z in one.latents])
            )
            for small, calls in ((False, self.vae), (True, self.small))
        }
        answers: list[Tensor | list[Tensor] | Exception] = []
        for one in decodes:
            mine = [next(pictures[one.small]) for _ in one.latents]
            wrong = [picture for picture in mine if isinstance(picture, Exception)]
            right = [picture for picture in mine if isinstance(picture, Tensor)]
            answers.append(wrong[0] if wrong else right)
        return answers

    def _ask(self, queries: Sequence[NoiseQuery]) -> list[Tensor | Exception]:
        """Put questions to the U-Net, with as many CPU threads as pay just now."""
        if self.fast is not None and all(self._is_fast(query) for query in queries):
            return answer_all(self.unet, queries)  # it has threads of its own
        rows = sum(len(query.states) for query in queries)
        on_cpu = self.checkpoint.device.type == "cpu"
        threads = self._threads.choose(rows) if on_cpu else torch.get_num_threads()
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)
        started = time.perf_counter()
        answers = answer_all(self.unet, queries)
        self._threads.took(rows, threads, time.perf_counter() - started)
        return answers

    def _is_fast(self, query: NoiseQuery) -> bool:
        assert self.fast is not None
        return query.how is None and not query.loras and self.fast.takes(query.latents.shape)

    @property
    def text_reader(self) -> ClipTextEncoder:
        """The readable text encoder with this model's weights, made when it is first asked for."""
        if self._reader is None:
            self._reader = readable_encoder(self.checkpoint)
        return self._reader

    def fit_colors(self) -> None:
        """Fit the linear guess of the colour under each latent, once; without it, no previews."""
        if self.colors_tried:
            return
        try:
            self.colors = fit_color_map(self.checkpoint)
        except Exception as error:  # a preview is a luxury: what it lacks must end no run
            caught = error.with_traceback(None)  # a traceback keeps the failed call's tensors
            LOG.warning("no previews for %s: %s", self.checkpoint.id, caught)
        if self.colors is None:
            free_memory()
        self.colors_tried = True  # last: others look whether it is done

    def _most_pictures(self, shape: torch.Size) -> int:
        """Return how many pictures the autoencoder decodes at once: as many as fit."""
        if not self._memory:
            return MOST_PICTURES
        channels = self.checkpoint.vae.config.block_out_channels
        pixels = shape[-1] * shape[-2] * self.checkpoint.vae_scale**2
        taken = decoding(channels) * pixels * self.checkpoint.dtype.itemsize
        return max(1, min(MOST_PICTURES, int(MEMORY_SHARE * self._memory / taken)))

    def _decode(self, latents: list[Tensor]) -> Tensor:
        return decode_latents(self.checkpoint, torch.stack(latents)).contiguous()

    def _draw(self, latents: list[Tensor]) -> Tensor:
        assert self.small_decoder is not None
        return decode_quickly(self.small_decoder, torch.stack(latents)).contiguous()


@functools.cache
def all_threads() -> int:
    """Return how many threads torch had when the first model was loaded, before any choice.

    Those that the container has no cores for are taken from it.
    """
    threads = min(torch.get_num_threads(), most_cores() or sys.maxsize)
    torch.set_num_threads(threads)
    return threads


def libraries() -> str:
    """Return name and version of every library whose numbers end up in a picture."""
    found = []
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return " ".join(found)


@functools.cache
def source_hash(root: Path = CORE) -> str:
    """Return the sha256 of our own files that decide what a run gives."""
    whole = hashlib.sha256()
    for name in DECIDING:
        whole.update(f"{name} {sha256_of(root / name)}\n".encode())
    return whole.hexdigest()


def load_model(model_id: str) -> LoadedModel:
    """Load a model of the catalog onto the best device of this machine."""
    found = fit_for(model_id)
    if found.said:
        LOG.warning("%s: %s", model_id, found.said)
    checkpoint = load_checkpoint(model_id, found.hardware, found.tiles)
    small, fast = find_small_decoder(checkpoint), find_fast_unet(checkpoint, all_threads())
    return LoadedModel(checkpoint, found.hardware.memory_bytes, small, fast)
