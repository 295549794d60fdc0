"""Fixtures for all tests: two checkpoints, and no network but the loopback."""

import gc
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.models.catalog import builtin_folder  # core.models also quiets the libraries

LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0")


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Let tests talk to this machine only."""
    real_connect, real_lookup = socket.socket.connect, socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:  # Any: as the socket module has it
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise PermissionError(f"a test tried to reach {address[0]}")
        real_connect(self, address)

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:  # Any: as the socket module has it
        if host and not _is_loopback(host):
            raise PermissionError(f"a test tried to look up {host}")
        return real_lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket, "getaddrinfo", lookup)
        yield


def _is_loopback(host: str | bytes) -> bool:
    return (host.decode() if isinstance(host, bytes) else host).startswith(LOOPBACK)


@pytest.fixture(scope="session", autouse=True)
def _quiet_streamlit() -> None:
    """Pages run outside the server log that they do, once a call."""
    for name in ("streamlit", "streamlit.runtime.scriptrunner_utils.script_run_context"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@pytest.fixture(scope="session", autouse=True)
def _libraries_frozen() -> Iterator[None]:
    """The collector walks past the libraries from the first test on, as in an app with a model.

    A load thaws and walks them first, which is nothing beside a model of gigabytes, and half of
    the time that one of the tests' hundreds of tiny models takes.
    """
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        for change in ("freeze", "unfreeze"):
            patch.setattr(gc, change, lambda: None)
        yield


@pytest.fixture(scope="session")
def checkpoint() -> Any:  # Any: core.models.loading.Checkpoint, which imports torch
    """The built-in model, loaded once."""
    from core.models.loading import load_checkpoint

    return load_checkpoint()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Stable Diffusion of 64 pixels in diffusers format; copy it to change it."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny-sd"
    build_pipeline(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_folder: Path) -> Any:  # Any: as above
    """The random model of ``tiny_folder``, loaded on the CPU."""
    from core.models.hardware import Hardware
    from core.models.loading import load_folder

    cpu = Hardware("cpu", "float32", "CPU", 0, 1)
    return load_folder("tiny-sd", tiny_folder, cpu)


@pytest.fixture(scope="session")
def write_pipeline() -> Callable[..., None]:
    """The function that writes small random checkpoints of other shapes."""
    return build_pipeline


def build_pipeline(
    folder: Path,
    unet: dict[str, Any] | None = None,  # Any: a config holds what JSON holds
    text: dict[str, Any] | None = None,
    scheduler: dict[str, Any] | None = None,
    pad_token: str | None = None,
) -> None:
    """Write a small random Stable Diffusion checkpoint.

    Args:
        folder: where to; must not exist.
        unet: U-Net settings that differ from the tiny one's.
        text: text encoder settings that differ.
        scheduler: scheduler settings that differ.
        pad_token: the tokenizer's pad token where it is not the end token.
    """
    import json

    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers.models.clip.configuration_clip import CLIPTextConfig
    from transformers.models.clip.modeling_clip import CLIPTextModel

    kept = torch.random.get_rng_state()
    torch.manual_seed(0)
    text_settings = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "vocab_size": 49408,
        "pad_token_id": 49407,
        "bos_token_id": 49406,
        "eos_token_id": 49407,
    } | (text or {})
    unet_settings = {
        "sample_size": 8,
        "block_out_channels": (16, 32),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "attention_head_dim": 4,
        "cross_attention_dim": text_settings["hidden_size"],
    } | (unet or {})
    scheduler_settings = {
        "_class_name": "PNDMScheduler",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "num_train_timesteps": 1000,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "trained_betas": None,
        "clip_sample": False,
    } | (scheduler or {})
    parts = {
        "unet": UNet2DConditionModel(**unet_settings),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**text_settings)),
        "vae": AutoencoderKL(
            block_out_channels=(8, 8, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            norm_num_groups=4,
            latent_channels=4,
            sample_size=64,
            scaling_factor=0.18215,
        ),
    }
    for name, network in parts.items():
        network.save_pretrained(folder / name)
    torch.random.set_rng_state(kept)
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler_settings))
    shutil.copytree(builtin_folder() / "tokenizer", folder / "tokenizer")
    if pad_token is not None:
        file = folder / "tokenizer" / "tokenizer_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"pad_token": pad_token}))
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", scheduler_settings["_class_name"]],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
    }
    (folder / "model_index.json").write_text(json.dumps(index))
