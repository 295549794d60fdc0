"""The look in one place: one colour for each kind of thing, and the same in light and dark.

The five hues are from the Okabe-Ito set, so that they stay apart for colour-blind eyes. They are
for marks (lines, dots, frames, fills); text in a hue uses ``text_colour``, which is the same hue
moved towards the page's ink until it can be read.
"""

# Any: Vega-Lite configurations are nested JSON.
from typing import Literal

Kind = Literal["text", "latents", "noise", "time", "picture"]

PALETTE: dict[Kind, str] = {
    "text": "#CC79A7",  # prompts, tokens, hidden states
    "latents": "#0072B2",  # what the network works on
    "noise": "#8A8A8A",  # drawn or predicted noise
    "time": "#009E73",  # steps, timesteps, sigmas
    "picture": "#E69F00",  # anything with pixels
}

# The page itself; .streamlit/config.toml says the same.
PAGE = {"light": "#FFFFFF", "dark": "#11161D"}
PANEL = {"light": "#F4F6F8", "dark": "#1A212B"}
INK = {"light": "#101820", "dark": "#E8ECF1"}
LINE = {"light": "#DFE4EA", "dark": "#2C3643"}


def text_colour(kind: Kind, dark: bool = False) -> str:
    """Return a kind's hue dark (or light) enough to read as text on the page.

    Args:
        kind: the kind of thing.
        dark: for the dark page.

    Returns:
        A colour "#RRGGBB" with a contrast of at least 4.5 to the page and to a panel.
    """
    mode = "dark" if dark else "light"
    hue, ink = PALETTE[kind], INK[mode]
    for share in range(0, 101, 5):
        mixed = _mix(hue, ink, share / 100)
        if min(contrast(mixed, PAGE[mode]), contrast(mixed, PANEL[mode])) >= 4.5:
            return mixed
    return ink


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".

    Args:
        first: a colour "#RRGGBB".
        second: a colour "#RRGGBB".
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _mix(colour: str, other: str, share: float) -> str:
    """Move ``share`` of the way from one colour to another, in sRGB."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
