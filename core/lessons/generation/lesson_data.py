"""What the page about a whole run teaches."""

from dataclasses import replace

import numpy as np

from core.ideas.picture_likeness import apart
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, percent
from core.views.steps import rms

QUARTERS = ("in the first quarter", "in the second", "in the third", "in the last")
MANY = 50  # steps of a long run; many beside the few that a run has at first


def _rows(live: Live) -> Asked:
    calls, guided = len(live.run.timesteps), live.run.eps_uncond is not None
    twice = (
        f"guided by w = {live.run.request.guidance:g}, each call asks twice in one: with your "
        "words, and without"
    )
    told = twice if guided else "without guidance it is asked with your words alone"
    return choose(
        "How often did the network say what the noise is, for this one picture?",
        f"{calls * 2 if guided else calls} times",
        ("once", f"One call cannot do it: {count(calls, 'call')}, and {told}."),
        (f"{calls} times", f"There were {count(calls, 'call')}; {told}."),
        (f"{calls * 2} times", f"There were {count(calls, 'call')}; {told}."),
        ("1000 times", f"It learned with 1000 times, and drew in {count(calls, 'call')}; {told}."),
    )


def _when(live: Live) -> Asked:
    run, calls = live.run, len(live.run.timesteps)
    far = rms(run.x0 - run.path[-1])
    near = int(np.argmax(far <= far[0] / 2)) + 1
    quarter = min(3, 4 * (near - 1) // calls)
    said = (
        f"At call 1 the guess was {far[0]:.2f} away from the finished latents, at call {near} "
        f"for the first time less than half of that, {far[near - 1]:.2f}"
    )
    options = [
        (name, f"{said}." if at == quarter else f"No. {said}.") for at, name in enumerate(QUARTERS)
    ]
    return choose(
        f"The network guesses the whole picture at each of the {calls} calls. When is its guess "
        "half as wrong as at first?",
        QUARTERS[quarter],
        *options,
    )


def _other_seed(live: Live) -> Asked:
    request = live.run.request
    other = live.read(replace(request, seed=request.seed + 1)).picture
    same = float((other == live.run.picture).all(axis=-1).mean())
    said = (
        f"Drawn just now: {percent(same, 1)} of the pixels are equal, and the pictures are "
        f"{apart(live.run.picture, other):.0f} of 255 apart on average"
    )
    names = ("nearly all", "about half", "fewer than a fifth")
    right = names[0] if same > 0.8 else names[1] if same >= 0.2 else names[2]
    return choose(
        f"The same words once more, with the seed {request.seed + 1}. How many of the pixels stay "
        "exactly as they were?",
        right,
        *((name, f"{said}." if name == right else f"No. {said}.") for name in names),
    )


def _more_is_better(live: Live) -> str:
    request = live.run.request
    few, some, many = (
        live.read(replace(request, steps=steps)).picture
        for steps in (max(1, request.steps // 2), request.steps, MANY)
    )
    return (
        f"More steps help less and less: from {max(1, request.steps // 2)} to "
        f"{request.steps} the picture moves by {apart(few, some):.1f} of 255 on average, from "
        f"{request.steps} to {MANY} by {apart(some, many):.1f}. The network is the same, so what "
        "it cannot draw it cannot draw in more steps either; they cost time all the same."
    )


def _seed_is_picture(live: Live) -> str:
    other = live.read(live.other)
    start = np.abs(other.steps[0].xt.numpy() - live.run.path[0]).max()
    return (
        f"The seed is only the first noise. With “{live.other.prompt}” and the same seed "
        f"{live.run.request.seed} the run begins with the same numbers (largest difference "
        f"{start:g}) and ends "
        f"{apart(other.picture, live.run.picture):.0f} of 255 away from your picture."
    )


def _guess_is_picture(live: Live) -> str:
    run = live.run
    far = rms(run.x0 - run.path[-1])
    return (
        "It is the network’s best guess at that call, an average over all pictures that would fit "
        f"the noise. It is wrong by {far[0]:.2f} at call 1, by {far[len(far) // 2]:.2f} half-way, "
        f"and at the last call still by {far[-1]:.2f}. (The finished latents have a size of "
        f"{rms(run.path)[-1]:.2f}.)"
    )


def _guidance_zero(live: Live) -> str:
    run, without = live.run, replace(live.run.request, guidance=0.0)
    own, other = live.read(without).picture, live.read(replace(live.other, guidance=0.0)).picture
    guided = apart(run.picture, live.read(live.other).picture)
    return (
        "At w = 0 the formula keeps only the answer to the negative prompt, so your words are not "
        "in it at all: drawn just now with yours and with other words, the two pictures are "
        f"{apart(own, other):g} apart; with w = {run.request.guidance:g} they are {guided:.0f} of "
        "255 apart. No guidance is w = 1; some programs call that 0."
    )


LESSON = Lesson(
    headline="How does noise become your picture?",
    leads={
        "first": "It starts as noise. Again and again the network says what is noise in it, and a "
        "little of that is taken away.",
        "maths": "A loop: ask $\\hat\\varepsilon_\\theta(x_t, t, c)$ twice, mix the two answers by "
        "$w$, and let the scheduler go from $x_t$ to the next level.",
    },
    picture="**Drag the green frame**, or press ← and →. Left is what the network gets to see. "
    "Right is the picture it believes is hidden in there: first a rough guess, which "
    "guidance drives too far (at w = 1 it is only blurry), then detail after detail. The "
    "small ones are the noise that it sees, and what the scheduler then changes.",
    remember="The network never draws the picture: at every call it only names the noise, and the "
    "scheduler takes a part of it away.",
    questions=(Question("rows", _rows), Question("when", _when), Question("seed", _other_seed)),
    cards=(
        Card("More steps are always better.", _more_is_better, {"steps": str(MANY)}),
        Card("The seed is the picture.", _seed_is_picture, {"prompt": "a blue car"}),
        Card("What it believes half-way is the picture already.", _guess_is_picture),
        Card("Guidance 0 ignores nothing.", _guidance_zero, {"guidance": "0"}),
    ),
)
