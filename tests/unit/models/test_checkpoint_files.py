"""A folder's files are chosen as the libraries choose them, and each fault is named."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.models.config_files import RULES, config_file, read_config
from core.models.folders import inspect_folder
from core.models.hardware import Hardware, is_out_of_memory
from core.models.latent_facts import read_latent_facts
from core.models.latents import decode_latents, encode_posterior
from core.models.loading import Checkpoint, load_folder
from core.models.manifest import write_manifest
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS
from core.models.text_facts import read_text_facts
from core.models.time_facts import read_time_facts
from core.models.tokens import load_tokenizer, tokenize
from core.models.unet_facts import read_unet_facts
from core.models.weight_files import STEMS, choose_weights

CPU = Hardware("cpu", "float32", "CPU", 8 * 1024**3, 1)
UNET = STEMS["unet"]
SHARDS = ("-00001-of-00002", "-00002-of-00002")
Names = list[str]


PAIRS = ("c a", "ca t</w>", "r e", "re d</w>", "o n</w>", "d o")  # of a small vocabulary


@pytest.fixture(scope="module")
def small_folder(
    write_pipeline: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The tiny model with an older tokenizer of 520 pieces, quick to copy and to load."""
    folder = tmp_path_factory.mktemp("small") / "small-sd"
    ids = {"vocab_size": 520, "bos_token_id": 518, "eos_token_id": 519, "pad_token_id": 519}
    write_pipeline(folder, text=ids)
    letters = sorted(ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters)]
    pieces += [pair.replace(" ", "") for pair in PAIRS] + ["<|startoftext|>", "<|endoftext|>"]
    shutil.rmtree(folder / "tokenizer")
    (folder / "tokenizer").mkdir()
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(PAIRS), "utf-8")
    return folder


@pytest.fixture(scope="module")
def small_checkpoint(small_folder: Path) -> Checkpoint:
    return load_folder("small", small_folder, CPU)


@pytest.fixture
def folder(small_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_folder, tmp_path / "model"))


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    ("names", "files"),
    [
        ([f"{UNET}.safetensors", f"{UNET}.fp16.safetensors"], [f"{UNET}.safetensors"]),
        ([f"{UNET}.bf16.safetensors", f"{UNET}.fp16.safetensors"], [f"{UNET}.fp16.safetensors"]),
        ([f"{UNET}.non_ema.safetensors", f"{UNET}.safetensors"], [f"{UNET}.safetensors"]),
        ([f"{UNET}.non_ema.safetensors"], [f"{UNET}.non_ema.safetensors"]),
        ([f"._{UNET}.safetensors", f"{UNET}.fp16.safetensors"], [f"{UNET}.fp16.safetensors"]),
        (
            [f"{UNET}.safetensors.index.json", f"{UNET}.fp16.safetensors"],  # no shard is there
            [f"{UNET}.fp16.safetensors"],
        ),
        (
            [f"{UNET}{SHARDS[0]}.safetensors", f"{UNET}.bf16.safetensors"],  # no index is there
            [f"{UNET}.bf16.safetensors"],
        ),
        (["model.safetensors"], None),
        ([f"{UNET}.bin", "config.json"], None),
    ],
)  # fmt: skip
def test_weights_are_chosen_by_whole_names(names: Names, files: Names | None) -> None:
    chosen = choose_weights("unet", names)
    assert (chosen and list(chosen.files)) == files


def split(file: Path, shards: Names, index: str) -> None:
    """Put the weights of one file into two."""
    weights = safetensors.torch.load_file(file)
    names = sorted(weights)
    halves = names[::2], names[1::2]
    for shard, half in zip(shards, halves, strict=True):
        safetensors.torch.save_file(
            {n: weights[n] for n in half}, file.parent / shard, {"format": "pt"}
        )
    places = {name: shard for shard, half in zip(shards, halves, strict=True) for name in half}
    told = {"metadata": {"total_size": 1}, "weight_map": places}
    (file.parent / index).write_text(json.dumps(told))
    file.unlink()


LAYOUTS = {  # names of two shards, and of their index
    "plain": ("{0}-{1}.safetensors", "{0}.safetensors.index.json"),
    "variant": ("{0}.fp16-{1}.safetensors", "{0}.safetensors.index.fp16.json"),
    "older variant": ("{0}-{1}.fp16.safetensors", "{0}.safetensors.fp16.index.json"),
}  # fmt: skip


@pytest.mark.parametrize("part", STEMS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shards_load_under_every_name_that_the_libraries_give(
    part: str, layout: str, folder: Path, small_checkpoint: Checkpoint
) -> None:
    stem = STEMS[part]
    shard, index = LAYOUTS[layout]
    names = [shard.format(stem, number[1:]) for number in SHARDS]
    split(folder / part / f"{stem}.safetensors", names, index.format(stem))
    found = load_folder("shards", folder, CPU)
    ours, theirs = (getattr(one, part).state_dict() for one in (found, small_checkpoint))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
def test_the_library_itself_saves_shards_that_load(
    part: str, folder: Path, small_checkpoint: Checkpoint
) -> None:
    shutil.rmtree(folder / part)
    how = {"variant": "fp16"} if part == "unet" else {}
    network: Any = getattr(small_checkpoint, part)
    network.save_pretrained(folder / part, max_shard_size="40KB", **how)
    assert len(list((folder / part).glob("*.safetensors"))) > 1
    found = load_folder("saved", folder, CPU)
    ours, theirs = getattr(found, part).state_dict(), network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("variant", ["fp16", "bf16", "non_ema"])
@pytest.mark.parametrize("part", STEMS)
def test_a_variant_alone_is_enough(part: str, variant: str, folder: Path) -> None:
    stem = STEMS[part]
    file = folder / part / f"{stem}.safetensors"
    file.rename(file.with_name(f"{stem}.{variant}.safetensors"))
    assert load_folder("variant", folder, CPU).id == "variant"


def test_files_of_a_mac_are_no_part_of_a_checkpoint(
    folder: Path, small_checkpoint: Checkpoint
) -> None:
    for file in [file for file in folder.rglob("*") if file.is_file()]:
        (file.parent / f"._{file.name}").write_bytes(b"\x00\x05\x16\x07" + bytes(64))
    (folder / "tokenizer" / ".DS_Store").write_bytes(b"x")
    assert load_folder("mac", folder, CPU).fingerprint == small_checkpoint.fingerprint


@pytest.mark.parametrize(
    ("rename", "says"),
    [
        (f"{UNET}.bin", "only pickled weights.*convert"),
        ("unet.safetensors", f"another name: unet.safetensors is there, {UNET}.safetensors was"),
        (f"{UNET}{SHARDS[0]}.safetensors", "no diffusion_pytorch_model.safetensors.index.json"),
        ("notes.txt", "There is no .safetensors file in model/unet"),
    ],
)
def test_weights_under_another_name_are_told_as_that(rename: str, says: str, folder: Path) -> None:
    file = folder / "unet" / f"{UNET}.safetensors"
    file.rename(file.with_name(rename))
    with pytest.raises(ExplainerError, match=says):
        inspect_folder(folder)


def test_an_index_left_beside_one_file_is_passed_over(folder: Path) -> None:
    told = {"metadata": {}, "weight_map": {"conv_in.bias": f"{UNET}{SHARDS[0]}.safetensors"}}
    (folder / "unet" / f"{UNET}.safetensors.index.json").write_text(json.dumps(told))
    assert load_folder("whole", folder, CPU).latent_channels == 4


def test_json_that_git_did_not_get_is_told_as_that(folder: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 862328\n"
    (folder / "tokenizer" / "vocab.json").write_text(pointer)
    with pytest.raises(ExplainerError, match=r"vocab.json is only a Git LFS pointer"):
        load_folder("pointer", folder, CPU)


def header(file: Path, content: bytes) -> None:
    file.write_bytes(struct.pack("<Q", len(content)) + content)


def edit_header(file: Path, **row: object) -> None:
    """Change what the header says of the first tensor."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    told = json.loads(content[8 : 8 + length])
    first = next(name for name in told if name != "__metadata__")
    told[first] |= row
    new = json.dumps(told).encode()
    file.write_bytes(struct.pack("<Q", len(new)) + new + content[8 + length :])


def sparse(file: Path) -> None:
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", 3 * 1024**3))
        stream.truncate(3 * 1024**3 + 8)


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def looped(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def deep(file: Path) -> None:
    header(file, b"[" * 100_000)


WRONG_WEIGHTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "deep header": (deep, "damaged: not safetensors"),
    "deep in a header": (lambda file: header(file, b'{"a":' * 5000), "damaged: not safetensors"),
    "sparse header of 3 GB": (sparse, "damaged: not safetensors"),
    "shape of words": (lambda file: edit_header(file, shape=["a"]), "damaged: its header"),
    "shape of huge numbers": (lambda file: edit_header(file, shape=[10**4000] * 9), "its header"),
    "no shape": (lambda file: edit_header(file, shape=None), "damaged: its header"),
    "offsets": (lambda file: edit_header(file, data_offsets=[-8, 4]), "damaged: its header"),
    "other numbers": (lambda file: edit_header(file, dtype="F8_E4M3"), "as F8_E4M3; F64, F32"),
    "a type that is a list": (lambda file: edit_header(file, dtype=[1]), "damaged: its header"),
    "fifo": (fifo, "is no plain file"),
    "link to itself": (looped, "is missing|cannot be read"),
    "device": (device, "is no plain file"),
}


@pytest.mark.parametrize("kind", WRONG_WEIGHTS)
def test_wrong_weight_files_are_named(kind: str, folder: Path) -> None:
    damage, says = WRONG_WEIGHTS[kind]
    damage(folder / "unet" / f"{UNET}.safetensors")
    with pytest.raises(ExplainerError, match=f"unet/{UNET}.safetensors.*({says})"):
        inspect_folder(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "scheduler"])
@pytest.mark.parametrize("damage", [fifo, looped, device, deep])
def test_no_config_file_blocks_or_fills_the_memory(
    part: str, damage: Callable[[Path], object], folder: Path
) -> None:
    file = config_file(folder, part)
    damage(file)
    with pytest.raises(ExplainerError, match=f"{part}/{file.name} (is|cannot)"):
        read_config(folder, part)
    file.unlink()
    with file.open("wb") as stream:
        stream.truncate(3 * 1024**3)
    with pytest.raises(ExplainerError, match="more than 2,000,000 bytes"):
        read_config(folder, part)


AS_NOBODY = """
import os, sys
from pathlib import Path
from core.errors import ExplainerError
from core.models.folders import inspect_folder
from core.models.latent_facts import read_latent_facts
from core.models.text_facts import read_text_facts
from core.models.time_facts import read_time_facts
from core.models.tokens import load_tokenizer
from core.models.unet_facts import read_unet_facts
if os.getuid() == 0:  # who may read everything
    os.setuid(65534)
folder = Path(sys.argv[1])
for read in (
    inspect_folder, read_latent_facts, read_text_facts, read_time_facts,
    lambda folder: load_tokenizer(folder / "tokenizer"),
    lambda folder: read_unet_facts(folder, (None, None)),
):
    try:
        read(folder)
    except ExplainerError as error:
        print(error)
"""


@pytest.mark.parametrize(
    "name",
    ["unet/config.json", f"unet/{UNET}.safetensors", "vae", "unet", "text_encoder", "tokenizer",
     "scheduler", "tokenizer/vocab.json", "tokenizer/merges.txt", "model_index.json"],
)  # fmt: skip
@pytest.mark.parametrize("listed", [True, False], ids=["manifest", "none"])
def test_what_may_not_be_read_is_named(name: str, listed: bool, small_folder: Path) -> None:
    with tempfile.TemporaryDirectory() as made:  # pytest's own is closed to other users
        folder = Path(shutil.copytree(small_folder, Path(made) / "model"))
        if listed:
            write_manifest(folder)
        for path in (Path(made), *Path(made).rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (folder / name).chmod(0)
        command = [sys.executable, "-c", AS_NOBODY, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        (folder / name).chmod(0o755)
    assert name in done.stdout, done.stderr
    assert done.stderr == ""


SCHEDULER = "scheduler"


@pytest.mark.parametrize(
    ("part", "name", "value", "says"),
    [
        ("unet", "sample_size", 0, "a whole number from 1 to 256 or two of these or null"),
        ("unet", "sample_size", [16], r"sample_size = \[16\]"),
        ("unet", "layers_per_block", -1, "layers_per_block = -1; a whole number from 1 to 8"),
        ("unet", "block_out_channels", [10**9, 16], "each a whole number from 1 to 8,192"),
        ("unet", "block_out_channels", "wide", 'block_out_channels = "wide"'),
        ("unet", "up_block_types", ["UpBlock2D"], "2 of them, as many as block_out_channels has"),
        ("unet", "cross_attention_dim", 64, "32 was expected, the hidden_size"),
        ("unet", "num_class_embeds", 10, "No unet that runs can be built"),
        ("unet", "out_channels", 8, "unet"),
        ("unet", "quantization_config", {"quant_method": "x"}, "quantization_config"),
        ("vae", "scaling_factor", float("nan"), "scaling_factor = NaN"),
        ("vae", "scaling_factor", 0, "scaling_factor = 0"),
        ("vae", "latent_channels", 5, "in_channels = 4 for 5 latent channels"),
        ("text_encoder", "transformers_weights", "../x.safetensors", "transformers_weights"),
        ("text_encoder", "vocab_size", 100, "token 519.*vocab_size = 100"),
        (SCHEDULER, "num_train_timesteps", 0, "a whole number from 2 to 10,000"),
        (SCHEDULER, "num_train_timesteps", -5, "num_train_timesteps = -5"),
        (SCHEDULER, "num_train_timesteps", "x", 'num_train_timesteps = "x"'),
        (SCHEDULER, "num_train_timesteps", 10**9, "num_train_timesteps = 1000000000"),
        (SCHEDULER, "steps_offset", 10**9, "a whole number from 0 to 1,000"),
        (SCHEDULER, "steps_offset", int("1" * 401), "steps_offset = 1111"),
        (SCHEDULER, "prediction_type", "foo", "epsilon or v_prediction or sample was expected"),
        (SCHEDULER, "beta_start", "x", 'beta_start = "x"'),
        (SCHEDULER, "beta_start", 0.5, "The first beta, 0.5, is larger than the last, 0.012"),
        (SCHEDULER, "beta_end", 0.999, "of the signal left"),
        (SCHEDULER, "trained_betas", [0.1] * 3, "1,000 numbers, one a training timestep"),
        (SCHEDULER, "trained_betas", [0.01] * 999 + [float("nan")], "trained_betas = a list of"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(
    part: str, name: str, value: object, says: str, folder: Path
) -> None:
    change(config_file(folder, part), **{name: value})
    with pytest.raises(ExplainerError, match=says) as told:
        load_folder("wrong", folder, CPU)
    assert told.value.fix
    assert str(folder.parent) not in str(told.value)  # no path of the machine


@pytest.mark.parametrize("part", RULES)
def test_configs_of_real_checkpoints_pass(part: str, small_folder: Path) -> None:
    """What the libraries write down is what the rules allow."""
    assert read_config(small_folder, part)


@pytest.mark.parametrize("size", [None, 8, [8, 16], "left out"])
def test_size_of_the_latents_is_read_or_taken_and_told(size: object, folder: Path) -> None:
    file = folder / "unet" / "config.json"
    config = json.loads(file.read_text())
    del config["sample_size"]
    file.write_text(json.dumps(config if size == "left out" else config | {"sample_size": size}))
    facts, found = read_latent_facts(folder), load_folder("sized", folder, CPU)
    assert (facts.height, facts.width) == (found.height, found.width)
    assert (facts.height, facts.width) == ((64, 128) if size == [8, 16] else (64, 64))
    said = size not in (None, "left out")
    assert facts.note == "" if said else "unet/config.json leaves out sample_size" in facts.note


TOKENIZERS: dict[str, dict[str, Any]] = {  # files beside an older vocabulary
    "none": {},
    "learned words": {"added_tokens.json": {"<my-dog>": 520, "<Two-B>": 521}},
    "special ones": {
        "added_tokens.json": {"<my-dog>": 520},
        "special_tokens_map.json": {"additional_special_tokens": ["<my-dog>"], "pad_token": "!"},
    },
    "current": {
        "tokenizer_config.json": {
            "tokenizer_class": "CLIPTokenizer",
            "pad_token": "<|endoftext|>",
            "added_tokens_decoder": {
                "520": {"content": "<my-dog>", "lstrip": False, "rstrip": False,
                          "normalized": True, "single_word": False, "special": False},
                "519": {"content": "<|endoftext|>", "lstrip": False, "rstrip": False,
                          "normalized": False, "single_word": False, "special": True},
            },
        }
    },
    "extra": {"tokenizer_config.json": {"extra_special_tokens": ["<my-dog>", "<Two-B>"]}},
}  # fmt: skip


@pytest.mark.parametrize("whole", [True, False], ids=["tokenizer.json", "vocab.json"])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_added_tokens_are_read_as_the_library_reads_them(
    kind: str, whole: bool, small_folder: Path, tmp_path: Path
) -> None:
    made = tmp_path / "tokenizer"
    made.mkdir()
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(small_folder / "tokenizer" / name, made)
    for name, content in TOKENIZERS[kind].items():
        (made / name).write_text(json.dumps(content), "utf-8")
    theirs = CLIPTokenizer.from_pretrained(made)
    if whole:  # as current transformers save it
        shutil.rmtree(made)
        theirs.save_pretrained(made)
    ours = load_tokenizer(made)
    for text in ("a <my-dog> on red", "<Two-B><two-b>! it's", "my-dog <MY-DOG>"):
        expected = theirs(text)["input_ids"]
        assert list(tokenize(ours, text, 0).ids[: len(expected)]) == expected, text


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("std::bad_alloc"), True),
        (OSError(2, "No such file"), False),
        (RuntimeError("shapes do not match"), False),
    ],
)  # fmt: skip
def test_lack_of_memory_while_loading_is_told_as_that(
    error: Exception, meant: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_out_of_memory(error) is meant

    def short(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(UNet2DConditionModel, "from_pretrained", short)
    with pytest.raises(ExplainerError, match="not enough memory" if meant else "do not load"):
        load_folder("short", folder, CPU)


def half(folder: Path, part: str, factor: float) -> Checkpoint:
    """Load a folder in half precision, the first convolution's or layer's weights made larger."""
    file = next((folder / part).glob("*.safetensors"))
    weights = safetensors.torch.load_file(file)
    for name in weights:
        if "conv_in" in name or "fc1" in name or "conv_out" in name:
            weights[name] = weights[name] * factor
    safetensors.torch.save_file(weights, file, {"format": "pt"})
    return load_folder("half", folder, Hardware("cpu", "float16", "CPU", 8 * 1024**3, 1))


def test_autoencoder_that_overflows_in_half_precision_is_asked_again_in_float32(
    folder: Path,
) -> None:
    found = half(folder, "vae", 3e5)
    wide = load_folder("wide", folder, CPU)
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert not found.vae.decode(latents.half()).sample.isfinite().all()
    ours, theirs = (decode_latents(one, latents).int() for one in (found, wide))
    assert (ours - theirs).abs().float().mean() < 1
    assert next(found.vae.parameters()).dtype == torch.float16  # as it was
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert not found.vae.encode(picture.half()).latent_dist.parameters.isfinite().all()
    torch.testing.assert_close(
        encode_posterior(found, picture).mean, encode_posterior(wide, picture).mean,
        rtol=0.02, atol=0.02 * float(encode_posterior(wide, picture).mean.abs().max()),
    )  # fmt: skip


def test_an_autoencoder_that_never_ends_is_named(folder: Path) -> None:
    found = half(folder, "vae", 1.0)
    with torch.no_grad():
        next(found.vae.decoder.parameters()).fill_(float("nan"))
    with pytest.raises(ExplainerError, match=r"autoencoder.*in float16, nor in float32"):
        decode_latents(found, torch.zeros(1, 4, 8, 8))
    with pytest.raises(ExplainerError, match="latents to decode hold numbers that are not finite"):
        decode_latents(found, torch.full((1, 4, 8, 8), float("inf")))


@pytest.mark.parametrize(("part", "title"), [("unet", "U-Net"), ("text_encoder", "text encoder")])
def test_other_networks_that_overflow_in_half_precision_are_named(
    part: str, title: str, folder: Path
) -> None:
    found = half(folder, part, 3e5 if part == "unet" else 1e5)
    with pytest.raises(ExplainerError, match=rf"The {title} of this model .* in half precision"):
        run_alone(found, Request(prompt="a red cat", steps=1))


def test_weights_that_are_not_finite_are_named(folder: Path) -> None:
    with pytest.raises(ExplainerError, match=r"weights of vae .* not finite in half precision"):
        half(folder, "vae", 1e9)
    with pytest.raises(ExplainerError, match="not finite in half precision"):
        half(folder, "vae", float("nan"))
    with pytest.raises(ExplainerError, match=r"weights of vae .* not finite, the first in"):
        load_folder("wide", folder, CPU)


PLAIN = (
    st.none() | st.booleans() | st.integers(-5, 40) | st.integers(-(10**12), 10**12)
    | st.floats() | st.text(max_size=8) | st.sampled_from([10**400, "silu", "../x", "fp16"])
)  # fmt: skip
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(data=st.data())
@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_whatever_a_config_says_it_draws_or_is_told_in_a_sentence(
    data: st.DataObject, folder: Path
) -> None:
    """One field of one file is left out or holds anything at all."""
    files = [config_file(folder, part) for part in RULES]
    files += [folder / "model_index.json", folder / "tokenizer" / "tokenizer_config.json"]
    files += [folder / "tokenizer" / "added_tokens.json"]
    file = data.draw(st.sampled_from(files), "file")
    before = file.read_bytes() if file.exists() else None
    config = json.loads(before or b"{}")
    ruled = RULES.get(file.parent.name, {"pad_token": 0, "added_tokens_decoder": 0})
    name = data.draw(st.sampled_from(sorted({*config, *ruled, "num_labels"})), "name")
    if data.draw(st.booleans(), "leave out"):
        config.pop(name, None)
    else:
        config[name] = data.draw(ANYTHING, "value")
    file.write_text(json.dumps(config))
    told = []
    try:
        for reader in READERS:
            try:
                reader(folder)
            except ExplainerError as error:
                told.append(error)
    finally:
        file.unlink()
        if before is not None:
            file.write_bytes(before)
    assert all(error.what and error.fix for error in told)


def draw(folder: Path) -> None:
    found = load_folder("changed", folder, CPU)
    drawn = run_alone(found, Request(prompt="a red cat", steps=1, height=64, width=64))
    assert drawn.picture.shape == (64, 64, 3)


def plan(folder: Path) -> None:
    config = read_config(folder, "scheduler")
    for name in ("ddim", "euler", "dpmpp-2m", "lcm"):
        assert plan_run(SCHEDULERS[name], config, {}, 2).calls == 2


READERS: tuple[Callable[[Path], object], ...] = (
    draw, plan, read_latent_facts, read_text_facts, read_time_facts,
    lambda folder: read_unet_facts(folder, (None, None)),
)  # fmt: skip
