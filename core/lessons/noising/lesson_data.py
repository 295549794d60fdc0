"""What the page about adding noise teaches."""

import numpy as np

from core.ideas.noise_levels import sigma_from_alpha_bar
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent


def _half(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    at = int(np.argmin(abs(alpha_bar - 0.5)))
    middle, early = last // 2 + 1, last // 20
    shares = {t: percent(1 - float(alpha_bar[t])) for t in (early, middle, last)}
    return choose(
        "At which time t is half of the power noise, and half still picture?",
        f"t = {at}",
        (f"t = {early}", f"There it is only {shares[early]} noise power: the beginning is gentle."),
        (f"t = {at}", f"ᾱ is nearest to ½ at t = {at}: there the two weights are equal."),
        (f"t = {middle}", f"The middle of time is not the middle of the noise: at t = {middle} "
         f"{shares[middle]} of the power is noise already."),
        (f"t = {last}", f"That is the end: {shares[last]} of the power is noise."),
    )  # fmt: skip


def _left(live: Live) -> Asked:
    alpha_bar = live.schedule
    last, end = len(alpha_bar) - 1, float(alpha_bar[-1])
    weight = f"{end**0.5:.3f}"
    nothing = "nothing at all"
    right = nothing if end == 0 else f"the picture, with the weight {weight}"
    there = (
        "This schedule ends at exactly 0: zero terminal signal to noise."
        if end == 0
        else f"√ᾱ at t = {last} is {weight}: a faint trace is left, and the network has "
        "learned to count on it."
    )
    return choose(
        f"What is left of the picture at the last time, t = {last}?",
        right,
        (nothing, there if end == 0 else f"Nearly, but not quite. {there}"),
        (f"the picture, with the weight {weight}", there),
        ("half of it", f"Half was there much earlier. {there}"),
    )


def _jump(live: Live) -> Asked:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    t = last // 2 + 1
    steps = np.append(alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1])
    once, often = float(alpha_bar[t]), float(np.prod(steps[: t + 1]))
    same = f"ᾱ is the product of all the small steps: {often:.4f} either way"
    assert abs(once - often) < 1e-9
    return choose(
        f"Noise is added a little {t + 1} times, up to t = {t}; or once, by the formula. What is "
        "the difference?",
        "none that could be measured",
        ("many times is noisier", f"No. {same}."),
        ("none that could be measured", f"{same}. So no loop is needed: "
         "one formula jumps to any time."),
        ("once is noisier", f"No. {same}."),
    )  # fmt: skip


def _zero_is_noisy(live: Live) -> str:
    alpha_bar = live.schedule
    last = len(alpha_bar) - 1
    begin, end = (sigma_from_alpha_bar(float(max(one, 1e-12))) for one in alpha_bar[[0, -1]])
    return (
        f"It is the other way round: at t = 0 there is {begin:.3f} of noise for each unit of "
        f"picture, at t = {last} it is {end:.1f}. A run begins at the high end and comes down, "
        f"so its first call was told t = {live.run.timesteps[0]:g}, its last "
        f"t = {live.run.timesteps[-1]:g}."
    )


LESSON = Lesson(
    headline="How do you destroy a picture on purpose?",
    leads={
        "first": "Noise is mixed into a picture, as little or as much as you like. **Drag to the "
        "right** and try to say when you can no longer tell what it is.",
        "maths": "$x_t = \\sqrt{\\bar\\alpha_t}\\,x_0 + \\sqrt{1-\\bar\\alpha_t}\\,\\varepsilon$: "
        "two weights whose squares add up to 1, and one draw of noise.",
    },
    picture="**Drag from left to right:** the picture fades and noise takes its place; the squares "
    "of the two weights always add up to 1. Nothing is learned here. To undo it is what the "
    "network learns. (Signal to noise counts the picture’s numbers as if their variance were "
    "1; that of pixels is smaller.)",
    remember="Destroying a picture needs no network: one formula mixes it with noise, by a known "
    "amount for every time t, and a high t means much noise.",
    questions=(Question("half", _half), Question("left", _left), Question("jump", _jump)),
    cards=(Card("t = 0 is the noisy end.", _zero_is_noisy, {"t": "0"}),),
)
