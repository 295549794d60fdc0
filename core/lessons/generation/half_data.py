"""The question which half of the calls guidance is worth more at."""

from dataclasses import replace

from core.engine.request import Request
from core.engine.works.guided import GuidedWork
from core.ideas.picture_likeness import apart
from core.views.lesson import Asked, Live, choose
from core.words import tr


def ask_which_half(live: Live) -> Asked:
    """Ask which half of the calls alone comes nearer to guidance at all of them.

    Args:
        live: the run.
    """
    request = live.run.request
    if live.run.eps_uncond is None:  # there is no guidance to take away
        request = replace(request, guidance=Request().guidance)
    if len(live.run.timesteps) == 1:  # one call has no halves
        request = replace(request, steps=2)
    trace = live.read(request)
    whole, calls = trace.picture, len(trace.steps)
    half = calls // 2
    early, late = (
        apart(whole, live.read(GuidedWork(request.model, request, *ends)).picture)
        for ends in ((1, half), (half + 1, calls))
    )
    said = tr(
        "Drawn just now with w = {guidance:g}: guided at calls 1 to {half} alone it is {early:.1f} "
        "of 255 away from the one guided throughout, guided from call {after} on {late:.1f}",
        guidance=request.guidance,
        half=half,
        early=early,
        after=half + 1,
        late=late,
    )
    names = (tr("the first half"), tr("the second half"), tr("both alike"))
    alike = abs(early - late) < 0.05
    right = names[2] if alike else names[0] if early < late else names[1]
    return choose(
        tr(
            "Guidance is on at one half of the calls only. Which half brings the picture nearer to "
            "the one that is guided throughout?"
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )
