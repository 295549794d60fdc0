"""What a LoRA changes, summed up block by block."""

import pytest

from core.engine.works.lora_change import LayerChange
from core.lessons.unet.lora_data import block_of, change_chart, change_rows, kind_of, say_change

ATTENTION = "down_blocks.0.attentions.0.transformer_blocks.0.attn2"


def layer(name: str, change: float, size: float, rank: int = 4, **of: str) -> LayerChange:
    return LayerChange(of.get("part", "unet"), name, rank, 80, 1000, change, size)  # type: ignore[arg-type]  # one of two


LAYERS = (
    layer("mid_block.resnets.0.conv1", 0.0, 0.0),
    layer("text_model.encoder.layers.1.mlp.fc1", 1.0, 10.0, part="text_encoder"),
    layer(f"{ATTENTION}.to_q", 3.0, 30.0),
    layer(f"{ATTENTION}.to_k", 4.0, 40.0, rank=8),
)


def test_layers_of_a_kind_are_one_row_for_each_block() -> None:
    rows = change_rows(LAYERS)
    assert [(row["block"], row["of"], row["layers"]) for row in rows] == [
        ("text 2", "feed-forward", 1), ("down 1", "cross-attention", 2),
        ("middle", "residual block", 1),
    ]  # fmt: skip
    assert [row["change in %"] for row in rows] == [10.0, pytest.approx(100 * 5 / 50), 0.0]
    assert [row["rank"] for row in rows] == ["4", "4 to 8", "4"]


@pytest.mark.parametrize(
    ("name", "block", "kind"),
    [("conv_in", "first", "the rest"), ("conv_out", "last", "the rest"),
     ("time_embedding.linear_1", "time", "time"),
     ("up_blocks.2.resnets.1.time_emb_proj", "up 3", "time"),
     ("up_blocks.0.upsamplers.0.conv", "up 1", "the rest"),
     ("mid_block.attentions.0.proj_in", "middle", "the rest"),
     ("mid_block.attentions.0.transformer_blocks.0.attn1.to_v", "middle", "self-attention"),
     ("mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj", "middle", "feed-forward"),
     ("encoder.layers.0.self_attn.q_proj", "text 1", "self-attention")],
)  # fmt: skip
def test_a_layer_is_named_by_its_place_and_its_kind(name: str, block: str, kind: str) -> None:
    assert block_of(layer(name, 1.0, 1.0)) == block
    assert kind_of(name) == kind


def test_the_chart_has_a_mark_for_each_row_and_no_kind_that_is_not_there() -> None:
    rows = change_rows(LAYERS)
    drawn = change_chart(rows).to_dict()
    assert list(drawn["datasets"].values()) == [rows]
    assert drawn["encoding"]["y"]["sort"] == ["text 2", "down 1", "middle"]
    kinds = drawn["encoding"]["color"]["scale"]["domain"]
    assert kinds == ["cross-attention", "feed-forward", "residual block"]
    assert len(drawn["encoding"]["shape"]["scale"]["range"]) == len(kinds)


def test_it_is_said_how_small_it_is_and_where_it_is_largest() -> None:
    said = say_change((LAYERS[0], *LAYERS[2:]))
    assert "Rank 4 to 8: 240 numbers beside the 3,000 weights of 3 layers**, 8\xa0% as many" in said
    assert "down 1, cross-attention: 10.0\xa0% of" in said
