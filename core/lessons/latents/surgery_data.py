"""What the browser needs to change latents by itself, and the decode that the server adds."""

from typing import TypedDict

from core.lessons.latents.hero_data import numbers, picture_url
from core.models.latent_edits import MOST_GAIN, Edits, painted_noise
from core.models.latent_reading import Decoded, PictureReading
from core.words import tr, unparted


class EditsData(TypedDict):
    """What is changed.

    Attributes:
        gains: of the channels.
        order: the channel that each is taken from.
        region: top, bottom, left, right of the frame with noise; None without one.
        amount: of that noise, a share of the power.
    """

    gains: list[float]
    order: list[int]
    region: list[int] | None
    amount: float


class SurgeryData(TypedDict):
    """What the component that changes latents shows.

    Attributes:
        title: names the picture.
        channels: of the latents.
        height: of the latents.
        width: of the latents.
        latents: float32 in base64, channel by channel.
        noise: the same.
        weights: of the linear guess of the colours, (channels, 3).
        bias: its constant.
        mostGain: where the gains' sliders end, either way.
        edits: on show.
        decoded: address of the decoded picture.
        decodeTime: how long that took.
        previewTime: how long the linear guess takes.
    """

    title: str
    channels: int
    height: int
    width: int
    latents: str
    noise: str
    weights: list[list[float]]
    bias: list[float]
    mostGain: float
    edits: EditsData
    decoded: str
    decodeTime: str
    previewTime: str


def surgery_data(
    title: str, reading: PictureReading, edits: Edits, decoded: Decoded
) -> SurgeryData:
    """Return what the component shows.

    Args:
        title: our own name for the picture.
        reading: of the picture.
        edits: on show.
        decoded: the changed latents, decoded.
    """
    channels, height, width = reading.mean.shape
    return {
        "title": title,
        "channels": channels,
        "height": height,
        "width": width,
        "latents": numbers(reading.mean),
        "noise": numbers(painted_noise(reading.mean.shape)),
        "weights": reading.colour_weights.round(6).tolist(),
        "bias": reading.colour_bias.round(6).tolist(),
        "mostGain": MOST_GAIN,
        "edits": {
            "gains": list(edits.gains),
            "order": list(edits.order),
            "region": None if edits.region is None else list(edits.region),
            "amount": edits.amount,
        },
        "decoded": picture_url(decoded.pictures[0]),
        "decodeTime": _say(decoded.decode_s[0]),
        "previewTime": _say(decoded.preview_s),
    }


def _say(seconds: float) -> str:
    if seconds < 0.01:
        return unparted(f"{1000 * seconds:.2g} ms")
    return tr("{milliseconds:,.0f} ms", milliseconds=1000 * seconds)
