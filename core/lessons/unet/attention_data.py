"""Where a position looks, as maps on one scale for the browser."""

import base64
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.lessons.unet.block_data import tidy_limit
from core.lessons.unet.map_data import SIDES
from core.models.unet_facts import UNetFacts
from core.models.unet_seen import Looking
from core.views.colormaps import latent_colours
from core.views.strips import exact_sheet
from core.words import tr


class LookingLayerData(TypedDict):
    """One layer: where the position lies in it, and the weights of each head, bytes in base64."""

    name: str
    title: str
    rows: int
    columns: int
    position: list[int]
    heads: list[str]


class LookingData(TypedDict):
    """Where one position looks.

    Attributes:
        picture: address of the finished one.
        rows: of the latents under it.
        columns: of the latents under it.
        position: row and column in the latents.
        colours: 256 times red, green, blue in base64.
        limit: the number at the end of the scale.
        layers: in the order in which they run.
    """

    picture: str
    rows: int
    columns: int
    position: list[int]
    colours: str
    limit: float
    layers: list[LookingLayerData]


def attention_data(
    facts: UNetFacts,
    looks: Sequence[Looking],
    picture: NDArray[np.uint8],
    position: tuple[int, int],
) -> LookingData:
    """Return the self-attention of one position, for the component that draws it.

    Weights are told as multiples of 1 / N, what each of the N positions would get if all were
    alike: so layers of different sizes can stand on one scale.

    Args:
        facts: of the network.
        looks: one a layer, in the order in which they run.
        picture: the finished picture, (H, W, 3).
        position: row and column in the latents.
    """
    times = [look.weights * look.weights[0].size for look in looks]
    limit = tidy_limit(np.concatenate([each.ravel() for each in times])) if times else 1.0
    table = latent_colours(-np.linspace(0, 1, 256), 1.0)  # white at 0, the latents' blue at the end
    return {
        "picture": exact_sheet(picture[None]).as_json()["url"],
        "rows": facts.size[0],
        "columns": facts.size[1],
        "position": list(position),
        "colours": _base64(table),
        "limit": limit,
        "layers": [
            _layer(facts, look, each, limit) for look, each in zip(looks, times, strict=True)
        ],
    }


def _layer(
    facts: UNetFacts, look: Looking, times: NDArray[np.floating], limit: float
) -> LookingLayerData:
    box = facts.box(look.name.split(".transformer_blocks.")[0])
    side = "" if box is None else tr(SIDES[box.side])
    _, height, width = look.weights.shape
    return {
        "name": look.name,
        "title": f"{height}×{width} {side}",
        "rows": height,
        "columns": width,
        "position": list(look.position),
        "heads": [_base64(np.rint(np.clip(head / limit, 0, 1) * 255)) for head in times],
    }


def _base64(numbers: NDArray[Any]) -> str:  # Any: whole numbers of 0 to 255
    return base64.b64encode(numbers.astype(np.uint8).tobytes()).decode("ascii")
