"""The config files of a checkpoint, read within bounds and checked field by field; no torch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from core.errors import ExplainerError
from core.ideas.schedule_config import BETA_SCHEDULES, COSINE, read_alpha_bar
from core.words import in_a_row, tr

Config = dict[str, Any]  # Any: what JSON holds

LARGEST_FILE = 20_000_000  # bytes of a tokenizer's file; Stable Diffusion's largest has 4,000,000
LARGEST_JSON = 2_000_000  # bytes; a config of Stable Diffusion has 2,000
LFS_POINTER = b"version https://git-lfs"  # what Git leaves in a large file's place
LEVELS = 6  # resolutions of a network; Stable Diffusion has 4
LEAST_SIGNAL = 1e-30  # alpha_bar; below, noise over signal leaves the numbers of float32
UNSAID_SIDE = 64  # latents each way; Stable Diffusion 1's


@dataclass(frozen=True, slots=True)
class Rule:
    """What one setting of a config may be.

    Attributes:
        expected: in words.
        holds: whether a value is that.
    """

    expected: str
    holds: Callable[[Any], bool]


def _whole(low: int, high: int) -> Rule:
    return Rule(
        tr("a whole number from {low:,} to {high:,}", low=low, high=high),
        lambda v: type(v) is int and low <= v <= high,
    )


def _real(low: float, high: float) -> Rule:
    return Rule(  # NaN lies between no two numbers
        tr("a number from {low:,g} to {high:,g}", low=low, high=high),
        lambda v: type(v) in (int, float) and low <= v <= high,
    )


def _choice(*names: str) -> Rule:
    return Rule(reduce(_or, names), lambda v: isinstance(v, str) and v in names)


def _each(rule: Rule, most: int = LEVELS) -> Rule:
    return Rule(
        tr("a list of 1 to {most:,}, each {expected}", most=most, expected=rule.expected),
        lambda v: isinstance(v, list) and 0 < len(v) <= most and all(map(rule.holds, v)),
    )


def _either(*rules: Rule) -> Rule:
    return Rule(
        reduce(_or, (rule.expected for rule in rules)),
        lambda v: any(rule.holds(v) for rule in rules),
    )


def _or(first: str, last: str) -> str:
    return tr("{first} or {last}", first=first, last=last)


def _only(value: object) -> Rule:
    return Rule(json.dumps(value), lambda v: type(v) is type(value) and v == value)


_NONE = _only(None)
_SWITCH = Rule(tr("true or false"), lambda v: isinstance(v, bool))
_CHANNELS = _whole(1, 8192)
_SIDE = _whole(1, 256)
_ACTIVATION = _choice("silu", "swish", "mish", "gelu", "relu")
_TRANSFORMERS = _whole(1, 16)
_STEPS = (2, 10_000)  # Stable Diffusion has 1,000; more would only fill the memory

# Settings with a meaning to the libraries. One that is left out has the library's own default, one
# that nobody knows is passed over by them.
RULES: dict[str, dict[str, Rule]] = {
    "unet": {
        "act_fn": _ACTIVATION,
        "addition_embed_type": _either(_only("text_time"), _NONE),
        "addition_time_embed_dim": _either(_CHANNELS, _NONE),
        "attention_head_dim": _either(_whole(1, 1024), _each(_whole(1, 1024))),
        "block_out_channels": _each(_CHANNELS),
        "center_input_sample": _SWITCH,
        "conv_in_kernel": _only(3),
        "conv_out_kernel": _only(3),
        "cross_attention_dim": _either(_CHANNELS, _each(_CHANNELS)),
        "down_block_types": _each(_choice("DownBlock2D", "CrossAttnDownBlock2D")),
        "downsample_padding": _whole(0, 1),
        "dropout": _real(0, 1),
        "dual_cross_attention": _SWITCH,
        "flip_sin_to_cos": _SWITCH,
        "freq_shift": _real(0, 1),
        "in_channels": _whole(1, 64),
        "layers_per_block": _either(_whole(1, 8), _each(_whole(1, 8))),
        "mid_block_scale_factor": _real(1e-3, 1e3),
        "mid_block_type": _either(
            _choice("UNetMidBlock2DCrossAttn", "UNetMidBlock2D"), _NONE
        ),
        "norm_eps": _real(0, 1),
        "norm_num_groups": _CHANNELS,
        "num_attention_heads": _either(_NONE, _whole(1, 1024), _each(_whole(1, 1024))),
        "only_cross_attention": _either(_SWITCH, _each(_SWITCH)),
        "out_channels": _whole(1, 64),
        "projection_class_embeddings_input_dim": _either(_whole(1, 65_536), _NONE),
        "resnet_out_scale_factor": _real(1e-3, 1e3),
        "resnet_skip_time_act": _SWITCH,
        "resnet_time_scale_shift": _choice("default", "scale_shift"),
        "sample_size": _either(
            _SIDE,
            Rule(tr("two of these"), lambda v: _each(_SIDE).holds(v) and len(v) == 2),
            _NONE,
        ),
        "time_embedding_type": _choice("positional", "fourier"),
        "transformer_layers_per_block": _either(_TRANSFORMERS, _each(_TRANSFORMERS)),
        "up_block_types": _each(_choice("UpBlock2D", "CrossAttnUpBlock2D")),
        "upcast_attention": _either(_SWITCH, _NONE),
        "use_linear_projection": _SWITCH,
    },
    "vae": {
        "act_fn": _ACTIVATION,
        "block_out_channels": _each(_CHANNELS),
        "down_block_types": _each(_only("DownEncoderBlock2D")),
        "force_upcast": _SWITCH,
        "in_channels": _only(3),
        "latent_channels": _whole(1, 64),
        "layers_per_block": _whole(1, 8),
        "mid_block_add_attention": _SWITCH,
        "norm_num_groups": _CHANNELS,
        "out_channels": _only(3),
        "sample_size": _either(_whole(1, 4096), _each(_whole(1, 4096), 2), _NONE),
        "scaling_factor": _real(1e-4, 1e4),
        "shift_factor": _either(_real(-1e4, 1e4), _NONE),
        "up_block_types": _each(_only("UpDecoderBlock2D")),
        "use_post_quant_conv": _SWITCH,
        "use_quant_conv": _SWITCH,
    },
    "text_encoder": {
        "attention_dropout": _real(0, 1),
        "hidden_act": _choice(
            "quick_gelu", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu",
            "swish", "mish",
        ),
        "hidden_size": _CHANNELS,
        "intermediate_size": _whole(1, 65_536),
        "layer_norm_eps": _real(0, 1),
        "max_position_embeddings": _whole(2, 1024),
        "num_attention_heads": _whole(1, 1024),
        "num_hidden_layers": _whole(1, 64),
        "projection_dim": _CHANNELS,
        "transformers_weights": _NONE,
        "use_attention_mask": _SWITCH,
        "vocab_size": _whole(2, 1_000_000),
    },
    "scheduler": {
        "beta_end": _real(1e-6, 0.999),
        "beta_schedule": _choice(*BETA_SCHEDULES, COSINE),
        "beta_start": _real(1e-6, 0.999),
        "clip_sample": _SWITCH,
        "euler_at_final": _SWITCH,
        "interpolation_type": _choice("linear", "log_linear"),
        "lower_order_final": _SWITCH,
        "num_train_timesteps": _whole(*_STEPS),
        "prediction_type": _choice("epsilon", "v_prediction", "sample"),
        "rescale_betas_zero_snr": _SWITCH,
        "set_alpha_to_one": _SWITCH,
        "skip_prk_steps": _SWITCH,
        "solver_order": _whole(1, 3),
        "steps_offset": _whole(0, 1000),
        "thresholding": _SWITCH,
        "timestep_spacing": _choice("leading", "linspace", "trailing"),
        "trained_betas": _either(_NONE, _each(_real(1e-6, 0.999), _STEPS[1])),
        "use_beta_sigmas": _SWITCH,
        "use_exponential_sigmas": _SWITCH,
        "use_karras_sigmas": _SWITCH,
        "use_lu_lambdas": _SWITCH,
    },
}  # fmt: skip
_EVERYWHERE = {"quantization_config": _NONE}  # weights in other kinds of numbers
_BY_LEVEL = (
    "attention_head_dim", "cross_attention_dim", "down_block_types", "layers_per_block",
    "num_attention_heads", "only_cross_attention", "transformer_layers_per_block",
    "up_block_types",
)  # fmt: skip


def kind_of(part: str) -> str:
    """Return which kind of part a part is: the second text encoder is one like the first.

    Args:
        part: its folder's name.
    """
    return part.removesuffix("_2")


def config_file(folder: Path, part: str) -> Path:
    """Return where the config of a part is kept.

    Args:
        folder: the checkpoint.
        part: "unet", "vae", "text_encoder", "text_encoder_2" or "scheduler".
    """
    return folder / part / ("scheduler_config.json" if part == "scheduler" else "config.json")


def read_config(folder: Path, part: str) -> Config:
    """Read the config of one part and check every setting that has a meaning.

    Args:
        folder: a checkpoint in diffusers format.
        part: "unet", "vae", "text_encoder", "text_encoder_2" or "scheduler".

    Returns:
        The config; what it leaves out has the library's default.

    Raises:
        ExplainerError: the file is missing or damaged, or a setting is none that a Stable Diffusion
            has; names the file, the setting, what it is and what was expected.
    """
    file = config_file(folder, part)
    config = read_json(file)
    for name, rule in {**RULES[kind_of(part)], **_EVERYWHERE}.items():
        if name in config and not rule.holds(config[name]):
            _refuse(file, name, config[name], rule.expected)
    levels = len(config.get("block_out_channels", range(4)))
    for name in _BY_LEVEL:
        value = config.get(name)
        if isinstance(value, list) and len(value) != levels:
            expected = tr("{levels} of them, as many as block_out_channels has", levels=levels)
            _refuse(file, name, value, expected)
    if part == "scheduler":
        _check_schedule(file, config)
    return config


def own_size(unet: Mapping[str, Any], vae: Mapping[str, Any]) -> tuple[int, int]:
    """Return height and width of the latents that a model was trained on.

    Older configs leave the U-Net's size out. Then the picture that the autoencoder was trained on
    stands for it, and without that Stable Diffusion 1's 64 latents.

    Args:
        unet: config of the U-Net, checked.
        vae: config of the autoencoder, checked.
    """
    size = unet.get("sample_size")
    if size is None:
        side = vae.get("sample_size")
        picture = side[0] if isinstance(side, list | tuple) else side
        size = max(1, picture // vae_scale(vae)) if picture else UNSAID_SIDE
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def say_unsaid_size(unet: Mapping[str, Any], vae: Mapping[str, Any]) -> str:
    """Say which size is taken where the U-Net's config leaves it out; "" where it does not.

    Args:
        unet: as for ``own_size``.
        vae: as for ``own_size``.
    """
    if unet.get("sample_size") is not None:
        return ""
    height, width = (side * vae_scale(vae) for side in own_size(unet, vae))
    return tr(
        "unet/config.json leaves out sample_size: {width} × {height} pixels are taken for this "
        "model's own size. Give height and width, or write the setting into the file.",
        width=width,
        height=height,
    )


def vae_scale(vae: Mapping[str, Any]) -> int:
    """Return pixels per latent position, each way.

    Args:
        vae: config of the autoencoder, checked.
    """
    return 2 ** (len(vae.get("block_out_channels", (64,))) - 1)


def read_json(file: Path, most: int = LARGEST_JSON) -> Config:
    """Read one JSON file of a checkpoint, within bounds.

    Args:
        file: JSON, an object.
        most: bytes it may have.

    Raises:
        ExplainerError: it is missing, no plain file, too large or damaged; says which.
    """
    try:
        if not file.is_file():
            raise ExplainerError(say_absent(file), again(file))
        with file.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise unreadable(file) from error
    if len(content) > most:
        raise ExplainerError(
            tr("{file} is damaged: it has more than {most:,} bytes.", file=named(file), most=most),
            again(file),
        )
    try:
        config = json.loads(content)  # UTF-8, UTF-16 or UTF-32, with a mark or without
    except (ValueError, RecursionError) as error:
        if content.startswith(LFS_POINTER):
            raise ExplainerError(
                tr("{file} is only a Git LFS pointer, not the file.", file=named(file)),
                tr("Run `git lfs pull` in the checkpoint's folder."),
            ) from error
        raise ExplainerError(
            tr("{file} is damaged: not JSON.", file=named(file)), again(file)
        ) from error
    if not isinstance(config, dict):
        raise ExplainerError(
            tr("{file} is damaged: not a JSON object.", file=named(file)), again(file)
        )
    return config


def named(path: Path) -> str:
    """Return a file's name for people: with its folder's, and no more of its path.

    Args:
        path: the file.
    """
    return f"{path.parent.name}/{path.name}"


def again(file: Path) -> str:
    """Say what to do about a file that is not as it should be.

    Args:
        file: the file.
    """
    return tr("Get the checkpoint again, or put {file} back.", file=file.name)


def unreadable(place: Path) -> ExplainerError:
    """Return what is said of a file or a folder that cannot be read.

    Args:
        place: of a checkpoint.
    """
    return ExplainerError(tr("{file} cannot be read.", file=named(place)), again(place))


def say_absent(file: Path) -> str:
    """Say that a file is none.

    Args:
        file: what should be one.
    """
    if file.exists():
        return tr("{file} is no plain file.", file=named(file))
    return tr("{file} is missing.", file=named(file))


def _check_schedule(file: Path, config: Config) -> None:
    """Refuse betas that make no noise schedule."""
    betas, steps = config.get("trained_betas"), config.get("num_train_timesteps", 1000)
    if betas is not None and len(betas) != steps:
        _refuse(
            file,
            "trained_betas",
            betas,
            tr("{steps:,} numbers, one a training timestep", steps=steps),
        )
    try:
        left = float(read_alpha_bar({**config, "rescale_betas_zero_snr": False})[-1])
    except ExplainerError as error:
        raise ExplainerError(in_a_row(f"{named(file)}:", error.what), again(file)) from error
    if not np.float32(left) > LEAST_SIGNAL:
        _refuse(
            file, "betas", config.get("beta_end", "trained_betas"),
            tr("at least {least:g} of the signal left at the end, not {left:g}",
               least=LEAST_SIGNAL, left=left),
        )  # fmt: skip


def _refuse(file: Path, name: str, value: object, expected: str) -> NoReturn:
    try:
        text = json.dumps(value)
    except RecursionError:
        text = tr("lists within lists")
    got = text if len(text) <= 40 else f"{text[:37]}…"
    if isinstance(value, list) and len(text) > 40:
        got = tr("a list of {count:,}", count=len(value))
    raise ExplainerError(
        tr(
            "{file} has {name} = {got}; {expected} was expected.",
            file=named(file),
            name=name,
            got=got,
            expected=expected,
        ),
        again(file),
    )
