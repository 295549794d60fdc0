"""Names of layers, whoever wrote them, against the library's own converters."""

import re
from types import SimpleNamespace

import pytest
import torch
from diffusers.loaders.lora_conversion_utils import (
    _convert_non_diffusers_lora_to_diffusers,
    _maybe_map_sgm_blocks_to_diffusers,
)

from core.models.lora_names import place_of

RESIDUAL = ("in_layers_2", "out_layers_3", "emb_layers_1", "skip_connection")
ATTENTION = ("proj_in", "transformer_blocks_0_attn2_to_k", "transformer_blocks_1_ff_net_0_proj")
ORIGINAL = (  # layers of Stable Diffusion XL as its first network names them
    *(f"input_blocks_{at}_0_{name}" for at in (1, 2, 4, 5, 7, 8) for name in RESIDUAL),
    *(f"input_blocks_{at}_1_{name}" for at in (4, 5, 7, 8) for name in ATTENTION),
    "input_blocks_3_0_op", "input_blocks_6_0_op",
    *(f"middle_block_{at}_{name}" for at in (0, 2) for name in RESIDUAL[:3]),
    *(f"middle_block_1_{name}" for name in ATTENTION),
    *(f"output_blocks_{at}_0_{name}" for at in range(9) for name in RESIDUAL),
    *(f"output_blocks_{at}_1_{name}" for at in range(6) for name in ATTENTION),
    "output_blocks_2_2_conv", "output_blocks_5_2_conv", "input_blocks_0_0", "out_2",
    "time_embed_0", "time_embed_2", "label_emb_0_0", "label_emb_0_2",
)  # fmt: skip


@pytest.mark.parametrize("name", ORIGINAL)
def test_layers_of_the_original_network_are_those_that_the_library_finds(name: str) -> None:
    key, kernel = f"lora_unet_{name}", (1, 1) if "op" in name or "conv" in name else ()
    state = {
        f"{key}.lora_down.weight": torch.ones(2, 4, *kernel),
        f"{key}.lora_up.weight": torch.ones(4, 2, *kernel),
    }
    renamed = _maybe_map_sgm_blocks_to_diffusers(state, SimpleNamespace(layers_per_block=2))
    theirs, _ = _convert_non_diffusers_lora_to_diffusers(dict(renamed))
    [expected] = {place_of(re.sub(r"[._]lora[._].*", "", one)) for one in theirs}
    assert place_of(key) == expected
    assert expected[1] != name


@pytest.mark.parametrize(
    ("name", "part", "plain"),
    [
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1", "text_encoder",
         "encoder_layers_0_mlp_fc1"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1", "text_encoder_2",
         "encoder_layers_0_mlp_fc1"),
        ("text_encoder_2.text_model.encoder.layers.3.self_attn.q_proj", "text_encoder_2",
         "encoder_layers_3_self_attn_q_proj"),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1", "text_encoder", "encoder_layers_0_mlp_fc1"),
        ("base_model.model.text_model.encoder.layers.0.mlp.fc1", "text_encoder",
         "encoder_layers_0_mlp_fc1"),
        ("base_model.model.mid_block.resnets.0.conv1", "unet", "mid_block_resnets_0_conv1"),
        ("unet.up_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out", "unet",
         "up_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0"),
    ],
)  # fmt: skip
def test_a_layer_has_one_name_whoever_wrote_it(name: str, part: str, plain: str) -> None:
    assert place_of(name) == (part, plain)
