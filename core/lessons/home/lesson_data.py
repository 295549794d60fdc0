"""What the front page teaches; it imports no numpy, for Home paints without."""

from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, minus, percent


def _often(live: Live) -> Asked:
    run = live.run
    calls, steps = len(run.timesteps), run.request.steps
    said = f"The loop in the map was walked {count(calls, 'time')} for {count(steps, 'step')}"
    return choose(
        "How often did the U-Net look at the latents until the picture was there?",
        count(calls, "time"),
        ("once", f"More often. {said}."),
        (count(calls, "time"), f"{said}."),
        (
            count(run.path[-1].size, "time"),
            f"Not once for each number: it sees all at once. {said}.",
        ),
        (
            count(run.picture[..., 0].size, "time"),
            f"Not once a pixel: it sees all at once. {said}.",
        ),
    )


def _hidden(live: Live) -> Asked:
    import numpy as np

    first, end = live.run.path[0].ravel(), live.run.path[-1].ravel()
    alike = float(np.corrcoef(first, end)[0, 1])
    names = ("hardly (under 0.1)", "in part", "nearly all (over 0.7)")
    right = names[0] if abs(alike) < 0.1 else names[1] if abs(alike) < 0.7 else names[2]
    said = (
        f"Measured: the first noise and the finished latents correlate by "
        f"{minus(f'{alike:.2f}')} (0 is unrelated, 1 the same)"
    )
    return choose(
        "Is your picture hidden in the first noise already? How alike are the two, from 0 to 1?",
        right,
        *((name, f"{said}." if name == right else f"No. {said}.") for name in names),
    )


def _searches(live: Live) -> str:
    run = live.run
    return (
        "Nothing is looked up: the app runs without a network, and the model has "
        "no pictures in it. Yours was computed here in "
        f"{run.seconds:.1f} s from {run.path[0].size:,} random numbers, which "
        f"{count(len(run.timesteps), 'call')} changed. At call 1 of them the noise power was "
        f"{percent(1 - float(run.alpha_bars[0]), 1)}."
    )


LESSON = Lesson(
    headline="How does noise become a picture?",
    leads={
        "how": "Follow your words through a real diffusion model. **Drag the green handle** and "
        "every box goes along.",
        "first": "Your words go in on the left, a picture comes out on the right. **Drag the green "
        "handle** from noise to picture.",
        "maths": "Text, noise and a schedule go in; a loop of one network follows, then a decoder. "
        "**Drag the green handle** along $x_T, \\dots, x_0$.",
    },
    remember="A picture is made by taking noise away, little by little, and your words tell at "
    "every step what to look for in it.",
    questions=(Question("often", _often), Question("hidden", _hidden)),
    cards=(Card("It looks for a fitting picture on the internet.", _searches),),
)
