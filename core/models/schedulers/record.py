"""What is known of a scheduler, of one of its settings and of a run that it plans."""

import importlib.util
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.ideas.arrays import Numbers
from core.ideas.samplers.sums import Line
from core.words import tr

Value = str | int | float | bool
Config = Mapping[str, Any]  # Any: what JSON holds
Family = Literal["ddim", "lms", "euler", "heun", "kdpm2", "dpmpp-2m", "unipc"]


class SchedulerParameterError(ExplainerError):
    """A scheduler setting that does not exist, is out of range, or contradicts another."""


def one_or_other(names: Iterable[str]) -> str:
    """Say that it is one of several names.

    Args:
        names: at least one.
    """
    return reduce(lambda one, other: tr("{one} or {other}", one=one, other=other), names)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a scheduler.

    Attributes:
        name: diffusers' name for it.
        type: what kind of value it takes.
        default: the value used where nothing is set.
        allowed: the words it may be (choice), or its least and greatest number; () for bool.
        meaning: one sentence.
        where: "config" when it builds the scheduler, "step" when it goes to every step.
    """

    name: str
    type: Literal["bool", "int", "float", "choice"]
    default: Value | None
    allowed: tuple[Value, ...]
    meaning: str
    where: Literal["config", "step"] = "config"

    @property
    def range(self) -> str:
        """What is allowed, in words."""
        if self.type == "bool":
            return tr("true or false")
        if self.type == "choice":
            return one_or_other(map(str, self.allowed))
        low, high = self.allowed
        if self.type == "int":
            return tr("a whole number from {low} to {high}", low=low, high=high)
        return tr("a number from {low} to {high}", low=low, high=high)


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class RunPlan:
    """What a run will ask the network, one row a U-Net call.

    Attributes:
        steps: the scheduler step each call belongs to, (calls,), rising from 0.
        timesteps: what the network will be told, (calls,), falling.
        sigmas: noise per unit of signal there, (calls,), falling.
        end: sigma that the last step ends at.
    """

    steps: NDArray[np.integer]
    timesteps: Numbers
    sigmas: Numbers
    end: float

    @property
    def calls(self) -> int:
        """How often the U-Net will be asked."""
        return len(self.timesteps)


# From settings in force, alpha_bar of every training timestep (T,) and a number of steps.
Planner = Callable[[Config, Numbers, int], RunPlan]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Where a run stands before one of its scheduler steps.

    Attributes:
        plan: where the run goes.
        settings: in force.
        alpha_bar: signal power left at every training timestep, (T,).
        call: the first call of the step; 0 is the run's first.
        kind: what the network predicts.
    """

    plan: RunPlan
    settings: Config
    alpha_bar: Numbers
    call: int
    kind: str = "epsilon"

    @property
    def step(self) -> int:
        """The scheduler step that begins here, 0 is the first."""
        return int(self.plan.steps[self.call])

    @property
    def steps(self) -> int:
        """How many scheduler steps the run has."""
        return int(self.plan.steps[-1]) + 1

    @property
    def after(self) -> int:
        """The call that the next step begins with, or how many calls there are."""
        return int(np.searchsorted(self.plan.steps, self.step, side="right"))

    def sigma(self, call: int) -> float:
        """Return the noise level at a call, or where the run ends."""
        return float(self.plan.sigmas[call]) if call < self.plan.calls else float(self.plan.end)

    def place(self, call: int) -> float:
        """Return lambda = -log sigma at a call; infinity where the run ends clean."""
        sigma = self.sigma(call)
        return -math.log(sigma) if sigma > 0 else math.inf

    def level(self, t: float, below: float = 1.0) -> float:
        """Return the signal power left at a training timestep; below the first one, ``below``."""
        return float(self.alpha_bar[int(t)]) if t >= 0 else below


# The sums of a step: one line, or two where it corrects or asks twice.
Work = Callable[[Moment], tuple[Line, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """One scheduler: all that is told of it anywhere.

    Attributes:
        name: the short name used on pages, in links and on the command line.
        title: the name people know.
        class_name: the diffusers class that computes it.
        family: the relative that its family is named for; they share a hue on every chart.
        order: order of the solver; 1 is Euler's method.
        calls: U-Net calls for N steps, in words; the count itself is always measured.
        stochastic: whether it draws fresh noise at its steps.
        space: how it keeps latents: "vp" at unit scale, "ve" as x0 + sigma eps.
        levels: how it keeps noise levels: as alpha_bar, or as sigma, which must stay finite.
        blurb: one sentence on what it does.
        options: what can be set, with the library's defaults.
        plan: where its runs go.
        work: what one of its steps adds up.
        formulas: those of one step, the step itself first.
        min_steps: fewest steps that give a finite result.
        max_steps: most steps offered.
        requires: package that its class imports beyond those of the library, or "".
        distilled_only: made for distilled models, wrong for ordinary ones.
        knows_sigmoid: whether its class takes a sigmoid schedule of betas.
        elsewhere: what other programs call it, where that is another name.
    """

    name: str
    title: str
    class_name: str
    family: Family
    order: int
    calls: Literal["N", "N + 1", "2N − 1"]
    stochastic: bool
    space: Literal["vp", "ve"]
    levels: Literal["alpha_bar", "sigma"]
    blurb: str
    options: tuple[Option, ...]
    plan: Planner
    work: Work
    formulas: tuple[Callable[..., Any], ...]  # Any: functions with different arguments
    min_steps: int = 1
    max_steps: int = 150
    requires: str = ""
    distilled_only: bool = False
    knows_sigmoid: bool = False
    elsewhere: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it is known by; the short one first."""
        return self.name, self.class_name, self.title, *self.elsewhere

    @property
    def available(self) -> bool:
        """Whether the package that it requires is installed."""
        return not self.requires or importlib.util.find_spec(self.requires) is not None

    @property
    def takes(self) -> frozenset[str]:
        """The names of its settings."""
        return frozenset(option.name for option in self.options)

    @property
    def remembers(self) -> bool:
        """Whether a step uses predictions of steps before it, and not just a second one."""
        return self.order > 1 and self.calls != "2N − 1"
