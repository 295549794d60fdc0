"""The configs of a checkpoint that is one file: its family's, with sizes read from shapes.

A single file says nothing of what it is but names and shapes. The shapes give every size; what they
cannot give, such as heads, activations and the noise schedule, is the family's, and lies in
``families`` as config files that read like any checkpoint's. Imports no torch.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from core.models.config_files import Config, read_json

Family = Literal["sd1", "sd2", "sdxl"]
Shapes = Mapping[str, tuple[int, ...]]

FAMILIES = Path(__file__).parent / "families"
HEAD = 64  # numbers of one head, in every family but Stable Diffusion 1's U-Net
UNET = "model.diffusion_model."
UNREAD_LAYER = 23  # Stable Diffusion 2 reads the text one layer before OpenCLIP's last


def family_configs(family: Family) -> dict[str, Config]:
    """Return the config files of a family, by their names within a checkpoint's folder.

    Args:
        family: one of the folders in ``families``.
    """
    folder = FAMILIES / family
    return {
        file.relative_to(folder).as_posix(): read_json(file)
        for file in sorted(folder.rglob("*.json"))
    }


def unet_sizes(shapes: Shapes, family: Family) -> Config:
    """Read the sizes of a U-Net.

    Args:
        shapes: by the names of a single file, all of it.
        family: decides what a head is.

    Raises:
        KeyError: a tensor that every U-Net of these families has is not there.
    """
    own = {name.removeprefix(UNET): shape for name, shape in shapes.items() if UNET in name}
    inputs = _count(own, "input_blocks.")
    downs = [at for at in range(inputs) if f"input_blocks.{at}.0.op.weight" in own]
    layers = (downs[0] if downs else inputs) - 1
    levels = len(downs) + 1
    firsts = [1 + level * (layers + 1) for level in range(levels)]
    channels = [own[f"input_blocks.{at}.0.out_layers.3.weight"][0] for at in firsts]
    deep = [_count(own, f"input_blocks.{at}.1.transformer_blocks.") for at in firsts]
    up = [_count(own, f"output_blocks.{n * (layers + 1)}.1.transformer_blocks.")
          for n in range(levels)]  # fmt: skip
    text = next(shape for name, shape in own.items() if name.endswith("attn2.to_k.weight"))
    inner = next(shape for name, shape in own.items() if name.endswith(".proj_in.weight"))
    sizes: Config = {
        "in_channels": own["input_blocks.0.0.weight"][1],
        "out_channels": own["out.2.weight"][0],
        "block_out_channels": channels,
        "layers_per_block": layers,
        "cross_attention_dim": text[1],
        "use_linear_projection": len(inner) == 2,
        "down_block_types": ["CrossAttnDownBlock2D" if n else "DownBlock2D" for n in deep],
        "up_block_types": ["CrossAttnUpBlock2D" if n else "UpBlock2D" for n in up],
    }
    if family != "sd1":
        sizes["attention_head_dim"] = [max(1, width // HEAD) for width in channels]
    if max(deep) > 1:
        sizes["transformer_layers_per_block"] = [max(1, n) for n in deep]
    if "label_emb.0.0.weight" in own:
        sizes["projection_class_embeddings_input_dim"] = own["label_emb.0.0.weight"][1]
    return sizes


def vae_sizes(shapes: Shapes, prefix: str) -> Config:
    """Read the sizes of an autoencoder.

    Args:
        shapes: by the names that single files give, or by the library's own.
        prefix: before the names.

    Raises:
        KeyError: a tensor that every such autoencoder has is not there.
    """
    own = {name.removeprefix(prefix): s for name, s in shapes.items() if name.startswith(prefix)}
    down, block = ("down_blocks", "resnets") if is_library_vae(own, "") else ("down", "block")
    levels = _count(own, f"encoder.{down}.")
    sizes: Config = {
        "block_out_channels": [
            own[f"encoder.{down}.{level}.{block}.0.conv1.weight"][0] for level in range(levels)
        ],
        "layers_per_block": _count(own, f"encoder.{down}.0.{block}."),
        "latent_channels": own["decoder.conv_in.weight"][1],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }
    return sizes


def is_library_vae(shapes: Shapes, prefix: str) -> bool:
    """Whether an autoencoder has the library's names and not those of single files."""
    return f"{prefix}encoder.down_blocks.0.resnets.0.conv1.weight" in shapes


def text_sizes(shapes: Shapes, prefix: str, family: Family) -> Config:
    """Read the sizes of a text encoder.

    Args:
        shapes: by transformers' names or OpenCLIP's.
        prefix: before the names.
        family: decides how many layers are read.

    Raises:
        KeyError: a tensor that every such encoder has is not there.
    """
    own = {name.removeprefix(prefix): s for name, s in shapes.items() if name.startswith(prefix)}
    own = {name.removeprefix("text_model."): shape for name, shape in own.items()}
    if "positional_embedding" in own:
        words, places = own["token_embedding.weight"], own["positional_embedding"]
        layers = _count(own, "transformer.resblocks.")
        inner = own["transformer.resblocks.0.mlp.c_fc.weight"][0]
        projection = own.get("text_projection", words)[-1]
    else:
        words = own["embeddings.token_embedding.weight"]
        places = own["embeddings.position_embedding.weight"]
        layers, inner = _count(own, "encoder.layers."), own["encoder.layers.0.mlp.fc1.weight"][0]
        projection = own.get("text_projection.weight", words[::-1])[0]
    return {
        "vocab_size": words[0],
        "hidden_size": words[1],
        "intermediate_size": inner,
        "max_position_embeddings": places[0],
        "num_attention_heads": max(1, words[1] // HEAD),
        "num_hidden_layers": min(layers, UNREAD_LAYER) if family == "sd2" else layers,
        "projection_dim": projection,
    }


def _count(names: Shapes, before: str) -> int:
    """Return how many numbers follow a beginning, from 0 on."""
    found = {int(m[1]) for name in names if (m := re.match(rf"{re.escape(before)}(\d+)\.", name))}
    return max(found, default=-1) + 1
