"""One scheduler step of a run, worked out at one latent position with every number filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.ideas.prediction import from_unit_scale
from core.ideas.samplers.sums import Kind, Line
from core.ideas.samplers.walk import Number
from core.models.schedulers.plans import moment_of
from core.models.schedulers.sums import give, reader
from core.models.schedulers.table import SCHEDULERS
from core.views.numbers import minus
from core.views.run import Run
from core.words import tr

Position = tuple[int, int, int]  # channel, row, column
STRIDERS = ("ddim", "pndm")  # they go down by T // N, whatever timestep is told next
Config = Mapping[str, Any]  # Any: what JSON holds
Noises = NDArray[np.floating]
SYMBOLS: dict[Kind, str] = {
    "x": "x_t", "corrected": r"\tilde x", "x0": "x_0", "eps": r"\epsilon_\theta", "v": "v",
    "z": "z",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorkedLine:
    """One sum of a step at one latent position.

    Attributes:
        functions: those that carry its formulas, the sum's own first.
        given: what is weighed, symbol, meaning and value.
        numbers: what the weights are made of.
        filled: the sum with the numbers in it, LaTeX.
        value: what it gives.
        role: whether it corrects latents, leads to where the network is asked again, or is the
            step itself.
    """

    functions: tuple[Callable[..., Any], ...]  # Any: any functions with a formula
    given: list[Number]
    numbers: list[Number]
    filled: str
    value: float
    role: Literal["corrects", "looks", "steps"]


@dataclass(frozen=True, slots=True)
class Worked:
    """One step at one latent position.

    Attributes:
        lines: its sums; the last gives the latents after the step.
        theirs: what the library's ``step()`` gave in the run.
        scale: how the latents are kept, in words.
    """

    lines: tuple[WorkedLine, ...]
    theirs: float
    scale: str

    @property
    def ours(self) -> float:
        """What our few lines give."""
        return self.lines[-1].value


def draws_noise(run: Run) -> bool:
    """Whether the steps of a run add fresh noise that the calculator has to be given.

    Args:
        run: a finished run.
    """
    params = dict(run.request.params)
    asked = float(params.get("eta", 0.0)) > 0 or float(params.get("s_churn", 0.0)) > 0
    sde = str(params.get("algorithm_type", "")).startswith("sde")
    return asked or sde or SCHEDULERS[run.request.scheduler].stochastic


def first_call(run: Run, step: int) -> int:
    """Return the call that a scheduler step begins with.

    Args:
        run: a finished run.
        step: 0 is the first.
    """
    return int(np.flatnonzero(run.steps == step)[0])


def last_call(run: Run, step: int) -> int:
    """Return the call that a scheduler step ends with.

    Args:
        run: a finished run.
        step: 0 is the first.
    """
    return int(np.flatnonzero(run.steps == step)[-1])


def lands_at(run: Run, config: Config, step: int) -> float:
    """Return the timestep whose noise level a step of a run leads to.

    Args:
        run: a finished run.
        config: the checkpoint's scheduler config.
        step: 0 is the first; not the last.
    """
    told = float(run.timesteps[first_call(run, step + 1)])
    name = run.request.scheduler
    if name not in STRIDERS or (
        name == "pndm" and step == 0
    ):  # its first step lands where it looked
        return told
    stride = int(config.get("num_train_timesteps", 1000)) // run.request.steps
    return float(run.timesteps[first_call(run, step)]) - stride


def work_out(
    run: Run, config: Config, step: int, where: Position, fresh: Noises | None = None
) -> Worked:
    """Work one step out at one latent position.

    Args:
        run: a finished run.
        config: the checkpoint's scheduler config.
        step: 0 is the first.
        where: channel, row and column of the latents.
        fresh: the fresh noise of every call up to the step's last, (calls, C, h, w), see
            ``draws_noise``.

    Raises:
        ExplainerError: there are no formulas for these settings, or no numbers at this step.
    """
    request, scheduler = run.request, SCHEDULERS[run.request.scheduler]
    call = first_call(run, step)
    moment = moment_of(scheduler, config, dict(request.params), request.steps, call)
    ve, calls = scheduler.space == "ve", moment.plan.calls

    def latents(at: int) -> float:
        """Return latents as the scheduler keeps them; the run's end is kept as it left it."""
        value = float(run.path[at][where])
        return float(from_unit_scale(value, moment.sigma(at))) if ve and at < calls else value

    def read(kind: Kind, at: int) -> float:
        if kind == "x":
            return latents(at)
        if kind == "z":
            return 0.0 if fresh is None else float(fresh[at][where])
        eps, x0 = float(run.eps[at][where]), float(run.x0[at][where])
        signal = 1 / np.hypot(1, moment.sigma(at))
        return {"eps": eps, "x0": x0, "v": signal * (eps - moment.sigma(at) * x0)}[kind]

    look = reader(scheduler.work, moment, read)
    lines = scheduler.work(moment)
    worked = tuple(_worked(line, look, call, ve, line is lines[-1]) for line in lines)
    if not np.isfinite(worked[-1].value):
        raise ExplainerError(
            tr("At this step no signal is left, and this formula would divide by 0."),
            tr("Choose a later step."),
        )
    return Worked(worked, latents(moment.after), "x0 + sigma eps" if ve else tr("unit scale"))


def number_rows(numbers: list[Number]) -> str:
    """Return numbers as a Markdown table with their symbols set in LaTeX.

    Args:
        numbers: our own symbols and words, never what was typed.
    """
    rows = [f"| ${one.tex}$ | {one.meaning} | {minus(f'{one.value:.7g}')} |" for one in numbers]
    return "\n".join([tr("| symbol | what it is | value |"), "| :-- | :-- | --: |", *rows])


def _worked(
    line: Line, look: Callable[[Kind, int], float], call: int, ve: bool, ends: bool
) -> WorkedLine:
    """Fill one sum in, a product a row."""
    given = [
        Number(term.kind, _symbol(term.kind, term.call, call, ve), _meaning(term.kind, term.call),
               look(term.kind, term.call))
        for term in line.terms
    ]  # fmt: skip
    products = []
    for term, one in zip(line.terms, given, strict=True):
        weight = rf"{_under(term.tex, term.weight)} \cdot " if term.tex else ""
        products.append(weight + _under(one.tex, one.value))
    value = give(line, look)
    result = _n(value, 7).strip("()")  # nothing stands before its sign
    added = r" \\ &+ ".join(products)
    filled = (
        rf"\begin{{aligned}} {line.tex} = {{}}& {added} \\ = {{}}& {{{result}}} \end{{aligned}}"
    )
    numbers = [one for one in line.numbers if np.isfinite(one.value)]
    role = "corrects" if line.lands is None else "steps" if ends else "looks"
    return WorkedLine(line.functions, given, numbers, filled, value, role)


def _symbol(kind: Kind, at: int, call: int, ve: bool) -> str:
    """Return the symbol of what is weighed; what is not of this call has its call's number."""
    symbol = "x" if ve and kind == "x" else SYMBOLS[kind]
    return symbol if at == call else rf"{symbol}^{{({at + 1})}}"


def _meaning(kind: Kind, at: int) -> str:
    """Say what is weighed, and of which call it is."""
    number = at + 1
    return {
        "x": tr("the noisy latents at call {number}", number=number),
        "corrected": tr("the latents at call {number}, corrected", number=number),
        "x0": tr("the guess of the clean latents at call {number}", number=number),
        "eps": tr("the noise seen at call {number}", number=number),
        "v": tr("the velocity seen at call {number}", number=number),
        "z": tr("the fresh noise that was drawn at call {number}", number=number),
    }[kind]


def _under(symbol: str, value: float) -> str:
    """Write a number with its symbol below it, LaTeX."""
    return rf"\underset{{{symbol}}}{{{_n(value)}}}"


def _n(value: float, digits: int = 5) -> str:
    """Write a number for LaTeX, in brackets where its sign would meet another."""
    text = f"{value:.{digits}g}"
    mantissa, e, power = text.partition("e")
    if e:
        text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return f"({text})" if value < 0 else text
