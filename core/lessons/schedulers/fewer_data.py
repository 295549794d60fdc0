"""Fewer steps: the teacher, DDIM and the distilled network from one noise, as requests and rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.engine.request import Request
from core.engine.works.grid import Cell
from core.engine.works.live import in_few_calls
from core.ideas.arrays import Pixels
from core.ideas.picture_likeness import psnr
from core.models.few_steps import few_steps
from core.views.numbers import count
from core.views.tables import Row
from core.words import tr, tr_later

CALLS = (1, 2, 4, 8)
TEACHER, PLAIN, FEW = tr_later("teacher"), tr_later("DDIM, guided"), tr_later("distilled")


def requests_of(request: Request, teacher: Mapping[str, Any]) -> dict[str, list[Request]]:
    """Return what is drawn for the words, seed and size of a request, by who draws it.

    Args:
        request: valid.
        teacher: its "steps" and "guidance".
    """
    ships = {one.name for one in few_steps(request.model).loras}
    own = tuple(one for one in request.loras if one.name not in ships)
    guided = replace(
        request, negative="", params=(), scheduler="ddim", guidance=teacher["guidance"], loras=own,
        steps=int(teacher["steps"]),
    )  # fmt: skip
    # A few steps must begin where there is most noise.
    trailing = replace(guided, params=(("timestep_spacing", "trailing"),))
    return {
        TEACHER: [guided],
        PLAIN: [replace(trailing, steps=calls) for calls in CALLS],
        FEW: [replace(in_few_calls(guided), steps=calls) for calls in CALLS],
    }


def drawn_rows(cells: Mapping[str, Sequence[Cell]]) -> list[Row]:
    """Return what each picture took, and how near it is to the teacher's.

    Args:
        cells: by who drew them, all with their pictures.
    """
    [teacher] = cells[TEACHER]
    return [
        {
            tr_later("who"): tr(who),
            tr_later("calls"): cell.calls,
            tr_later("rows of the network"): cell.calls * (1 if cell.request.guidance == 1 else 2),
            tr_later("PSNR to the teacher, dB"): _rounded(
                None if cell is teacher else _near(cell, teacher), 1
            ),
        }
        for who, row in cells.items()
        for cell in row
    ]


def judged_rows(few: Mapping[str, Any]) -> list[Row]:
    """Return what was measured of the LoRA that ships, from its evaluation.

    Args:
        few: how the judge named what each drew, how near and how varied it is.
    """
    variety = {row["calls"]: row["rms"] for row in few["variety"]["turbo"]}
    teacher = few["teacher"]
    rows = [(TEACHER, {"calls": teacher["steps"]} | teacher, few["variety"]["teacher"])]
    rows += [(PLAIN, row, None) for row in few["ddim"]]
    rows += [(FEW, row, variety[row["calls"]]) for row in few["turbo"]]
    return [
        {
            "who": tr(who),
            "calls": row["calls"],
            tr_later("named rightly, %"): row["top1_percent"],
            tr_later("among the judge’s first five, %"): row["top5_percent"],
            "PSNR to the teacher, dB": _rounded(row.get("psnr_db"), 1),
            tr_later("distance between seeds"): _rounded(rms, 3),
        }
        for who, row, rms in rows
    ]


def say_lost(few: Mapping[str, Any], calls: int = 4) -> str:
    """Say what becomes of the variety and of the words, in a few calls.

    Args:
        few: as for ``judged_rows``.
        calls: of the distilled network.
    """
    [rms] = [row["rms"] for row in few["variety"]["turbo"] if row["calls"] == calls]
    [named] = [row["top1_percent"] for row in few["turbo"] if row["calls"] == calls]
    share = 100 * rms / few["variety"]["teacher"]
    told = tr(
        "Of {pictures} pictures in {calls} a judge names {named:g} % rightly, of the teacher’s "
        "{teacher:g} %.",
        pictures=few["prompts"],
        calls=count(calls, "call"),
        named=named,
        teacher=few["teacher"]["top1_percent"],
    )
    if share < 100:
        return tr(
            "{told} Pictures of one prompt from different seeds lie {share:.0f} % as far apart as "
            "the teacher’s, so that much of the variety is left at most.",
            told=told,
            share=share,
        )
    return tr(
        "{told} Pictures of one prompt from different seeds lie {share:.0f} % as far apart as the "
        "teacher’s; what each gets wrong in its own way counts as well.",
        told=told,
        share=share,
    )


def _near(cell: Cell, teacher: Cell) -> float:
    return psnr(_pixels(cell), _pixels(teacher))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _pixels(cell: Cell) -> Pixels:
    if cell.picture is None:
        raise ValueError(f"{cell.request.prompt!r} has no picture, expected one")
    return np.asarray(cell.picture)
