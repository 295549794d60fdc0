"""Whole checkpoints load and equal the library's; damaged ones are named before they do harm."""

import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

from core.errors import ExplainerError
from core.models import folders
from core.models.hardware import Hardware
from core.models.loading import Checkpoint, load_checkpoint, load_folder
from core.models.manifest import verify_manifest, write_manifest
from core.models.text import encode_text, read_prompt

CPU = Hardware("cpu", "float32", "CPU", 8 * 1024**3, 1)
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def library_states(folder: Path, prompt: str) -> torch.Tensor:
    pipeline = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    return pipeline.encode_prompt(prompt, "cpu", 1, False)[0]


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_properties_are_read_from_the_configs(tiny_checkpoint: Checkpoint) -> None:
    c = tiny_checkpoint
    assert (c.latent_channels, c.vae_scale, c.height, c.width) == (4, 8, 64, 64)
    assert (c.scaling_factor, c.shift_factor) == (0.18215, 0.0)
    assert (c.prediction_type, c.clip_layers, c.text_length) == ("epsilon", 3, 77)
    assert c.pad_id == 49407
    assert c.scheduler_config["clip_sample"] is False


def test_networks_are_frozen_and_in_evaluation_mode(tiny_checkpoint: Checkpoint) -> None:
    for network in (tiny_checkpoint.unet, tiny_checkpoint.vae, tiny_checkpoint.text_encoder):
        assert not network.training
        assert not any(weight.requires_grad for weight in network.parameters())


def test_a_load_lets_an_older_model_go_before_the_libraries_are_frozen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    for name in ("unfreeze", "collect", "freeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    load_folder("tiny", folder, CPU)
    assert [one for one in done if one != "collect"] == ["unfreeze", "freeze"]
    assert "collect" in done[done.index("unfreeze") : done.index("freeze")]


def test_built_in_is_loaded_in_float32_from_half_precision(checkpoint: Checkpoint) -> None:
    assert checkpoint.dtype == torch.float32
    assert next(checkpoint.unet.parameters()).dtype == torch.float32
    assert checkpoint.height == checkpoint.width


@pytest.mark.parametrize("prompt", ["", "a red apple", "cat " * 100])
def test_text_states_equal_the_librarys(
    prompt: str, tiny_folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    ours = encode_text(tiny_checkpoint, prompt)
    assert ours.shape == (1, 77, 32)
    torch.testing.assert_close(ours, library_states(tiny_folder, prompt))


def test_clip_skip_keeps_the_final_layer_norm(tiny_checkpoint: Checkpoint) -> None:
    skipped = encode_text(tiny_checkpoint, "a red apple", clip_skip=1)
    assert not torch.equal(skipped, encode_text(tiny_checkpoint, "a red apple"))
    # A fresh layer norm has weight 1 and bias 0: every state has mean 0 and variance 1.
    torch.testing.assert_close(skipped.mean(-1), torch.zeros(1, 77), atol=1e-5, rtol=0)


@pytest.mark.parametrize("clip_skip", [-1, 4])
def test_impossible_clip_skip_is_refused(clip_skip: int, tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="expected 0 to 3"):
        encode_text(tiny_checkpoint, "a", clip_skip)


def test_stable_diffusion_2_has_its_own_heads_pads_and_prediction(
    write_pipeline: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "sd21"
    write_pipeline(
        folder,
        unet={"attention_head_dim": [2, 4], "use_linear_projection": True},
        text={"hidden_act": "gelu", "num_hidden_layers": 2},
        scheduler={"_class_name": "DDIMScheduler", "prediction_type": "v_prediction"},
        pad_token="!",
    )
    found = load_folder("sd21", folder, CPU)
    assert (found.pad_id, found.prediction_type) == (0, "v_prediction")
    assert read_prompt(found, "a cat").ids[4:] == (0,) * 73
    attention = found.unet.down_blocks[0].attentions[0]
    assert isinstance(attention.proj_in, torch.nn.Linear)
    assert attention.transformer_blocks[0].attn1.heads == 2
    torch.testing.assert_close(encode_text(found, "a cat"), library_states(folder, "a cat"))


def test_stable_diffusion_1_means_heads_by_attention_head_dim(
    write_pipeline: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "sd15"
    write_pipeline(folder, unet={"attention_head_dim": 8})
    found = load_folder("sd15", folder, CPU)
    attention = found.unet.down_blocks[0].attentions[0]
    assert isinstance(attention.proj_in, torch.nn.Conv2d)
    assert attention.transformer_blocks[0].attn1.heads == 8


def test_half_precision_files_alone_are_enough(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    for part in ("unet", "vae", "text_encoder"):
        for file in (folder / part).glob("*.safetensors"):
            file.rename(file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    found = load_folder("half", folder, CPU)
    ours, theirs = found.unet.state_dict(), tiny_checkpoint.unet.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_fingerprint_changes_with_a_weight_and_not_with_the_place(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    assert load_folder("again", folder, CPU).fingerprint == tiny_checkpoint.fingerprint
    flip(folder / WEIGHTS)
    assert load_folder("other", folder, CPU).fingerprint != tiny_checkpoint.fingerprint


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 0x01
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def point(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncate, "bytes"),
    "LFS pointer": (point, "git lfs pull|damaged"),
    "empty": (lambda file: file.write_bytes(b""), "damaged"),
    "missing": (Path.unlink, "missing|no .safetensors"),
    "huge header": (lambda file: file.write_bytes(b"\xff" * 64), "damaged"),
    "not safetensors": (lambda file: file.write_bytes(b"PK\x03\x04" * 100), "damaged|pickled"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("listed", [True, False], ids=["manifest", "none"])
def test_damaged_weights_are_named(kind: str, listed: bool, folder: Path) -> None:
    if listed:
        write_manifest(folder)
    damage, says = DAMAGE[kind]
    damage(folder / WEIGHTS)
    with pytest.raises(ExplainerError, match=says) as caught:
        load_folder("damaged", folder, CPU)
    assert "unet" in caught.value.what
    assert caught.value.fix


def test_flipped_bit_is_found_by_the_manifest(folder: Path) -> None:
    write_manifest(folder)
    assert WEIGHTS in verify_manifest(folder)
    flip(folder / WEIGHTS)
    with pytest.raises(ExplainerError, match=f"{WEIGHTS} is damaged: its checksum"):
        load_folder("flipped", folder, CPU)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "missing"),
        ("not json", "damaged"),
        ("[]", "damaged"),
        ("{}", "lists no files"),
        ('{"a": 3}', "damaged"),
        ('{"../x": {"sha256": "0", "bytes": 1}}', "elsewhere"),
        (json.dumps({"x" * 300: {"sha256": "0", "bytes": 1}}), "x in .* cannot be read"),
        ('{"a\\u0000b": {"sha256": "0", "bytes": 1}}', "is missing"),
    ],
)
def test_wrong_manifest_is_said(content: str | None, says: str, folder: Path) -> None:
    if content is not None:
        (folder / "manifest.json").write_text(content)
    with pytest.raises(ExplainerError, match=says):
        verify_manifest(folder)


def test_built_in_without_manifest_is_not_trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "local_folder", lambda entry: folder)
    with pytest.raises(ExplainerError, match="cannot be trusted"):
        load_checkpoint(hardware=CPU)


def test_hub_file_that_is_not_its_checksum_is_damaged(folder: Path, tmp_path: Path) -> None:
    blob = tmp_path / ("0" * 64)
    shutil.move(folder / WEIGHTS, blob)
    (folder / WEIGHTS).symlink_to(blob)
    with pytest.raises(ExplainerError, match="not the Hub's"):
        load_folder("hub", folder, CPU)


@pytest.mark.parametrize(
    ("file", "values", "says"),
    [
        ("unet/config.json", {"block_out_channels": [8192, 8192]}, "Choose a smaller model"),
        ("unet/config.json", {"norm_num_groups": 7}, "No unet that runs can be built"),
        ("unet/config.json", {"block_out_channels": [16, 64]}, "do not load|lack"),
        ("unet/config.json", {"in_channels": 8}, "wants more than a prompt"),
        ("unet/config.json", {"time_cond_proj_dim": 256}, "wants more than a prompt"),
        ("unet/config.json", {"class_embed_type": "timestep"}, "wants more than a prompt"),
        ("unet/config.json", {"addition_embed_type": "text_time"}, "wants more than a prompt"),
        ("text_encoder/config.json", {"num_hidden_layers": 4}, "lack"),
        ("model_index.json", {"unet": ["os", "system"]}, "system, UNet2DConditionModel was"),
        ("model_index.json", {"vae": None}, "vae is missing"),
    ],
)
def test_config_that_cannot_be_ours_is_refused(
    file: str, values: dict[str, object], says: str, folder: Path
) -> None:
    change(folder / file, **values)
    with pytest.raises(ExplainerError, match=says):
        load_folder("wrong", folder, CPU)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\xff"])
def test_broken_config_is_named(content: str, folder: Path) -> None:
    (folder / "vae" / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(ExplainerError, match=r"vae/config\.json is damaged"):
        load_folder("wrong", folder, CPU)


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_byte_order_mark_is_no_damage(code: str, folder: Path) -> None:
    files = [*folder.rglob("*.json"), *folder.rglob("merges.txt")]
    for file in files:
        file.write_bytes(file.read_text("utf-8").encode(code))
    assert len(files) > 5
    assert load_folder("marked", folder, CPU).latent_channels == 4


def test_pickled_weights_are_never_opened(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(ExplainerError, match="only pickled weights, which are never opened"):
        load_folder("pickled", folder, CPU)


def test_model_too_large_for_the_machine_is_refused(folder: Path) -> None:
    small = Hardware("cpu", "float32", "Tiny CPU", 1024**2, 1)
    with pytest.raises(ExplainerError, match="Tiny CPU has"):
        load_folder("large", folder, small)


def test_built_in_that_is_gone_is_not_to_be_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "local_folder", lambda _: None)
    with pytest.raises(ExplainerError, match="weights are missing from core/weights") as told:
        load_checkpoint(hardware=CPU)
    assert "git checkout" in told.value.fix


def test_model_that_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(ExplainerError, match="--get owner/name"):
        load_checkpoint("owner/name", CPU)
