"""The plan drawn from a checkpoint's files is the network that is built from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.unet_facts import draw_plan, read_unet_facts
from core.nets.config import UNetConfig
from core.nets.unet import UNet
from core.nets.watching import boxes, feature_map, watch

PLAIN: dict[str, Any] = {  # Any: a config.json
    "block_out_channels": [16, 32, 64],
    "cross_attention_dim": 24,
    "norm_num_groups": 8,
    "attention_head_dim": 4,
    "down_block_types": ["CrossAttnDownBlock2D"] * 2 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 2,
}
CONFIGS = {
    "two layers": PLAIN,
    "one layer": PLAIN | {"layers_per_block": 1},
    "no middle": PLAIN | {"mid_block_type": None, "layers_per_block": 1},
    "padding on two sides": PLAIN | {"downsample_padding": 0, "layers_per_block": 1},
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("size", [(16, 16), (12, 20), (13, 18)])
def test_boxes_are_those_that_run_in_their_order_and_shapes(
    name: str, size: tuple[int, int]
) -> None:
    config = UNetConfig.from_config(CONFIGS[name])
    unet = UNet(config)
    with watch(unet, dict.fromkeys(boxes(unet), feature_map)) as seen, torch.no_grad():
        unet(torch.zeros(1, 4, *size), torch.tensor(7), torch.zeros(1, 77, 24))
    plan, _ = draw_plan(config, size)
    assert [box.name for box in plan] == list(seen)
    assert [box.shape for box in plan] == [tuple(part.value.shape[1:]) for part in seen.values()]


@pytest.mark.parametrize("name", CONFIGS)
def test_skips_are_read_where_the_library_reads_them(name: str) -> None:
    theirs = UNet2DConditionModel(**CONFIGS[name]).eval()
    kept: list[torch.Tensor] = []
    read: dict[str, torch.Tensor] = {}
    theirs.conv_in.register_forward_hook(lambda _p, _i, out: kept.append(out))
    for block in theirs.down_blocks:
        block.register_forward_hook(lambda _p, _i, out: kept.extend(out[1]))
    for path, part in theirs.up_blocks.named_modules():
        if path.endswith(("resnets.0", "resnets.1", "resnets.2")):

            def note(_part: nn.Module, inputs: tuple[Any, ...], path: str = path) -> None:
                read[f"up_blocks.{path}"] = inputs[0]

            part.register_forward_pre_hook(note)
    with torch.no_grad():
        theirs(torch.randn(1, 4, 16, 16), 7, encoder_hidden_states=torch.randn(1, 77, 24))
    _, skips = draw_plan(UNetConfig.from_config(CONFIGS[name]), (16, 16))
    assert [skip.number for skip in skips] == list(range(len(kept)))
    assert len(read) == len(skips)
    for skip in skips:
        whole = kept[skip.number][0]
        assert skip.shape == tuple(whole.shape)
        assert torch.equal(read[skip.target][0, -len(whole) :], whole)


def test_sources_of_skips_put_out_what_is_kept() -> None:
    config = UNetConfig.from_config(PLAIN)
    plan, skips = draw_plan(config, (16, 16))
    shapes = {box.name: box.shape for box in plan}
    assert [shapes[skip.source] for skip in skips] == [skip.shape for skip in skips]


@pytest.mark.parametrize("which", ["tiny", "built-in"])
def test_weights_are_counted_from_the_files(which: str, tiny_folder: Path) -> None:
    folder = tiny_folder if which == "tiny" else builtin_folder()
    facts = read_unet_facts(folder, (None, None))
    unet = UNet(UNetConfig.from_config(json.loads((folder / "unet/config.json").read_text())))
    parts = boxes(unet)
    for box in facts.boxes:
        assert box.weights == sum(weight.numel() for weight in parts[box.name].parameters())
    assert facts.weights == sum(weight.numel() for weight in unet.parameters())


def test_size_is_the_models_own_unless_asked_for(tiny_folder: Path) -> None:
    assert read_unet_facts(tiny_folder, (None, None)).size == (8, 8)
    facts = read_unet_facts(tiny_folder, (96, None))
    assert facts.size == (12, 8)
    assert facts.text == (77, 32)
    found = facts.box("conv_in")
    assert found is not None
    assert found.shape == (16, 12, 8)
    assert facts.box("cellar") is None


@pytest.mark.parametrize(
    ("change", "says"),
    [({"sample_size": "wide"}, 'sample_size = "wide"'), ({"act_fn": "gelu"}, "act_fn = gelu")],
)
def test_another_network_is_refused_in_a_sentence(
    tmp_path: Path, write_pipeline: Callable[..., None], change: dict[str, Any], says: str
) -> None:
    folder = tmp_path / "other"
    write_pipeline(folder)
    file = folder / "unet" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ExplainerError, match=says):
        read_unet_facts(folder, (None, None))


def test_weights_that_are_missing_are_named(
    tmp_path: Path, write_pipeline: Callable[..., None]
) -> None:
    folder = tmp_path / "bare"
    write_pipeline(folder)
    for file in (folder / "unet").glob("*.safetensors"):
        file.unlink()
    with pytest.raises(ExplainerError, match=r"no \.safetensors file"):
        read_unet_facts(folder, (None, None))
