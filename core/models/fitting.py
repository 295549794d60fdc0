"""How a model is computed here: on what, in which numbers, in tiles; by the memory that is free."""

from dataclasses import dataclass, replace
from typing import Any

from core.models.hardware import Facts, Hardware, choose, probe
from core.models.memory import Need, need_of
from core.words import in_a_row, tr

ITEMSIZE = {"float32": 4, "float16": 2, "bfloat16": 2}
HALF = tr(
    "There is too little free memory for float32: it is computed in bfloat16, which takes half and "
    "keeps about three digits."
)
TILED = tr("The autoencoder decodes large pictures in tiles, whose seams may show.")

_chosen: dict[str, "Fit"] = {}


@dataclass(frozen=True, slots=True)
class Fit:
    """What was decided for a model.

    Attributes:
        hardware: device and number type.
        tiles: whether the autoencoder decodes in tiles of half the model's own size.
        said: what is other than usual, in sentences; "" where nothing is.
    """

    hardware: Hardware
    tiles: bool = False
    said: str = ""


def fit(need: Need, facts: Facts) -> Fit:
    """Decide by the memory that is free: the first way that fits, the smallest where none does.

    Args:
        need: what the model takes.
        facts: of the machine.
    """
    usual = choose(facts)
    ways = [Fit(usual), Fit(usual, tiles=True, said=TILED)]
    if usual.device == "cuda":
        why = tr(
            "{device} has too little free memory for this model, so the CPU computes.",
            device=usual.name,
        )
        cpu = choose(replace(facts, cuda_works=False))
        ways += [Fit(cpu, said=why)]
    else:
        why, cpu = "", usual
    if cpu.device == "cpu":
        half = replace(cpu, dtype="bfloat16")
        if usual.device == "cpu":
            ways = ways[:1]  # halves of numbers are seen less than seams
        ways += [
            Fit(half, said=in_a_row(why, HALF)),
            Fit(half, tiles=True, said=in_a_row(why, HALF, TILED)),
        ]
    return next((way for way in ways if _takes(need, way) <= _free(facts, way)), ways[-1])


def fit_for(model: str) -> Fit:
    """Decide how a model that is not in memory yet is computed; remembered as ``chosen_fit``.

    Args:
        model: its id in the catalog.

    Raises:
        ExplainerError: it is not on this machine, or damaged.
    """
    _chosen[model] = fit(need_of(model), probe())
    return _chosen[model]


def chosen_fit(model: str) -> Fit | None:
    """Return what was decided when a model was loaded; None where it was not, in this process."""
    return _chosen.get(model)


def decode_in_tiles(vae: Any, own: tuple[int, int]) -> None:  # Any: diffusers' AutoencoderKL
    """Have an autoencoder decode in tiles of half a model's own size.

    Args:
        vae: of the model.
        own: height and width that the model was trained at, pixels.
    """
    vae.enable_tiling()
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    vae.tile_sample_min_size = max(scale, min(own) // 2 // scale * scale)
    vae.tile_latent_min_size = vae.tile_sample_min_size // scale


def _takes(need: Need, way: Fit) -> int:
    height, width = need.own
    return need.total(height, width, ITEMSIZE[way.hardware.dtype], tiles=way.tiles)


def _free(facts: Facts, way: Fit) -> int:
    return facts.gpu_free if way.hardware.device == "cuda" else facts.cpu_free
