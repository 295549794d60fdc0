"""One answer of the network in four languages, a step in two, and where flows put their steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from core.ideas.flow import flow_step, flow_time, flow_velocity, space_flow, to_flow
from core.ideas.prediction import v_from_x0, x0_from_eps
from core.ideas.samplers.ddim import ddim_coefficients, ddim_step
from core.views.run import Run, in_colours, linear_colours
from core.views.theme import PALETTE
from core.words import tr

SIDE = 168  # pixels of a picture, at least
TALL = 360  # CSS pixels
GREY = np.full(3, 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What the network answered at one call, and the step that follows from it.

    Attributes:
        eps, x0, v, u: the answer as noise, clean latents, v and velocity, each (C, h, w).
        s, s_next: share of noise before and after the step.
        apart: largest difference between DDIM's step and the flow's.
    """

    eps: NDArray[np.float64]
    x0: NDArray[np.float64]
    v: NDArray[np.float64]
    u: NDArray[np.float64]
    s: float
    s_next: float
    apart: float


def told_at(run: Run, call: int) -> Told:
    """Tell the answer of a call in all languages, and walk from there in both coordinates.

    Args:
        run: the finished run.
        call: 0 is the first; some signal must be left there.
    """
    xt, eps = run.path[call].astype(np.float64), run.eps[call].astype(np.float64)
    now = float(run.alpha_bars[call])
    later = [float(level) for level in run.alpha_bars[call + 1 :] if level > now]
    after = later[0] if later else 1.0
    x0 = x0_from_eps(xt, eps, now)
    u = flow_velocity(eps, x0)
    s, s_next = flow_time(now), flow_time(after)
    ddim = ddim_step(xt, eps, 0.0, ddim_coefficients(now, after))
    flow = flow_step(to_flow(xt, now), u, s, s_next)
    apart = float(np.abs(to_flow(ddim, after) - flow).max())
    return Told(eps, x0, v_from_x0(x0, eps, now), u, s, s_next, apart)


def pictures(told: Told, run: Run) -> list[NDArray[np.uint8]]:
    """Colour all four as the quick pictures are; grey is 0 where there is no picture.

    Args:
        told: from ``told_at``.
        run: the same run.

    Returns:
        Of noise, clean latents, v and velocity, uint8 (H, W, 3) each.
    """
    weights, bias = linear_colours(run)
    times = -(-SIDE // told.eps.shape[-1])
    parts = ((told.eps, GREY), (told.x0, bias), (told.v, GREY), (told.u, GREY))
    small = [in_colours(part[None], weights, zero)[0] for part, zero in parts]
    return [one.repeat(times, axis=0).repeat(times, axis=1) for one in small]


def shares_of(run: Run) -> list[float]:
    """Return the share of noise at every call of a run, and 0 for its end.

    Args:
        run: the finished run.
    """
    return [*(float(flow_time(level)) for level in run.alpha_bars.astype(np.float64)), 0.0]


def curves_of(
    run: Run, title: str, shift: float, library: Mapping[str, Sequence[float]]
) -> dict[str, Sequence[float]]:
    """Return where a run and flows put their steps, by what to call them.

    Args:
        run: the finished run.
        title: of its scheduler.
        shift: of the flows.
        library: shares by class.
    """
    steps = int(run.steps[-1]) + 1
    flows: dict[tuple[float, ...], list[str]] = {}  # those that stand alike have one curve
    for name, shares in library.items():
        flows.setdefault(tuple(shares), []).append(name.removesuffix("DiscreteScheduler"))
    return {
        tr("{name}, your run", name=title): shares_of(run),
        tr("a flow, evenly"): space_flow(steps, 1.0).tolist(),
        tr("a flow, shifted once"): space_flow(steps, shift).tolist(),
        **{", ".join(names): shares for shares, names in flows.items()},
    }


def share_chart(curves: Mapping[str, Sequence[float]]) -> Any:
    """Draw shares of noise over the share of the way that is walked.

    Args:
        curves: from ``curves_of``.

    Returns:
        A layered chart; altair types it as several.
    """
    names = list(curves)
    inks = [PALETTE[kind] for kind in ("noise", "latents", "time", "text", "picture")]
    values = [
        {"of": name, "way": at / (len(shares) - 1), "s": share}
        for name, shares in curves.items()
        for at, share in enumerate(shares)
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("way:Q", title=tr("share of the way"), axis=alt.Axis(format="%", grid=False)),
        y=alt.Y("s:Q", title=tr("s, share of noise"), scale=alt.Scale(domain=[0, 1])),
        color=alt.Color(
            "of:N", title=None, scale=alt.Scale(domain=names, range=inks[: len(names)]),
            legend=alt.Legend(orient="top", symbolType="circle"),  # some are rings alone
        ),
        tooltip=[alt.Tooltip("of:N", title=" "), alt.Tooltip("s:Q", format=".4f")],
    )  # fmt: skip
    own, theirs = (alt.FieldOneOfPredicate("of", some) for some in (names[:3], names[3:]))
    lines = base.mark_line(point=alt.OverlayMarkDef(size=36)).transform_filter(own)
    rings = base.mark_point(size=110, opacity=1).transform_filter(theirs)  # around our own dots
    return (lines + rings).properties(height=TALL)
