"""A web page in one file: it needs no server, no script and no network, and prints well.

Whatever people typed is escaped, and the page's own policy forbids every request and every script.
"""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.views.theme import INK, LINE, PAGE, PANEL
from core.words import language

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
NOT_IN_HTML = ("\0", "\f")  # characters that have no place there


def document(title: str, style: str, body: str) -> str:
    """Return a whole file.

    Args:
        title: our own words.
        style: CSS beside that of every such page.
        body: HTML in which what people typed is escaped.
    """
    return (
        "<!doctype html>\n"
        f'<html lang="{language()}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_style()}{style}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def text(typed: str) -> str:
    """Return what people typed, as text and nothing else."""
    for letter in NOT_IN_HTML:
        typed = typed.replace(letter, "\N{REPLACEMENT CHARACTER}")
    return escape(typed, quote=True)


def picture_png(picture: NDArray[np.uint8], alt: str) -> str:
    """Return a picture as an element that holds it.

    Args:
        picture: (H, W, 3).
        alt: what it shows.
    """
    written = io.BytesIO()
    Image.fromarray(picture).save(written, "PNG")
    data = base64.b64encode(written.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of names and values, both of them text.

    Args:
        rows: from the top.
    """
    lines = (
        f"<tr><th scope='row'>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in rows
    )
    return f"<table>{''.join(lines)}</table>"


def _style() -> str:
    def colours(mode: str) -> str:
        return (
            f"--page:{PAGE[mode]};--panel:{PANEL[mode]};--ink:{INK[mode]};--line:{LINE[mode]}"
        )  # fmt: skip

    return (
        f":root{{{colours('light')};color-scheme:light dark}}"
        f"@media (prefers-color-scheme:dark){{:root{{{colours('dark')}}}}}"
        f"@media print{{:root{{{colours('light')}}}}}"
        "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}"
        "main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem}"
        "h1{font-size:2rem;line-height:1.2;margin:0}h2{margin:2rem 0 .5rem;font-size:1.25rem}"
        "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
        "th[scope=row]{overflow-wrap:normal;min-width:6.5rem}"
        "th,td{text-align:left;padding:.2rem .75rem .2rem 0;border-bottom:1px solid var(--line);"
        "vertical-align:top;overflow-wrap:anywhere;white-space:pre-wrap}"
        "@media print{main{padding:0;max-width:none}tr{break-inside:avoid}h2{break-after:avoid}"
        "*{print-color-adjust:exact}}"
    )
