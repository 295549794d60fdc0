"""Configs with the real structure of real checkpoints, most of them at a tiny width."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.models.catalog import builtin_folder

Config = dict[str, Any]  # Any: a config.json

CROSS = ["CrossAttnDownBlock2D"] * 3
UP_CROSS = ["CrossAttnUpBlock2D"] * 3

# As published with Stable Diffusion 1.5 and 2.1; keys that only name versions are left out.
SD15_UNET: Config = {
    "act_fn": "silu",
    "attention_head_dim": 8,
    "block_out_channels": [320, 640, 1280, 1280],
    "center_input_sample": False,
    "cross_attention_dim": 768,
    "down_block_types": [*CROSS, "DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D", *UP_CROSS],
}
SD21_UNET: Config = SD15_UNET | {
    "attention_head_dim": [5, 10, 20, 20],
    "cross_attention_dim": 1024,
    "dual_cross_attention": False,
    "num_class_embeds": None,
    "only_cross_attention": False,
    "sample_size": 96,
    "upcast_attention": True,
    "use_linear_projection": True,
}
SD_VAE: Config = {
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 512,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
SD15_TEXT: Config = {
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "hidden_act": "quick_gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77,
    "model_type": "clip_text_model",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "projection_dim": 768,
    "vocab_size": 49408,
}
SD21_TEXT: Config = SD15_TEXT | {
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 23,
    "projection_dim": 512,
}

UNETS: dict[str, Config] = {
    "sd15": SD15_UNET
    | {"block_out_channels": [16, 32, 64, 64], "cross_attention_dim": 24, "norm_num_groups": 8},
    "sd21": SD21_UNET
    | {
        "attention_head_dim": [1, 2, 4, 8],
        "block_out_channels": [16, 32, 64, 64],
        "cross_attention_dim": 24,
        "norm_num_groups": 8,
    },
    "built-in": SD15_UNET
    | {
        "attention_head_dim": 4,
        "block_out_channels": [16, 32, 64],
        "cross_attention_dim": 24,
        "down_block_types": [*CROSS[:2], "DownBlock2D"],
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "up_block_types": ["UpBlock2D", *UP_CROSS[:2]],
    },
    "small distilled": SD15_UNET
    | {
        "attention_head_dim": 2,
        "block_out_channels": [16, 32, 64],
        "cross_attention_dim": 24,
        "down_block_types": CROSS,
        "layers_per_block": 1,
        "mid_block_type": None,
        "norm_num_groups": 8,
        "up_block_types": UP_CROSS,
    },
    "other time": SD15_UNET
    | {
        "block_out_channels": [16, 32],
        "cross_attention_dim": 24,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "downsample_padding": 0,
        "flip_sin_to_cos": False,
        "freq_shift": 1,
        "layers_per_block": 1,
        "norm_eps": 1e-3,
        "norm_num_groups": 8,
        "transformer_layers_per_block": 2,
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    },
}
VAES: dict[str, Config] = {
    "sd": SD_VAE | {"block_out_channels": [8, 16, 32, 32], "norm_num_groups": 4},
    "built-in": SD_VAE
    | {
        "block_out_channels": [8, 16, 24, 32],
        "layers_per_block": 1,
        "mid_block_add_attention": False,
        "norm_num_groups": 8,
    },
    "no quant convolutions": SD_VAE
    | {
        "block_out_channels": [8, 16],
        "down_block_types": ["DownEncoderBlock2D"] * 2,
        "latent_channels": 6,
        "norm_num_groups": 4,
        "up_block_types": ["UpDecoderBlock2D"] * 2,
        "use_post_quant_conv": False,
        "use_quant_conv": False,
    },
}
_NARROW = {
    "eos_token_id": 99,
    "hidden_size": 24,
    "intermediate_size": 48,
    "num_attention_heads": 3,
    "vocab_size": 100,
}
TEXTS: dict[str, Config] = {
    "sd15": SD15_TEXT | _NARROW | {"num_hidden_layers": 4},
    "sd21": SD21_TEXT | _NARROW | {"num_hidden_layers": 5, "layer_norm_eps": 1e-3},
}


@pytest.fixture(params=UNETS)
def unet_config(request: pytest.FixtureRequest) -> Config:
    return UNETS[request.param]


@pytest.fixture(params=VAES)
def vae_config(request: pytest.FixtureRequest) -> Config:
    return VAES[request.param]


@pytest.fixture(params=TEXTS)
def text_config(request: pytest.FixtureRequest) -> Config:
    return TEXTS[request.param]


@pytest.fixture
def small_unet_config() -> Config:
    return UNETS["built-in"]


@pytest.fixture
def small_vae_config() -> Config:
    return VAES["built-in"]


@pytest.fixture
def small_text_config() -> Config:
    return TEXTS["sd15"]


@pytest.fixture(params=[SD15_UNET, SD21_UNET], ids=["sd15", "sd21"])
def full_unet_config(request: pytest.FixtureRequest) -> Config:
    return request.param


@pytest.fixture(params=[SD15_TEXT, SD21_TEXT], ids=["sd15", "sd21"])
def full_text_config(request: pytest.FixtureRequest) -> Config:
    return request.param


@pytest.fixture
def full_vae_config() -> Config:
    return SD_VAE


@pytest.fixture
def randomise() -> Callable[[nn.Module], nn.Module]:
    """Move every weight off its start value, so that no bias is 0 and no scale is 1."""

    def randomised(net: nn.Module, seed: int = 0) -> nn.Module:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in net.parameters():
                spread = 0.1 if weight.ndim == 1 else 0.02
                weight += spread * torch.randn(weight.shape, generator=generator)
        return net.eval()

    return randomised


@pytest.fixture
def normal() -> Callable[..., Tensor]:
    """Seeded noise from N(0, 1)."""

    def draw(*shape: int, seed: int = 0) -> Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    return draw


@pytest.fixture
def assert_same_gradients() -> Callable[[nn.Module, nn.Module], None]:
    """Every weight's gradient agrees within 1e-4, and within 0.1 % of its own largest number."""

    def compare(ours: nn.Module, theirs: nn.Module) -> None:
        expected = dict(theirs.named_parameters())
        for name, weight in ours.named_parameters():
            found, wanted = weight.grad, expected[name].grad
            assert found is not None, name
            assert wanted is not None, name
            largest = wanted.abs().max().item()
            if name.endswith(("to_k.bias", "k_proj.bias")):
                # the same added to every key changes no softmax: the true gradient is 0
                assert max(largest, found.abs().max().item()) < 1e-6, name
            else:
                assert largest > 0, f"{name} has no gradient to compare"
                atol = min(1e-4, 1e-3 * largest)
                torch.testing.assert_close(found, wanted, rtol=0, atol=atol, msg=name)

    return compare


@pytest.fixture(scope="session")
def builtin() -> Callable[[str], tuple[Path, Config]]:
    """The built-in model's folder of one part, and that part's config."""

    def part(name: str) -> tuple[Path, Config]:
        folder = builtin_folder() / name
        if not (folder / "config.json").is_file():
            pytest.skip("the built-in weights are not in this copy")
        return folder, json.loads((folder / "config.json").read_text(encoding="utf-8"))

    return part
