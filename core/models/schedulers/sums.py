"""What one step of each scheduler adds up, with every weight; rows of the table point to these.

Every one takes the moment before the step and returns its lines. The weights come from the
formulas in ``core.ideas.samplers``; what stands here is which answers a step remembers, and where
the library takes a lower order.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import ExplainerError
from core.ideas.arrays import Array
from core.ideas.noise_levels import sigma_from_alpha_bar
from core.ideas.samplers.ddim import ddim_coefficients, ddim_step
from core.ideas.samplers.ddpm import (
    ddpm_coefficients,
    ddpm_step,
    fixed_large_std,
    fixed_small_std,
)
from core.ideas.samplers.euler import churned_sigma, euler_coefficients, euler_step
from core.ideas.samplers.euler_ancestral import (
    AncestralCoefficients,
    ancestral_coefficients,
    euler_ancestral_step,
)
from core.ideas.samplers.few_calls import lcm_weights, tcd_weights
from core.ideas.samplers.heun import heun_step
from core.ideas.samplers.levels import pair_with_next, pair_with_stride
from core.ideas.samplers.midpoint import (
    midpoint_ancestral_step,
    midpoint_step,
    towards_guess_step,
)
from core.ideas.samplers.multistep import (
    follow_guesses,
    follow_noise,
    half_bent_weights,
    line_weights,
    polynomial_weights,
    slope_weights,
    stay_weight,
)
from core.ideas.samplers.pndm import transfer_weights
from core.ideas.samplers.sums import Kind, Line, Term, add_up
from core.ideas.samplers.walk import Number, list_numbers
from core.models.schedulers.record import Config, Moment
from core.words import tr

Function = Callable[..., Any]  # Any: formulas with different arguments
FEW = 15  # steps below which the library lowers the order at the end
Read = Callable[[Kind, int], Array]
SMOOTH, STEADY = (200, 800), 1.0  # SA-Solver adds fresh noise between these timesteps, and so much


def reader(work: Callable[[Moment], tuple[Line, ...]], moment: Moment, read: Read) -> Read:
    """Return what reads everything that the lines of a step weigh, corrected latents as well.

    Args:
        work: the scheduler's.
        moment: before the step.
        read: returns latents at the scheduler's own scale, an answer or the noise of a call.
    """

    def look(kind: Kind, call: int) -> Array:
        if kind != "corrected":
            return read(kind, call)
        return give(work(replace(moment, call=call))[0], look)

    return look


def give(line: Line, look: Read) -> Array:
    """Return what a line gives.

    Args:
        line: of a step.
        look: from ``reader``.
    """
    return add_up((term.weight, look(term.kind, term.call)) for term in line.terms)


def sum_ddim(at: Moment) -> tuple[Line, ...]:
    """DDIM: the guess of the clean latents, and the noise seen, as much as is due."""
    eta = float(at.settings.get("eta", 0.0))
    last = 1.0 if at.settings["set_alpha_to_one"] else at.level(0)
    levels = pair_with_stride(at.plan.timesteps, at.alpha_bar, last)[at.call]
    numbers = ddim_coefficients(*levels, eta)
    rows = _rows(numbers)
    terms = [
        Term("x0", at.call, numbers.signal_next, rows["signal_next"].tex),
        Term("eps", at.call, numbers.direction, rows["direction"].tex),
    ]
    if eta:
        terms.append(Term("z", at.call, numbers.fresh, rows["fresh"].tex))
    return (_line(at, "x_{t'}", (ddim_step, ddim_coefficients), terms, rows.values()),)


def sum_ddpm(at: Moment) -> tuple[Line, ...]:
    """DDPM: the mean of what may have been, and fresh noise."""
    numbers = ddpm_coefficients(*pair_with_next(at.plan.timesteps, at.alpha_bar)[at.call])
    choose = fixed_large_std if at.settings["variance_type"] == "fixed_large" else fixed_small_std
    rows = _rows(numbers)
    terms = [
        Term("x0", at.call, numbers.x0_weight, rows["x0_weight"].tex),
        Term("x", at.call, numbers.xt_weight, rows["xt_weight"].tex),
    ]
    if at.plan.timesteps[at.call] > 0:  # none is added at t = 0
        terms.append(Term("z", at.call, choose(numbers), r"\sigma_t"))
    functions = (ddpm_step, ddpm_coefficients, choose)
    return (_line(at, "x_{t'}", functions, terms, rows.values()),)


def sum_euler(at: Moment) -> tuple[Line, ...]:
    """Euler: along the slope, with the noise that is churned in before where that is asked."""
    sigma, after = at.sigma(at.call), at.sigma(at.after)
    churn = float(at.settings.get("s_churn", 0.0))
    if churn and at.kind != "epsilon":
        raise ExplainerError(
            tr("With s_churn a step of a model that predicts {kind} is not worked out.",
               kind=at.kind),
            tr("Set s_churn back to 0 to see it worked out."),
        )  # fmt: skip
    hat = churned_sigma(sigma, churn, at.steps)
    numbers = euler_coefficients(hat, after)
    terms = [Term("x", at.call, 1.0, "")]
    if not churn:
        terms.append(Term("eps", at.call, numbers.stride, r"\sigma'-\sigma"))
        return (_line(at, "x'", (euler_step,), terms, _rows(numbers).values()),)
    fresh = float(at.settings["s_noise"]) * math.sqrt(hat**2 - sigma**2)
    terms.append(Term("z", at.call, fresh, r"S_\mathrm{noise}\sqrt{\hat\sigma^2-\sigma^2}"))
    terms.append(Term("eps", at.call, numbers.stride, r"\sigma'-\hat\sigma"))
    rows = [
        _sigma_row(sigma),
        Number("hat", r"\hat\sigma", tr("noise level with the fresh noise"), hat),
        _next_row(after),
    ]
    return (_line(at, "x'", (churned_sigma,), terms, rows),)


def sum_euler_ancestral(at: Moment) -> tuple[Line, ...]:
    """Euler ancestral: along the slope to below the next level, and up by fresh noise."""
    numbers = ancestral_coefficients(at.sigma(at.call), at.sigma(at.after))
    terms = [Term("x", at.call, 1.0, ""), *_slope_and_fresh(at, at.call, numbers)]
    functions = (euler_ancestral_step, ancestral_coefficients)
    return (_line(at, "x'", functions, terms, _rows(numbers).values()),)


def sum_heun(at: Moment) -> tuple[Line, ...]:
    """Heun: Euler's step to look at, then the average of both slopes; the last is Euler's."""
    (look,) = sum_euler(at)
    if at.after == at.call + 1:
        return (look,)
    numbers = euler_coefficients(at.sigma(at.call), at.sigma(at.after))
    half = r"\tfrac{1}{2}(\sigma'-\sigma)"
    terms = [
        Term("x", at.call, 1.0, ""),
        Term("eps", at.call, numbers.stride / 2, half),
        Term("eps", at.call + 1, numbers.stride / 2, half),
    ]
    whole = _line(at, "x'", (heun_step,), terms, _rows(numbers).values())
    return replace(look, tex=r"\hat x", lands=at.call + 1), whole


def sum_kdpm2(at: Moment) -> tuple[Line, ...]:
    """KDPM2: half way to look, then the whole step by that slope; the last is Euler's."""
    if at.after == at.call + 1:
        return sum_euler(at)
    numbers = euler_coefficients(at.sigma(at.call), at.sigma(at.after))
    terms = [
        Term("x", at.call, 1.0, ""),
        Term("eps", at.call + 1, numbers.stride, r"\sigma'-\sigma"),
    ]
    whole = _line(at, "x'", (midpoint_step,), terms, _rows(numbers).values())
    return _half_way(at, midpoint_step), whole


def sum_kdpm2_ancestral(at: Moment) -> tuple[Line, ...]:
    """KDPM2 ancestral: as KDPM2 to below the next level, and up by fresh noise."""
    if at.after == at.call + 1:
        return sum_euler(at)
    numbers = ancestral_coefficients(at.sigma(at.call), at.sigma(at.after))
    terms = [Term("x", at.call, 1.0, ""), *_slope_and_fresh(at, at.call + 1, numbers)]
    functions = (midpoint_ancestral_step, ancestral_coefficients)
    whole = _line(at, "x'", functions, terms, _rows(numbers).values())
    return _half_way(at, midpoint_ancestral_step), whole


def sum_dpmpp_sde(at: Moment) -> tuple[Line, ...]:
    """DPM++ SDE: towards the guess, half way and whole, with fresh noise both times."""
    if at.after == at.call + 1:
        return sum_euler(at)
    return _towards(at, r"\hat x", at.call, at.call + 1), _towards(at, "x'", at.call + 1, at.after)


def sum_lms(at: Moment) -> tuple[Line, ...]:
    """LMS: the polynomial in sigma through the last slopes."""
    known = min(at.step + 1, int(at.settings["order"]))
    calls = [at.call - back for back in range(known)]
    sigmas = [at.sigma(call) for call in calls]
    weights = slope_weights(sigmas, at.sigma(at.after))
    terms = [Term("x", at.call, 1.0, ""), *_answers("eps", calls, weights, "")]
    rows = [
        *(Number("sigma", _of_call(r"\sigma", call), tr("noise level at call {number}",
                 number=call + 1), sigma) for call, sigma in zip(calls, sigmas, strict=True)),
        _next_row(at.sigma(at.after)),
        *_weight_rows(calls, weights),
    ]  # fmt: skip
    return (_line(at, "x'", (slope_weights,), terms, rows),)


def sum_pndm(at: Moment) -> tuple[Line, ...]:
    """PNDM: Adams and Bashforth's mean of the last answers, and DDIM's step with it."""
    if at.call == 0 and at.after == 2:  # both calls of the first step
        t, back = at.plan.timesteps[:2]
        stride = len(at.alpha_bar) // at.steps
        look = _transfer(at, r"\hat x", [0], (1.0,), t, t - stride, 1)
        return look, _transfer(at, "x_{t'}", [1, 0], (0.5, 0.5), back + stride, back, 2)
    known = [0, *range(2, at.call + 1)][-4:][::-1]
    weights = polynomial_weights([-float(back) for back in range(len(known))], 0.0, 1.0)
    t = at.plan.timesteps[at.call]
    return (
        _transfer(
            at, "x_{t'}", known, weights, t, t - len(at.alpha_bar) // at.steps, at.after
        ),
    )  # fmt: skip


def sum_dpmpp_2m(at: Moment) -> tuple[Line, ...]:
    """DPM++ 2M: the last guesses, in first order where the library says so."""
    settings, left = at.settings, at.steps - at.step
    few = settings["lower_order_final"] and at.steps < FEW
    plain = settings["euler_at_final"] or few or settings["final_sigmas_type"] == "zero"
    order = min(int(settings["solver_order"]), at.step + 1, 2 if few and left == 2 else 3)
    order = 1 if plain and left == 1 else order
    calls = [at.call - back for back in range(order)]
    rule = "half bent" if order == 3 else _rule(settings)
    return (_solve(at, calls, at.call, at.after, rule=rule),)


def sum_dpmpp_2s(at: Moment) -> tuple[Line, ...]:
    """DPM++ 2S: steps of first, second (and third) order in turn, all from where the turn began."""
    order = _orders_of_turns(at)[at.step]
    start = at.call - order + 1
    rule = _rule(at.settings) if order == 2 else "curve"
    calls = list(range(at.call, start - 1, -1))
    if order == 3 and at.settings["solver_type"] == "midpoint":
        calls = [at.call, start]  # a line over the whole turn
    return (_solve(at, calls, start, at.after, rule=rule),)


def sum_deis(at: Moment) -> tuple[Line, ...]:
    """DEIS: the polynomial in log sigma through the noise seen last."""
    few, left = at.settings["lower_order_final"] and at.steps < FEW, at.steps - at.step
    order = min(int(at.settings["solver_order"]), at.step + 1, left if few else 3)
    calls = [at.call - back for back in range(order)]
    return (_solve(at, calls, at.call, at.after, noise=True),)


def sum_unipc(at: Moment) -> tuple[Line, ...]:
    """UniPC: correct where the last step led, then predict from there."""

    def order(step: int) -> int:
        return min(int(at.settings["solver_order"]), at.steps - step, step + 1)

    lines = []
    if at.call:
        known = order(at.step - 1)
        calls = [at.call - back for back in range(known + 1)]
        rule = "half line" if known == 1 else "curve"
        lines.append(_solve(at, calls, at.call - 1, at.call, rule=rule, corrected=True))
    calls = [at.call - back for back in range(order(at.step))]
    rule = "half line" if len(calls) == 2 else "curve"
    return *lines, _solve(at, calls, at.call, at.after, rule=rule, corrected=True)


def sum_sa_solver(at: Moment) -> tuple[Line, ...]:
    """SA-Solver: correct and predict as UniPC does, with fresh noise in the middle of the run."""
    settings = at.settings
    noise = settings["algorithm_type"] == "noise_prediction"
    low, high = SMOOTH

    def left(step: int) -> int:
        return at.steps - step if settings["lower_order_final"] else at.steps

    def tau(call: int) -> float:
        return STEADY if low <= at.plan.timesteps[call] <= high else 0.0

    def solve(order: int, start: int, end: int) -> Line:
        calls = [at.call - back for back in range(order)]
        rule = "flat line" if order == 2 and not noise else "curve"
        return _solve(at, calls, start, end, rule=rule, noise=noise, tau=tau(start),
                      corrected=True)  # fmt: skip

    order = min(int(settings["predictor_order"]), left(at.step), at.step + 1)
    predicts = solve(order, at.call, at.after)
    if not at.call:
        return (predicts,)
    order = min(int(settings["corrector_order"]), left(at.step - 1) + 1, at.step + 1)
    return solve(order, at.call - 1, at.call), predicts


def sum_lcm(at: Moment) -> tuple[Line, ...]:
    """LCM: the end that is named, with fresh noise up to the next level."""
    ends = at.after == at.plan.calls
    level = 1.0 if ends else at.level(at.plan.timesteps[at.after])
    t = float(at.plan.timesteps[at.call])
    latents, guess, fresh = lcm_weights(t, level)
    terms = [
        Term("x", at.call, latents, r"\sqrt{\bar\alpha_{t'}}\,c_\mathrm{skip}"),
        Term("x0", at.call, guess, r"\sqrt{\bar\alpha_{t'}}\,c_\mathrm{out}"),
    ]
    if not ends:
        terms.append(Term("z", at.call, fresh, r"\sqrt{1-\bar\alpha_{t'}}"))
    rows = [Number("t", "t", tr("timestep now"), t), _level_row(level)]
    return (_line(at, "x_{t'}", (lcm_weights,), terms, rows),)


def sum_tcd(at: Moment) -> tuple[Line, ...]:
    """TCD: the guess carried to below the next level, and up by fresh noise."""
    ends = at.after == at.plan.calls
    t = 0.0 if ends else float(at.plan.timesteps[at.after])
    gamma = float(at.settings["eta"])
    down = math.floor(np.float32(1 - gamma) * np.float32(t))  # the library's, to the timestep
    guess, noise, fresh = tcd_weights(at.level(down), at.level(t))
    terms = [
        Term("x0", at.call, guess, r"\sqrt{\bar\alpha_{t'}}"),
        Term("eps", at.call, noise,
             r"\sqrt{\tfrac{\bar\alpha_{t'}}{\bar\alpha_r}}\sqrt{1-\bar\alpha_r}"),
    ]  # fmt: skip
    if gamma and not ends:
        terms.append(Term("z", at.call, fresh, r"\sqrt{1-\tfrac{\bar\alpha_{t'}}{\bar\alpha_r}}"))
    rows = [
        Number("gamma", r"\gamma", tr("how far it goes below, called eta here"), gamma),
        Number("down", "r", tr("timestep that it goes down to"), down),
        Number("level_down", r"\bar\alpha_r", tr("signal power left there"), at.level(down)),
        _level_row(at.level(t)),
    ]
    return (_line(at, "x_{t'}", (tcd_weights,), terms, rows),)


def _solve(
    at: Moment,
    calls: Sequence[int],
    start: int,
    end: int,
    *,
    rule: str = "curve",
    noise: bool = False,
    tau: float = 0.0,
    corrected: bool = False,
) -> Line:
    """Follow the answers of some calls in lambda, the newest first, from one call to another.

    With ``corrected`` it begins at latents that were corrected; where it ends at a call whose
    answer it knows already, it is what corrects them.
    """
    algorithm = str(at.settings.get("algorithm_type", ""))
    noise = noise or algorithm.endswith("dpmsolver")
    if algorithm.startswith("sde"):
        tau = 1.0
        _refuse_third_order(calls)
    here, there = at.place(start), at.place(end)
    nodes, h = [at.place(call) for call in calls], there - here
    rate = -1.0 if noise else 1 + tau**2
    follow = follow_noise if noise else follow_guesses
    shares = follow(at.sigma(start), at.sigma(end), tau)
    stay = stay_weight(here, there, rate)
    made_of = [Number("stay", r"\varphi", tr("weight of an answer that stays"), stay)]
    if len(nodes) == 1:
        weigh, weights = stay_weight, (stay,)
    elif rule in ("half line", "flat line"):
        slope, tex = (
            (stay * h / 2, r"S=\tfrac{1}{2}\varphi h") if rule == "half line"
            else (h**2 / 2, r"S=\tfrac{1}{2}h^2")
        )  # fmt: skip
        made_of.append(Number("slope", tex, tr("weight of the line’s slope"), slope))
        weigh, weights = line_weights, line_weights((nodes[0], nodes[1]), here, stay, slope)
    elif rule == "half bent":
        weigh = half_bent_weights
        weights = half_bent_weights((nodes[0], nodes[1], nodes[2]), here, there, rate)
    else:
        weigh, weights = polynomial_weights, polynomial_weights(nodes, here, there, rate)
    if weigh in (polynomial_weights, half_bent_weights):
        made_of = []  # the integral itself
    stochastic = r"(1+\tau^2)\," if tau else ""
    factor = rf"-{stochastic}s'\," if noise else rf"{stochastic}a'\,"
    fade = r"\frac{a'}{a}" if noise else (r"e^{-\tau^2h}" if tau else "") + r"\frac{s'}{s}"
    terms = [
        Term("corrected" if corrected and start else "x", start, shares.xt, fade),
        *_answers("eps" if noise else "x0", calls, [shares.answers * w for w in weights], factor),
    ]
    if tau:
        fresh = r"\tau s'\sqrt{e^{2h}-1}" if noise else r"s'\sqrt{1-e^{-2\tau^2h}}"
        terms.append(Term("z", start if end == at.call else at.call, shares.fresh, fresh))
    rows = [
        *(Number("place", _of_call(r"\lambda", call), tr("−log σ at call {number}",
                 number=call + 1), node) for call, node in zip(calls, nodes, strict=True)),
        *_scale_rows(at.sigma(start), at.sigma(end)),
        Number("there", r"\lambda'", tr("−log σ after the step"), there),
        Number("h", "h", tr("length of the step in λ"), h),
        Number("tau", r"\tau", tr("how much fresh noise there is"), tau),
        Number("rate", "k", tr("how fast answers fade that lie back"), rate),
        *made_of,
        *_weight_rows(calls, weights),
    ]  # fmt: skip
    corrects = end in calls
    line = _line(at, r"\tilde x" if corrects else "x_{t'}", (follow, weigh), terms, rows)
    return replace(line, lands=None) if corrects else line


def _refuse_third_order(calls: Sequence[int]) -> None:
    if len(calls) == 3:
        raise ExplainerError(
            tr(
                "A stochastic step of third order is not worked out: the library weighs the "
                "curvature there otherwise than its formula says."
            ),
            tr("Set solver_order back to 2 to see it worked out."),
        )


def _rule(settings: Config) -> str:
    """Return how a line through two guesses is weighed."""
    return "half line" if settings["solver_type"] == "midpoint" else "curve"


def _orders_of_turns(at: Moment) -> list[int]:
    """Return the order of every step of DPM++ 2S."""
    most, steps = int(at.settings["solver_order"]), at.steps
    zero = at.settings["final_sigmas_type"] == "zero"
    orders = ([*range(1, most + 1)] * steps)[:steps]
    if zero or (at.settings["lower_order_final"] and steps % most == 0):
        orders[-1] = 1  # also where a turn is not at its end yet
    return orders


def _half_way(at: Moment, function: Function) -> Line:
    """Euler's step to half way, from the first call of a step to its second."""
    numbers = euler_coefficients(at.sigma(at.call), at.sigma(at.call + 1))
    terms = [
        Term("x", at.call, 1.0, ""),
        Term("eps", at.call, numbers.stride, r"\hat\sigma-\sigma"),
    ]
    rows = [
        _sigma_row(numbers.sigma),
        Number("hat", r"\hat\sigma", tr("noise level half way"), numbers.sigma_next),
    ]
    return replace(_line(at, r"\hat x", (function,), terms, rows), lands=at.call + 1)


def _towards(at: Moment, tex: str, seen: int, lands: int) -> Line:
    """Towards the guess of one call, and up by its fresh noise."""
    numbers = ancestral_coefficients(at.sigma(at.call), at.sigma(lands))
    left = numbers.sigma_down / numbers.sigma
    terms = [
        Term("x", at.call, left, r"\frac{\sigma_{\downarrow}}{\sigma}"),
        Term("x0", seen, 1 - left, r"1-\frac{\sigma_{\downarrow}}{\sigma}"),
        Term("z", seen, numbers.sigma_up, r"\sigma_{\uparrow}"),
    ]
    functions = (towards_guess_step, ancestral_coefficients)
    line = _line(at, tex, functions, terms, _rows(numbers).values())
    return replace(line, lands=lands)


def _slope_and_fresh(at: Moment, seen: int, numbers: AncestralCoefficients) -> list[Term]:
    return [
        Term("eps", seen, numbers.stride, r"\sigma_{\downarrow}-\sigma"),
        Term("z", at.call, numbers.sigma_up, r"\sigma_{\uparrow}"),
    ]


def _transfer(
    at: Moment, tex: str, calls: Sequence[int], weights: Sequence[float], t: float, after: float,
    lands: int,
) -> Line:  # fmt: skip
    """DDIM's step from the latents of a step's first call, with a mean of some answers."""
    last = 1.0 if at.settings["set_alpha_to_one"] else at.level(0)
    now, level = at.level(t), at.level(after, last)
    latents, noise = transfer_weights(now, level)
    kind: Kind = "v" if at.kind == "v_prediction" else "eps"
    factor = r"\bigl(s'-\tfrac{a'}{a}s\bigr)\,"
    if kind == "v":  # what is averaged are velocities; the noise is read off their mean
        latents, noise = latents + noise * math.sqrt(1 - now), noise * math.sqrt(now)
        factor = r"\bigl(s'-\tfrac{a'}{a}s\bigr)\,a\,"
    terms = [
        Term("x", at.call, latents, r"\frac{a'}{a}"),
        *_answers(kind, calls, [noise * weight for weight in weights], factor),
    ]
    rows = [
        *_scale_rows(*(float(sigma_from_alpha_bar(kept)) for kept in (now, level))),
        *_weight_rows(calls, weights),
    ]
    functions = (transfer_weights, polynomial_weights)
    return replace(_line(at, tex, functions, terms, rows), lands=lands)


def _answers(kind: Kind, calls: Sequence[int], weights: Sequence[float], factor: str) -> list[Term]:
    return [
        Term(kind, call, weight, f"{factor}w_{{{call + 1}}}")
        for call, weight in zip(calls, weights, strict=True)
    ]


def _weight_rows(calls: Sequence[int], weights: Sequence[float]) -> list[Number]:
    return [
        Number("w", _of_call("w", call), tr("weight of the answer at call {number}",
               number=call + 1), weight)
        for call, weight in zip(calls, weights, strict=True)
    ]  # fmt: skip


def _line(
    at: Moment, tex: str, functions: tuple[Function, ...], terms: list[Term],
    rows: Iterable[Number],
) -> Line:  # fmt: skip
    return Line(tex, functions, tuple(terms), tuple(rows), at.after)


def _rows(coefficients: Any) -> dict[str, Number]:  # Any: one of the samplers' dataclasses
    return {one.name: one for one in list_numbers(coefficients)}


def _scale_rows(sigma: float, sigma_next: float) -> list[Number]:
    """Return how much signal and noise there is in latents at unit scale, now and then."""
    signal, signal_next = 1 / math.hypot(1, sigma), 1 / math.hypot(1, sigma_next)
    return [
        Number("a", "a", tr("weight of x₀ in xₜ"), signal),
        Number("s", "s", tr("weight of the noise in xₜ"), signal * sigma),
        Number("a_next", "a'", tr("weight of x₀ after the step"), signal_next),
        Number("s_next", "s'", tr("weight of the noise after the step"), signal_next * sigma_next),
    ]


def _of_call(symbol: str, call: int) -> str:
    return f"{symbol}_{{{call + 1}}}"


def _sigma_row(sigma: float) -> Number:
    return Number("sigma", r"\sigma", tr("noise level now"), sigma)


def _next_row(sigma: float) -> Number:
    return Number("sigma_next", r"\sigma'", tr("noise level after the step"), sigma)


def _level_row(level: float) -> Number:
    return Number("level", r"\bar\alpha_{t'}", tr("signal power left after the step"), level)
