"""A branch in words: what was changed, where the future began, and how far the two are apart."""

import math
from dataclasses import dataclass

from core.engine.request import Request
from core.ideas.checks import say_number
from core.lessons.generation.two_runs_data import SAME, Pair
from core.models.schedulers.table import SCHEDULERS
from core.views.numbers import percent
from core.views.run import Run
from core.words import in_a_row, tr, tr_later, tr_many

Value = str | int | float
OTHER_WORDS, UNCHANGED = tr_later("other words"), tr_later("nothing changed")


@dataclass(frozen=True, slots=True, eq=False)  # a run has no plain ==
class Branched:
    """The future of a run.

    Attributes:
        run: the calls that were made for it, and its picture.
        step: the scheduler step it began with.
        alpha_bar: signal power where it began.
        remembers: whether the scheduler knew all that it knew there.
    """

    run: Run
    step: int
    alpha_bar: float
    remembers: bool


def changed(own: Request, other: Request, noise_share: float) -> str:
    """Name what is different in a future; what people typed is not repeated.

    Args:
        own: the run that was left.
        other: the future.
        noise_share: of the noise, exchanged.
    """
    names = {
        tr(OTHER_WORDS): own.prompt != other.prompt,
        tr("another “not this”"): own.negative != other.negative,
        f"w = {say_number(other.guidance)}": own.guidance != other.guidance,
        SCHEDULERS[other.scheduler].title: own.scheduler != other.scheduler,
        tr("{share} fresh noise", share=percent(noise_share)): noise_share > 0,
    }
    return ", ".join(name for name, is_so in names.items() if is_so) or tr(UNCHANGED)


def say_branch(pair: Pair, named: str) -> str:
    """Say what became of the change.

    Args:
        pair: both futures.
        named: from ``changed``.
    """
    apart = float(pair.of_estimates[-1])
    calls, kept = len(pair.first.timesteps), pair.branch
    if apart <= SAME:
        if named == tr(UNCHANGED):
            return tr("**Both futures are the same**: nothing was changed.")
        if apart >= 5e-6:
            return tr("**Both futures are the same**, to {apart:.5f}.", apart=apart)
        return tr("**Both futures are the same.**")
    before = (
        tr_many(
            kept,
            "**The first of {calls} calls is shared.**",
            "**The first {count} of {calls} calls are shared.**",
            calls=calls,
        )
        if kept
        else tr("**No call is shared.**")
    )
    after = tr(
        "In the end the latents are {apart:.2f} apart. Early calls decide what is where; the later "
        "the change, the less of the picture it still reaches. Go back earlier, then later, and "
        "compare.",
        apart=apart,
    )
    return in_a_row(before, after)


def say_start(pair: Pair, branched: Branched, request: Request) -> str:
    """Say how the future was begun, and what was lost on the way.

    Args:
        pair: both futures.
        branched: the other one.
        request: the other one's.
    """
    colours = tr("Quick colours, one map for both; the results are decoded.")
    if branched.remembers:
        told = tr(
            "The scheduler went through the calls before again, with the answers that it got "
            "then: it remembers what it remembered, and has drawn the same noise. So all that "
            "differs comes from the change."
        )
        return in_a_row(told, colours)
    info = SCHEDULERS[request.scheduler]
    was, now = _sigma(pair.first.alpha_bars[pair.branch]), _sigma(branched.alpha_bar)
    begins = {"title": info.title, "step": branched.step + 1, "steps": request.steps}
    if math.isclose(now, was, rel_tol=1e-3):  # also where both are infinite
        told = tr(
            "{title} begins anew at its step {step} of {steps}, at the same σ = {was}.",
            **begins,
            was=_say(was),
        )
    else:
        told = tr(
            "{title} begins anew at its step {step} of {steps}, the nearest in noise: σ = {now} in "
            "place of {was}. The latents were mixed for it from what the network believed and the "
            "noise that it saw there.",
            **begins,
            now=_say(now),
            was=_say(was),
        )
    return in_a_row(
        told,
        tr("What it would remember of earlier calls is lost.") if info.remembers else "",
        tr("It draws fresh noise of its own.") if info.stochastic else "",
        ""
        if pair.same_levels
        else tr(
            "Its calls are not those of your run: each place shows the one that is nearest in "
            "noise, and only what they believe is compared."
        ),
        colours,
    )


def _sigma(alpha_bar: float) -> float:
    return math.sqrt((1 - alpha_bar) / alpha_bar) if alpha_bar > 0 else math.inf


def _say(sigma: float) -> str:
    if math.isinf(sigma):
        return tr("∞ (only noise)")
    return f"{sigma:.3g}" if sigma < 1000 else f"{sigma:,.0f}"
