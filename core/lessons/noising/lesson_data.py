"""What the page about adding noise teaches."""

import numpy as np

from core.ideas.noise_levels import sigma_from_alpha_bar
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent
from core.words import tr, tr_later


def _half(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    at = int(np.argmin(abs(alpha_bar - 0.5)))
    middle, early = last // 2 + 1, last // 20
    shares = {t: percent(1 - float(alpha_bar[t]), 1) for t in (early, middle, last)}
    return choose(
        tr("At which time t do picture and noise weigh the same, each half of the power?"),
        f"t = {at}",
        (
            f"t = {early}",
            tr(
                "There it is only {share} noise power: the beginning is gentle.",
                share=shares[early],
            ),
        ),
        (f"t = {at}", tr("ᾱ is nearest to ½ at t = {at}: there the two weights are equal.", at=at)),
        (
            f"t = {middle}",
            tr(
                "The middle of time is not the middle of the noise: at t = {middle} "
                "{share} of the power is noise already.",
                middle=middle,
                share=shares[middle],
            ),
        ),
        (
            f"t = {last}",
            tr("That is the end: {share} of the power is noise.", share=shares[last]),
        ),
    )


def _left(live: Live) -> Asked:
    alpha_bar = live.schedule
    last, end = len(alpha_bar) - 1, float(alpha_bar[-1])
    weight = f"{end**0.5:.3f}"
    nothing = tr("nothing at all")
    right = nothing if end == 0 else tr("the picture, with the weight {weight}", weight=weight)
    there = (
        tr("This schedule ends at exactly 0: zero terminal signal to noise.")
        if end == 0
        else tr(
            "√ᾱ at t = {last} is {weight}: a faint trace is left, and the network has "
            "learned to count on it.",
            last=last,
            weight=weight,
        )
    )
    return choose(
        tr("What is left of the picture at the last time, t = {last}?", last=last),
        right,
        (nothing, there if end == 0 else tr("Nearly, but not quite. {there}", there=there)),
        (tr("the picture, with the weight {weight}", weight=weight), there),
        (tr("half of it"), tr("Half was there much earlier. {there}", there=there)),
    )


def _jump(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    t = last // 2 + 1
    steps = np.append(alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1])
    once, often = float(alpha_bar[t]), float(np.prod(steps[: t + 1]))
    same = tr(
        "ᾱ is the product of what each small step leaves: {often:.4f} either way", often=often
    )
    assert abs(once - often) < 1e-9
    return choose(
        tr("Noise is added a little {steps} times, up to t = {t}; or once, by the formula. What is "
        "the difference?", steps=t + 1, t=t),
        tr("none that could be measured"),
        (tr("many times is noisier"), tr("No. {same}.", same=same)),
        (tr("none that could be measured"), tr("{same}. So no loop is needed: "
         "one formula jumps to any time.", same=same)),
        (tr("once is noisier"), tr("No. {same}.", same=same)),
    )  # fmt: skip


def _zero_is_noisy(live: Live) -> str:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    begin, end = (sigma_from_alpha_bar(float(max(one, 1e-12))) for one in alpha_bar[[0, -1]])
    return tr(
        "It is the other way round: at t = 0 there is {begin:.3f} of noise for each unit of "
        "picture, at t = {last} it is {end:.1f}. A run begins at the high end and comes down, so "
        "its first call was told t = {first_told:g}, its last t = {last_told:g}.",
        begin=begin,
        last=last,
        end=end,
        first_told=live.run.timesteps[0],
        last_told=live.run.timesteps[-1],
    )


LESSON = Lesson(
    headline=tr_later("How do you destroy a picture on purpose?"),
    leads={
        "first": tr_later(
            "Noise is mixed into a picture, as little or as much as you like. **Drag to the "
            "right** and try to say when you can no longer tell what it is."
        ),
        "maths": tr_later(
            "$x_t = \\sqrt{\\bar\\alpha_t}\\,x_0 + \\sqrt{1-\\bar\\alpha_t}\\,\\varepsilon$: "
            "two weights whose squares add up to 1, and one draw of noise."
        ),
    },
    picture=tr_later(
        "**Drag from left to right:** the picture fades and noise takes its place; the squares "
        "of the two weights always add up to 1. Nothing is learned here. To undo it is what the "
        "network learns. (Signal to noise counts the picture’s numbers as if their variance were "
        "1; that of pixels is smaller.)"
    ),
    remember=tr_later(
        "Destroying a picture needs no network: one formula mixes it with noise, by a known "
        "amount for every time t, and a high t means much noise."
    ),
    questions=(Question("half", _half), Question("left", _left), Question("jump", _jump)),
    cards=(Card(tr_later("t = 0 is the noisy end."), _zero_is_noisy, {"t": "0"}),),
)
