"""The sizes of the networks, read from a checkpoint's own config.json files."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NoReturn, Protocol, Self, TypeVar

from core.errors import ExplainerError
from core.words import tr


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]  # Any: as the standard library types it


Config = TypeVar("Config", bound=_Dataclass)


@dataclass(frozen=True, slots=True)
class ClipTextConfig:
    """Sizes of a CLIP text encoder; defaults are those that old files leave out."""

    vocab_size: int = 49408
    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    hidden_act: str = "quick_gelu"
    layer_norm_eps: float = 1e-5

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # Any: a JSON file
        """Read text_encoder/config.json; raises ``ExplainerError`` for another kind of encoder."""
        _accept("hidden_act", config.get("hidden_act", cls().hidden_act), ("quick_gelu", "gelu"))
        return _read(cls, config)


@dataclass(frozen=True, slots=True)
class AutoencoderConfig:
    """Sizes of a KL autoencoder; defaults are those that old files leave out."""

    in_channels: int = 3
    out_channels: int = 3
    latent_channels: int = 4
    block_out_channels: tuple[int, ...] = (64,)
    layers_per_block: int = 1
    norm_num_groups: int = 32
    mid_block_add_attention: bool = True
    use_quant_conv: bool = True
    use_post_quant_conv: bool = True

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # Any: a JSON file
        """Read vae/config.json; raises ``ExplainerError`` for another kind of autoencoder."""
        _accept("act_fn", config.get("act_fn", "silu"), ("silu", "swish"))
        for block in config.get("down_block_types", ()):
            _accept("down_block_types", block, ("DownEncoderBlock2D",))
        for block in config.get("up_block_types", ()):
            _accept("up_block_types", block, ("UpDecoderBlock2D",))
        return _read(cls, config)


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """Sizes of a conditional U-Net; defaults are those that old files leave out.

    ``attention_head_dim`` is misnamed in every checkpoint of this family: it counts heads. One
    number holds for all levels; Stable Diffusion 2 gives one for each. ``heads`` reads both.
    """

    in_channels: int = 4
    out_channels: int = 4
    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    layers_per_block: int = 2
    down_block_types: tuple[str, ...] = (*("CrossAttnDownBlock2D",) * 3, "DownBlock2D")
    mid_block_type: str | None = "UNetMidBlock2DCrossAttn"
    up_block_types: tuple[str, ...] = ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3)
    attention_head_dim: int | tuple[int, ...] = 8
    cross_attention_dim: int = 1280
    transformer_layers_per_block: int = 1
    use_linear_projection: bool = False
    norm_num_groups: int = 32
    norm_eps: float = 1e-5
    downsample_padding: int = 1
    flip_sin_to_cos: bool = True
    freq_shift: float = 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:  # Any: a JSON file
        """Read unet/config.json; raises ``ExplainerError`` for another kind of U-Net."""
        if config.get("addition_embed_type") == "text_time":
            raise ExplainerError(
                tr(
                    "Stable Diffusion XL’s U-Net also reads a size, and the prompt as one vector; "
                    "the "
                    "network that can be looked into here is Stable Diffusion 1’s and 2’s."
                ),
                tr("Choose a checkpoint of the Stable Diffusion 1 or 2 family."),
            )
        for name, allowed in _PLAIN_UNET.items():
            _accept(name, config.get(name, allowed[0]), allowed)
        read = _read(cls, config)
        for block in read.down_block_types:
            _accept("down_block_types", block, ("CrossAttnDownBlock2D", "DownBlock2D"))
        for block in read.up_block_types:
            _accept("up_block_types", block, ("CrossAttnUpBlock2D", "UpBlock2D"))
        for name in ("layers_per_block", "cross_attention_dim", "transformer_layers_per_block"):
            if not isinstance(getattr(read, name), int):
                _refuse(name, getattr(read, name), "one number for all levels")
        return read

    @property
    def time_width(self) -> int:
        """Width of the time vector: four times the first level's channels."""
        return 4 * self.block_out_channels[0]

    @property
    def last(self) -> int:
        """Index of the deepest, coarsest level; level 0 has full latent size."""
        return len(self.block_out_channels) - 1

    def heads(self, level: int) -> int:
        """Attention heads at a level."""
        heads = self.attention_head_dim
        return heads if isinstance(heads, int) else heads[level]

    def attends_down(self, level: int) -> bool:
        """Whether a level has attention, and so reads the text, on the way down."""
        return self.down_block_types[level] == "CrossAttnDownBlock2D"

    def attends_up(self, level: int) -> bool:
        """Whether a level has attention, and so reads the text, on the way up."""
        return self.up_block_types[self.last - level] == "CrossAttnUpBlock2D"  # coarsest first


# What other families add to a U-Net, with the only values that our diagram draws.
_PLAIN_UNET: dict[str, tuple[object, ...]] = {
    "act_fn": ("silu", "swish"),
    "addition_embed_type": (None,),
    "attention_type": ("default",),
    "center_input_sample": (False,),
    "class_embed_type": (None,),
    "conv_in_kernel": (3,),
    "conv_out_kernel": (3,),
    "cross_attention_norm": (None,),
    "dual_cross_attention": (False,),
    "encoder_hid_dim": (None,),
    "encoder_hid_dim_type": (None,),
    "mid_block_scale_factor": (1,),
    "mid_block_type": ("UNetMidBlock2DCrossAttn", None),
    "num_attention_heads": (None,),
    "num_class_embeds": (None,),
    "only_cross_attention": (False,),
    "resnet_out_scale_factor": (1,),
    "resnet_skip_time_act": (False,),
    "resnet_time_scale_shift": ("default",),
    "reverse_transformer_layers_per_block": (None,),
    "time_cond_proj_dim": (None,),
    "time_embedding_act_fn": (None,),
    "time_embedding_dim": (None,),
    "time_embedding_type": ("positional",),
    "timestep_post_act": (None,),
}


def _accept(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        _refuse(name, value, " or ".join(map(str, allowed)))


def _refuse(name: str, value: object, allowed: str) -> NoReturn:
    raise ExplainerError(
        tr(
            "This checkpoint's config has {name} = {value}, and our network knows {allowed} only.",
            name=name,
            value=value,
            allowed=allowed,
        ),
        tr("Choose a checkpoint of the Stable Diffusion 1 or 2 family."),
    )


def _read(kind: type[Config], config: Mapping[str, Any]) -> Config:  # Any: a JSON file
    known = {field.name for field in fields(kind)}
    return kind(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in config.items() if k in known}
    )
