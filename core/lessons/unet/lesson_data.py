"""What the page about the U-Net teaches."""

import numpy as np

from core.engine.works.unet_blocks import BlocksWork
from core.engine.works.unet_off import OffAtCallWork, Switch
from core.models.config_files import read_config
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent
from core.words import tr, tr_later


def _answer(live: Live) -> Asked:
    shape = " × ".join(map(str, live.run.path.shape[1:]))
    picture = f"{live.run.picture.shape[1]} × {live.run.picture.shape[0]} × 3"
    predicts = read_config(live.folder, "scheduler").get("prediction_type", "epsilon")
    answer = {
        "epsilon": tr("noise"),
        "v_prediction": tr("a mixture of noise and picture, v"),
        "sample": tr("the guess of the clean latents"),
    }[predicts]
    right = tr("{answer}, {shape} numbers", answer=answer, shape=shape)
    said = tr(
        "Latents go in, {shape} numbers, and as many come out: {answer}",
        shape=shape,
        answer=answer,
    )
    return choose(
        tr("What comes out of the U-Net at a call?"),
        right,
        (
            tr("the picture, {picture} numbers", picture=picture),
            tr("It never sees pixels. {said}.", said=said),
        ),
        (
            tr("cleaner latents, {shape} numbers", shape=shape),
            tr("That is the scheduler’s part. {said}.", said=said),
        ),
        (right, f"{said}."),
        (tr("a word for what it sees"), tr("No words come out. {said}.", said=said)),
    )


def _off(live: Live, part: str, number: float = 0) -> float:
    run = live.run
    call = len(run.timesteps) // 2
    work = OffAtCallWork(run.request.model, run.input_at(call), Switch(part, number))  # type: ignore[arg-type]  # one of its parts
    return float(live.read(work).change)


def _worse(live: Live) -> Asked:
    names = {
        tr("the words"): _off(live, "prompt"),
        tr("the time"): _off(live, "time"),
        tr("the outermost skip connection"): _off(live, "skip", 0),
    }
    worst = max(names, key=lambda name: names[name])
    said = ", ".join(f"{name} {percent(value)}" for name, value in names.items())
    return choose(
        tr(
            "In the middle of your run one thing is switched off for one call. What moves the "
            "answer "
            "most?"
        ),
        worst,
        *(
            (
                name,
                tr(
                    "Asked just now, the noise moves by these shares of its size: {said}.",
                    said=said,
                ),
            )
            for name in names
        ),
    )


def _smallest(live: Live) -> Asked:
    run = live.run
    seen = live.read(BlocksWork(run.request.model, run.input_at(len(run.timesteps) // 2)))
    sides = [box.shape[-1] for box in seen.boxes.values() if len(box.shape) == 3]
    outer, inner = max(sides), min(sides)
    times = outer // inner
    said = tr(
        "Its boxes are {outer} places wide outside and {inner} in the middle",
        outer=outer,
        inner=inner,
    )
    return choose(
        tr(
            "In the middle of the U everything is small, so that the whole is seen at once. How "
            "many "
            "places wide?"
        ),
        str(inner),
        (str(inner), tr("{said}, {times} times fewer each way.", said=said, times=times)),
        (str(inner * 2), f"{said}."),
        (str(outer), tr("That is outside. {said}.", said=said)),
        (str(run.picture.shape[1]), tr("Those would be pixels. {said}.", said=said)),
    )


def _takes_away(live: Live) -> str:
    run = live.run
    call = len(run.timesteps) // 2
    whole = np.sqrt(np.mean(np.square(run.eps[call])))
    moved = np.sqrt(np.mean(np.square(run.path[call + 1] - run.path[call])))
    return tr(
        "It only names it. At call {call} the noise that it named has a size of {whole:.2f}; "
        "the scheduler then moved the latents by {moved:.2f}. How far to go is not the network’s "
        "business: the same answer serves every scheduler.",
        call=call + 1,
        whole=whole,
        moved=moved,
    )


LESSON = Lesson(
    headline=tr_later("What flows through the network?"),
    leads={
        "how": tr_later(
            "Down to see the whole, up to say where. **Click a box** to see what comes out of it."
        ),
        "first": tr_later(
            "One machine of many boxes: noise with a picture in it goes in on the left, and "
            "on the right it says what of it is noise. **Click a box** to look inside."
        ),
        "maths": tr_later(
            "Down to see the whole, up to say where: residual blocks, attention over text, "
            "and skips that carry detail across. **Click a box** to see its output."
        ),
    },
    picture=tr_later(
        "**Down, the picture gets smaller and each number sees more of it; up, it grows "
        "again.** The numbered arcs carry what going down has lost: **click one to switch it off**."
    ),
    remember=tr_later(
        "Noisy latents flow down, to see the whole, and up, to say where; skips carry the detail "
        "across, and time and words join on the way. The answer has one number for every number "
        "that went in."
    ),
    questions=(
        Question("answer", _answer),
        Question("middle", _smallest),
        Question("off", _worse),
    ),
    cards=(Card(tr_later("The U-Net takes the noise away."), _takes_away),),
)
