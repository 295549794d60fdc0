"""One run as one web page in one file: it needs no server, no script and no network.

Whatever people typed is escaped, and the page's own policy forbids every request and every script.
"""

import base64
import io
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.ideas.checks import say_number
from core.ideas.equation import equation_of
from core.ideas.guidance import guide
from core.lessons.generation.guidance_data import angles
from core.lessons.generation.recipe_data import recipe_json
from core.lessons.generation.report_charts_data import Line, line_chart
from core.models.schedulers.table import SCHEDULERS
from core.views.numbers import minus, say_noise
from core.views.one_file import document, picture_png, table, text
from core.views.run import Frames, Run, say_cost
from core.views.steps import measure, rms, step_rows
from core.views.versions import versions
from core.words import tr

MOST_FRAMES = 12  # steps shown as pictures
LONGEST_SIDE = 256  # pixels of such a picture


def report_html(run: Run, frames: Frames) -> str:
    """Write the report of a run.

    Args:
        run: the finished run.
        frames: its film.

    Returns:
        The whole file.
    """
    request = run.request
    told = [
        (tr("Model"), request.model),
        (tr("Scheduler"), SCHEDULERS[request.scheduler].title),
        *((f"  {name}", str(value)) for name, value in request.params),
        (
            tr("Steps"),
            tr(
                "{steps} (U-Net calls: {calls})",
                steps=request.steps,
                calls=len(run.timesteps),
            ),
        ),
        (
            tr("Guidance w"),
            say_number(request.guidance) + (tr(" (none)") if request.guidance == 1 else ""),
        ),
        (tr("Seed"), str(request.seed)),
        (
            tr("Size"),
            tr(
                "{width} × {height} pixels",
                width=run.picture.shape[1],
                height=run.picture.shape[0],
            ),
        ),
        (tr("Not this"), request.negative or "–"),
        *([(tr("Mixed with"), f"{request.blend} ({request.share:g})")] if request.share else []),
        *([(tr("Weight of the words"), f"{request.words:g}")] if request.words != 1 else []),
        *(
            [
                (
                    tr("Noise turned towards"),
                    tr(
                        "seed {other_seed} ({turn:g})",
                        other_seed=request.other_seed,
                        turn=request.turn,
                    ),
                )
            ]
            if request.turn
            else []
        ),
        *(
            [(tr("Text layers left out (clip skip)"), str(request.clip_skip))]
            if request.clip_skip
            else []
        ),
        *([(tr("Padding mask"), tr("passed on"))] if request.padding_mask else []),
        *((tr("LoRA {name}", name=one.name), say_number(one.strength)) for one in request.loras),
        (tr("Cost"), tr("{cost}; other work included", cost=say_cost(run))),
    ]
    heads = tr("Step by step"), tr("In curves"), tr("In numbers"), tr("How guidance was done")
    parts = _steps(run, frames), _in_curves(run), _numbers(run), _guidance(run)
    chapters = (f"<h2>{text(head)}</h2>{part}" for head, part in zip(heads, parts, strict=True))
    again = tr(
        "Save what stands below as a .json file and drop it on the Generation page. The same "
        "weights and versions give the same picture on the same kind of machine."
    )
    words = text(request.prompt) or f"<em>{text(tr('no words'))}</em>"
    body = (
        f"<header><h1>{text(tr('How noise became this picture'))}</h1>"
        f'<p class="prompt">{words}</p></header>'
        f'<div class="first">{picture_png(run.picture, tr("The finished picture"))}'
        f"{table(told)}</div>"
        f"{''.join(chapters)}"
        f"<h2>{text(tr('To draw it again'))}</h2><p>{text(again)}</p>"
        f"<pre>{text(recipe_json(request, run.fingerprint))}</pre>"
        f"{table(list(versions().items()))}"
    )
    return document(tr("A run of Glassbox Diffusion"), _style(), body)


def _small(picture: NDArray[np.uint8], alt: str) -> str:
    """Show a step: noise does not compress, and one file holds two dozen of them."""
    image, written = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    image.save(written, "JPEG", quality=88)
    data = base64.b64encode(written.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{data}">'


def _steps(run: Run, frames: Frames) -> str:
    count = len(frames.places)
    shown = sorted({round(float(at)) for at in np.linspace(0, count - 1, min(count, MOST_FRAMES))})
    cells = []
    for index in shown:
        place = frames.places[index]
        ended = place == len(run.timesteps)
        said = tr("finished") if ended else f"t = {run.timesteps[place]:g}"
        share = "" if ended else f"<br>{say_noise(float(run.alpha_bars[place]))}"
        if place == 0:  # all of it is noise, whatever the network is told
            said, share = tr("only noise, told as {at}", at=said), ""
        cells.append(
            f"<figure>{_small(frames.given[index], tr('Given to the network, {at}', at=said))}"
            f"{_small(frames.guess[index], tr('What it believed, {at}', at=said))}"
            f"<figcaption>{said}{share}</figcaption></figure>"
        )
    how = tr(
        "Above: what the network was given. Below: what it believed is in there. t runs down "
        "from noise to picture."
    )
    left_out = (
        ""
        if len(shown) == count
        else tr(" {shown} of {count} places are shown.", shown=len(shown), count=count)
    )
    return f"<p>{text(how)}{text(left_out)}</p><div class='steps'>{''.join(cells)}</div>"


def _in_curves(run: Run) -> str:
    return f"<div class='charts'>{''.join(_charts(run))}</div>"


def _charts(run: Run) -> list[str]:
    found, across = measure(run), tr("U-Net calls →")
    charts = [
        line_chart(tr("Sizes"), tr("root mean square"), across, [
            Line("x", "latents", found.given),
            Line("ε̂", "noise", found.eps),
            Line("x̂₀", "picture", found.guess),
        ]),
        line_chart(tr("Change"), tr("per call, root mean square"), across, [
            Line(tr("of x"), "latents", found.moved, dashed=True),
            Line(tr("of x̂₀"), "picture", found.corrected),
        ]),
    ]  # fmt: skip
    if np.isfinite(found.snr_db).any():
        signal = Line(tr("of x"), "time", found.snr_db)
        charts.append(line_chart(tr("Signal to noise"), tr("decibels"), across, [signal]))
    if run.eps_uncond is not None:
        apart = Line(tr("without and with the words"), "text", angles(run.eps_uncond, run.eps_cond))
        charts.append(line_chart(tr("Angle between both answers"), tr("degrees"), across, [apart]))
    return charts


def _numbers(run: Run) -> str:
    rows = step_rows(run)
    names = {name: escape(tr(name)) for name in rows[0]}
    head = "".join(f"<th>{name}</th>" for name in names.values())
    lines = (
        "<tr>" + "".join(
            f'<td data-name="{names[name]}">{_number(value)}</td>'
            for name, value in row.items()
        ) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f'<table class="numbers"><tr>{head}</tr>{"".join(lines)}</table>'


def _number(value: float | None) -> str:
    return "–" if value is None else minus(str(value))


def _guidance(run: Run) -> str:
    source = text(tr(equation_of(guide).source))
    if run.eps_uncond is None:
        none = tr("There was none: at w = 1 the network is asked only with the words.")
        return f"<p>{text(none)} <small>{source}</small></p>"
    added = rms(run.eps_cond - run.eps_uncond)
    said = text(
        tr(
            "ε∅ is the noise seen without the words (or with what was not wanted), ε_c with them. "
            "Their difference has a size of {least:.3f} to {most:.3f}.",
            least=added.min(),
            most=added.max(),
        )
    )
    for plain, written in (("ε∅", "ε<sub>∅</sub>"), ("ε_c", "ε<sub>c</sub>")):
        said = said.replace(plain, written)
    return (
        "<p class='formula'>ε̂ = ε<sub>∅</sub> + w (ε<sub>c</sub> − ε<sub>∅</sub>), "
        f"w = {say_number(run.request.guidance)}</p><p>{said} <small>{source}</small></p>"
    )


def _style() -> str:
    return (
        ".prompt{font-size:1.25rem;white-space:pre-wrap;overflow-wrap:anywhere;"
        "unicode-bidi:isolate}"
        ".first{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:start}"
        ".first img{width:20rem;max-width:100%;border-radius:6px}"
        ".numbers{font-size:.8125rem}"
        ".numbers td,.numbers th{text-align:right;white-space:normal;overflow-wrap:normal}"
        "@media screen and (max-width:60rem){.numbers,.numbers tbody{display:block}"
        ".numbers tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));"
        "gap:.2rem .75rem;padding:.75rem 0;border-bottom:1px solid var(--line)}"
        ".numbers tr:first-child{display:none}.numbers td{padding:0;border:0;text-align:left}"
        ".numbers td::before{content:attr(data-name);display:block;opacity:.75}}"
        ".steps{display:grid;grid-template-columns:repeat(auto-fill,minmax(7rem,1fr));gap:.75rem}"
        "figure{margin:0}.steps img{display:block;width:100%;border-radius:4px;margin-bottom:3px}"
        "figcaption{font-size:.8125rem}"
        ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1.5rem}"
        "svg{width:100%;display:block}svg text{font-size:11px;fill:var(--ink)}"
        "svg .name{font-size:13px;font-weight:600}.grid{stroke:var(--line)}"
        ".line{fill:none;stroke-width:2.5;stroke-linejoin:round}"
        ".key{margin-right:.75rem;white-space:nowrap}"
        ".key i{display:inline-block;width:1rem;vertical-align:middle}"
        ".formula{font-family:serif;font-size:1.25rem}"
        "pre{background:var(--panel);padding:1rem;border-radius:6px;white-space:pre-wrap;"
        "overflow-wrap:anywhere;font-size:.8125rem}"
        "@media print{figure,.first{break-inside:avoid}"
        ".numbers{font-size:8pt}.numbers td,.numbers th{padding-right:.35rem}"
        ".first img{width:8cm}}"
    )
