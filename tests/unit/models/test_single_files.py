"""Single files as other programs keep them open as the library opens them; others are named."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from diffusers import (
    DDIMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)

from core.__main__ import main
from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.models.catalog import FOLDERS, add, added, entries, find_entry, offer, remove
from core.models.hardware import Hardware
from core.models.latents import fed
from core.models.loading import Checkpoint, load_checkpoint, load_folder
from core.models.single_files import read_single
from tests.single_file import build, save, state_of

CPU = Hardware("cpu", "float32", "CPU", 8 * 1024**3, 1)
RUN = Request(prompt="a red cat", negative="blurry", scheduler="ddim", steps=3, height=64, width=64)
V = {"modelspec.prediction_type": "v"}
KINDS = {
    "sd1": ("sd1", {}, {}),
    "sd2": ("sd2", {}, {}),
    "sd2-v": ("sd2", {}, V),
    "inpainting": ("sd1", {"in_channels": 9}, {}),
    "sdxl": ("sdxl", {}, {}),
}


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLASSBOX_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv(FOLDERS, "")
        yield


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Any]:
    """One small random pipeline of the library for each kind."""
    built = {kind: build(*KINDS[kind][:1], **KINDS[kind][1]) for kind in KINDS if kind != "sd2-v"}
    return built | {"sd2-v": built["sd2"]}  # the same weights, said to predict v


@pytest.fixture(scope="module")
def files(pipelines: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same pipelines, each as one file."""
    folder = tmp_path_factory.mktemp("files")
    return {
        kind: save(pipelines[kind], folder / f"{kind}.safetensors", said or None)
        for kind, (_, _, said) in KINDS.items()
    }


def open_file(file: Path) -> Checkpoint:
    return load_checkpoint(offer(file).id, CPU)


def library_latents(pipeline: Any, checkpoint: Checkpoint, request: Request) -> torch.Tensor:
    """Ask a pipeline of the library for the same latents."""
    if pipeline.unet.config.in_channels == 9:
        pipeline = StableDiffusionInpaintPipeline(**pipeline.components)
        grey = checkpoint.blanks[torch.Size([4, 8, 8])]
        more = {"image": torch.zeros(1, 3, 64, 64), "mask_image": torch.ones(1, 1, 64, 64),
                "masked_image_latents": grey, "strength": 1.0}  # fmt: skip
    else:
        more = {}
    kind = checkpoint.prediction_type
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, prediction_type=kind)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        request.prompt, negative_prompt=request.negative or None, height=64, width=64,
        num_inference_steps=request.steps, guidance_scale=request.guidance, output_type="latent",
        generator=torch.Generator().manual_seed(request.seed), **more,
    ).images  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_file_gives_the_librarys_latents(
    kind: str, files: dict[str, Path], pipelines: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint = open_file(files[kind])
    assert checkpoint.prediction_type == ("v_prediction" if kind == "sd2-v" else "epsilon")
    ours = run_alone(checkpoint, RUN)
    pipelines[kind].save_pretrained(tmp_path / "configs")
    xl = kind == "sdxl"
    theirs = (StableDiffusionXLPipeline if xl else StableDiffusionPipeline).from_single_file(
        str(files[kind]), config=str(tmp_path / "configs"), local_files_only=True
    )
    found = library_latents(theirs, checkpoint, RUN)
    torch.testing.assert_close(ours.latents[None], found, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["sdxl", "inpainting"])
def test_a_folder_in_diffusers_format_gives_the_librarys_latents(
    kind: str, pipelines: dict[str, Any], tmp_path: Path
) -> None:
    pipelines[kind].save_pretrained(tmp_path / kind)
    checkpoint = load_folder(kind, tmp_path / kind, CPU)
    ours = run_alone(checkpoint, RUN).latents[None]
    theirs = library_latents(pipelines[kind], checkpoint, RUN)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_no_negative_prompt_is_zeros_in_the_xl_family(
    files: dict[str, Path], pipelines: dict[str, Any]
) -> None:
    checkpoint, plain = open_file(files["sdxl"]), replace(RUN, negative="")
    ours = run_alone(checkpoint, plain).latents[None]
    theirs = library_latents(pipelines["sdxl"], checkpoint, plain)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(ours, run_alone(checkpoint, RUN).latents[None], atol=1e-3)


def test_a_plain_run_of_an_inpainting_checkpoint_paints_everywhere(files: dict[str, Path]) -> None:
    checkpoint = open_file(files["inpainting"])
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    given = fed(checkpoint, latents)
    assert given.shape == (2, 9, 8, 8)
    assert torch.equal(given[:, :4], latents)
    assert bool((given[:, 4] == 1).all())
    assert torch.equal(given[0, 5:], given[1, 5:])


def test_another_config_beside_the_file_says_that_v_is_predicted(
    files: dict[str, Path], tmp_path: Path
) -> None:
    file = Path(shutil.copy(files["sd2"], tmp_path / "mine.safetensors"))
    scheduler = "scheduler/scheduler_config.json"
    assert read_single(file).configs[scheduler]["prediction_type"] == "epsilon"
    file.with_suffix(".yaml").write_text('model:\n  params:\n    parameterization: "v"\n')
    single = read_single(file)
    assert single.configs[scheduler]["prediction_type"] == "v_prediction"
    assert single.configs["unet/config.json"]["sample_size"] == 96


def test_half_precision_and_averaged_weights_beside_are_no_trouble(
    pipelines: dict[str, Any], tmp_path: Path
) -> None:
    half = {name: weight.half() for name, weight in state_of(pipelines["sd1"]).items()}
    ema = {f"model_ema.{name[6:].replace('.', '')}": weight.clone()
           for name, weight in half.items() if name.startswith("model.")}  # fmt: skip
    more = {"model_ema.num_updates": torch.tensor(3), "alphas_cumprod": torch.ones(1000)}
    safetensors.torch.save_file(half | ema | more, tmp_path / "half.safetensors")
    checkpoint = open_file(tmp_path / "half.safetensors")
    weight = "conv_in.weight"
    theirs = pipelines["sd1"].unet.state_dict()[weight].half().float()
    assert torch.equal(checkpoint.unet.state_dict()[weight], theirs)


@pytest.mark.parametrize("named_by", ["single files", "the library"])
def test_an_autoencoder_that_is_missing_is_taken_from_beside(
    named_by: str, pipelines: dict[str, Any], tmp_path: Path
) -> None:
    file, beside = tmp_path / "bare.safetensors", tmp_path / "bare.vae.safetensors"
    whole = state_of(pipelines["sd1"])
    inside = {name: w for name, w in whole.items() if not name.startswith("first_stage_model.")}
    safetensors.torch.save_file(inside, file)
    with pytest.raises(ExplainerError, match=r"no autoencoder .* named bare\.vae\.safetensors"):
        read_single(file)
    vae = {name.removeprefix("first_stage_model."): w for name, w in whole.items()
           if name not in inside}  # fmt: skip
    own = pipelines["sd1"].vae.state_dict()
    safetensors.torch.save_file(vae if named_by == "single files" else own, beside)
    checkpoint = open_file(file)
    assert torch.equal(checkpoint.vae.state_dict()["decoder.conv_in.weight"],
                       own["decoder.conv_in.weight"])  # fmt: skip


def test_a_text_encoder_that_is_missing_is_taken_from_beside(
    pipelines: dict[str, Any], tmp_path: Path
) -> None:
    file, beside = tmp_path / "mute.safetensors", tmp_path / "mute.text_encoder.safetensors"
    state = state_of(pipelines["sd1"])
    inside = {name: w for name, w in state.items() if not name.startswith("cond_stage_model.")}
    safetensors.torch.save_file(inside, file)
    with pytest.raises(ExplainerError, match=r"no text encoder.* named mute\.text_encoder\."):
        read_single(file)
    own = pipelines["sd1"].text_encoder.state_dict()
    named = {f"text_model.{name.removeprefix('text_model.')}": w for name, w in own.items()}
    safetensors.torch.save_file(named, beside)
    found = open_file(file).text_encoder.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in own.items())


def header_only(file: Path, *names: str) -> None:
    safetensors.torch.save_file({name: torch.zeros(2, 2, 1) for name in names}, file)


def cut(file: Path) -> None:
    with file.open("rb+") as stream:
        stream.truncate(file.stat().st_size - 1000)


def eight_bits(file: Path) -> None:
    state = safetensors.torch.load_file(file)
    kind = torch.float8_e4m3fn
    state = {name: w.to(kind) if name.startswith("model.") else w for name, w in state.items()}
    safetensors.torch.save_file(state, file)


UNET = "model.diffusion_model."
SPOILT = {  # what is done to a checkpoint, and what is then said
    "cut": (cut, "damaged: .* bytes"),
    "pickled, renamed": (lambda f: f.write_bytes(b"\x80\x02}q\x00X" * 9), "pickled"),
    "empty": (lambda f: f.write_bytes(b""), "not safetensors"),
    "a web page": (lambda f: f.write_text("<!DOCTYPE html><p>Log in"), "web page"),
    "GGUF": (lambda f: f.write_bytes(b"GGUF" + b"\0" * 60), "GGUF"),
    "a pointer": (lambda f: f.write_text("version https://git-lfs.x/v1"), "LFS"),
    "eight bits": (eight_bits, "F8_E4M3"),
}
OTHERS = {  # names of tensors, and what is then said
    "a LoRA": (["lora_unet_x.lora_down.weight"], "LoRA"),
    "an embedding": (["emb_params"], "embedding"),
    "a VAE": (["decoder.x", "encoder.down.0.block.0.y"], "VAE"),
    "Flux": (["double_blocks.0.img_attn.qkv.weight"], "Flux"),
    "SD 3": ([f"{UNET}joint_blocks.0.x", "text_encoders.clip_l.y"], "Diffusion 3"),
    "a ControlNet": (["control_model.x"], "ControlNet"),
    "the refiner": ([f"{UNET}input_blocks.0.0.weight", "conditioner.embedders.0.model.x"],
                    "refiner"),
    "a part": (["down_blocks.0.resnets.0.conv1.weight"], "part of a checkpoint folder"),
    "a U-Net": (["input_blocks.0.0.weight"], "U-Net alone"),
    "nothing known": (["a", "b", "c"], "none has a name"),
    "a U-Net without its blocks": ([f"{UNET}input_blocks.0.0.weight"], "lacks tensors"),
}  # fmt: skip


def refused(file: Path, says: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ExplainerError, match=says) as caught:
        open_file(file)
    assert time.perf_counter() - started < 2
    assert caught.value.fix
    assert str(file.parent.parent) not in str(caught.value)


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_checkpoint_gets_one_sentence_at_once(
    kind: str, files: dict[str, Path], tmp_path: Path
) -> None:
    spoil, says = SPOILT[kind]
    file = Path(shutil.copy(files["sd1"], tmp_path / "x.safetensors"))
    spoil(file)
    refused(file, says)


@pytest.mark.parametrize(
    ("name", "says"), [("x.ckpt", "pickled"), ("x.bin", "pickled"), ("x.sft", "does not end with")]
)
def test_a_file_with_another_ending_is_refused(
    name: str, says: str, files: dict[str, Path], tmp_path: Path
) -> None:
    refused(Path(shutil.copy(files["sd1"], tmp_path / name)), says)


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_file_is_named(kind: str, tmp_path: Path) -> None:
    names, says = OTHERS[kind]
    header_only(tmp_path / "x.safetensors", *names)
    refused(tmp_path / "x.safetensors", says)


def test_a_shape_that_the_converter_does_not_fill_is_said(
    pipelines: dict[str, Any], tmp_path: Path
) -> None:
    state = state_of(pipelines["sd1"])
    del state["model.diffusion_model.middle_block.0.in_layers.2.weight"]
    safetensors.torch.save_file(state, tmp_path / "holes.safetensors")
    with pytest.raises(ExplainerError, match=r"unet in holes lack 1 .* mid_block"):
        open_file(tmp_path / "holes.safetensors")


TREES = {
    "AUTOMATIC1111": ("models/Stable-diffusion", "models/VAE", "models/Lora", "embeddings"),
    "ComfyUI": ("models/checkpoints", "models/vae", "models/loras", "models/embeddings"),
}


@pytest.mark.parametrize("program", TREES)
def test_the_folder_of_another_program_is_read(
    program: str, files: dict[str, Path], tiny_folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    root = tmp_path / program
    own, *others = TREES[program]
    for folder in (own, *others, f"{own}/animals"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(files["sd1"], root / own / "plain.safetensors")
    shutil.copy(files["sd1"], root / own / "animals" / "cats.safetensors")
    (root / own / "old.ckpt").write_bytes(b"PK\x03\x04")
    (root / own / "plain.vae.safetensors").touch()
    (root / own / "._plain.safetensors").touch()
    shutil.copytree(tiny_folder, root / own / "folder-model")
    for folder in others:
        header_only(root / folder / "small.safetensors", "lora_unet_x.lora_down.weight")
    monkeypatch.setenv(FOLDERS, str(root))
    found = {entry.id: entry.kind for entry in entries() if entry.kind in ("file", "folder")}
    assert found == {"plain": "file", "cats": "file", "old": "file", "folder-model": "folder"}
    assert load_checkpoint("cats", CPU).id == "cats"
    with pytest.raises(ExplainerError, match="pickled"):
        load_checkpoint("old", CPU)
    assert not any(str(tmp_path) in entry.title + entry.note + entry.id for entry in entries())


def test_what_is_added_is_remembered_until_it_is_removed(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(FOLDERS, "")
    [entry] = add(files["sd1"])
    assert (entry.id, entry.kind) == ("sd1", "file")
    assert json.loads((tmp_path / "cache" / "models" / "added.json").read_text()) == [entry.source]
    assert find_entry("sd1") == entry
    assert {one.id for one in add(files["sd1"].parent)} == set(KINDS)
    with pytest.raises(ExplainerError, match="added as a whole"):
        remove("sdxl")
    assert remove("sd1") == entry.source
    assert find_entry("sd1").id == "sd1"  # the folder around it is still offered
    remove(str(files["sd1"].parent))
    assert added() == ()
    with pytest.raises(ExplainerError, match="not a model"):
        find_entry("sd1")
    with pytest.raises(ExplainerError, match="not added"):
        remove("sd1")
    with pytest.raises(ExplainerError, match="no checkpoint at"):
        add(tmp_path / "nowhere")


def test_the_command_line_adds_and_removes(
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GLASSBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(FOLDERS, "")
    assert main(["models", "--add", str(files["sd1"]), "--json"]) == 0
    listed = {row["id"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert listed["sd1"]["installed"]
    assert listed["sd1"]["size"] == round(files["sd1"].stat().st_size / 1e6)
    assert main(["models", "--remove", "sd1", "--json"]) == 0
    assert "sd1" not in capsys.readouterr().out
    header_only(tmp_path / "small.safetensors", "lora_unet_x.lora_down.weight")
    assert main(["models", "--add", str(tmp_path / "small.safetensors")]) == 1
    assert "is a LoRA" in capsys.readouterr().err
