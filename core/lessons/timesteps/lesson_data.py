"""What the page about timesteps teaches."""

import numpy as np

from core.ideas.timestep import embed_timesteps
from core.models.time_facts import read_time_facts
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent
from core.words import tr, tr_later


def _alike(live: Live, *times: int) -> float:
    rows = embed_timesteps(np.array(times), read_time_facts(live.folder).settings)
    one, other = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return float(one @ other)


def _noisiest(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    told = live.run.timesteps
    said = tr(
        "Noise power is {least} at t = 0 and {most} at t = {last}; your run was told "
        "t = {first_told:g} first and t = {last_told:g} last",
        least=percent(1 - float(alpha_bar[0]), 2),
        most=percent(1 - float(alpha_bar[-1]), 2),
        last=last,
        first_told=told[0],
        last_told=told[-1],
    )
    return choose(
        tr("Which time stands for the most noise?"),
        f"t = {last}",
        ("t = 0", tr("It is the other end. {said}.", said=said)),
        (f"t = {last // 2 + 1}", tr("More is possible. {said}.", said=said)),
        (f"t = {last}", tr("{said}. So a run counts down.", said=said)),
    )


def _numbers(live: Live) -> Asked:
    settings, last = read_time_facts(live.folder).settings, len(live.schedule) - 1
    said = tr(
        "The time becomes {numbers} numbers: {waves} waves, each read as sine "
        "and cosine, so that near times look alike and far ones do not",
        numbers=settings.dim,
        waves=settings.dim // 2,
    )
    return choose(
        tr("The time is one number. As how many does the network get it?"),
        str(settings.dim),
        (
            "1",
            tr(
                "From one number between 0 and {last} a network hardly tells neighbours apart. "
                "{said}.",
                last=last,
                said=said,
            ),
        ),
        ("2", tr("That would be one clock’s hand. {said}.", said=said)),
        (str(settings.dim), f"{said}."),
        (str(last + 1), tr("Not one for each time. {said}.", said=said)),
    )


def _near(live: Live) -> Asked:
    last = len(live.schedule) - 1
    pairs = ((0, 1), (0, last), (0, min(100, last - 1)))
    likeness = {
        tr("{one} and {other}", one=one, other=other): _alike(live, one, other)
        for one, other in pairs
    }
    best = max(likeness, key=lambda name: likeness[name])
    said = "; ".join(
        tr("{alike:.2f} for {pair}", alike=value, pair=name) for name, value in likeness.items()
    )
    return choose(
        tr("Which two times have the most similar rows?"),
        best,
        *((name, tr("The cosines of their angles: {said}.", said=said)) for name in likeness),
        (tr("all are alike"), tr("No. The cosines of their angles: {said}.", said=said)),
    )


def _step_is_time(live: Live) -> str:
    told = live.run.timesteps
    at = len(told) // 2
    return tr(
        "A step is counted up, from 1 to {steps}, the time down. At call "
        "{at} of {calls} your network was told t = {t:g}. With another number of "
        "steps the same step has another time; what the network was trained on is the time.",
        steps=live.run.request.steps,
        at=at + 1,
        calls=len(told),
        t=told[at],
    )


LESSON = Lesson(
    headline=tr_later("How does the network know what time it is?"),
    remember=tr_later(
        "The network is told how much noise to expect: one number, spread out over many "
        "waves, so that it can tell near times from far ones."
    ),
    leads={
        "how": tr_later(
            "At every call the network is told one number beside the noisy picture: the time t, "
            "which says **how much noise to expect**. High is almost all noise, 0 hardly any. "
            "**Drag the green dot** through it: each time has a row of its own."
        ),
        "first": tr_later(
            "Beside the noisy picture the network gets a clock: how much noise is in there? "
            "**Drag the green dot** and watch the row of waves change."
        ),
        "maths": tr_later(
            "$t$ becomes $\\cos(t\\,\\omega_i), \\sin(t\\,\\omega_i)$ with frequencies that "
            "fall geometrically from 1. **Drag the green dot** through it."
        ),
    },
    questions=(
        Question("noisiest", _noisiest),
        Question("numbers", _numbers),
        Question("near", _near),
    ),
    cards=(Card(tr_later("The step and the time are the same thing."), _step_is_time, {"t": "0"}),),
)
