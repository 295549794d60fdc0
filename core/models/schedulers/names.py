"""Schedulers by whatever name: the short one, the library's class, or what other programs say."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ExplainerError
from core.models.schedulers.record import Scheduler, Value, one_or_other
from core.models.schedulers.table import SCHEDULERS
from core.words import tr, tr_later

Settings = tuple[tuple[str, Value], ...]  # of a scheduler, by name


@dataclass(frozen=True, slots=True)
class Rejected:
    """A scheduler of the library that is not offered.

    Attributes:
        class_name: the diffusers class.
        verdict: what would be wrong with it, in two or three words.
        why: one sentence.
    """

    class_name: str
    verdict: str
    why: str


WRONG, BACKWARDS = tr_later("wrong pictures"), tr_later("runs backwards")
SAME = tr_later("the same as another")
FLOW, OTHER = tr_later("for flow models"), tr_later("for other models")
REJECTED = (
    Rejected(
        "IPNDMScheduler", WRONG,
        tr_later("Follows a cosine schedule of its own and never looks at the checkpoint's betas."),
    ),
    Rejected(
        "EDMEulerScheduler", WRONG,
        tr_later("Scales what goes into the network and what comes out as EDM models expect; the "
        "library lists it as compatible all the same."),
    ),
    Rejected(
        "EDMDPMSolverMultistepScheduler", WRONG,
        tr_later("Scales what goes into the network and what comes out as EDM models expect."),
    ),
    Rejected(
        "CMStochasticIterativeScheduler", WRONG,
        tr_later("Takes each answer for a finished picture, as consistency models give them."),
    ),
    Rejected(
        "CosineDPMSolverMultistepScheduler", WRONG,
        tr_later("Made for Stable Audio: another schedule, and a network that predicts v."),
    ),
    Rejected(
        "CogVideoXDDIMScheduler", WRONG,
        tr_later("Shifts the noise levels for video, so that the network is told the wrong ones."),
    ),
    Rejected(
        "DDIMInverseScheduler", BACKWARDS,
        tr_later("Leads from a picture to its noise, for editing."),
    ),
    Rejected(
        "DPMSolverMultistepInverseScheduler", BACKWARDS,
        tr_later("Leads from a picture to its noise, for editing."),
    ),
    Rejected(
        "DDIMParallelScheduler", SAME,
        tr_later("DDIM for many timesteps in one batch: the same numbers."),
    ),
    Rejected(
        "DDPMParallelScheduler", SAME,
        tr_later("DDPM for many timesteps in one batch: the same numbers."),
    ),
    Rejected(
        "FlowMatchEulerDiscreteScheduler", FLOW,
        tr_later("Walks a straight mix of picture and noise along a velocity."),
    ),
    Rejected(
        "FlowMatchHeunDiscreteScheduler", FLOW,
        tr_later("The same mix, with a second look where each step lands."),
    ),
    Rejected(
        "FlowMatchLCMScheduler", FLOW,
        tr_later("For flow models that were distilled to few calls."),
    ),
    Rejected(
        "FlowMapEulerDiscreteScheduler", FLOW,
        tr_later("For networks that were distilled to jump from any time to any other."),
    ),
    Rejected(
        "LTXEulerAncestralRFScheduler", FLOW,
        tr_later("Euler ancestral on the straight mix, for video."),
    ),
    Rejected(
        "MiniMaxH3Scheduler", FLOW,
        tr_later("Euler on the straight mix, for one model, whose velocity has the other sign."),
    ),
    Rejected(
        "PiflowScheduler", FLOW,
        tr_later("For distilled networks for video, which answer with several guesses at once."),
    ),
    Rejected(
        "RFD4ProteinaScheduler", FLOW,
        tr_later("Walks a flow over the shapes of proteins."),
    ),
    Rejected(
        "HeliosScheduler", FLOW,
        tr_later("For one video model, which is refined from small to large."),
    ),
    Rejected(
        "HeliosDMDScheduler", FLOW,
        tr_later("The same for its version that was distilled to few calls."),
    ),
    Rejected(
        "SCMScheduler", OTHER,
        tr_later("For networks distilled on an angle between picture and noise (TrigFlow)."),
    ),
    Rejected(
        "CogVideoXDPMScheduler", OTHER,
        tr_later("For one video model: it asks for the guesses of two steps at once."),
    ),
    Rejected(
        "ConsistencyDecoderScheduler", OTHER,
        tr_later("Draws pixels from latents, in the place of a VAE's decoder."),
    ),
    Rejected(
        "DDPMWuerstchenScheduler", OTHER,
        tr_later("Its times run from 1 to 0 on a cosine, as one model was trained."),
    ),
    Rejected(
        "KarrasVeScheduler", OTHER,
        tr_later("For networks that read x0 + sigma eps, with fresh noise at every step."),
    ),
    Rejected(
        "ScoreSdeVeScheduler", OTHER,
        tr_later("For networks that name the score where noise is only added (Song et al. 2021)."),
    ),
    Rejected(
        "ScoreSdeVpScheduler", OTHER,
        tr_later("For networks that name the score at continuous times (Song et al. 2021)."),
    ),
    Rejected(
        "RePaintScheduler", OTHER,
        tr_later("DDPM that fills a mask and goes back and forth; it asks for picture and mask."),
    ),
    Rejected(
        "UnCLIPScheduler", SAME,
        tr_later("DDPM, which has taken over all that it could; the library says not to use it."),
    ),
    Rejected(
        "AmusedScheduler", OTHER,
        tr_later("Fills in tokens of a picture, no latents: there is no noise."),
    ),
    Rejected(
        "VQDiffusionScheduler", OTHER,
        tr_later("Replaces tokens of a picture, of which some are masked."),
    ),
    Rejected(
        "BlockRefinementScheduler", OTHER,
        tr_later("Writes text: it fills in the tokens of a block, the surest first."),
    ),
    Rejected(
        "DiscreteDDIMScheduler", OTHER,
        tr_later("For tokens: each is drawn anew at random, in the place of noise."),
    ),
    Rejected(
        "EntropyBoundScheduler", OTHER,
        tr_later("For tokens as well: keeps those of which the network is sure enough."),
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
_FOREIGN = (
    "polyexponential",
    "kl optimal",
    "align your steps",
    "ddim uniform",
    "turbo",
)
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


def find_scheduler(name: object) -> Scheduler:
    """Return the scheduler with this name.

    Args:
        name: the short name, the diffusers class, or what other programs say; letter case and the
            signs between letters do not count. Nothing about it is trusted.

    Raises:
        ExplainerError: no scheduler has that name; lists the nearest and all names.
    """
    typed = name if isinstance(name, str) else ""
    found = _BY_NAME.get(_plain(typed))
    if found is not None:
        return found
    every = tr("The schedulers are: {names}.", names=", ".join(SCHEDULERS))
    for rejected in REJECTED:
        if _plain(rejected.class_name) == _plain(typed):
            raise ExplainerError(
                tr(
                    "{scheduler} is not offered here: {verdict}.",
                    scheduler=rejected.class_name,
                    verdict=tr(rejected.verdict),
                ),
                tr("{why} {every}", why=tr(rejected.why), every=every),
            )
    short = {one: scheduler.name for scheduler in SCHEDULERS.values() for one in scheduler.names}
    close: dict[str, str] = {}
    for one in nearest(typed, short):
        close.setdefault(short[one], one)
    meant = [one if one == known else f"{known} ({one})" for known, one in close.items()]
    shown = repr(name if len(str(name)) <= 40 else str(name)[:40] + "…")
    raise ExplainerError(
        tr("There is no scheduler called {name}.", name=shown),
        tr("Did you mean {names}? {every}", names=one_or_other(meant), every=every)
        if meant
        else every,
    )


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
    found = _BY_NAME.get(_plain(scheduler))
    settings = (*settings, *SPACINGS.get(wanted, ()))
    unknown = "" if wanted in SPACINGS else spacing
    return (found.name if found else name), tuple(sorted(settings)), unknown


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower().replace("++", "pp") if letter.isalnum())


_BY_NAME = {_plain(name): one for one in SCHEDULERS.values() for name in one.names}
