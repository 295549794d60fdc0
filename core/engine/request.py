"""What is asked of the engine: a picture, or its film; imports no torch."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from core.engine.work import FILM, ROWS_A_PIECE, Course, Decode, Result, Wanted, Work
from core.errors import ExplainerError
from core.host import host
from core.ideas.checks import (
    MAX_TEXT,
    check_real,
    check_switch,
    check_text,
    check_whole,
    read_json,
)
from core.models.catalog import BUILT_IN, find_entry
from core.models.loras import Chosen, check_loras
from core.models.schedulers.names import find_scheduler
from core.models.schedulers.record import Scheduler, Value
from core.models.schedulers.settings import check_params
from core.words import in_a_row, tr

if TYPE_CHECKING:
    from core.engine.film import Film
    from core.engine.loaded import LoadedModel
    from core.engine.trace import Trace

MAX_PROMPT = MAX_TEXT
MAX_STEPS = 150
MAX_SEED = 2**32 - 1  # torch's CPU generator keeps 32 bits: a larger seed repeats a smaller one
MAX_GUIDANCE = 30.0
MAX_WORDS = 2.0
SIDES = (64, host().side)  # pixels
SIDE_STEP = 8  # the autoencoder shrinks a picture by 8 each way
MAX_PARAMS = 32
MAX_FRAMES = 256
MAX_CLIP_SKIP = 11  # layers of Stable Diffusion 1's text encoder, but one
FORMAT = 1  # of what is stored under a key; raise it when a trace changes its meaning


@dataclass(frozen=True, slots=True)
class Request(Work["Trace"]):
    """Everything that decides a picture; two equal requests give the same one.

    Attributes:
        model: the checkpoint's id in the catalog.
        prompt: what to draw; empty draws without a prompt.
        negative: what guidance walks away from; empty as a rule.
        seed: of the first noise, 0 to ``MAX_SEED``.
        steps: scheduler steps; the U-Net may be asked more often.
        guidance: weight w; 1 is none.
        scheduler: short name of the scheduler.
        params: the scheduler's own options, name and value, in the order of their names.
        height: pixels, a multiple of 8; None is the model's own.
        width: pixels, a multiple of 8; None is the model's own.
        clip_skip: layers of the text encoder left out at its end.
        padding_mask: whether the text encoder gets the padding mask; Stable Diffusion passes none.
        blend: a second prompt, whose text states are mixed with the prompt's.
        share: how much of the second prompt, 0 to 1; at 0 there is none.
        words: how much the words count, 0 to 2: text states on the line from those of no words, at
            0, to the prompt's, at 1, and beyond.
        other_seed: of a second noise, towards which the first one is turned.
        turn: how far, 0 to 1; at 0 not at all.
        loras: what changes the networks, each with its strength, in the order of their names.
    """

    model: str = BUILT_IN
    prompt: str = ""
    negative: str = ""
    seed: int = 0
    steps: int = 20
    guidance: float = 5.0
    scheduler: str = "ddim"
    params: tuple[tuple[str, Value], ...] = ()
    height: int | None = None
    width: int | None = None
    clip_skip: int = 0
    padding_mask: bool = False
    blend: str = ""
    share: float = 0.0
    words: float = 1.0
    other_seed: int = 0
    turn: float = 0.0
    loras: tuple[Chosen, ...] = ()

    goes_on: ClassVar[bool] = True

    def validated(self) -> "Request":
        """Return the request with every field checked, see ``validated``."""
        return validated(self)

    def course(self, loaded: "LoadedModel") -> "Course[Trace]":
        """Walk from noise to latents, or as a live picture did a moment ago; then decode them."""
        from core.engine.trace import Trace

        known = loaded.walks.get(self)
        way = known or (yield from loaded.walk(self))
        [picture] = yield Decode([way.steps[-1].x_prev])
        before = known.seconds if known else 0.0  # what is lived through now is added in ``timed``
        how = picture.numpy(), before, way.computer, loaded.memory()
        return Trace(self, loaded.checkpoint.fingerprint, way.steps, *how)

    def rows(self, positions: int) -> float:
        """Return its steps, twice with guidance, in rows of the model's own size."""
        rows = self.steps * (1 if self.guidance == 1 else 2)
        if self.height is None or self.width is None:
            return rows
        return rows * self.height * self.width / (SIDE_STEP**2 * positions)

    def timed(self, result: "Trace", seconds: float) -> "Trace":
        """Return the run with the time it took, that of its walk included."""
        return replace(result, seconds=result.seconds + seconds)


@dataclass(frozen=True, slots=True)
class RunWork(Work[Result]):
    """Work about a run.

    Attributes:
        request: the run, of the same model.
    """

    model: str
    request: Request

    def validated(self) -> Self:
        """Return the work with every field checked, its run first."""
        return replace(self, request=of_model(self.request, self.model), **self._checked())


@dataclass(frozen=True, slots=True)
class FilmRequest(Work["Film"]):
    """The decoded film of one request: every noisy latent and every estimate as a picture.

    Attributes:
        request: the run to show.
        frames: most steps to show; a longer run is sampled evenly, first and last included.
    """

    request: Request
    frames: int = 64

    rank: ClassVar[int] = FILM

    @property
    def model(self) -> str:  # type: ignore[override]  # that of the run, and no field of its own
        """The checkpoint's id in the catalog."""
        return self.request.model

    def validated(self) -> Self:
        """Return the film request with every field checked, those of its run as well."""
        frames = check_whole(self.frames, tr("number of frames"), 2, MAX_FRAMES)
        return type(self)(validated(self.request), frames)

    def rows(self, positions: int) -> float:
        """Return its frames, each as long as a few rows."""
        return ROWS_A_PIECE * (2 * min(self.request.steps, self.frames) + 1)

    def wants(self) -> Wanted:
        """Return the run."""
        return Wanted((self.request,))

    def course(self, loaded: "LoadedModel") -> "Course[Film]":
        """Have the run done, then decode what is shown of it, see ``filmed``."""
        from core.engine.film import filmed

        [outcome] = yield self.wants()
        return (yield from filmed(outcome.result(), self.frames, loaded.small_decoder is not None))


def validated(request: Request) -> Request:
    """Return the request with every field checked and in its canonical form.

    Args:
        request: as typed, from a link or from a file; nothing about it is trusted.

    Returns:
        An equal request whose numbers, text and options have one spelling.

    Raises:
        ExplainerError: a field is wrong; ``what`` and ``fix`` hold one sentence for each such.
    """
    values, found = _checked(request)
    if found:
        what, fix = (in_a_row(*parts) for parts in zip(*found.values(), strict=True))
        raise ExplainerError(what, fix)
    return Request(**values)


def of_model(request: Request, model: str) -> Request:
    """Return a run with every field checked, which must be this model's."""
    checked = validated(request)
    if checked.model != model:
        raise ExplainerError(tr("This run is another model's."), tr("Draw the picture again."))
    return checked


def problems(request: Request) -> dict[str, tuple[str, str]]:
    """Return what is wrong and what to do, by the name of the field; empty when all is well."""
    return _checked(request)[1]


# Any: each field has its own type.
def _checked(request: Request) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """Return the fields that are right in their canonical form, and what is wrong with others."""
    values: dict[str, Any] = {}
    found: dict[str, tuple[str, str]] = {}
    for name, check in _CHECKS.items():
        try:
            values[name] = check(request)
        except ExplainerError as error:
            found[name] = (error.what, error.fix)
    return values, found


def usable(request: Request, start: Request) -> tuple[Request, list[tuple[str, str]]]:
    """Keep what can be used of a request, field by field.

    Args:
        request: as typed, from a link or from a file; nothing about it is trusted.
        start: valid; what a field is put back to where it cannot be used.

    Returns:
        The request, validated, and what is wrong and what to do for every field that was put back.
    """
    notes: list[tuple[str, str]] = []
    while found := problems(request):  # another scheduler has other limits and settings
        for name, (what, fix) in found.items():
            back = getattr(start, name)
            request = replace(request, **{name: back})
            until = (
                tr("Until then it is as it was.")
                if back in (None, "", ())
                else tr("Until then it is {value}.", value=str(back))
            )
            notes.append((what, in_a_row(fix, until)))
    return validated(request), notes


def to_json(request: Request) -> str:
    """Return the request as canonical JSON: sorted names, no spaces, ASCII, no NaN."""
    return json.dumps(asdict(request), sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str) -> Request:
    """Read a request from ``to_json``, a file or a person, see ``from_values``."""
    try:
        data = read_json(text)
    except ValueError:
        data = None
    return from_values(data)


def from_values(data: object) -> Request:
    """Take a request from what JSON holds, and check it; missing fields take their defaults.

    Raises:
        ExplainerError: it is no request, or a field is wrong or unknown.
    """
    if not isinstance(data, dict):
        raise ExplainerError(
            tr("These settings cannot be read."), tr("Give them as one JSON object.")
        )
    data = dict(data)
    unknown = sorted(set(data) - set(_CHECKS))
    if unknown:
        raise ExplainerError(
            tr("There is no setting called {unknown!r:.40}.", unknown=unknown[0]),
            tr("The settings are: {settings}.", settings=", ".join(_CHECKS)),
        )
    for name in ("params", "loras"):
        if isinstance(data.get(name), list):
            data[name] = tuple(tuple(p) if isinstance(p, list) else p for p in data[name])
    return validated(Request(**data))


def key(request: Request | FilmRequest, fingerprint: str) -> str:
    """Return the name a finished run is kept under, 64 hex digits.

    Args:
        request: validated.
        fingerprint: of the weights, and of whatever else decides the numbers.
    """
    run = request.request if isinstance(request, FilmRequest) else request
    kind = f"film {request.frames}" if isinstance(request, FilmRequest) else "trace"
    text = "\n".join((str(FORMAT), kind, fingerprint, to_json(run)))
    return hashlib.sha256(text.encode("ascii", "backslashreplace")).hexdigest()


def _blend(request: Request) -> str:
    """Take the second prompt; without a share it changes nothing, and must not change the key."""
    text = check_text(request.blend, tr("second prompt"))
    return text if request.share else ""


def _other_seed(request: Request) -> int:
    """Take the second seed; where nothing is turned towards it, it must not change the key."""
    seed = check_whole(request.other_seed, tr("second seed"), 0, MAX_SEED)
    return seed if request.turn else 0


def _steps(request: Request) -> int:
    scheduler = _scheduler(request)
    if scheduler is None:
        return check_whole(request.steps, tr("number of steps"), 1, MAX_STEPS)
    name = tr("number of {title} steps", title=scheduler.title)
    return check_whole(request.steps, name, scheduler.min_steps, scheduler.max_steps)


def _scheduler(request: Request) -> Scheduler | None:
    """Return the scheduler; one that does not exist has a sentence of its own."""
    try:
        return find_scheduler(request.scheduler)
    except ExplainerError:
        return None


def _side(value: object, name: str) -> int | None:
    if value is None:
        return None
    side = check_whole(value, tr("{name} in pixels", name=name), *SIDES)
    if side % SIDE_STEP:
        below = side - side % SIDE_STEP
        raise ExplainerError(
            tr(
                "The {name} of {side} pixels is not a multiple of {side_step}.",
                name=name,
                side=side,
                side_step=SIDE_STEP,
            ),
            tr("Try {below} or {above}.", below=below, above=below + SIDE_STEP),
        )
    return side


def _params(request: Request) -> tuple[tuple[str, Value], ...]:
    """Check the options against the scheduler they are for."""
    given = request.params
    pairs = list(given) if isinstance(given, tuple | list) else [None]
    if len(pairs) > MAX_PARAMS:
        raise ExplainerError(
            tr("There are {count} scheduler options.", count=len(pairs)),
            tr("Give at most {most}.", most=MAX_PARAMS),
        )
    options: dict[str, Value] = {}
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise ExplainerError(
                tr("A scheduler option is not a name and a value."), tr("Write it as name=value.")
            )
        if pair[0] in options:
            raise ExplainerError(
                tr("The option {pair!r:.40} is given twice.", pair=pair[0]), tr("Give it once.")
            )
        options[pair[0]] = pair[1]
    scheduler = _scheduler(request)
    if scheduler is None:
        return ()  # nothing to check them against
    return tuple(check_params(scheduler, options).items())


# Any: each check returns its own field's type.
_CHECKS: dict[str, Callable[[Request], Any]] = {
    "model": lambda request: find_entry(request.model).id,
    "prompt": lambda request: check_text(request.prompt, tr("prompt")),
    "negative": lambda request: check_text(request.negative, tr("negative prompt")),
    "seed": lambda request: check_whole(request.seed, tr("seed"), 0, MAX_SEED),
    "steps": _steps,
    # adding 0.0 turns -0.0 into 0.0, so that the two have one key
    "guidance": lambda request: check_real(request.guidance, tr("guidance"), 0, MAX_GUIDANCE) + 0.0,
    "scheduler": lambda request: find_scheduler(request.scheduler).name,
    "params": _params,
    "height": lambda request: _side(request.height, tr("height")),
    "width": lambda request: _side(request.width, tr("width")),
    "clip_skip": lambda request: check_whole(request.clip_skip, tr("clip skip"), 0, MAX_CLIP_SKIP),
    "padding_mask": lambda request: check_switch(request.padding_mask, tr("padding mask")),
    "blend": _blend,
    "share": lambda request: check_real(request.share, tr("share"), 0, 1) + 0.0,
    "words": lambda request: (
        check_real(request.words, tr("weight of the words"), 0, MAX_WORDS) + 0.0
    ),
    "other_seed": _other_seed,
    "turn": lambda request: check_real(request.turn, tr("turn of the noise"), 0, 1) + 0.0,
    "loras": lambda request: check_loras(request.loras),
}
