"""What the page about the U-Net teaches."""

import numpy as np

from core.engine.works.unet_blocks import BlocksWork
from core.engine.works.unet_off import OffAtCallWork, Switch
from core.models.unet_facts import read_unet_facts
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent


def _answer(live: Live) -> Asked:
    shape = " × ".join(map(str, live.run.path.shape[1:]))
    picture = f"{live.run.picture.shape[1]} × {live.run.picture.shape[0]} × 3"
    said = f"Latents of {shape} go in, and noise of {shape} comes out: a number for each number"
    return choose(
        "What comes out of the U-Net at a call?",
        f"noise, {shape} numbers",
        (f"the picture, {picture} numbers", f"It never sees pixels. {said}."),
        (f"cleaner latents, {shape} numbers", f"That is the scheduler’s part. {said}."),
        (f"noise, {shape} numbers", f"{said}."),
        ("a word for what it sees", f"No words come out. {said}."),
    )


def _off(live: Live, part: str, number: float = 0) -> float:
    run = live.run
    call = len(run.timesteps) // 2
    work = OffAtCallWork(run.request.model, run.input_at(call), Switch(part, number))  # type: ignore[arg-type]  # one of its parts
    return float(live.read(work).change)


def _worse(live: Live) -> Asked:
    facts = read_unet_facts(live.folder, (live.run.request.height, live.run.request.width))
    outer = len(facts.skips) - 1
    names = {
        "the words": _off(live, "prompt"),
        "the time": _off(live, "time"),
        "the outermost skip connection": max(_off(live, "skip", at) for at in (0, outer)),
    }
    worst = max(names, key=lambda name: names[name])
    said = ", ".join(f"{name} {percent(value)}" for name, value in names.items())
    return choose(
        "In the middle of your run one thing is switched off for one call. What moves the answer "
        "most?",
        worst,
        *((name, f"Asked just now, the noise moves by: {said} of its size.") for name in names),
    )


def _smallest(live: Live) -> Asked:
    run = live.run
    seen = live.read(BlocksWork(run.request.model, run.input_at(len(run.timesteps) // 2)))
    sides = [box.shape[-1] for box in seen.boxes.values() if len(box.shape) == 3]
    outer, inner = max(sides), min(sides)
    times = outer // inner
    said = f"Its boxes are {outer} places wide outside and {inner} in the middle"
    return choose(
        "In the middle of the U everything is small, so that the whole is seen at once. How many "
        "places wide?",
        str(inner),
        (str(inner), f"{said}, {times} times fewer each way."),
        (str(inner * 2), f"{said}."),
        (str(outer), f"That is outside. {said}."),
        (str(run.picture.shape[1]), f"Those would be pixels. {said}."),
    )


def _takes_away(live: Live) -> str:
    run = live.run
    call = len(run.timesteps) // 2
    whole = np.sqrt(np.mean(np.square(run.eps[call])))
    moved = np.sqrt(np.mean(np.square(run.path[call + 1] - run.path[call])))
    return (
        f"It only names it. At call {call + 1} the noise that it named has a size of {whole:.2f}; "
        f"the scheduler then moved the latents by {moved:.2f}. How far to go is not the network’s "
        "business: the same answer serves every scheduler."
    )


LESSON = Lesson(
    headline="What flows through the network?",
    leads={
        "how": "Down to see the whole, up to say where. **Click a box** to see what comes out of "
        "it.",
        "first": "One machine of many boxes: noise with a picture in it goes in on the left, and "
        "on the right it says what of it is noise. **Click a box** to look inside.",
        "maths": "Down to see the whole, up to say where: residual blocks, attention over text, "
        "and skips that carry detail across. **Click a box** to see its output.",
    },
    picture="**Down, the picture gets smaller and each number sees more of it; up, it grows "
    "again.** The numbered arcs carry what going down has lost: **click one to switch it off**.",
    remember="Down to see the whole, up to say where, and skips that carry the detail across: the "
    "answer has one number for every number that went in.",
    questions=(
        Question("answer", _answer), Question("middle", _smallest), Question("off", _worse),
    ),
    cards=(Card("The U-Net takes the noise away.", _takes_away),),
)  # fmt: skip
