"""The stations of the pipeline in words: all that Home paints first, so it imports no numpy."""

from dataclasses import asdict, dataclass
from typing import Any

from core.engine.request import Request
from core.models.schedulers.table import SCHEDULERS

SCALES = (
    "Colours: noise is black below 0 and white above; latents are blue below 0, red-brown above, "
    "each channel its own tile; both scales end at ±3."
)


@dataclass(frozen=True, slots=True)
class Station:
    """One station of the map.

    Attributes:
        name: what the component calls it.
        title: its heading.
        line: one short line below its box.
        page: address of the page about it.
    """

    name: str
    title: str
    line: str
    page: str


def stations(request: Request) -> tuple[Station, ...]:
    """Return the stations of a run in the order of the pipeline.

    Args:
        request: a valid request.
    """
    scheduler = SCHEDULERS[request.scheduler].title
    return (
        Station("text", "Prompt", "your words", "generation"),
        Station("tokens", "Tokens", "word pieces, as numbers", "tokens"),
        Station("hidden", "Meaning", "what the text encoder makes of them", "tokens"),
        Station("noise", "Noise", f"where it starts: seed {request.seed}", "noising"),
        Station("schedule", "Schedule", f"noise left, by {scheduler}", "schedulers"),
        Station("unet", "U-Net", "answers: this is the noise", "unet"),
        Station("latents", "Latents", "a little cleaner each time", "latents"),
        Station("vae", "VAE", "unpacks them into pixels", "latents"),
        Station("picture", "Picture", "made on this machine", "generation"),
    )


def empty_map(request: Request, awaited: bool = True) -> dict[str, Any]:  # Any: JSON
    """Return the map of a run that is not there yet: the words, and empty boxes.

    Args:
        request: a valid request.
        awaited: whether the run will come.
    """
    drawn: list[dict[str, Any]] = [
        {**asdict(station), "look": None} for station in stations(request)
    ]
    drawn[0]["look"] = {"words": request.prompt.strip() or "(no words)"}
    return {"id": "", "stations": drawn, "places": [], "times": "", "how": "", "awaited": awaited}
