"""A checkpoint that is one file, as most programs keep it, told by the names in its header.

Nothing large is read and nothing is asked of the network. Imports no torch.
"""

import functools
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np

from core.errors import ExplainerError
from core.models.catalog import builtin_folder, models_cache
from core.models.config_files import Config, named
from core.models.single_sizes import (
    UNET,
    Family,
    Shapes,
    family_configs,
    is_library_vae,
    text_sizes,
    unet_sizes,
    vae_sizes,
)
from core.models.weight_files import (
    check_kind,
    check_weights,
    is_pickle,
    read_rows,
    refuse_pickle,
)
from core.words import tr

Naming = Literal["ldm_unet", "ldm_vae", "clip", "open_clip", "library"]
Header = dict[str, Config]

CHOOSE = tr(
    "Choose a whole checkpoint of Stable Diffusion 1, 2 or XL, a .safetensors of 2 to 7 GB."
)
FIRST_VAE = "first_stage_model."
INSIDE = {  # where each part's names begin, and in whose way it is named
    "sd1": {"text_encoder": ("cond_stage_model.transformer.", "clip")},
    "sd2": {"text_encoder": ("cond_stage_model.model.", "open_clip")},
    "sdxl": {
        "text_encoder": ("conditioner.embedders.0.transformer.", "clip"),
        "text_encoder_2": ("conditioner.embedders.1.model.", "open_clip"),
    },
}  # fmt: skip
TITLES = {"vae": tr("autoencoder (VAE)"), "text_encoder": tr("text encoder"),
          "text_encoder_2": tr("second text encoder")}  # fmt: skip
LORA = ("lora_up.", "lora_down.", "lora_A.", "lora_B.", ".hada_w1", ".lokr_w", "lora_unet_")
OTHERS = (  # what other files are called by, and what they are
    (LORA, tr("is a LoRA, a small change to a checkpoint"),
     tr("Choose the checkpoint that it was made for.")),
    (("control_model.", "controlnet_", "input_hint_block."),
     tr("is a ControlNet, which steers a checkpoint"), CHOOSE),
    (("motion_modules.",), tr("holds motion modules, which make films of a checkpoint"), CHOOSE),
    (("double_blocks.0.img_attn",), tr("is a checkpoint of the Flux family"), CHOOSE),
    (("joint_blocks.0.",), tr("is a checkpoint of Stable Diffusion 3"), CHOOSE),
    (("conditioner.embedders.0.model.",),
     tr("is the refiner of Stable Diffusion XL, which only ends what the base model began"),
     tr("Choose the base checkpoint.")),
    (("emb_params", "string_to_param", "clip_l", "clip_g"),
     tr("is an embedding, a learned word"), tr("Choose the checkpoint that it was made for.")),
    (("encoder.down.0.block.0.", "encoder.down_blocks.0."),
     tr("is an autoencoder (VAE) alone"),
     tr("Put it beside a checkpoint that has none, named as that with .vae before .safetensors.")),
    (("down_blocks.0.resnets.0.conv1.weight",),
     tr("holds one part of a checkpoint folder, and not the whole checkpoint"),
     tr("Name the folder above it, the one with model_index.json.")),
    (("text_model.encoder.layers.0.", "resblocks.0."), tr("is a text encoder alone"), CHOOSE),
    (("input_blocks.0.0.weight",), tr("holds a U-Net alone"), CHOOSE),
    (("transformer_blocks.0.", "blocks.0.", "layers.0."),
     tr("is a checkpoint of another family, without a U-Net"), CHOOSE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights of one part are.

    Attributes:
        file: the checkpoint, or a file beside it.
        prefix: how their names begin.
        naming: in whose way they are named.
    """

    file: Path
    prefix: str
    naming: Naming


@dataclass(frozen=True, slots=True)
class Single:
    """A single file that can be opened.

    Attributes:
        file: the checkpoint.
        family: what it is.
        configs: its config files, by their names within a checkpoint's folder.
        sources: of the weights of each part.
    """

    file: Path
    family: Family
    configs: dict[str, Config]
    sources: dict[str, Source]

    @property
    def files(self) -> list[Path]:
        """Every file that weights are read from."""
        return sorted({source.file for source in self.sources.values()})


def read_single(file: Path) -> Single:
    """Find out what a single file is; of the same file it is known from then on.

    Args:
        file: a .safetensors file.

    Returns:
        Its family, the configs that its shapes tell, and where each part's weights are.

    Raises:
        ExplainerError: it is damaged, pickled, of another kind, or lacks a part; says what to do.
    """
    beside = tuple(_beside(file, part) for part in TITLES)
    yaml = file.with_suffix(".yaml")
    return _read(file, tuple(map(_stamp, (file, *beside, yaml))))


def configs_folder(single: Single) -> Path:
    """Write the configs of a single file and the tokenizer of its family; returns the folder.

    It is named as the file, so that sentences about it name the model, and lies in the app's own
    folder: all that reads configs reads it like any checkpoint's.

    Args:
        single: from ``read_single``.

    Raises:
        ExplainerError: the app's own folder cannot be written.
    """
    digest = hashlib.sha256(json.dumps(single.configs, sort_keys=True).encode()).hexdigest()[:16]
    folder = models_cache() / "single" / digest / single.file.stem
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            for name, config in single.configs.items():
                at = Path(made, "whole", name)
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
                if name.startswith("tokenizer"):
                    shutil.copyfile(
                        builtin_folder() / "tokenizer" / "tokenizer.json",
                        at.with_name("tokenizer.json"),
                    )
            if not folder.is_dir():  # another process may have been quicker
                Path(made, "whole").replace(folder)
    except OSError as error:
        raise ExplainerError(
            tr("The app's own folder for models cannot be written."),
            tr("Make room there, or name another folder in GLASSBOX_CACHE."),
        ) from error
    return folder


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def _beside(file: Path, part: str) -> Path:
    """Return where a part lies that the file leaves out: beside it, named after it."""
    return file.with_name(f"{file.stem}.{part}.safetensors")


@functools.lru_cache(maxsize=64)
def _read(file: Path, _: object) -> Single:
    if is_pickle(file):
        refuse_pickle(file)
    if file.suffix.lower() != ".safetensors":
        raise ExplainerError(
            tr("{file} does not end with .safetensors, as checkpoints do.", file=named(file)),
            tr("If it is one that was renamed, give it that ending. {choose}", choose=CHOOSE),
        )
    rows, said = read_rows(file)
    shapes = {name: tuple(row["shape"]) for name, row in rows.items()}
    try:
        family = _family_of(file, shapes)
        sources = _find_parts(file, family, shapes)
        configs = _configs(file, family, rows, said, sources)
    except (KeyError, StopIteration, IndexError, ValueError) as error:
        raise ExplainerError(
            tr(
                "{file} lacks tensors that every checkpoint of its family has: {error!s:.80}.",
                file=named(file),
                error=error,
            ),
            tr("Get it again. {choose}", choose=CHOOSE),
        ) from error
    for part, source in sources.items():
        if source.file == file:
            for name, row in rows.items():
                if name.startswith(source.prefix):
                    check_kind(file, f"{part}: {name}", row)
    return Single(file, family, configs, sources)


def _family_of(file: Path, shapes: Shapes) -> Family:
    """Tell the family, or refuse what is no checkpoint of one that can be opened."""
    if f"{UNET}input_blocks.0.0.weight" not in shapes:
        _refuse(file, shapes)
    for names, what, fix in OTHERS[:6]:
        if any(one in name for name in shapes for one in names):
            raise ExplainerError(tr("{file} {what}.", file=named(file), what=what), fix)
    if f"{UNET}label_emb.0.0.weight" in shapes:
        return "sdxl"
    text = next(shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight"))
    if any(name.startswith(INSIDE["sd2"]["text_encoder"][0]) for name in shapes):
        return "sd2"
    if any(name.startswith(INSIDE["sd1"]["text_encoder"][0]) for name in shapes):
        return "sd1"
    return "sd2" if text == 1024 else "sd1"


def _refuse(file: Path, shapes: Shapes) -> NoReturn:
    """Say what a file is in place of a checkpoint."""
    for names, what, fix in OTHERS:
        if any(one in name for name in shapes for one in names):
            raise ExplainerError(tr("{file} {what}.", file=named(file), what=what), fix)
    if len(shapes) <= 2 and all(len(shape) <= 2 for shape in shapes.values()):
        raise ExplainerError(
            tr("{file} is an embedding, a learned word.", file=named(file)),
            tr("Choose the checkpoint that it was made for."),
        )
    raise ExplainerError(
        tr(
            "{file} holds {shapes:,} tensors, and none has a name of a Stable Diffusion "
            "checkpoint.",
            file=named(file),
            shapes=len(shapes),
        ),
        CHOOSE,
    )


def _find_parts(file: Path, family: Family, shapes: Shapes) -> dict[str, Source]:
    """Find the weights of every part, inside the file or beside it."""
    inside: dict[str, tuple[str, Naming]] = {"vae": (FIRST_VAE, "ldm_vae"), **INSIDE[family]}  # type: ignore[dict-item]
    sources = {"unet": Source(file, UNET, "ldm_unet")}
    for part, (prefix, naming) in inside.items():
        if any(name.startswith(prefix) for name in shapes):
            sources[part] = Source(file, prefix, naming)
            continue
        beside = _beside(file, part)
        if not beside.is_file():
            raise ExplainerError(
                tr("{file} holds no {part}.", file=named(file), part=TITLES[part]),
                tr("Put one of its family beside it, named {beside:.120}.", beside=beside.name),
            )
        sources[part] = _source_beside(beside, part)
    return sources


def _source_beside(file: Path, part: str) -> Source:
    shapes = check_weights(file)
    if part == "vae":
        prefix = FIRST_VAE if any(name.startswith(FIRST_VAE) for name in shapes) else ""
        return Source(file, prefix, "library" if is_library_vae(shapes, prefix) else "ldm_vae")
    return Source(file, "", "open_clip" if "positional_embedding" in shapes else "library")


def _configs(
    file: Path, family: Family, rows: Header, said: Mapping[str, str], sources: dict[str, Source]
) -> dict[str, Config]:
    """Return the family's configs with the sizes of this checkpoint."""
    configs = family_configs(family)
    own = {name: tuple(row["shape"]) for name, row in rows.items()}
    for part, source in sources.items():
        shapes = own if source.file == file else check_weights(source.file)
        if part == "unet":
            sizes = unet_sizes(shapes, family)
        elif part == "vae":
            sizes = vae_sizes(shapes, source.prefix)
        else:
            sizes = text_sizes(shapes, source.prefix, family)
        configs[f"{part}/config.json"] |= sizes
    predicts = _prediction(file, family, rows, said)
    scheduler = configs["scheduler/scheduler_config.json"]
    scheduler["prediction_type"] = predicts
    if "ztsnr" in rows:
        scheduler["rescale_betas_zero_snr"] = True
    if family == "sd2" and predicts == "v_prediction":
        configs["unet/config.json"]["sample_size"] = 96  # the ones that predict v have 768 pixels
    return configs


def _prediction(file: Path, family: Family, rows: Header, said: Mapping[str, str]) -> str:
    """Tell whether a U-Net predicts noise or v, which no shape says.

    In this order: what the file says of itself, a config beside it as AUTOMATIC1111 reads it, a
    mark that later models carry, and for Stable Diffusion 2 how far one small tensor spreads,
    which is how ComfyUI tells its two kinds apart.
    """
    told = str(said.get("modelspec.prediction_type", "")).lower()
    if told in ("v", "epsilon"):
        return "v_prediction" if told == "v" else "epsilon"
    yaml = file.with_suffix(".yaml")
    if yaml.is_file() and yaml.stat().st_size < 100_000:
        text = yaml.read_text(encoding="utf-8", errors="replace")
        return "v_prediction" if re.search(r"""parameterization:\s*["']?v\b""", text) else "epsilon"
    if "v_pred" in rows:
        return "v_prediction"
    probe = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"
    if family == "sd2" and probe in rows and float(_numbers(file, rows[probe]).std()) > 0.09:
        return "v_prediction"
    return "epsilon"


def _numbers(file: Path, row: Config) -> np.ndarray:
    """Read one small tensor."""
    begin, end = row["data_offsets"]
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        stream.seek(8 + length + begin)
        raw = stream.read(end - begin)
    if row["dtype"] == "BF16":  # the upper half of float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
    return np.frombuffer(raw, kinds[row["dtype"]]).astype(np.float32)
