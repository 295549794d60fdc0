"""Which layer a LoRA's tensors are of, whoever named them; imports no torch.

kohya's scripts write a layer's name with underscores, diffusers and peft with dots, and for Stable
Diffusion XL many write those of the original network, which counts its blocks in one row.
"""

import re
from typing import Literal

Part = Literal["unet", "text_encoder", "text_encoder_2"]

_PREFIXES: tuple[tuple[str, Part], ...] = (
    ("lora_unet_", "unet"), ("lora_te1_", "text_encoder"), ("lora_te2_", "text_encoder_2"),
    ("lora_te_", "text_encoder"), ("text_encoder_2.", "text_encoder_2"),
    ("text_encoder.", "text_encoder"), ("unet.", "unet"),
)  # fmt: skip
_ROW = re.compile(r"(input_blocks|middle_block|output_blocks)_(\d{1,2})(?:_(\d))?_(.+)")
_IN_A_ROW = 3  # blocks of a level, on either way
_INSIDE = {  # a residual block of the original network
    "in_layers_2": "conv1", "out_layers_3": "conv2", "emb_layers_1": "time_emb_proj",
    "skip_connection": "conv_shortcut",
}  # fmt: skip
_AROUND = {
    "input_blocks_0_0": "conv_in", "out_2": "conv_out", "time_embed_0": "time_embedding_linear_1",
    "time_embed_2": "time_embedding_linear_2", "label_emb_0_0": "add_embedding_linear_1",
    "label_emb_0_2": "add_embedding_linear_2",
}  # fmt: skip


def place_of(name: str) -> tuple[Part, str]:
    """Return which network a layer is of, and its name there with underscores.

    Args:
        name: as a file has it, without what tells the two matrices apart.
    """
    name = name.removeprefix("base_model.model.")  # of peft
    for prefix, part in _PREFIXES:
        if name.startswith(prefix):
            return part, flat(name.removeprefix(prefix))
    plain = flat(name)
    return "text_encoder" if plain.startswith("encoder_layers_") else "unet", plain


def flat(name: str) -> str:
    """Return a layer's name as all layouts can be brought to it: with underscores alone.

    Args:
        name: with dots or underscores; of a text encoder with ``text_model`` or without.
    """
    plain = name.replace(".processor", "").replace(".", "_").removeprefix("text_model_")
    plain = re.sub(r"(?<=_to_out)$", "_0", plain)  # older diffusers left it out
    return _AROUND.get(plain) or _in_levels(plain)


def _in_levels(name: str) -> str:
    """Turn a name of the original network into the library's; any other stays as it is."""
    found = _ROW.fullmatch(name)
    if not found:
        return name
    way, number, kind, rest = found[1], int(found[2]), found[3], found[4]
    if way == "middle_block":  # residual, attention, residual
        inside = rest if kind is None else f"{kind}_{rest}"
        place = "attentions_0" if number == 1 else f"resnets_{number // 2}"
        return f"mid_block_{place}_{_INSIDE.get(inside, inside)}"
    level, at = divmod(number - (way == "input_blocks"), _IN_A_ROW)
    side = "down" if way == "input_blocks" else "up"
    if rest == "op":
        return f"{side}_blocks_{level}_downsamplers_0_conv"
    if rest == "conv":
        return f"{side}_blocks_{level}_upsamplers_0_conv"
    place = "resnets" if kind == "0" else "attentions"
    return f"{side}_blocks_{level}_{place}_{at}_{_INSIDE.get(rest, rest)}"
