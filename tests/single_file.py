"""Writes checkpoints as other programs keep them, in one file, from pipelines of the library.

The names are those of the first Stable Diffusion code and of OpenCLIP. Whether they are right is
not for us to say: the tests have the library read the same files.
"""

import re
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from core.models.catalog import builtin_folder

State = dict[str, torch.Tensor]
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
ENDS = {
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
OPEN_CLIP = {
    "encoder.layers.": "transformer.resblocks.", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn.": "attn.",
    "final_layer_norm": "ln_final", "embeddings.token_embedding": "token_embedding",
    "embeddings.position_embedding.weight": "positional_embedding",
}  # fmt: skip
VAE_ATTENTION = {
    "group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out",
}  # fmt: skip
TEXT = {"bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1, "vocab_size": 49408}


def build(family: str, width: int = 32, vae: int = 32, **unet: Any) -> Any:  # Any: a pipeline
    """Build a small random pipeline with the shape of a family.

    Args:
        family: "sd1", "sd2" or "sdxl".
        width: first-level channels of its U-Net.
        vae: those of its autoencoder.
        unet: settings of the U-Net that differ.
    """
    torch.manual_seed(0)
    xl, two = family == "sdxl", family == "sd2"
    tokenizer = CLIPTokenizer.from_pretrained(builtin_folder() / "tokenizer")
    plain = dict(
        hidden_size=64, intermediate_size=256, num_hidden_layers=3, num_attention_heads=1,
        hidden_act="gelu" if two else "quick_gelu", projection_dim=64, **TEXT,
    )  # fmt: skip
    text = CLIPTextModel(CLIPTextConfig(**plain))
    widths = tuple(width * n for n in ((1, 2, 2) if xl else (1, 2, 2, 2)))
    attends = [f"CrossAttn{way}Block2D" for way in ("Down", "Up")]
    downs = ("DownBlock2D", attends[0], attends[0]) if xl else (attends[0],) * 3 + ("DownBlock2D",)
    ups = (attends[1], attends[1], "UpBlock2D") if xl else ("UpBlock2D", *(attends[1],) * 3)
    more = {
        "transformer_layers_per_block": (1, 1, 2), "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 6 * 256 + 128,
    } if xl else {}  # fmt: skip
    settings = dict(
        sample_size=8, block_out_channels=widths, down_block_types=downs, up_block_types=ups,
        layers_per_block=2, cross_attention_dim=192 if xl else 64,
        attention_head_dim=8 if family == "sd1" else tuple(w // 64 or 1 for w in widths),
        use_linear_projection=family != "sd1", **more,
    ) | unet  # fmt: skip
    network = UNet2DConditionModel(**settings)
    autoencoder = AutoencoderKL(
        block_out_channels=(vae, vae, vae, 2 * vae), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=1, sample_size=64,
        scaling_factor=0.13025 if xl else 0.18215,
    )  # fmt: skip
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
        clip_sample=False, set_alpha_to_one=False,
    )  # fmt: skip
    padded = CLIPTokenizer.from_pretrained(builtin_folder() / "tokenizer", pad_token="!")
    if xl:
        wide = {"hidden_size": 128, "intermediate_size": 512, "num_attention_heads": 2,
                    "projection_dim": 128, "hidden_act": "gelu"}  # fmt: skip
        second = CLIPTextModelWithProjection(CLIPTextConfig(**plain | wide))
        return StableDiffusionXLPipeline(
            autoencoder, text, second, tokenizer, padded, network, scheduler
        )
    return StableDiffusionPipeline(
        autoencoder, text, padded if two else tokenizer, network, scheduler, None, None,
        requires_safety_checker=False,
    )  # fmt: skip


def state_of(pipeline: Any) -> State:  # Any: as above
    """Return the weights of a pipeline by the names that single files give."""
    xl = hasattr(pipeline, "text_encoder_2")
    state = {f"model.diffusion_model.{_unet_name(pipeline.unet, name)}": weight
             for name, weight in pipeline.unet.state_dict().items()}  # fmt: skip
    for name, weight in pipeline.vae.state_dict().items():
        wide = ".attentions." in name and weight.ndim == 2
        said = _vae_name(name, len(pipeline.vae.config.block_out_channels))
        state[f"first_stage_model.{said}"] = weight[:, :, None, None] if wide else weight
    text = _flat(pipeline.text_encoder)
    if pipeline.text_encoder.config.hidden_act == "gelu":
        return _saved(state | _open_clip(text, "cond_stage_model.model."))
    first = "conditioner.embedders.0.transformer." if xl else "cond_stage_model.transformer."
    state |= {f"{first}text_model.{name}": weight for name, weight in text.items()}
    if xl:
        second = _flat(pipeline.text_encoder_2)
        state |= _open_clip(second, "conditioner.embedders.1.model.")
    return _saved(state)


def save(pipeline: Any, file: Path, said: dict[str, str] | None = None, **more: Any) -> Path:
    """Write a pipeline as one file; ``more`` are tensors besides."""
    safetensors.torch.save_file(state_of(pipeline) | more, file, said)
    return file


def _saved(state: State) -> State:
    return {name: weight.detach().clone().contiguous() for name, weight in state.items()}


def _flat(encoder: Any) -> State:
    return {name.removeprefix("text_model."): w for name, w in encoder.state_dict().items()}


def _unet_name(unet: Any, name: str) -> str:
    layers = unet.config.layers_per_block + 1
    for ours, theirs in ENDS.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, theirs, 1)
    way, *parts = name.split(".")
    if way == "mid_block":
        kind, number, *rest = parts
        at = f"middle_block.{1 if kind == 'attentions' else 2 * int(number)}"
    else:
        level, kind, number, *rest = parts
        place, down = int(level) * layers + int(number), way == "down_blocks"
        if kind == "downsamplers":
            return f"input_blocks.{(int(level) + 1) * layers}.0.op.{rest[-1]}"
        if kind == "upsamplers":
            attends = unet.config.up_block_types[int(level)].startswith("Cross")
            return f"output_blocks.{place + layers - 1}.{1 + attends}.conv.{rest[-1]}"
        side = "input_blocks" if down else "output_blocks"
        at = f"{side}.{place + down}.{int(kind == 'attentions')}"
    if kind == "resnets":
        rest[0] = RESNET[rest[0]]
    return ".".join([at, *rest])


def _vae_name(name: str, levels: int) -> str:
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    up = re.search(r"up_blocks\.(\d)", name)
    if up:
        name = name.replace(up[0], f"up.{levels - 1 - int(up[1])}")
        name = name.replace(".resnets.", ".block.").replace(".upsamplers.0", ".upsample")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if ".attentions." in name:
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
        for ours, theirs in VAE_ATTENTION.items():
            name = name.replace(f"attn_1.{ours}.", f"attn_1.{theirs}.")
    return name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")


def _open_clip(text: State, prefix: str) -> State:
    found: State = {}
    for name, weight in text.items():
        if name == "text_projection.weight":
            found[f"{prefix}text_projection"] = weight.T
            continue
        said = name
        for ours, theirs in OPEN_CLIP.items():
            said = said.replace(ours, theirs)
        if ".q_proj." in said:
            three = [text[name.replace("q_proj", f"{one}_proj")] for one in "qkv"]
            end = "in_proj_weight" if said.endswith("weight") else "in_proj_bias"
            found[prefix + re.sub(r"q_proj\.\w+", end, said)] = torch.cat(three)
        elif not re.search(r"\.[kv]_proj\.", said):
            found[prefix + said] = weight
    return found
