"""What the browser needs to change latents by itself, and the decode that the server adds."""

from typing import Any

from core.lessons.latents.hero_data import LIMIT, numbers, picture_url
from core.models.latent_edits import MOST_GAIN, Edits, painted_noise
from core.models.latent_reading import Decoded, PictureReading
from core.views.colormaps import diverging


def surgery_data(
    title: str, reading: PictureReading, edits: Edits, decoded: Decoded
) -> dict[str, Any]:  # Any: JSON for the browser
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
        "colours": diverging(),
        "limit": LIMIT,
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
    return f"{1000 * seconds:,.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"
