"""What the page about training teaches."""

import numpy as np

from core.ideas.arrays import Numbers
from core.ideas.flow import measure_detour
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.labs.points_settings import PointSettings
from core.lessons.training.flow_data import data_of, mean_walk
from core.lessons.training.points_data import start_of
from core.models.catalog import builtin_folder
from core.models.text_facts import read_text_facts
from core.training.history import Stage, read_report, read_stages
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import minus, percent
from core.words import tr, tr_later, tr_many


def _stage(name: str) -> Stage:
    return next(stage for stage in read_stages(builtin_folder()) if stage.name == name)


def _loss(live: Live) -> Asked:
    losses = _stage("unet").losses["loss"]
    tenth = max(1, len(losses) // 10)
    before, after = float(losses[:tenth].mean()), float(losses[-tenth:].mean())
    said = tr(
        "In the first tenth of the built-in model’s training it was {before:.3f} on average, in "
        "the last {after:.3f}, which is {share} of it",
        before=before,
        after=after,
        share=percent(after / before),
    )
    nothing, part, more = tr("nearly nothing"), tr("a good part"), tr("it has grown")
    return choose(
        tr(
            "The network learns for hours. How much of its loss is left in the end, beside the "
            "beginning? (Nearly nothing: under 5 %.)"
        ),
        nothing if after < before / 20 else part if after < before else more,
        (nothing, f"{said}."),
        (part, tr("{said}. Much of the noise cannot be told from a picture by anybody: where "
         "there is little noise, it hides in the detail.", said=said)),
        (more, f"{said}."),
    )  # fmt: skip


def _lesson(live: Live) -> Asked:
    steps = int(_stage("unet").steps[-1])
    return choose(
        tr("What was the U-Net asked to name, at every training step?"),
        tr("the noise that was added"),
        (tr("the next word"), tr("That is how language models learn.")),
        (tr("the clean picture’s name"), tr("That is a classifier. The name was given to it.")),
        (
            tr("the noise that was added"),
            tr(
                "A picture, a random time, random noise: name the noise. "
                "{steps:,} times over, in batches. Nobody has to say what is right: the noise is "
                "known.",
                steps=steps,
            ),
        ),
    )


def _memory(live: Live) -> Asked:
    report = read_report(builtin_folder())
    pairs, typed = report["arranged"]["pairs"]["both_top1_percent"], report["typed"]["top1_percent"]
    said = tr(
        "A judge recognised the thing in {typed:g} % of pictures of one common word; of two "
        "objects in one picture both in {pairs:g} %",
        typed=typed,
        pairs=pairs,
    )
    return choose(
        tr(
            "Its training showed mostly single things. What can it draw of two things side by side?"
        ),
        tr("less well than one"),
        (tr("as well as one"), tr("No. {said}.", said=said)),
        (tr("less well than one"), f"{said}."),
        (tr("better than one"), tr("No. {said}.", said=said)),
    )


def _mean_bends(live: Live) -> Asked:
    settings = PointSettings(seed=live.run.request.seed)
    detour = measure_detour(mean_walk(data_of(settings)[0], start_of(settings.seed)))
    said = tr(
        "Followed just now on two moons, with your seed {seed}, the mean of all pairs goes ways "
        "that are {detour:.2f} times as long as straight lines",
        seed=settings.seed,
        detour=detour,
    )
    names = (tr("as long"), tr("longer, by less than a tenth"), tr("longer, by more than a tenth"))
    right = names[0] if detour < 1.005 else names[1] if detour < 1.1 else names[2]
    why = tr("Lines of pairs cross, and the mean of what crosses has to turn. {said}.", said=said)
    return choose(
        tr(
            "Every training pair goes straight from a noise to a point of the data. A network can "
            "only know the mean of all pairs that pass through a place. How long are its ways, "
            "beside straight lines?"
        ),
        right,
        (tr("shorter"), tr("Nothing is shorter than straight. {said}.", said=said)),
        (names[0], why if right == names[0] else tr("So is each pair alone. {said}.", said=said)),
        *((name, why if name == right else tr("No. {said}.", said=said)) for name in names[1:]),
    )


def _new_token(live: Live) -> Asked:
    read, width = live.tokens, read_text_facts(live.folder).width
    said = tr_many(
        read.used,
        "Your prompt is read as {count} token, and the new one is not it. So the text encoder and "
        "the U-Net are given what they were given before, by the same weights: only the "
        "{width:,} numbers of one more row are new",
        "Your prompt is read as {count} tokens, and the new one is none of them. So the text "
        "encoder and the U-Net are given what they were given before, by the same weights: only "
        "the {width:,} numbers of one more row are new",
        width=width,
    )
    return choose(
        tr(
            "A new word is taught as one new token, whose vector alone learns. How much does the "
            "picture of your prompt change, in which the word does not stand?"
        ),
        tr("not at all"),
        (tr("not at all"), f"{said}."),
        (tr("a little"), tr("That is so where weights learn as well. {said}.", said=said)),
        (tr("it is forgotten"), tr("That needs weights that change. {said}.", said=said)),
    )


def _size(numbers: Numbers) -> float:
    return float(np.sqrt(np.mean(np.square(numbers))))


def _v_is_velocity(live: Live) -> str:
    run = live.run
    alpha_bar = max(float(run.alpha_bars[0]), 1e-12)
    eps, x0 = run.eps[0], run.x0[0]
    v = alpha_bar**0.5 * eps - (1 - alpha_bar) ** 0.5 * x0
    flow = eps - x0
    alike = float(np.sum(v * flow) / (np.linalg.norm(v) * np.linalg.norm(flow)))
    return tr(
        "Two things have that letter. At call 1 of your run, σ = "
        "{sigma:.2f}, the v of v-prediction, √ᾱ ε − √(1−ᾱ) x̂₀, has a "
        "size of {v_size:.2f}; the velocity of a flow, ε − x̂₀, one of {flow_size:.2f}, and "
        "the cosine of their angle is {cosine}. Only where σ = 1 do they point the "
        "same way. With the noisy latents and their noise level either tells ε.",
        sigma=sigma_from_alpha_bar(alpha_bar),
        v_size=_size(v),
        flow_size=_size(flow),
        cosine=minus(f"{alike:.2f}"),
    )


def _copies(live: Live) -> str:
    near = read_report(builtin_folder())["nearest"]
    return tr(
        "Of {count} pictures that it drew, half have their nearest picture of the training within "
        "{nearest:.3f}; half of the training pictures that they ask for have another one within "
        "{between:.3f}. For {asked:g} % the nearest is the very thing that was asked for. No "
        "picture is stored, but it saw one of each thing, very often, and draws that one again "
        "from its weights, if never the same to the last pixel. That is measured; a model that "
        "saw many pictures of each thing need not.",
        count=near["pictures"],
        nearest=near["nearest_rms"],
        between=near["between_training_pictures_rms"],
        asked=near["nearest_is_what_was_asked_percent"],
    )


LESSON = Lesson(
    headline=tr_later("Could you train this yourself?"),
    leads={
        "how": tr_later(
            "The built-in model learned part by part. **Choose a part, and follow its loss.**"
        ),
        "first": tr_later(
            "It learned by guessing: here is a picture with noise, which part is the noise? "
            "Wrong guesses made small corrections, thousands of times."
        ),
        "maths": tr_later(
            "$\\mathbb{E}\\,\\lVert\\varepsilon-\\hat\\varepsilon_\\theta(x_t,t,c)\\rVert^2$ "
            "over pictures, times and noise. **Choose a part, and follow its loss.**"
        ),
    },
    remember=tr_later(
        "A small model, yes: training is one question asked over and over, which part of this is "
        "noise? The answer is known, because we added the noise ourselves."
    ),
    questions=(
        Question("named", _lesson),
        Question("loss", _loss),
        Question("two", _memory),
        Question("bends", _mean_bends, "Train on points"),
        Question("token", _new_token, "Teach it a word"),
    ),
    cards=(
        Card(tr_later("v is velocity."), _v_is_velocity, deeper=True),
        Card(tr_later("It puts together pictures that it has stored."), _copies),
    ),
)
