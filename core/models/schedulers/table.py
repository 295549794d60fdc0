"""What each scheduler is called, what it needs and how many steps it takes; imports no torch."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import ExplainerError

Space = Literal["vp", "ve"]
Settings = tuple[tuple[str, str | int | float | bool], ...]  # of a scheduler, by name


@dataclass(frozen=True, slots=True)
class SchedulerInfo:
    """One scheduler as a person meets it.

    Attributes:
        name: the short name used on pages, in links and on the command line.
        title: the name people know.
        class_name: the diffusers class that computes it.
        order: order of the solver; 1 is Euler's method.
        stochastic: whether it draws fresh noise at its steps.
        calls: U-Net calls for N steps, in words; the count itself is always measured.
        space: how it keeps latents: "vp" at unit scale, "ve" as x0 + sigma eps.
        min_steps: fewest steps that give a finite result.
        max_steps: most steps offered.
        requires: package it needs beyond the app's own, or "".
        distilled_only: made for distilled models, wrong for ordinary ones.
        blurb: one sentence on what it does.
        elsewhere: what other programs call it, where that is another name.
    """

    name: str
    title: str
    class_name: str
    order: int
    stochastic: bool
    calls: str
    space: Space
    blurb: str
    min_steps: int = 1
    max_steps: int = 150
    requires: str = ""
    distilled_only: bool = False
    elsewhere: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it is known by; the short one first."""
        return self.name, self.class_name, self.title, *self.elsewhere


_ALL = (
    SchedulerInfo(
        "ddim", "DDIM", "DDIMScheduler", 1, False, "N", "vp",
        "Jumps straight from one noise level to the next; without eta, the same first noise gives "
        "the same picture.",
    ),
    SchedulerInfo(
        "ddpm", "DDPM", "DDPMScheduler", 1, True, "N", "vp",
        "The original: removes some noise, then adds a little fresh noise at every step.",
    ),
    SchedulerInfo(
        "pndm", "PNDM", "PNDMScheduler", 4, False, "N + 1", "vp",
        "Reuses the last four predictions to bend the path; asks the network once more at the "
        "start.",
        elsewhere=("PLMS",),
    ),
    SchedulerInfo(
        "lms", "LMS", "LMSDiscreteScheduler", 4, False, "N", "ve",
        "Fits a polynomial through the last four predictions and integrates it.",
        requires="scipy",
    ),
    SchedulerInfo(
        "euler", "Euler", "EulerDiscreteScheduler", 1, False, "N", "ve",
        "Follows the slope in a straight line from one sigma to the next.",
    ),
    SchedulerInfo(
        "euler-a", "Euler ancestral", "EulerAncestralDiscreteScheduler", 1, True, "N", "ve",
        "Steps below the next noise level, then adds fresh noise to come back up to it.",
        elsewhere=("Euler a",),
    ),
    SchedulerInfo(
        "heun", "Heun", "HeunDiscreteScheduler", 2, False, "2N − 1", "ve",
        "Takes an Euler step, looks at the slope there, and walks the average of both slopes.",
    ),
    SchedulerInfo(
        "kdpm2", "KDPM2", "KDPM2DiscreteScheduler", 2, False, "2N − 1", "ve",
        "Looks at the slope half way and uses that one for the whole step.",
        elsewhere=("DPM2",),
    ),
    SchedulerInfo(
        "kdpm2-a", "KDPM2 ancestral", "KDPM2AncestralDiscreteScheduler", 2, True, "2N − 1", "ve",
        "KDPM2 with fresh noise added at every step.",
        elsewhere=("DPM2 a", "DPM2 ancestral"),
    ),
    SchedulerInfo(
        "dpmpp-2m", "DPM++ 2M", "DPMSolverMultistepScheduler", 2, False, "N", "vp",
        "Solves the linear part exactly and the rest with the last two predictions; the common "
        "choice.",
    ),
    SchedulerInfo(
        "dpmpp-2s", "DPM++ 2S", "DPMSolverSinglestepScheduler", 2, False, "N", "vp",
        "The same solver, but each pair of calls makes one second-order step.",
    ),
    SchedulerInfo(
        "dpmpp-sde", "DPM++ SDE", "DPMSolverSDEScheduler", 2, True, "2N − 1", "ve",
        "Adds fresh noise all the way, as one random path that the seed has fixed.",
        requires="torchsde",
    ),
    SchedulerInfo(
        "deis", "DEIS", "DEISMultistepScheduler", 2, False, "N", "vp",
        "Draws a curve through its last predictions and follows it one step ahead.",
    ),
    SchedulerInfo(
        "unipc", "UniPC", "UniPCMultistepScheduler", 2, False, "N", "vp",
        "Predicts a step, then corrects it with the prediction it makes there anyway.",
        elsewhere=("UniPC", "UniPC bh2"),
    ),
    SchedulerInfo(
        "sa-solver", "SA-Solver", "SASolverScheduler", 2, True, "N", "vp",
        "Draws a curve through its last predictions as DEIS does, and adds fresh noise.",
    ),
    SchedulerInfo(
        "lcm", "LCM", "LCMScheduler", 1, True, "N", "vp",
        "For models distilled to jump to the end: guess the picture, add noise, guess again.",
        max_steps=50, distilled_only=True,
    ),
    SchedulerInfo(
        "tcd", "TCD", "TCDScheduler", 1, True, "N", "vp",
        "For distilled models: like LCM, with less fresh noise at every step.",
        max_steps=50, distilled_only=True,
    ),
)  # fmt: skip

SCHEDULERS: dict[str, SchedulerInfo] = {info.name: info for info in _ALL}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A scheduler of the library that is not offered.

    Attributes:
        class_name: the diffusers class.
        verdict: "wrong pictures", "runs backwards" or "the same as another".
        why: one sentence.
    """

    class_name: str
    verdict: Literal["wrong pictures", "runs backwards", "the same as another"]
    why: str


REJECTED = (
    Rejected(
        "IPNDMScheduler", "wrong pictures",
        "Follows a cosine schedule of its own and never looks at the checkpoint's betas.",
    ),
    Rejected(
        "EDMEulerScheduler", "wrong pictures",
        "Scales what goes into the network and what comes out as EDM models expect; the library "
        "lists it as compatible all the same.",
    ),
    Rejected(
        "EDMDPMSolverMultistepScheduler", "wrong pictures",
        "Scales what goes into the network and what comes out as EDM models expect.",
    ),
    Rejected(
        "CMStochasticIterativeScheduler", "wrong pictures",
        "Takes each answer for a finished picture, as consistency models give them.",
    ),
    Rejected(
        "CosineDPMSolverMultistepScheduler", "wrong pictures",
        "Made for Stable Audio: another schedule, and a network that predicts v.",
    ),
    Rejected(
        "CogVideoXDDIMScheduler", "wrong pictures",
        "Shifts the noise levels for video, so that the network is told the wrong ones.",
    ),
    Rejected(
        "DDIMInverseScheduler", "runs backwards",
        "Leads from a picture to its noise, for editing.",
    ),
    Rejected(
        "DPMSolverMultistepInverseScheduler", "runs backwards",
        "Leads from a picture to its noise, for editing.",
    ),
    Rejected(
        "DDIMParallelScheduler", "the same as another",
        "DDIM for many timesteps in one batch: the same numbers.",
    ),
    Rejected(
        "DDPMParallelScheduler", "the same as another",
        "DDPM for many timesteps in one batch: the same numbers.",
    ),
)  # fmt: skip


# How other programs say what is a setting of the library's: the end of a sampler's name, or a
# field of its own ("Schedule type"). The last ones are the spacing that is the sampler's own.
_TRAILING: Settings = (("timestep_spacing", "trailing"),)  # as diffusers' documentation says
SPACINGS: dict[str, Settings] = {
    "karras": (("use_karras_sigmas", True),),
    "exponential": (("use_exponential_sigmas", True),),
    "beta": (("use_beta_sigmas", True),),
    "k": (("use_karras_sigmas", True),),
    **dict.fromkeys(("sgmuniform", "simple", "trailing"), _TRAILING),
    **dict.fromkeys(("", "automatic", "normal", "uniform", "native", "default"), ()),
}
# Spacings without a counterpart, which may stand at the end of a name as well.
_FOREIGN = ("polyexponential", "kl optimal", "align your steps", "ddim uniform", "turbo")
_SDE = ("algorithm_type", "sde-dpmsolver++")
_VARIANTS: dict[
    str, tuple[str, Settings]
] = {  # samplers of their own elsewhere, a scheduler with settings here
    "dpmpp2msde": ("dpmpp-2m", (_SDE,)),
    "dpmpp2msdeheun": ("dpmpp-2m", (_SDE, ("solver_type", "heun"))),
    "dpmpp3m": ("dpmpp-2m", (("solver_order", 3),)),
}
_AUTOMATIC = {  # what "automatic" means for those where it is not ""
    "dpmpp2m": "karras", "dpmppsde": "karras", "dpm2": "karras", "dpm2a": "karras",
    "dpmpp2msde": "exponential", "dpmpp2msdeheun": "exponential",
}  # fmt: skip


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three known names that look like ``name``, best first.

    Args:
        name: what was typed; letter case and the signs between letters do not count.
        names: the names that exist.
    """
    plain: dict[str, str] = {}
    for known in names:
        plain.setdefault(_plain(known), known)
    close = difflib.get_close_matches(_plain(name)[:64], list(plain), n=3, cutoff=0.5)
    return [plain[match] for match in close]


def find_scheduler(name: object) -> SchedulerInfo:
    """Return the scheduler with this name.

    Args:
        name: the short name, the diffusers class, or what other programs say; letter case and the
            signs between letters do not count. Nothing about it is trusted.

    Raises:
        ExplainerError: no scheduler has that name; lists the nearest and all names.
    """
    if isinstance(name, SchedulerInfo):  # found before
        return name
    typed = name if isinstance(name, str) else ""
    info = SCHEDULERS.get(typed) or _BY_NAME.get(_plain(typed))
    if info is not None:
        return info
    every = f"The schedulers are: {', '.join(SCHEDULERS)}."
    for rejected in REJECTED:
        if _plain(rejected.class_name) == _plain(typed):
            raise ExplainerError(
                f"{rejected.class_name} is not offered here: {rejected.verdict}.",
                f"{rejected.why} {every}",
            )
    short = {one: info.name for info in _ALL for one in info.names}
    close: dict[str, str] = {}
    for one in nearest(typed, short):
        close.setdefault(short[one], one)
    meant = [one if one == known else f"{known} ({one})" for known, one in close.items()]
    hint = f"Did you mean {' or '.join(meant)}? " if meant else ""
    shown = repr(name if len(str(name)) <= 40 else str(name)[:40] + "…")
    raise ExplainerError(f"There is no scheduler called {shown}.", hint + every)


def read_sampler(name: str, spacing: str = "") -> tuple[str, Settings, str]:
    """Read a sampler as other programs name it, with the spacing of its sigmas.

    Args:
        name: such as "DPM++ 2M Karras", "Euler a", "k_dpmpp_sde" or "dpmpp_2m_sde_gpu".
        spacing: such as "Karras", where the program says it apart; "" where it does not.

    Returns:
        The scheduler's short name, or ``name`` where there is no such sampler; its settings; and
        the spacing where it has no counterpart, else "".
    """
    words = re.sub(r"(?i)^k[ _]|[ _]gpu$", "", name.strip())
    ends = [end.replace("sgmuniform", "sgm uniform") for end in (*SPACINGS, *_FOREIGN) if end]
    listed = "|".join(ends).replace(" ", "[ _]")
    if at_end := re.search(rf"(?i)[ _]({listed})$", words):
        words, spacing = words[: at_end.start()], at_end[1]
    plain, wanted = _plain(words), _plain(spacing)
    if wanted == "automatic":
        wanted = _AUTOMATIC.get(plain, "")
    scheduler, settings = _VARIANTS.get(plain, (words, ()))
    info = SCHEDULERS.get(scheduler) or _BY_NAME.get(plain)
    settings = (*settings, *SPACINGS.get(wanted, ()))
    unknown = "" if wanted in SPACINGS else spacing
    return (info.name if info else name), tuple(sorted(settings)), unknown


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower().replace("++", "pp") if letter.isalnum())


_BY_NAME = {_plain(name): info for info in _ALL for name in info.names}
