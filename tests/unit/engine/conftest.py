"""Fixtures of the engine's tests: the tiny checkpoint, and the library's pipeline around it."""

import functools
import inspect
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors.torch import save_file
from transformers import CLIPTokenizer

from core.engine.engine import Engine
from core.engine.errand import Gone, News, Order, Up
from core.engine.loaded import LoadedModel
from core.engine.pool import Pool
from core.engine.replica import Replica
from core.engine.request import Request
from core.engine.worker import Worker
from core.models.loading import Checkpoint
from core.models.schedulers.table import SCHEDULERS

Oracle = Callable[[Checkpoint, Request], torch.Tensor]


@pytest.fixture(scope="session")
def library_tokenizer(tiny_folder: Any) -> CLIPTokenizer:  # Any: pathlib.Path
    return CLIPTokenizer.from_pretrained(tiny_folder / "tokenizer", model_max_length=77)


@pytest.fixture(scope="session")
def library_latents(library_tokenizer: CLIPTokenizer) -> Oracle:
    """The final latents of diffusers' own pipeline for a request, (C, H, W)."""

    def run(checkpoint: Checkpoint, request: Request) -> torch.Tensor:
        # Their class, their config and their step's own arguments: nothing of ours in between.
        theirs: Any = getattr(diffusers, SCHEDULERS[request.scheduler].class_name)
        takes = inspect.signature(theirs.step).parameters
        params = dict(request.params)
        config = {**checkpoint.scheduler_config} | {
            k: v for k, v in params.items() if k not in takes
        }
        with warnings.catch_warnings():
            # numpy 2.4 with torch 2.13, in schedulers that sort arrays of tensors
            warnings.filterwarnings("ignore", message="__array", category=DeprecationWarning)
            scheduler = theirs.from_config(config, **seeded(theirs, request.seed))
        of_step = {k: v for k, v in params.items() if k in takes}
        if of_step:
            scheduler.step = functools.partial(scheduler.step, **of_step)
        pipe = StableDiffusionPipeline(
            vae=checkpoint.vae,
            text_encoder=checkpoint.text_encoder,
            tokenizer=library_tokenizer,
            unet=checkpoint.unet,
            scheduler=DDIMScheduler.from_config(checkpoint.scheduler_config),
            safety_checker=None,  # type: ignore[arg-type]  # as the pipeline's own loader does
            feature_extractor=None,  # type: ignore[arg-type]
            requires_safety_checker=False,
        )
        # Set afterwards: the pipeline's constructor rewrites its scheduler's config.
        pipe.scheduler = scheduler
        pipe.set_progress_bar_config(disable=True)
        latents = pipe(
            request.prompt,
            negative_prompt=request.negative,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            height=request.height,
            width=request.width,
            generator=torch.Generator().manual_seed(request.seed),
            # the pipeline hands eta 0 to every scheduler that knows it; TCD's own is 0.3
            eta=params.get("eta", 0.3 if request.scheduler == "tcd" else 0.0),
            output_type="latent",
        ).images
        return latents[0]

    return run


def seeded(scheduler_class: Any, seed: int) -> dict[str, int]:  # Any: diffusers' own classes
    """The seed of the one scheduler that draws its noise itself (DPM++ SDE)."""
    takes = "noise_sampler_seed" in inspect.signature(scheduler_class.__init__).parameters
    return {"noise_sampler_seed": seed} if takes else {}


@pytest.fixture(scope="session")
def lora_folder(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Checkpoint) -> Path:
    """Random LoRAs of all layers of the tiny model, "both", and of its text encoder, "words"."""
    folder, draw = tmp_path_factory.mktemp("loras"), torch.Generator().manual_seed(0)
    for name, parts in (("both", ("unet", "text_encoder")), ("words", ("text_encoder",))):
        tensors = {}
        for part in parts:
            for layer, module in getattr(tiny_checkpoint, part).named_modules():
                if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
                    out, *rest = module.weight.shape
                    shapes = {"A": (2, *rest), "B": (out, 2, *[1] * (len(rest) - 1))}
                    tensors |= {
                        f"{part}.{layer}.lora_{side}.weight": 0.05
                        * torch.randn(shape, generator=draw)
                        for side, shape in shapes.items()
                    }
        save_file(tensors, folder / f"{name}.safetensors")
    return folder


@dataclass
class Clock:
    """A clock that only tests move."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Network:
    """What was put to the tiny U-Net: how many rows in each call."""

    calls: list[int] = field(default_factory=list)


@pytest.fixture
def network(tiny_checkpoint: Checkpoint) -> Iterator[Network]:
    """Count U-Net calls where they happen."""
    seen = Network()
    hook = tiny_checkpoint.unet.register_forward_pre_hook(
        lambda _, args: seen.calls.append(len(args[0]))
    )
    yield seen
    hook.remove()


@pytest.fixture
def clock() -> Clock:
    return Clock()


class LocalLink:
    """A replica in this process; what passes is pickled, as on the way to another one."""

    def __init__(
        self, load: Callable[[str], LoadedModel], clock: Clock, heard: threading.Event
    ) -> None:
        self._load, self._clock, self._heard = load, clock, heard
        self._news: list[News] = []
        self.replica: Replica | None = None
        self.start()

    def start(self) -> None:
        self.replica = Replica(self._load, threaded=False, pause_s=0, clock=self._clock)
        self._news.append(Up())

    def die(self) -> None:
        """End as a process does that is killed: nothing is told of what was done."""
        if self.replica is not None:
            self.replica.close()
        self.replica = None
        self._news.append(Gone())

    def order(self, orders: Sequence[Order]) -> None:
        if self.replica is not None:
            self.replica.carry_out(pickle.loads(pickle.dumps(orders)))

    def news(self) -> Sequence[News]:
        begun, self._news = self._news, []
        told = [] if self.replica is None else pickle.loads(pickle.dumps(self.replica.news()))
        return [*begun, *told]

    def go_on(self) -> None:
        if self.replica is not None and self.replica.busy:
            self.replica.tick()
            self._heard.set()

    def close(self) -> None:
        if self.replica is not None:
            self.replica.close()


def local_pool(
    load: Callable[[str], LoadedModel], clock: Clock, count: int = 1, **settings: Any
) -> Pool:
    """A pool of replicas in this process that its own ticks drive."""
    heard = threading.Event()
    links = [LocalLink(load, clock, heard) for _ in range(count)]
    return Pool(links, clock=clock, heard=heard, **settings)


@pytest.fixture(params=["worker", "pool"])
def engine_kind(request: pytest.FixtureRequest) -> str:
    """Which engine a test is about: what one promises, the other keeps."""
    return request.param


@pytest.fixture
def make_worker(
    engine_kind: str, tiny_checkpoint: Checkpoint, clock: Clock
) -> Iterator[Callable[..., Engine]]:
    """Engines around the tiny checkpoint whose ticks the test makes itself."""
    made: list[Engine] = []

    def make(slots: int = 8, **settings: Any) -> Engine:  # Any: as Worker takes them
        def load(_: str) -> LoadedModel:
            model = LoadedModel(tiny_checkpoint, 0)
            model.most_rows = 2 * slots
            return model

        own = {"load": load, "check": lambda _: None, "clock": clock, "threaded": False}
        build = Worker if engine_kind == "worker" else local_pool
        engine = build(**(own | settings))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def tick_until_quiet(worker: Engine, most: int = 1000) -> int:
    """Tick until nothing is left to do; fails where that never happens."""
    for count in range(most):
        if not worker.busy:
            return count
        worker.tick()
    raise AssertionError(f"still busy after {most} ticks")
