"""One scheduler step of a run, worked out at one latent position with every number filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.ideas.prediction import from_unit_scale
from core.ideas.samplers.ddim import ddim_coefficients, ddim_step
from core.ideas.samplers.ddpm import (
    ddpm_coefficients,
    ddpm_step,
    fixed_large_std,
    fixed_small_std,
)
from core.ideas.samplers.dpmpp_2m import (
    dpmpp_2m_step,
    first_order_coefficients,
    second_order_coefficients,
)
from core.ideas.samplers.euler import euler_coefficients, euler_step
from core.ideas.samplers.euler_ancestral import ancestral_coefficients, euler_ancestral_step
from core.ideas.samplers.heun import heun_step
from core.ideas.samplers.levels import pair_with_next, pair_with_stride
from core.ideas.samplers.walk import Number, list_numbers
from core.ideas.schedule_config import read_alpha_bar
from core.models.schedulers.plans import plan_run, settings_in_force
from core.models.schedulers.record import RunPlan, Scheduler
from core.models.schedulers.table import SCHEDULERS
from core.views.numbers import minus
from core.views.run import Run
from core.words import tr

CALCULATED = {name: one for name, one in SCHEDULERS.items() if one.formulas}
# Settings that change the formula, and with which value it is the one shown.
PLAIN = {"s_churn": 0.0, "algorithm_type": "dpmsolver++", "solver_type": "midpoint"}
Position = tuple[int, int, int]  # channel, row, column
Config = Mapping[str, Any]  # Any: what JSON holds


@dataclass(frozen=True, slots=True)
class Worked:
    """One step at one latent position.

    Attributes:
        function: the step, which carries its formula.
        given: what went in, symbol, meaning and value.
        numbers: every coefficient.
        filled: the formula with the numbers in it, LaTeX.
        ours: the result of our few lines.
        theirs: what the library's ``step()`` gave in the run.
        scale: how the latents are kept, in words.
    """

    function: Callable[..., Any]  # Any: any function with a formula
    given: list[Number]
    numbers: list[Number]
    filled: str
    ours: float
    theirs: float
    scale: str


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What every calculation starts from."""

    run: Run
    scheduler: Scheduler
    settings: Mapping[str, Any]  # Any: what JSON holds
    alpha_bar: NDArray[np.floating]
    plan: RunPlan
    call: int
    where: Position
    fresh: float

    def at(self, rows: NDArray[np.floating], call: int) -> float:
        """Return one number of a row of latents."""
        return float(rows[call][self.where])

    @property
    def last(self) -> bool:
        """Whether this is the run's last step."""
        return int(self.plan.steps[self.call]) == int(self.plan.steps[-1])

    def sigma(self, call: int) -> float:
        """Return the noise level at a call, or where the run ends."""
        return float(self.plan.sigmas[call]) if call < self.plan.calls else self.plan.end


def draws_noise(run: Run) -> bool:
    """Whether the steps of a run add fresh noise that the calculator has to be given.

    Args:
        run: a finished run.
    """
    eta = float(dict(run.request.params).get("eta", 0.0))
    return eta > 0 or SCHEDULERS[run.request.scheduler].stochastic


def first_call(run: Run, step: int) -> int:
    """Return the call that a scheduler step begins with.

    Args:
        run: a finished run.
        step: 0 is the first.
    """
    return int(np.flatnonzero(run.steps == step)[0])


def work_out(run: Run, config: Config, step: int, where: Position, fresh: float = 0.0) -> Worked:
    """Work one step out at one latent position.

    Args:
        run: a finished run.
        config: the checkpoint's scheduler config.
        step: 0 is the first.
        where: channel, row and column of the latents.
        fresh: the fresh noise that the run drew there, see ``draws_noise``.

    Raises:
        ExplainerError: there are no formulas for this scheduler or for its settings.
    """
    request, scheduler = run.request, SCHEDULERS[run.request.scheduler]
    if not scheduler.formulas:
        names = ", ".join(one.title for one in CALCULATED.values())
        raise ExplainerError(
            tr("{scheduler} is not worked out here.", scheduler=scheduler.title),
            tr("Choose one of these as the scheduler: {names}.", names=names),
        )
    settings = settings_in_force(scheduler, config, dict(request.params))
    _refuse_other_formulas(settings)
    case = _Case(
        run,
        scheduler,
        settings,
        read_alpha_bar(settings),
        plan_run(scheduler, config, dict(request.params), request.steps),
        first_call(run, step),
        where,
        fresh,
    )
    level = case.alpha_bar[int(case.plan.timesteps[case.call])]
    if scheduler.levels == "alpha_bar" and level == 0:
        raise ExplainerError(
            tr("At this step no signal is left, and this formula would divide by 0."),
            tr("Choose a later step."),
        )
    return WORK[scheduler.formulas[0]](case)


def number_rows(numbers: list[Number]) -> str:
    """Return numbers as a Markdown table with their symbols set in LaTeX.

    Args:
        numbers: our own symbols and words, never what was typed.
    """
    rows = [f"| ${one.tex}$ | {one.meaning} | {minus(f'{one.value:.7g}')} |" for one in numbers]
    return "\n".join([tr("| symbol | what it is | value |"), "| :-- | :-- | --: |", *rows])


def _ddim(case: _Case) -> Worked:
    eta = float(case.settings.get("eta", 0.0))
    last = 1.0 if case.settings["set_alpha_to_one"] else float(case.alpha_bar[0])
    levels = pair_with_stride(case.plan.timesteps, case.alpha_bar, last)[case.call]
    numbers = ddim_coefficients(*levels, eta)
    xt, eps, z = case.at(case.run.path, case.call), case.at(case.run.eps, case.call), case.fresh
    given = [_xt(xt), _eps(eps), *([_z(z)] if eta else [])]
    at = _terms([*given, *list_numbers(numbers)])
    tail = rf" + {at['fresh']} \cdot {at['z']}" if eta else ""
    filled = (
        rf"{at['signal_next']} \cdot \frac{{{at['xt']} - {at['noise']} \cdot {at['eps']}}}"
        rf"{{{at['signal']}}} + {at['direction']} \cdot {at['eps']}{tail}"
    )
    ours = ddim_step(xt, eps, z, numbers)
    return _worked(ddim_step, given, list_numbers(numbers), filled, ours, case)


def _ddpm(case: _Case) -> Worked:
    levels = pair_with_next(case.plan.timesteps, case.alpha_bar)[case.call]
    numbers = ddpm_coefficients(*levels)
    large = case.settings["variance_type"] == "fixed_large"
    std = (fixed_large_std if large else fixed_small_std)(numbers)
    xt, eps = case.at(case.run.path, case.call), case.at(case.run.eps, case.call)
    z = case.fresh if case.plan.timesteps[case.call] > 0 else 0.0  # none is added at t = 0
    spread = Number("std", r"\sigma_t", tr("how much of the fresh noise is added"), std)
    given, shown = [_xt(xt), _eps(eps), _z(z)], [*list_numbers(numbers), spread]
    at = _terms([*given, *shown])
    filled = (
        rf"{at['x0_weight']} \cdot \frac{{{at['xt']} - {at['noise']} \cdot {at['eps']}}}"
        rf"{{{at['signal']}}} + {at['xt_weight']} \cdot {at['xt']} + {at['std']} \cdot {at['z']}"
    )
    ours = ddpm_step(xt, eps, z, std, numbers)
    return _worked(ddpm_step, given, shown, filled, ours, case)


def _euler(case: _Case) -> Worked:
    numbers = euler_coefficients(case.sigma(case.call), case.sigma(case.call + 1))
    x, eps = _raw(case), case.at(case.run.eps, case.call)
    given = [_x(x), _eps(eps)]
    at = _terms([*given, *list_numbers(numbers)])
    filled = rf"{at['x']} + ({at['sigma_next']} - {at['sigma']}) \cdot {at['eps']}"
    ours = euler_step(x, eps, numbers)
    return _worked(euler_step, given, list_numbers(numbers), filled, ours, case)


def _euler_ancestral(case: _Case) -> Worked:
    numbers = ancestral_coefficients(case.sigma(case.call), case.sigma(case.call + 1))
    x, eps, z = _raw(case), case.at(case.run.eps, case.call), case.fresh
    given = [_x(x), _eps(eps), _z(z)]
    at = _terms([*given, *list_numbers(numbers)])
    filled = (
        rf"{at['x']} + ({at['sigma_down']} - {at['sigma']}) \cdot {at['eps']} + "
        rf"{at['sigma_up']} \cdot {at['z']}"
    )
    ours = euler_ancestral_step(x, eps, z, numbers)
    return _worked(euler_ancestral_step, given, list_numbers(numbers), filled, ours, case)


def _heun(case: _Case) -> Worked:
    if case.last:  # a step to 0 asks once, and is Euler's
        return _euler(case)
    numbers = euler_coefficients(case.sigma(case.call), case.sigma(case.call + 1))
    x, eps = _raw(case), case.at(case.run.eps, case.call)
    there = case.at(case.run.eps, case.call + 1)
    given = [
        _x(x),
        _eps(eps),
        Number(
            "there", r"\epsilon_\theta(\hat x,\sigma')", tr("noise seen where Euler lands"), there
        ),
    ]
    at = _terms([*given, *list_numbers(numbers)])
    filled = (
        rf"{at['x']} + ({at['sigma_next']} - {at['sigma']}) \cdot "
        rf"\frac{{{at['eps']} + {at['there']}}}{{2}}"
    )
    ours = heun_step(x, eps, there, numbers)
    return _worked(heun_step, given, list_numbers(numbers), filled, ours, case, calls=2)


def _dpmpp(case: _Case) -> Worked:
    settings, call = case.settings, case.call
    sigma, after = case.sigma(call), case.sigma(call + 1)
    few = settings["lower_order_final"] and case.plan.calls < 15
    plain_end = settings["euler_at_final"] or few or settings["final_sigmas_type"] == "zero"
    first = call == 0 or settings["solver_order"] == 1 or (case.last and plain_end)
    numbers = (
        first_order_coefficients(sigma, after)
        if first
        else second_order_coefficients(case.sigma(call - 1), sigma, after)
    )
    xt, x0 = case.at(case.run.path, call), case.at(case.run.x0, call)
    before = 0.0 if first else case.at(case.run.x0, call - 1)
    given = [_xt(xt), Number("x0", r"x_0", tr("the guess of the clean latents now"), x0)]
    if not first:
        given.append(Number("before", r"x_0^{\mathrm{before}}", tr("the guess a step ago"), before))
    shown = [one for one in list_numbers(numbers) if np.isfinite(one.value)]
    at = _terms([*given, *shown])
    guess = (
        at["x0"]
        if first
        else rf"({at['newest']} \cdot {at['x0']} + {at['oldest']} \cdot {at['before']})"
    )
    filled = rf"{at['xt_weight']} \cdot {at['xt']} + {at['x0_weight']} \cdot {guess}"
    ours = dpmpp_2m_step(xt, x0, before, numbers)
    return _worked(dpmpp_2m_step, given, shown, filled, ours, case)


WORK: dict[Callable[..., Any], Callable[[_Case], Worked]] = {  # Any: as above
    ddim_step: _ddim,
    ddpm_step: _ddpm,
    euler_step: _euler,
    euler_ancestral_step: _euler_ancestral,
    heun_step: _heun,
    dpmpp_2m_step: _dpmpp,
}


def _worked(
    function: Callable[..., Any],  # Any: as above
    given: list[Number],
    numbers: list[Number],
    filled: str,
    ours: float,
    case: _Case,
    calls: int = 1,
) -> Worked:
    """Put our result beside the library's, at the scale that the scheduler keeps."""
    after = case.call + calls
    theirs = case.at(case.run.path, after)
    ve = case.scheduler.space == "ve"
    if ve and after < case.plan.calls:  # the run's end is kept as the library left it
        theirs = float(from_unit_scale(theirs, case.sigma(after)))
    scale = "x0 + sigma eps" if ve else tr("unit scale")
    symbol = "x'" if ve else "x_{t'}"
    result = _n(ours, 7).strip("()")  # nothing stands before its sign
    filled = rf"\begin{{aligned}} {symbol} &= {filled} \\ &= {result} \end{{aligned}}"
    return Worked(function, given, numbers, filled, float(ours), theirs, scale)


def _refuse_other_formulas(settings: Mapping[str, Any]) -> None:  # Any: as above
    """Refuse settings that change the formula itself."""
    for key, value in PLAIN.items():
        if settings.get(key, value) != value:
            raise ExplainerError(
                tr(
                    "With {setting} = {value} a step has another formula.",
                    setting=key,
                    value=settings[key],
                ),
                tr("Set {setting} back to {value} to see it worked out.", setting=key, value=value),
            )
    if settings.get("solver_order") == 3:
        raise ExplainerError(
            tr("A step of third order has another formula."), tr("Set solver_order back to 2.")
        )


def _raw(case: _Case) -> float:
    """Return the latents as x0 + sigma eps."""
    return float(from_unit_scale(case.at(case.run.path, case.call), case.sigma(case.call)))


def _xt(value: float) -> Number:
    return Number("xt", "x_t", tr("the noisy latents here"), value)


def _x(value: float) -> Number:
    return Number("x", "x", tr("the latents here, x0 + sigma eps"), value)


def _eps(value: float) -> Number:
    return Number("eps", r"\epsilon_\theta", tr("the noise seen here"), value)


def _z(value: float) -> Number:
    return Number("z", "z", tr("the fresh noise that was drawn here"), value)


def _terms(numbers: list[Number]) -> dict[str, str]:
    """Write every number with its own symbol below it, LaTeX, by name."""
    return {one.name: rf"\underset{{{one.tex}}}{{{_n(one.value)}}}" for one in numbers}


def _n(value: float, digits: int = 5) -> str:
    """Write a number for LaTeX, in brackets where its sign would meet another."""
    text = f"{value:.{digits}g}"
    mantissa, e, power = text.partition("e")
    if e:
        text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return f"({text})" if value < 0 else text
