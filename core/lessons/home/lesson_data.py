"""What the front page teaches; it imports no numpy, for Home paints without."""

from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, minus, percent
from core.words import tr, tr_later


def _often(live: Live) -> Asked:
    run = live.run
    calls, steps = len(run.timesteps), run.request.steps
    said = tr(
        "The loop in the map was walked {times} for {steps}",
        times=count(calls, "time"),
        steps=count(steps, "step"),
    )
    return choose(
        tr("How often was the network, the U-Net, called before the picture was there?"),
        count(calls, "time"),
        (tr("once"), tr("More often. {said}.", said=said)),
        (count(calls, "time"), f"{said}."),
        (
            count(run.path[-1].size, "time"),
            tr("Not once for each number: it sees all at once. {said}.", said=said),
        ),
        (
            count(run.picture[..., 0].size, "time"),
            tr("Not once a pixel: it sees all at once. {said}.", said=said),
        ),
    )


def _hidden(live: Live) -> Asked:
    import numpy as np

    first, end = live.run.path[0].ravel(), live.run.path[-1].ravel()
    alike = float(np.corrcoef(first, end)[0, 1])
    names = (tr("hardly (under 0.1)"), tr("in part"), tr("nearly the same (over 0.7)"))
    right = names[0] if abs(alike) < 0.1 else names[1] if abs(alike) < 0.7 else names[2]
    said = tr(
        "Measured: the first noise and the finished latents correlate by "
        "{correlation} (0 is unrelated, 1 the same)",
        correlation=minus(f"{alike:.2f}"),
    )
    return choose(
        tr(
            "Is your picture hidden in the first noise already? How alike are the two, from 0 to 1?"
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )


def _searches(live: Live) -> str:
    run = live.run
    return tr(
        "Nothing is looked up: the app runs without a network, and the model has "
        "no pictures in it. Yours was computed here in "
        "{seconds:.1f} s: it began as {size:,} random numbers, which "
        "{calls} changed. At call 1 of them the network was told to expect {noise} noise power.",
        seconds=run.seconds,
        size=run.path[0].size,
        calls=count(len(run.timesteps), "call"),
        noise=percent(1 - float(run.alpha_bars[0]), 1),
    )


LESSON = Lesson(
    headline=tr_later("How does noise become a picture?"),
    leads={
        "how": tr_later(
            "Follow your words through a real diffusion model. **Drag the green handle** and "
            "every box goes along."
        ),
        "first": tr_later(
            "Your words go in on the left, a picture comes out on the right. **Drag the green "
            "handle** from noise to picture."
        ),
        "maths": tr_later(
            "Text, noise and a schedule go in; a loop of one network follows, then a decoder. "
            "**Drag the green handle** along $x_T, \\dots, x_0$."
        ),
    },
    remember=tr_later(
        "A picture is made by taking noise away, little by little, and your words tell at "
        "every step what to look for in it."
    ),
    questions=(Question("often", _often), Question("hidden", _hidden)),
    cards=(Card(tr_later("It looks for a fitting picture on the internet."), _searches),),
)
