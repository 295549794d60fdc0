"""What a LoRA file holds, read from its header alone; imports no torch.

People have three layouts: kohya's keys, which write a layer's name with underscores, those of
diffusers and peft, which write it with dots, and what older diffusers wrote of attention alone.
All are brought into one form here: for every layer two matrices, and alpha where it is told.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from core.errors import ExplainerError
from core.ideas.checks import read_json
from core.models.config_files import again
from core.models.lora_names import Part, place_of
from core.models.weight_files import PICKLES, read_header
from core.words import tr

Shape = tuple[int, ...]

MOST_NUMBERS = 500_000_000  # rank 128 on all layers of Stable Diffusion XL has 400 million
MADE_FOR = "glassbox_weights"  # in a file: digest of the only U-Net that it belongs to
_KEY = re.compile(
    r"(?P<layer>.+?)(?:\.lora_(?:(?P<a>down|A)|up|B)(?:\.default)?"
    r"|(?:\.lora|\.lora_linear_layer|_lora)\.(?:(?P<b>down)|up))\.weight"
)
_OTHERS = {  # what part of a tensor's name tells which other way of adapting
    "hada_w": tr("a LoHa"), "lokr_w": tr("a LoKr"), "dora_scale": tr("a DoRA"),
    "lora_mid": tr("a Tucker LoCon"), "lora_magnitude_vector": tr("a DoRA"), "oft_": tr("an OFT"),
    "ia3_l": tr("an IA3"),
}  # fmt: skip
_OF_XL = ("lora_te1_", "lora_te2_", "text_encoder_2.", "lora_unet_input_blocks_",
          "lora_unet_output_blocks_", "lora_unet_middle_block_")  # fmt: skip
_WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "Stable Diffusion XL"}
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
ANOTHER = tr("Choose another file, or get this one again.")
PLAIN = tr("Choose a plain LoRA, of linear layers or convolutions, as .safetensors.")


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file has for one layer.

    Attributes:
        down: name of the tensor with A.
        up: name of the tensor with B.
        shape: of the weights that both fit, (out, in) or (out, in, k, k).
        rank: numbers between A and B.
        alpha: what is told of it in words; None where it is the rank, or a tensor.
        alpha_key: name of the tensor that holds it, "" where none does.
    """

    down: str
    up: str
    shape: Shape
    rank: int
    alpha: float | None
    alpha_key: str


@dataclass(frozen=True, slots=True)
class LoraFile:
    """What a LoRA file says of itself.

    Attributes:
        path: the file.
        layers: of the U-Net and of the text encoders, by the layer's name with underscores.
        family: what it is made for, as far as it can be told; "" where it cannot.
        made_for: digest of the U-Net that it belongs to, "" where it fits any of its shape.
    """

    path: Path
    layers: dict[Part, dict[str, Layer]]
    family: str
    made_for: str


def read_lora(file: Path) -> LoraFile:
    """Read the header of a LoRA file.

    Args:
        file: nothing about it is trusted; no more than its header is read.

    Raises:
        ExplainerError: it is pickled, cut, empty, too large, or no LoRA; says which.
    """
    _refuse_pickles(file)
    try:
        shapes, about = read_header(file)
    except ExplainerError as error:
        fix = ANOTHER if error.fix == again(file) else error.fix  # which speaks of a checkpoint
        raise ExplainerError(error.what, fix) from error
    _refuse_others(file, shapes)
    if sum(map(math.prod, shapes.values())) > MOST_NUMBERS:
        what = tr("has more than {most:,} numbers, more than any LoRA needs", most=MOST_NUMBERS)
        _refuse(file, what, ANOTHER)
    found: dict[str, dict[str, str]] = {}
    for key in shapes:
        if match := _KEY.fullmatch(key):
            kind = "down" if match["a"] or match["b"] else "up"
            found.setdefault(match["layer"], {})[kind] = key
        elif key.endswith(".alpha"):
            found.setdefault(key.removesuffix(".alpha"), {})["alpha"] = key
        else:
            _refuse_key(file, key, shapes)
    told = _adapter_settings(file, about)
    layers: dict[Part, dict[str, Layer]] = {"unet": {}, "text_encoder": {}, "text_encoder_2": {}}
    for name, keys in found.items():
        part, plain = place_of(name)
        if plain in layers[part]:
            _refuse(file, tr("is damaged: it changes {name:.60} twice", name=name), ANOTHER)
        layers[part][plain] = _layer(file, name, keys, shapes, told)
    made_for = about.get(MADE_FOR)
    return LoraFile(
        file, layers, _family(shapes, layers["unet"]), made_for if isinstance(made_for, str) else ""
    )


def squeezed(shape: Iterable[int]) -> Shape:
    """Return the shape of weights without a kernel of one position, which is as good as none.

    Args:
        shape: of weights.
    """
    found = tuple(shape)
    return found[:2] if found[2:] == (1, 1) else found


def _refuse(file: Path, what: str, fix: str) -> NoReturn:
    raise ExplainerError(tr("{file:.80} {what}.", file=file.name, what=what), fix)


def _refuse_pickles(file: Path) -> None:
    if file.suffix.lower() in PICKLES:
        _refuse(file, tr("is pickled and is never opened: such a file can run code"), PLAIN)
    try:
        with file.open("rb") as stream:
            start = stream.read(9)
    except OSError:
        return  # said by whoever reads the header
    if start.startswith((_ZIP, _PICKLE)) and start[8:] != b"{":
        what = tr(
            "is called .safetensors and is pickled inside: it is never opened, it can run code"
        )
        _refuse(file, what, PLAIN)


def _refuse_others(file: Path, shapes: Mapping[str, Shape]) -> None:
    if not shapes:
        _refuse(file, tr("is empty"), ANOTHER)
    for key in shapes:
        for sign, kind in _OTHERS.items():
            if sign in key:
                what = tr("is {kind}, which changes weights in another way than LoRA", kind=kind)
                _refuse(file, what, PLAIN)


def _refuse_key(file: Path, key: str, shapes: Mapping[str, Shape]) -> NoReturn:
    if not any(_KEY.fullmatch(one) for one in shapes):
        what = tr("holds weights of its own, such as {key:.60}, and no pairs of a LoRA", key=key)
        _refuse(file, what, tr("Choose a LoRA here; a checkpoint is offered as a model."))
    _refuse(file, tr("holds {key:.60}, which is no part of a plain LoRA", key=key), PLAIN)


def _layer(
    file: Path, name: str, keys: Mapping[str, str], shapes: Mapping[str, Shape], told: "_Told"
) -> Layer:
    if not {"down", "up"} <= keys.keys():
        what = tr("is damaged: {name:.60} has one of its two matrices only", name=name)
        _refuse(file, what, ANOTHER)
    down, up, alpha = shapes[keys["down"]], shapes[keys["up"]], keys.get("alpha", "")
    whole = len(down) == len(up) in (2, 4) and min(*down, *up) > 0 and up[2:] in ((), (1, 1))
    if not whole or down[0] != up[1] or (alpha and math.prod(shapes[alpha]) != 1):
        what = tr(
            "is damaged: the matrices of {name:.60}, {down} and {up}, do not chain",
            name=name,
            down=_say(down),
            up=_say(up),
        )
        _refuse(file, what, ANOTHER)
    value = None if alpha else told.alpha(name, down[0])
    return Layer(keys["down"], keys["up"], (up[0], *down[1:]), down[0], value, alpha)


def _say(shape: Shape) -> str:
    return " × ".join(map(str, shape)) or tr("one number")


def _family(shapes: Mapping[str, Shape], unet: Mapping[str, Layer]) -> str:
    if any(key.startswith(_OF_XL) for key in shapes):
        return _WIDTHS[2048]
    reads = {layer.shape[1] for name, layer in unet.items() if name.endswith("attn2_to_k")}
    return _WIDTHS.get(reads.pop(), "") if len(reads) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What peft tells of alpha, in the file or in the one beside it."""

    settings: Mapping[str, Any]  # Any: what JSON holds

    def alpha(self, name: str, rank: int) -> float | None:
        """Return a layer's alpha, None where nothing is told."""
        part = next(
            (one for one in ("unet.", "text_encoder.", "text_encoder_2.") if name.startswith(one)),
            "",
        )
        value = self.settings.get(f"{part}lora_alpha", self.settings.get("lora_alpha"))
        patterns = self.settings.get(f"{part}alpha_pattern", self.settings.get("alpha_pattern"))
        for ending, own in patterns.items() if isinstance(patterns, dict) else ():
            if f".{name}".endswith(f".{ending}"):
                value = own
        if type(value) not in (int, float) or not math.isfinite(value):
            return None
        rs = self.settings.get(f"{part}use_rslora", self.settings.get("use_rslora"))
        return value * math.sqrt(rank) if rs is True else float(value)  # alpha / sqrt(r)


def _adapter_settings(file: Path, about: Mapping[str, Any]) -> _Told:
    """Return peft's settings: diffusers keeps them in the file, peft itself beside it."""
    text, beside = about.get("lora_adapter_metadata"), file.with_name("adapter_config.json")
    try:
        if text is None and file.stem == "adapter_model" and beside.stat().st_size < 1_000_000:
            text = beside.read_text("utf-8")
        settings = read_json(text) if isinstance(text, str) else {}
    except (OSError, ValueError):
        settings = {}
    return _Told(settings if isinstance(settings, dict) else {})
