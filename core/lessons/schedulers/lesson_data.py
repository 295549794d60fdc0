"""What the page about schedulers teaches."""

from dataclasses import replace

import numpy as np

from core.engine.works.schedulers import CountWork
from core.ideas.picture_likeness import apart
from core.models.config_files import read_config
from core.models.schedulers.plans import plan_run
from core.models.schedulers.table import SCHEDULERS
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent

TWICE = "heun"  # asks twice a step


def _first(live: Live) -> Asked:
    run, last = live.run, len(live.schedule) - 1
    begins = f"t = {run.timesteps[0]:g}"
    said = (
        f"Your run’s {SCHEDULERS[run.request.scheduler].title} with {run.request.steps} steps asks "
        f"at {begins} first, because of how its times are spaced"
    )
    return choose(
        f"The network knows the times 0 to {last}. At which does your run ask first?",
        begins,
        ("t = 0", f"That would be the clean end. {said}."),
        (f"t = {last // 2 + 1}", f"A run does not begin in the middle. {said}."),
        (begins, f"{said}."),
        (f"t = {last}", f"One would think so. {said}; “trailing” spacing would begin at {last}."),
    )


def _calls(live: Live) -> Asked:
    steps = live.run.request.steps
    counted = live.read(CountWork(live.run.request.model, steps))
    calls = counted[TWICE]
    said = (
        f"Counted by a hook on the network: {SCHEDULERS[TWICE].title} asks {calls} times in "
        f"{steps} steps, DDIM {counted['ddim']} times"
    )
    return choose(
        f"{SCHEDULERS[TWICE].title} looks twice before it steps. How often does it ask in {steps} "
        "steps?",
        f"{calls} times",
        (f"{steps} times", f"A step is not a call. {said}."),
        (f"{2 * steps - 1} times", f"{said}; its last step is a plain one."),
        (f"{2 * steps} times", f"Nearly. {said}; the last step would lead to no noise at all, "
         "where there is nothing to ask."),
        (f"{calls} times", f"{said}."),
    )  # fmt: skip


def _below_one(live: Live) -> Asked:
    config = read_config(live.folder, "scheduler")
    steps = max(2, live.run.request.steps)
    euler = SCHEDULERS["euler"]

    def share(**params: object) -> float:
        return float(np.mean(plan_run(euler, config, params, steps).sigmas < 1))

    even, karras = share(), share(use_karras_sigmas=True)
    said = (
        f"Of {steps} calls, {percent(karras)} are at σ < 1 with Karras’ spacing, {percent(even)} "
        "with even times"
    )
    right = "more" if karras > even else "fewer" if karras < even else "as many"
    return choose(
        "Karras’ spacing puts the same number of calls at other noise levels. How many of them lie "
        "where picture outweighs noise (σ < 1)?",
        right,
        *(
            (name, f"{said}." if name == right else f"No. {said}.")
            for name in ("more", "as many", "fewer")
        ),
    )


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
    return (
        "The network is the same and so is the first noise; the scheduler only decides where to "
        f"ask, and how far to go. Drawn just now, the pictures are so far from yours, of 255 on "
        f"average: {said}. With more steps those that add no fresh noise come nearer to each other."
    )


LESSON = Lesson(
    headline="Who decides how much noise is left?",
    leads={
        "how": "A scheduler does: after every answer of the network it takes some noise away, and "
        "chooses where to ask next.",
        "first": "The scheduler decides how much noise is taken away at each step. **Choose "
        "another one** and compare the way down.",
        "maths": "Those without fresh noise solve one differential equation in σ, the others a "
        "random one with the same noise levels; they differ in where they evaluate it, in their "
        "order, and in the noise that they add.",
    },
    picture="**One seed, one network, three ways down the same hill.** Every dot is a call of the "
    "U-Net, every ring an end, where nobody asks. Who stops elsewhere, or adds fresh noise on "
    "the way, comes to another picture: much the same after many steps, less so after few. "
    "Try 4. Point at the chart to read all curves at once.",
    remember="The network names the noise, the scheduler decides how much of it to take: it "
    "chooses the noise levels, and how to get from one to the next.",
    questions=(
        Question("first", _first), Question("calls", _calls), Question("karras", _below_one),
    ),
    cards=(Card("The scheduler draws the picture.", _other_picture),),
)  # fmt: skip
