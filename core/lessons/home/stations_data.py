"""The stations of the pipeline in words: all that Home paints first, so it imports no numpy."""

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from core.engine.request import Request
from core.models.schedulers.table import SCHEDULERS
from core.views.browser import PlaceData, SheetData
from core.words import tr, tr_later

SCALES = tr_later(
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


class ChipData(TypedDict):
    """A token's text and id."""

    text: str
    id: str


class StationLookData(TypedDict, total=False):
    """What a station's box shows: one of these.

    Attributes:
        words: as they are.
        chips: tokens.
        before: a size, with ``after``: what becomes of it.
        after: the other size.
        curve: heights from 0 to 1, one a place.
        sheet: a picture a place, or one for all, with ``alt``.
        exact: whether its pixels are shown as they are.
        alt: what it is.
    """

    words: str
    chips: list[ChipData]
    before: str
    after: str
    curve: list[float]
    sheet: SheetData
    exact: bool
    alt: str


class LinkData(TypedDict):
    """Where a link leads; following it tells the server which page to open."""

    href: str
    page: str


class StationData(TypedDict):
    """A station of the map; its look is None while the run is not there.

    ``done`` says that the questions of its page were answered.
    """

    name: str
    title: str
    line: str
    page: str
    look: StationLookData | None
    link: NotRequired[LinkData]
    done: NotRequired[bool]


class MapData(TypedDict):
    """The pipeline as a map.

    Attributes:
        id: names the run; a new one plays once, the same one keeps its place.
        stations: in the order of the pipeline.
        places: what to say at each frame.
        times: how often the loop is walked, for the label on it.
        how: numbers became colours, one line.
        awaited: whether a run that is not there yet will come.
        tour: what to try with the map, for who comes for the first time; for others nothing.
    """

    id: str
    stations: list[StationData]
    places: list[PlaceData]
    times: str
    how: str
    awaited: bool
    tour: NotRequired[list[str]]


# The order is that of the parts that pipeline.js points at.
TOUR = (
    tr_later("Drag the handle, or press ← and →: every box goes along."),
    tr_later("Click an underlined name: its page opens, with the same picture."),
    tr_later("Type other words above the map and press Enter: all of it is drawn anew."),
)


def stations(request: Request) -> tuple[Station, ...]:
    """Return the stations of a run in the order of the pipeline.

    Args:
        request: a valid request.
    """
    scheduler = SCHEDULERS[request.scheduler].title
    return (
        Station("text", tr("Prompt"), tr("your words"), "generation"),
        Station("tokens", tr("Tokens"), tr("word pieces, as numbers"), "tokens"),
        Station("hidden", tr("Meaning"), tr("what the text encoder makes of them"), "tokens"),
        Station(
            "noise", tr("Noise"), tr("where it starts: seed {seed}", seed=request.seed), "noising"
        ),
        Station(
            "schedule",
            tr("Schedule"),
            tr("noise left, by {scheduler}", scheduler=scheduler),
            "schedulers",
        ),
        Station("unet", tr("U-Net"), tr("answers: this is the noise"), "unet"),
        Station("latents", tr("Latents"), tr("a little cleaner each time"), "latents"),
        Station("vae", tr("VAE"), tr("unpacks them into pixels"), "latents"),
        Station("picture", tr("Picture"), tr("made on this machine"), "generation"),
    )


def empty_map(request: Request, awaited: bool = True) -> MapData:
    """Return the map of a run that is not there yet: the words, and empty boxes.

    Args:
        request: a valid request.
        awaited: whether the run will come.
    """
    drawn: list[StationData] = [
        {"name": one.name, "title": one.title, "line": one.line, "page": one.page, "look": None}
        for one in stations(request)
    ]
    drawn[0]["look"] = {"words": request.prompt.strip() or tr("(no words)")}
    return {"id": "", "stations": drawn, "places": [], "times": "", "how": "", "awaited": awaited}
