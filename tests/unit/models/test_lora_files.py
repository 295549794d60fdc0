"""LoRA files in the layouts that people have, against the library's own tools; and bad ones."""

import json
import os
import re
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import (
    StableDiffusionXLPipeline,
)
from diffusers.training_utils import _collate_lora_metadata
from diffusers.utils.state_dict_utils import convert_state_dict_to_diffusers
from peft import LoraConfig, get_peft_model
from peft.utils.save_and_load import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.loading import Checkpoint, Reader
from core.models.lora_files import MADE_FOR, LoraFile, read_lora
from core.models.lora_fitted import Fitted, fitted, read_pairs
from core.models.loras import LORAS, MOST, check_loras, offered_loras
from core.models.text import encode_text
from core.models.turbo import FOLDER, WEIGHTS
from core.nets.lora import Pair, merge
from tests.single_file import build

UNET = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "proj_in", "conv1", "conv2",
        "time_emb_proj", "conv_shortcut", "conv"]  # fmt: skip
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
READERS = ("text_encoder", "text_encoder_2")
LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
KOHYA = f"lora_unet_{LAYER.replace('.', '_')}"


def stirred(network: nn.Module) -> None:
    """Give a fresh adapter numbers: peft begins with B = 0."""
    draw = torch.Generator().manual_seed(1)
    for name, weight in network.named_parameters():
        if "lora_" in name:
            weight.data = 0.1 * torch.randn(weight.shape, generator=draw)


@pytest.fixture(scope="module")
def adapted_parts(tiny_checkpoint: Checkpoint) -> dict[str, Any]:
    """The tiny networks with peft's adapters in them, of alphas that are not their ranks."""
    configs = {
        "unet": LoraConfig(r=4, lora_alpha=6, target_modules=UNET, alpha_pattern={"attn1.to_q": 3}),
        "text_encoder": LoraConfig(r=2, lora_alpha=5, target_modules=TEXT, use_rslora=True),
    }
    parts = {name: deepcopy(getattr(tiny_checkpoint, name)) for name in configs}
    for name, config in configs.items():
        parts[name].add_adapter(config)
        stirred(parts[name])
    return parts


def state_of(part: nn.Module) -> dict[str, Tensor]:
    return convert_state_dict_to_diffusers(get_peft_model_state_dict(part))


def by_diffusers(folder: Path, parts: dict[str, Any]) -> Path:
    StableDiffusionPipeline.save_lora_weights(
        folder, state_of(parts["unet"]), state_of(parts["text_encoder"]),
        **_collate_lora_metadata(parts),
    )  # fmt: skip
    return folder / "pytorch_lora_weights.safetensors"


def alpha_of(name: str) -> float:
    if name.startswith("text_encoder"):
        return 5 * 2**0.5  # peft's "rs": divided by the root of the rank
    return 3.0 if name.endswith("attn1.to_q") else 6.0


def by_hand(name: Callable[[str, str], str]) -> Callable[[Path, dict[str, Any]], Path]:
    """Write the same in another layout, alpha in tensors of their own."""

    def write(folder: Path, parts: dict[str, Any]) -> Path:
        tensors: dict[str, Tensor] = {}
        for of, part in parts.items():
            for layer, module in part.named_modules():
                if hasattr(module, "get_delta_weight"):
                    base, ends = name(of, layer), ENDS[name]
                    if of == "text_encoder":
                        ends = ends.replace("lora.", "lora_linear_layer.")
                    for side, matrix in (("down", module.lora_A), ("up", module.lora_B)):
                        weight: Any = matrix["default"].weight  # type: ignore[index,union-attr]  # of peft
                        tensors[base + ends.replace("@", side)] = weight.detach().contiguous()
                    plain = base.removesuffix("_lora")
                    tensors[f"{plain}.alpha"] = torch.tensor(alpha_of(f"{of}.{layer}"))
        save_file(tensors, folder / "other.safetensors")
        return folder / "other.safetensors"

    return write


def kohya(of: str, layer: str) -> str:
    prefix = "lora_unet_" if of == "unet" else "lora_te_text_model_"
    return prefix + layer.removeprefix("text_model.").replace(".", "_")


def dotted(of: str, layer: str) -> str:
    return f"{of}.{layer}"


def old(of: str, layer: str) -> str:
    """Name attention as diffusers did when its processors held the matrices."""
    found = re.fullmatch(r"(.*attn\d)\.(to_[qkv]|to_out)(\.0)?", layer)
    return f"{of}.{found[1]}.processor.{found[2]}_lora" if found else f"{of}.{layer}_lora"


ENDS = {kohya: ".lora_@.weight", dotted: ".lora.@.weight", old: ".@.weight"}


def by_peft(folder: Path, parts: dict[str, Any]) -> Path:
    """Write the U-Net's as peft does by itself, alpha in a file beside it."""
    plain = deepcopy(parts["unet"])
    plain.delete_adapters("default")
    model = get_peft_model(plain, parts["unet"].peft_config["default"])
    for name, weight in model.named_parameters():
        if "lora_" in name:
            weight.data = parts["unet"].get_parameter(name.removeprefix("base_model.model."))
    model.save_pretrained(folder)
    return folder / "adapter_model.safetensors"


LAYOUTS = {
    "diffusers": by_diffusers,
    "kohya": by_hand(kohya),
    "diffusers, alpha apart": by_hand(dotted),
    "older diffusers": by_hand(old),
    "peft": by_peft,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_merges_to_what_the_library_merges(
    layout: str, tmp_path: Path, adapted_parts: dict[str, Any], tiny_checkpoint: Checkpoint
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft's, about a config that it cannot look up
        file = LAYOUTS[layout](tmp_path, adapted_parts)
    found = read_pairs(tiny_checkpoint, read_lora(file))
    assert_merged_alike(found.unet, tiny_checkpoint.unet, adapted_parts["unet"])
    if layout != "peft":  # which keeps one network a file
        text = tiny_checkpoint.text_encoder, adapted_parts["text_encoder"]
        assert_merged_alike(found.text_encoder, *text)


def assert_merged_alike(pairs: dict[str, Pair], plain: nn.Module, theirs: nn.Module) -> None:
    changed = {
        name: layer for name, layer in theirs.named_modules() if hasattr(layer, "get_delta_weight")
    }
    assert pairs.keys() == changed.keys()
    assert pairs
    for name, layer in changed.items():
        weight: Any = plain.get_submodule(name).weight
        expected = weight + layer.get_delta_weight("default")  # type: ignore[operator]  # of peft
        torch.testing.assert_close(merge(weight, pairs[name]), expected, atol=1e-5, rtol=0)


def test_stable_diffusion_s_own_shape_merges_to_what_peft_merges(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    """Its levels, its blocks, its heads and the 768 numbers of its text; a tenth of its width."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=64, block_out_channels=(32, 64, 128, 128), cross_attention_dim=768,
        attention_head_dim=8,
    )  # fmt: skip
    checkpoint = replace(tiny_checkpoint, unet=deepcopy(unet))
    unet.add_adapter(LoraConfig(r=8, lora_alpha=4, target_modules=[*UNET, "ff.net.2", "proj_out"]))
    stirred(unet)
    unet.save_lora_adapter(tmp_path)
    lora = read_lora(tmp_path / "pytorch_lora_weights.safetensors")
    assert lora.family == "Stable Diffusion 1.x"
    found = read_pairs(checkpoint, lora).unet
    assert len(found) == 278
    assert_merged_alike(found, checkpoint.unet, unet)


def test_stable_diffusion_xl_s_two_text_encoders_are_changed_as_peft_changes_them(
    tmp_path: Path, tiny_checkpoint: Checkpoint, offer: Path
) -> None:
    pipeline = build("sdxl")
    plain = {name: deepcopy(getattr(pipeline, name)) for name in ("unet", *READERS)}
    second = Reader(plain["text_encoder_2"], tiny_checkpoint.tokenizer, 0)
    checkpoint = replace(
        tiny_checkpoint, unet=plain["unet"], text_encoder=plain["text_encoder"], second=second
    )
    parts = {name: getattr(pipeline, name) for name in plain}
    for name, part in parts.items():
        part.add_adapter(
            LoraConfig(r=2, lora_alpha=3, target_modules=UNET if name == "unet" else TEXT)
        )
        stirred(part)
    StableDiffusionXLPipeline.save_lora_weights(
        offer, *(state_of(part) for part in parts.values()), **_collate_lora_metadata(parts)
    )
    [chosen] = check_loras([(offer.name, 1.0)])
    lora = fitted(checkpoint, chosen.name, chosen.digest)
    for name, part in parts.items():
        assert_merged_alike(getattr(lora, name), plain[name], part)
    found = encode_text(checkpoint, "a red cat", loras=(chosen,))
    for name in READERS:
        for layer, pair in getattr(lora, name).items():
            own = plain[name].get_submodule(layer)
            own.weight.data = merge(own.weight, pair)
    torch.testing.assert_close(found, encode_text(checkpoint, "a red cat"), atol=1e-5, rtol=1e-4)


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose LoRAs are offered."""
    monkeypatch.setenv(LORAS, str(tmp_path))
    return tmp_path


def pair(inside: int = 32, rank: int = 2, out: int = 16, key: str = KOHYA) -> dict[str, Tensor]:
    return {
        f"{key}.lora_down.weight": torch.full((rank, inside), 0.01),
        f"{key}.lora_up.weight": torch.full((out, rank), 0.02),
    }


def write(file: Path, tensors: dict[str, Tensor], **about: str) -> Path:
    save_file(tensors, file, about)
    return file


def pickled(file: Path) -> None:
    torch.save(pair(), file)


def cut(file: Path) -> None:
    write(file, pair())
    os.truncate(file, file.stat().st_size - 40)


def saved(**change: Any) -> Callable[[Path], None]:
    return lambda file: save_file(pair() | change, file) and None


HEAD = f"{KOHYA}.lora_"
BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "LoHa": ("x.safetensors", saved(**{f"{KOHYA}.hada_w1_a": torch.ones(2, 2)}), "is a LoHa"),
    "LoKr": ("x.safetensors", saved(**{f"{KOHYA}.lokr_w1": torch.ones(2, 2)}), "is a LoKr"),
    "DoRA": ("x.safetensors", saved(**{f"{KOHYA}.dora_scale": torch.ones(2)}), "is a DoRA"),
    "DoRA of peft": (
        "x.safetensors", saved(**{f"unet.{LAYER}.lora_magnitude_vector": torch.ones(2)}), "a DoRA"),
    "whole weights": ("x.safetensors", saved(**{f"{KOHYA}.diff": torch.ones(2)}), "no part of a"),
    "XL": ("x.safetensors", lambda file: write(file, pair(2048, out=320)),
           "is a LoRA of Stable Diffusion XL: it fits 320 × 2048 weights"),
    "XL by its names": (
        "x.safetensors", lambda file: write(file, pair(key="lora_te1_text_model_encoder_layers_0")),
        "is a LoRA of Stable Diffusion XL: it changes encoder_layers_0, which the text encoder"),
    "XL by its second text encoder": (
        "x.safetensors", lambda file: write(file, pair(key="lora_te2_x")),
        "is a LoRA of Stable Diffusion XL: it changes a second text encoder, which tiny-sd"),
    "1.x": ("x.safetensors", lambda file: write(file, pair(768)), "Stable Diffusion 1.x: it fits"),
    "2.x": ("x.safetensors", lambda file: write(file, pair(1024)), "Stable Diffusion 2.x: it fits"),
    "no such layer": ("x.safetensors", lambda file: write(file, pair(key="lora_unet_mid_block_x")),
                      "changes mid_block_x, which the U-Net of tiny-sd does not have"),
    "ranks apart": ("x.safetensors", saved(**{f"{HEAD}up.weight": torch.ones(16, 3)}),
                    "2 × 32 and 16 × 3, do not chain"),
    "one matrix": ("x.safetensors", lambda file: save_file({f"{HEAD}up.weight": torch.ones(1, 2)},
                                                           file), "one of its two matrices only"),
    "twice": ("x.safetensors", lambda file: write(file, pair() | pair(key=f"unet.{LAYER}")),
              "twice"),
    "NaN": ("x.safetensors", saved(**{f"{HEAD}up.weight": torch.full((16, 2), torch.nan)}),
            "not finite"),
    "infinity": ("x.safetensors", saved(**{f"{HEAD}down.weight": torch.full((2, 32), torch.inf)}),
                 "not finite"),
    "alpha": ("x.safetensors", saved(**{f"{KOHYA}.alpha": torch.tensor(torch.nan)}), "not finite"),
    "pickled": ("x.pt", pickled, "is pickled and is never opened"),
    "pickled checkpoint": ("x.ckpt", pickled, "is pickled"),
    "pickled by peft": ("adapter_model.bin", pickled, "is pickled"),
    "renamed": ("x.safetensors", pickled, "is pickled inside"),
    "no safetensors": ("x.safetensors", lambda file: file.write_text("words" * 9), "not safe"),
    "web page": ("x.safetensors", lambda file: file.write_text("<html>" * 9), "is a web page"),
    "cut": ("x.safetensors", cut, "is damaged"),
    "checkpoint": (
        "x.safetensors",
        lambda file: save_file({"model.diffusion_model.out.2.bias": torch.ones(4)}, file),
        "weights of its own, such as model.diffusion_model.out.2.bias, and no pairs"),
    "empty": ("x.safetensors", lambda file: save_file({}, file), "is empty"),
    "no bytes": ("x.safetensors", lambda file: file.write_bytes(b""), "is damaged"),
    "other weights": ("x.safetensors", lambda file: write(file, pair(), **{MADE_FOR: "0" * 64}),
                      "distilled from other weights"),
}  # fmt: skip


def use(name: str, checkpoint: Checkpoint) -> Fitted:
    [chosen] = check_loras([(name, 1.0)])
    return fitted(checkpoint, chosen.name, chosen.digest)


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    what: str, offer: Path, tiny_checkpoint: Checkpoint
) -> None:
    name, make, expected = BAD[what]
    make(offer / name)
    with pytest.raises(ExplainerError) as caught:
        use(list(offered_loras())[1], tiny_checkpoint)  # the first one ships
    assert expected in caught.value.what
    assert re.fullmatch(r"[^\n]{10,250}\.", caught.value.what)
    assert caught.value.what.count(". ") == 0
    assert caught.value.fix.endswith(".")
    assert str(offer) not in f"{caught.value}"


def test_numbers_are_read_only_where_all_of_the_header_fits(
    offer: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(offer / "x.safetensors", pair(768))
    monkeypatch.setattr("core.models.lora_fitted.safe_open", None)
    with pytest.raises(ExplainerError, match="fits"):
        read_pairs(tiny_checkpoint, read_lora(file))


def test_alpha_is_the_rank_where_nothing_is_told(tmp_path: Path, tiny_checkpoint: Any) -> None:
    def scale(file: Path) -> float:
        return read_pairs(tiny_checkpoint, read_lora(file)).unet[LAYER].scale

    assert scale(write(tmp_path / "a.safetensors", pair())) == 1.0
    alpha = {f"{KOHYA}.alpha": torch.tensor(0.5)}
    assert scale(write(tmp_path / "b.safetensors", pair() | alpha)) == 0.25
    for told in ("{", "[1]", '{"unet.lora_alpha": "x"}', '{"unet.lora_alpha": 1e999}'):
        file = write(tmp_path / "c.safetensors", pair(), lora_adapter_metadata=told)
        assert scale(file) == 1.0


def test_a_convolution_of_one_position_may_be_written_as_a_linear_layer(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    layer = "down_blocks.0.attentions.0.proj_in"
    assert tiny_checkpoint.unet.get_submodule(layer).weight.ndim == 4
    file = write(tmp_path / "a.safetensors", pair(16, key=f"unet.{layer}"))
    assert read_pairs(tiny_checkpoint, read_lora(file)).unet[layer].shape == (16, 16, 1, 1)


def test_half_precision_is_brought_to_the_checkpoint_s(
    tmp_path: Path, tiny_checkpoint: Any
) -> None:
    half = {name: tensor.half() for name, tensor in pair().items()}
    lora = read_lora(write(tmp_path / "a.safetensors", half))
    assert read_pairs(tiny_checkpoint, lora).unet[LAYER].down.dtype == torch.float32
    huge = {name: 1e5 * tensor for name, tensor in pair(rank=1).items()}
    lora = read_lora(
        write(tmp_path / "b.safetensors", huge | {f"{HEAD}up.weight": torch.full((16, 1), 1e5)})
    )
    read_pairs(tiny_checkpoint, lora)
    with pytest.raises(ExplainerError, match="not finite"):
        read_pairs(replace(tiny_checkpoint, dtype=torch.float16), lora)


def test_files_are_offered_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one/a.safetensors", "two/a.safetensors", "two/b.PT", "two/._a.safetensors",
                 "two/notes.txt", "three/adapter_model.safetensors", "c.safetensors"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    places = [tmp_path / name for name in ("one", "two", "three", "c.safetensors", "gone")]
    monkeypatch.setenv(LORAS, os.pathsep.join(map(str, places)))
    assert list(offered_loras()) == [FOLDER.name, "a", "a 2", "b.PT", "three", "c"]
    monkeypatch.setenv(LORAS, "")
    assert offered_loras() == {FOLDER.name: FOLDER / WEIGHTS}


def test_a_run_names_its_loras_in_order_and_by_checksum(offer: Path) -> None:
    for name in "ab":
        write(offer / f"{name}.safetensors", pair(), name=name)
    found = check_loras([["b", 1], ("a", -0.0)])
    assert [one[:2] for one in found] == [("a", 0.0), ("b", 1.0)]
    assert str(found[0].strength) == "0.0"
    assert len({one.digest for one in found}) == 2
    assert check_loras(found) == found
    write(offer / "a.safetensors", pair(), name="another")
    with pytest.raises(ExplainerError, match="another one than it was"):
        check_loras(found)
    assert check_loras([("a", 0)]) != found[:1]


@pytest.mark.parametrize(
    "given",
    [3, "a", None, [("a",)], [("a", "1")], [("a", 5.0)], [("a", float("nan"))], [(3, 1.0)],
     [("b", 1.0)], [("../a", 1.0)], [("a", 1.0), ("a", 0.5)], [("a", 1.0)] * (MOST + 1),
     [("a", 1.0, "0" * 64)], [("a", 1.0, [])], {"a": 1.0}],
    ids=str,
)  # fmt: skip
def test_loras_that_no_run_can_have_are_refused_in_a_sentence(given: Any, offer: Path) -> None:
    write(offer / "a.safetensors", pair())
    with pytest.raises(ExplainerError) as caught:
        check_loras(given)
    assert re.fullmatch(r"[^\n]{10,200}\.", caught.value.what)


def test_a_file_that_changes_between_two_machines_is_told(
    offer: Path, tiny_checkpoint: Checkpoint
) -> None:
    write(offer / "a.safetensors", pair())
    with pytest.raises(ExplainerError, match="where this is computed"):
        fitted(tiny_checkpoint, "a", "0" * 64)


def test_only_so_many_bytes_are_kept(
    offer: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def counted(checkpoint: Checkpoint, file: LoraFile) -> Fitted:
        reads.append(file.path.stem)
        return read_pairs(checkpoint, file)

    monkeypatch.setattr("core.models.lora_fitted.read_pairs", counted)
    monkeypatch.setattr("core.models.lora_fitted.MOST_BYTES", 1000)  # one has 4 * 2 * (32 + 16)
    for name in "abc":
        write(offer / f"{name}.safetensors", pair(), name=name)
    for name in "abacab":
        use(name, tiny_checkpoint)
    assert "".join(reads) == "abcb"


def test_the_metadata_of_a_file_is_json_within_bounds(tmp_path: Path) -> None:
    deep = json.dumps({"unet.alpha_pattern": {"x": 1}})[:-1] + "[" * 50_000
    file = write(tmp_path / "a.safetensors", pair(), lora_adapter_metadata=deep)
    [layer] = read_lora(file).layers["unet"].values()
    assert layer.alpha is None
