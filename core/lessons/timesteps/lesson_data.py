"""What the page about timesteps teaches."""

import numpy as np

from core.ideas.timestep import embed_timesteps
from core.models.time_facts import read_time_facts
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent


def _alike(live: Live, *times: int) -> float:
    rows = embed_timesteps(np.array(times), read_time_facts(live.folder).settings)
    one, other = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return float(one @ other)


def _noisiest(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    told = live.run.timesteps
    said = (
        f"Noise power is {percent(1 - float(alpha_bar[0]), 2)} at t = 0 and "
        f"{percent(1 - float(alpha_bar[-1]), 2)} at t = {last}; your run was told "
        f"t = {told[0]:g} first and t = {told[-1]:g} last"
    )
    return choose(
        "Which time stands for the most noise?",
        f"t = {last}",
        ("t = 0", f"It is the other end. {said}."),
        (f"t = {last // 2 + 1}", f"More is possible. {said}."),
        (f"t = {last}", f"{said}. So a run counts down."),
    )


def _numbers(live: Live) -> Asked:
    settings, last = read_time_facts(live.folder).settings, len(live.schedule) - 1
    said = (
        f"The time becomes {settings.dim} numbers: {settings.dim // 2} waves, each read as sine "
        "and cosine, so that near times look alike and far ones do not"
    )
    return choose(
        "The time is one number. As how many does the network get it?",
        str(settings.dim),
        ("1", f"One number from 0 to {last} would drown the rest. {said}."),
        ("2", f"That would be one clock’s hand. {said}."),
        (str(settings.dim), f"{said}."),
        (str(last + 1), f"Not one for each time. {said}."),
    )


def _near(live: Live) -> Asked:
    last = len(live.schedule) - 1
    pairs = {"0 and 1": (0, 1), f"0 and {last}": (0, last), "0 and 100": (0, min(100, last - 1))}
    likeness = {name: _alike(live, *times) for name, times in pairs.items()}
    best = max(likeness, key=lambda name: likeness[name])
    said = "; ".join(f"{name}: {value:.2f}" for name, value in likeness.items())
    return choose(
        "Which two times have the most similar rows?",
        best,
        *((name, f"The cosine of their angle is {said}.") for name in pairs),
        ("all are alike", f"No. The cosine of their angle is {said}."),
    )


def _step_is_time(live: Live) -> str:
    told = live.run.timesteps
    at = len(told) // 2
    return (
        f"A step is counted up, from 1 to {live.run.request.steps}, the time down. At call "
        f"{at + 1} of {len(told)} your network was told t = {told[at]:g}. With another number of "
        "steps the same step has another time; what the network was trained on is the time."
    )


LESSON = Lesson(
    headline="How does the network know what time it is?",
    remember="The network is told how much noise to expect: one number, spread out over many "
    "waves, so that it can tell near times from far ones.",
    leads={
        "how": "At every step the network is told one number beside the noisy picture: the time t, "
        "which says **how much noise to expect**. High is almost all noise, 0 is the picture. "
        "**Drag the green dot** through it: each time has a row of its own.",
        "first": "Beside the noisy picture the network gets a clock: how much noise is in there? "
        "**Drag the green dot** and watch the row of waves change.",
        "maths": "$t$ becomes $\\cos(t\\,\\omega_i), \\sin(t\\,\\omega_i)$ with frequencies that "
        "fall geometrically from 1. **Drag the green dot** through it.",
    },
    questions=(
        Question("noisiest", _noisiest), Question("numbers", _numbers), Question("near", _near),
    ),
    cards=(Card("The step and the time are the same thing.", _step_is_time, {"t": "0"}),),
)  # fmt: skip
