"""What several components are sent: these types are the scripts' types too, see .ci/browser_types.

A name that ends with Data is a dict as the browser gets it. Numbers in base64 are little-endian.
"""

from typing import NotRequired, TypedDict


class SheetData(TypedDict):
    """One image with all frames, row by row.

    Attributes:
        url: holds the image.
        count: frames.
        columns: frames in a row.
        width: pixels of a frame.
        height: pixels of a frame.
        pad: pixels round every frame that repeat its edge.
    """

    url: str
    count: int
    columns: int
    width: int
    height: int
    pad: int


class PlaceData(TypedDict):
    """What to say at a place of a run.

    Attributes:
        text: parts with " · " between them, the first of which stands out.
        spoken: the same to be heard.
    """

    text: str
    spoken: str


class LineData(TypedDict):
    """One line of a chart.

    Attributes:
        label: what it is.
        kind: one of the colours.
        dashed: whether it is.
        values: one for each U-Net call; None is a gap.
    """

    label: str
    kind: str
    dashed: bool
    values: list[float | None]


class ChartData(TypedDict):
    """Lines on one scale.

    Attributes:
        name: a word to choose it by.
        title: what is drawn, with its unit.
        fromZero: whether the scale begins at 0; otherwise with the least value.
        lines: on the chart.
    """

    name: str
    title: str
    fromZero: NotRequired[bool]
    lines: list[LineData]
