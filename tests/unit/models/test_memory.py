"""What a model takes of memory is foretold, and decides how it is computed."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.memory import SHAPES, STATUS, measure
from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.catalog import FOLDERS, offer
from core.models.fitting import HALF, TILED, decode_in_tiles, fit
from core.models.hardware import Facts, Hardware
from core.models.loading import Checkpoint, load_folder
from core.models.memory import Need, need_of

GB = 10**9
# Stable Diffusion 1.5: 3.4 GB in half precision with what it draws with, 6.2 GB in float32.
NEED = Need(1_066_000_000, 29_500_000, 320, (128, 256, 512, 512), 8, (512, 512))
FACTS = Facts(cpu_name="CPU", cpu_memory=64 * GB, cpu_free=60 * GB, threads=2)
CARD = replace(
    FACTS, nvidia_card=True, driver="580", torch_cuda="13.0", cuda_works=True, gpu_name="Card",
    gpu_memory=8 * GB, gpu_free=8 * GB,
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "device", "dtype", "tiles", "says"),
    [
        (FACTS, "cpu", "float32", False, ""),
        (replace(FACTS, cpu_free=5 * GB), "cpu", "bfloat16", False, HALF),
        (replace(FACTS, cpu_free=int(2.6 * GB)), "cpu", "bfloat16", True, TILED),
        (replace(FACTS, cpu_free=1 * GB), "cpu", "bfloat16", True, TILED),
        (CARD, "cuda", "float16", False, ""),
        (replace(CARD, gpu_free=int(2.6 * GB)), "cuda", "float16", True, TILED),
        (replace(CARD, gpu_free=1 * GB), "cpu", "float32", False, "so the CPU computes"),
        (replace(CARD, gpu_free=1 * GB, cpu_free=5 * GB), "cpu", "bfloat16", False, HALF),
    ],
)
def test_the_first_way_that_fits_into_free_memory_is_taken_and_told(
    facts: Facts, device: str, dtype: str, tiles: bool, says: str
) -> None:
    found = fit(NEED, facts)
    assert (found.hardware.device, found.hardware.dtype, found.tiles) == (device, dtype, tiles)
    assert says in found.said
    assert bool(found.said) is bool(says)


def test_weights_are_counted_without_loading_them(
    tiny_folder: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDERS, "")
    need = need_of(offer(tiny_folder).id)
    networks = tiny_checkpoint.unet, tiny_checkpoint.vae, tiny_checkpoint.text_encoder
    assert need.weights == sum(math.prod(w.shape) for net in networks for w in net.parameters())
    assert need.own == (64, 64)
    assert need.total(128, 128, 4) > need.total(64, 64, 4) > need.total(64, 64, 2)


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells the peak")
def test_memory_is_foretold_to_a_fifth() -> None:
    found = measure(*SHAPES[1])
    assert 0.8 < found["ratio"] < 1.2, found


def test_bfloat16_on_the_cpu_draws_nearly_the_same(
    tiny_folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    half = load_folder("half", tiny_folder, Hardware("cpu", "bfloat16", "CPU", 0, 1))
    request = Request(scheduler="euler", steps=2)
    ours, theirs = (run_alone(one, request).latents for one in (half, tiny_checkpoint))
    assert half.unet.dtype == torch.bfloat16
    assert float((ours - theirs).abs().max()) < 0.05 * float(theirs.abs().max())


def test_tiles_decode_a_picture_larger_than_one(tiny_folder: Path) -> None:
    checkpoint = load_folder("tiled", tiny_folder, Hardware("cpu", "float32", "CPU", 0, 1))
    decode_in_tiles(checkpoint.vae, (64, 64))
    assert checkpoint.vae.tile_latent_min_size == 4
    picture = run_alone(checkpoint, Request(steps=1, scheduler="euler")).picture
    assert picture.shape == (64, 64, 3)
