"""What the page about schedulers teaches."""

from dataclasses import replace

import numpy as np

from core.engine.works.schedulers import CountWork
from core.ideas.picture_likeness import apart
from core.lessons.schedulers.own_data import ask_where_it_ends
from core.models.config_files import read_config
from core.models.schedulers.plans import moment_of, plan_run
from core.models.schedulers.table import SCHEDULERS
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, minus, percent
from core.words import tr, tr_later

TWICE = "heun"  # asks twice a step
REMEMBERS = "dpmpp-2m"  # the answer of one step before


def _first(live: Live) -> Asked:
    run, last = live.run, len(live.schedule) - 1
    begins = f"t = {run.timesteps[0]:g}"
    said = tr(
        "Your run’s {scheduler} with {steps} asks "
        "at {begins} first, because of how its times are spaced",
        scheduler=SCHEDULERS[run.request.scheduler].title,
        steps=count(run.request.steps, "step"),
        begins=begins,
    )
    return choose(
        tr("The network knows the times 0 to {last}. At which does your run ask first?", last=last),
        begins,
        ("t = 0", tr("That would be the clean end. {said}.", said=said)),
        (f"t = {last // 2 + 1}", tr("A run does not begin in the middle. {said}.", said=said)),
        (begins, f"{said}."),
        (
            f"t = {last}",
            tr(
                "One would think so. {said}; “trailing” spacing would begin at {last}.",
                said=said,
                last=last,
            ),
        ),
    )


def _calls(live: Live) -> Asked:
    steps = max(2, live.run.request.steps)  # of one step there is only the plain one
    counted = live.read(CountWork(live.run.request.model, steps))
    calls = counted[TWICE]
    said = tr(
        "Counted by a hook on the network: {scheduler} asks {calls} times in "
        "{steps} steps, DDIM {ddim} times",
        scheduler=SCHEDULERS[TWICE].title,
        calls=calls,
        steps=steps,
        ddim=counted["ddim"],
    )
    return choose(
        tr(
            "There is a scheduler, {scheduler}, that looks twice before it steps. How often does "
            "it ask in {steps} steps?",
            scheduler=SCHEDULERS[TWICE].title,
            steps=steps,
        ),
        count(calls, "time"),
        (count(steps, "time"), tr("A step is not a call. {said}.", said=said)),
        (
            count(2 * steps - 1, "time"),
            tr("{said}; its last step is a plain one.", said=said),
        ),
        (
            count(2 * steps, "time"),
            tr(
                "Nearly. {said}; the last step would lead to no noise at all, "
                "where there is nothing to ask.",
                said=said,
            ),
        ),
        (count(calls, "time"), f"{said}."),
    )


def _below_one(live: Live) -> Asked:
    config = read_config(live.folder, "scheduler")
    steps = max(2, live.run.request.steps)
    euler = SCHEDULERS["euler"]

    def share(**params: object) -> float:
        return float(np.mean(plan_run(euler, config, params, steps).sigmas < 1))

    even, karras = share(), share(use_karras_sigmas=True)
    said = tr(
        "Of {steps} calls, {karras} are at σ < 1 with Karras’ spacing, {even} with even times",
        steps=steps,
        karras=percent(karras),
        even=percent(even),
    )
    more, fewer, same = tr("more"), tr("fewer"), tr("as many")
    right = more if karras > even else fewer if karras < even else same
    return choose(
        tr(
            "A scheduler may spread its calls otherwise: Karras’ spacing asks as often, but not at "
            "even times. How many of its calls lie where picture outweighs noise (σ < 1)?"
        ),
        right,
        *(
            (name, f"{said}." if name == right else tr("No. {said}.", said=said))
            for name in (more, same, fewer)
        ),
    )


def _older_answer(live: Live) -> Asked:
    config, steps = read_config(live.folder, "scheduler"), max(4, live.run.request.steps)
    scheduler, step = SCHEDULERS[REMEMBERS], steps // 2
    (line,) = scheduler.work(moment_of(scheduler, config, {}, steps, step))
    newest, older = (term.weight for term in line.terms if term.kind == "x0")
    said = tr(
        "At step {step} of {steps} the newest answer weighs {newest} and the one before {older} "
        "of both together: the line through them is carried on beyond the newest",
        step=step + 1,
        steps=steps,
        newest=f"{newest / (newest + older):.2f}",
        older=minus(f"{older / (newest + older):.2f}"),
    )
    right = tr("it is taken off") if older < 0 else tr("it is added")
    return choose(
        tr(
            "{scheduler} remembers the network’s answer of one step before. How does that older "
            "answer enter the step?",
            scheduler=scheduler.title,
        ),
        right,
        *(
            (name, f"{said}." if name == right else tr("No. {said}.", said=said))
            for name in (tr("it is added"), tr("it is taken off"), tr("it is not used"))
        ),
    )


def _begins(live: Live) -> Asked:
    from core.lessons.schedulers.flow_data import shares_of  # altair: not before the first paint

    share = shares_of(live.run)[0]
    alpha_bar = float(live.run.alpha_bars[0])
    right = f"s = {share:.3f}" if share < 1 else "s = 1"
    said = tr(
        "Your run’s first call is told t = {t:g}, which stands for √ᾱ = {kept:.3f} of a picture "
        "and √(1−ᾱ) = {noise:.3f} of noise: s = {noise:.3f} / ({kept:.3f} + {noise:.3f}) = {s:.3f}",
        t=live.run.timesteps[0],
        kept=alpha_bar**0.5,
        noise=(1 - alpha_bar) ** 0.5,
        s=share,
    )
    return choose(
        tr(
            "Told as a flow, s is the share of noise in a mixture: at 0 there is the picture, at 1 "
            "noise alone. At which s does your run ask the network first?"
        ),
        right,
        ("s = 0", tr("That is the end, the picture. {said}.", said=said)),
        ("s = 0.5", tr("There it would be half the picture. {said}.", said=said)),
        (right, f"{said}."),
        (
            "s = 1",
            tr("A flow model is asked there first. {said}.", said=said),
        ),
    )  # fmt: skip


def _other_picture(live: Live) -> str:
    run = live.run
    names = [name for name in ("ddim", "euler", "dpmpp-2m") if name != run.request.scheduler]
    others = {
        name: live.read(replace(run.request, scheduler=name, params=())).picture for name in names
    }
    said = ", ".join(
        f"{SCHEDULERS[name].title} {apart(run.picture, picture):.1f}"
        for name, picture in others.items()
    )
    return tr(
        "The network is the same and so is the first noise; the scheduler only decides where to "
        "ask, and how far to go. Drawn just now, the pictures are so far from yours, of 255 on "
        "average: {said}. With more steps those that add no fresh noise come nearer to each other.",
        said=said,
    )


LESSON = Lesson(
    headline=tr_later("Who decides how much noise is left?"),
    leads={
        "how": tr_later(
            "A scheduler does: after every answer of the network it takes some noise away, and "
            "chooses where to ask next."
        ),
        "first": tr_later(
            "The scheduler decides how much noise is taken away at each step. **Choose "
            "another one** and compare the way down."
        ),
        "maths": tr_later(
            "Those without fresh noise solve one differential equation in σ, the others a random "
            "one with the same noise levels; they differ in where they evaluate it, in their "
            "order, and in the noise that they add."
        ),
    },
    picture=tr_later(
        "**One seed, one network, three ways down the same hill.** Every dot is a call of the "
        "U-Net, every ring an end, where nobody asks. Who stops elsewhere, or adds fresh noise on "
        "the way, comes to another picture: much the same after many steps, less so after few. "
        "Try 4. Point at the chart to read all curves at once."
    ),
    remember=tr_later(
        "The network names the noise, the scheduler decides how much of it to take: it "
        "chooses the noise levels, and how to get from one to the next."
    ),
    questions=(
        Question("first", _first),
        Question("calls", _calls),
        Question("karras", _below_one),
        Question("memory", _older_answer, "One step"),
        Question("share", _begins, "As a flow"),
        Question("ends", ask_where_it_ends, "Your own noise levels"),
    ),
    cards=(Card(tr_later("The scheduler draws the picture."), _other_picture),),
)
