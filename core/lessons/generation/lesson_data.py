"""What the page about a whole run teaches."""

from dataclasses import replace

import numpy as np

from core.ideas.picture_likeness import apart
from core.lessons.generation.half_data import ask_which_half
from core.lessons.generation.inpaint_data import ask_what_stays
from core.lessons.generation.recognised_data import QUARTERS, ask_when_it_is_recognised
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, percent
from core.views.steps import rms
from core.words import tr, tr_later

MANY = 50  # steps of a long run; many beside the few that a run has at first


def _rows(live: Live) -> Asked:
    calls, guided = len(live.run.timesteps), live.run.eps_uncond is not None
    twice = tr(
        "guided by w = {guidance:g}, each call asks twice in one: with your words, and without",
        guidance=live.run.request.guidance,
    )
    told = twice if guided else tr("without guidance it is asked with your words alone")
    return choose(
        tr(
            "Your run is guided, w = {guidance:g}. How often did the network say what the noise "
            "is, for this one picture?",
            guidance=live.run.request.guidance,
        )
        if guided
        else tr("How often did the network say what the noise is, for this one picture?"),
        count(calls * 2 if guided else calls, "time"),
        (
            tr("once"),
            tr(
                "One call cannot do it: {calls}, and {told}.", calls=count(calls, "call"), told=told
            ),
        ),
        (
            count(calls, "time"),
            tr("There were {calls}; {told}.", calls=count(calls, "call"), told=told),
        ),
        (
            count(calls * 2, "time"),
            tr("There were {calls}; {told}.", calls=count(calls, "call"), told=told),
        ),
        (
            tr("1000 times"),
            tr(
                "It learned with 1000 timesteps, and drew in {calls}; {told}.",
                calls=count(calls, "call"),
                told=told,
            ),
        ),
    )


def _when(live: Live) -> Asked:
    run, calls = live.run, len(live.run.timesteps)
    far = rms(run.x0 - run.path[-1])
    nearer = np.flatnonzero(far <= far[0] / 2)
    if len(nearer):
        near = int(nearer[0]) + 1
        right = tr(QUARTERS[min(3, 4 * (near - 1) // calls)])
        said = tr(
            "At call 1 the guess was {far:.2f} away from the finished latents, at call {near} "
            "for the first time at most half of that, {then:.2f}",
            far=far[0],
            near=near,
            then=far[near - 1],
        )
    else:
        right = tr("at none")
        said = tr(
            "At call 1 the guess was {far:.2f} away from the finished latents, at the last "
            "call {then:.2f}",
            far=far[0],
            then=far[-1],
        )
    return choose(
        tr(
            "The network guesses the whole picture at every call, {calls} in all. When is its "
            "guess half as wrong as at first?",
            calls=count(calls, "call"),
        ),
        right,
        *(
            (name, f"{said}." if name == right else tr("No. {said}.", said=said))
            for name in (*map(tr, QUARTERS), tr("at none"))
        ),
    )


def _other_seed(live: Live) -> Asked:
    request = live.run.request
    other = live.read(replace(request, seed=request.seed + 1)).picture
    same = float((other == live.run.picture).all(axis=-1).mean())
    said = tr(
        "Drawn just now: {same} of the pixels are equal, and the pictures are "
        "{picture:.0f} of 255 apart on average",
        same=percent(same, 1),
        picture=apart(live.run.picture, other),
    )
    names = (tr("nearly all"), tr("about half"), tr("fewer than a fifth"))
    right = names[0] if same > 0.8 else names[1] if same >= 0.2 else names[2]
    return choose(
        tr(
            "The same words once more, with the seed {seed}. How many of the pixels stay "
            "exactly as they were?",
            seed=request.seed + 1,
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )


def _more_is_better(live: Live) -> str:
    request = live.run.request
    most = max(MANY, request.steps)
    steps = max(2, request.steps) if request.steps < most else most // 2
    fewer = max(1, steps // 2)
    first, second, third = (
        live.read(replace(request, steps=number)).picture for number in (fewer, steps, most)
    )
    few, some = apart(first, second), apart(second, third)
    said = tr(
        "From {fewer} to {steps} steps the picture moves by {few:.1f} of 255 on average, from "
        "{steps} to {many} by {some:.1f}",
        fewer=fewer,
        steps=steps,
        few=few,
        many=most,
        some=some,
    )
    return tr(
        "{said} The network is the same, so what it cannot draw it cannot draw in more steps "
        "either; they cost time all the same.",
        said=tr("{said}: more steps change it less and less.", said=said)
        if some < few
        else tr("{said}: it is another picture, which need not be a better one.", said=said),
    )


def _seed_is_picture(live: Live) -> str:
    other = live.read(live.other)
    start = np.abs(other.steps[0].xt.numpy() - live.run.path[0]).max()
    return tr(
        "The seed decides the noise and nothing else. With “{prompt}” and the same seed "
        "{seed} the run begins with the same numbers (largest difference "
        "{start:g}) and ends "
        "{picture:.0f} of 255 away from your picture.",
        prompt=live.other.prompt,
        seed=live.run.request.seed,
        start=start,
        picture=apart(other.picture, live.run.picture),
    )


def _guess_is_picture(live: Live) -> str:
    run = live.run
    far = rms(run.x0 - run.path[-1])
    guess = (
        tr("It is a guess: an average over all pictures that would fit the noise.")
        if run.eps_uncond is None
        else tr(
            "It is a guess: an average over all pictures that would fit the noise, which guidance "
            "drives further."
        )
    )
    return tr(
        "{guess} It is {far:.2f} away from the finished latents at call 1, {middle:.2f} half-way, "
        "and {last:.2f} at the last call. (Their own size is {size:.2f}.)",
        guess=guess,
        far=far[0],
        middle=far[len(far) // 2],
        last=far[-1],
        size=rms(run.path)[-1],
    )


def _guidance_zero(live: Live) -> str:
    run, without = live.run, replace(live.run.request, guidance=0.0)
    own, other = live.read(without).picture, live.read(replace(live.other, guidance=0.0)).picture
    guided = apart(run.picture, live.read(live.other).picture)
    return tr(
        "At w = 0 the formula keeps only the answer to the negative prompt, so your words are not "
        "in it at all: drawn just now with yours and with other words, the two pictures are "
        "{own:g} apart; with w = {guidance:g} they are {guided:.0f} of "
        "255 apart. No guidance is w = 1; some programs call that 0.",
        own=apart(own, other),
        guidance=run.request.guidance,
        guided=guided,
    )


LESSON = Lesson(
    headline=tr_later("How does noise become your picture?"),
    leads={
        "first": tr_later(
            "It starts as noise. Again and again the network says what is noise in it, and a "
            "little of that is taken away."
        ),
        "maths": tr_later(
            "A loop: ask $\\hat\\varepsilon_\\theta(x_t, t, c)$ twice, mix the two answers by "
            "$w$, and let the scheduler go from $x_t$ to the next level."
        ),
    },
    picture=tr_later(
        "**Drag the green frame**, or press ← and →. Left is what the network gets to see. "
        "Right is the picture it believes is hidden in there: first a rough guess, which "
        "guidance drives too far (at w = 1 it is only blurry), then detail after detail. The "
        "small ones are the noise that it sees, and what the scheduler then changes."
    ),
    remember=tr_later(
        "The network never draws the picture: at every call it only names the noise, and the "
        "scheduler takes a part of it away."
    ),
    questions=(
        Question("rows", _rows),
        Question("when", _when),
        Question("seed", _other_seed),
        Question("recognised", ask_when_it_is_recognised, "When it is recognised"),
        Question("kept", ask_what_stays, "Inpainting"),
        Question("half", ask_which_half, "When to guide"),
    ),
    cards=(
        Card(tr_later("More steps are always better."), _more_is_better, {"steps": str(MANY)}),
        Card(
            tr_later("The seed is the picture."),
            _seed_is_picture,
            {"prompt": "a blue car"},
        ),
        Card(tr_later("What it believes half-way is the picture already."), _guess_is_picture),
        Card(tr_later("Guidance 0 means no guidance."), _guidance_zero, {"guidance": "0"}),
    ),
)
