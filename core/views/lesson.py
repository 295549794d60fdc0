"""What a page teaches, as data: questions that a run answers, beliefs that it tests, one sentence.

Nothing here knows an answer by itself: a question is a function of a run, so it has other answers
for other words, seeds and models, and its explanations hold this run's own numbers.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.engine.request import Request
from core.engine.work import Work
from core.models.config_files import read_config
from core.words import tr_later

if TYPE_CHECKING:
    from core.ideas.arrays import Numbers
    from core.models.tokens import Tokens
    from core.views.run import Run

Level = Literal["first", "how", "maths"]
LEVELS: dict[Level, str] = {
    "first": tr_later("First look"),
    "how": tr_later("How it works"),
    "maths": tr_later("The mathematics"),
}
PAGES = (
    "tokens", "latents", "timesteps", "schedulers", "noising", "generation", "attention", "unet",
    "training",
)  # fmt: skip
OTHERS = ("a blue car", "a green tree")  # words to set beside the run's own


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """The run that is asked about.

    Attributes:
        run: the finished run.
        tokens: its prompt as the text encoder read it.
        folder: of its model's files.
        read: has the engine do a work, and returns what became of it.
    """

    run: "Run"
    tokens: "Tokens"
    folder: Path
    read: Callable[[Work[Any]], Any]  # Any: each work has a result of its own

    @property
    def schedule(self) -> "Numbers":
        """Signal power at every timestep of the model's own noise schedule, (T,)."""
        from core.ideas.schedule_config import read_alpha_bar

        return read_alpha_bar(read_config(self.folder, "scheduler"))

    @property
    def other(self) -> Request:
        """The same run with other words."""
        words = next(one for one in OTHERS if one != self.run.request.prompt)
        return replace(self.run.request, prompt=words)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose.

    Attributes:
        text: the answer, a few words.
        why: what this very run says of it, right or wrong.
        right: whether it is the right one.
    """

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stands for one run.

    Attributes:
        text: the question.
        options: at least two, no two alike, exactly one of them right.
    """

    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        texts = {option.text for option in self.options}
        if len(self.options) < 2 or len(texts) < len(self.options):
            raise ValueError(f"options of {self.text!r} are {texts}, expected two or more, unlike")
        if sum(option.right for option in self.options) != 1:
            raise ValueError(f"{self.text!r} has not one right option")

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if option.right)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, to be answered before the page shows the answer.

    Attributes:
        name: of its own on its page.
        of: what is asked of a run; may have the engine do more.
        look: title of the closer look that it is about, and stands in; "" is the page itself.
    """

    name: str
    of: Callable[[Live], Asked]
    look: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What many believe, and what a run says to it.

    Attributes:
        claim: the belief, in the words of somebody who holds it.
        verdict: what is so, with the run's numbers; may have the engine do more.
        query: what to set on its page to see it.
        deeper: whether nobody holds it who has had no more than a first look.
    """

    claim: str
    verdict: Callable[[Live], str]
    query: Mapping[str, str] = field(default_factory=dict)
    deeper: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a page teaches.

    Attributes:
        headline: the question that the page answers.
        leads: one or two sentences below it, by reading level; there may be none.
        picture: what stands below the page's picture: what is seen there, and what to do with it;
            "" where it is said with the run's own numbers, or above.
        remember: the one sentence to take along.
        questions: two or three of the page, and one at most of each closer look.
        cards: there may be none.
    """

    headline: str
    remember: str
    leads: Mapping[Level, str] = field(default_factory=dict)
    picture: str = ""
    questions: Sequence[Question] = ()
    cards: Sequence[Card] = ()

    @property
    def own(self) -> tuple[Question, ...]:
        """The questions of the page itself."""
        return tuple(one for one in self.questions if not one.look)

    def about(self, look: str) -> Question | None:
        """Return the question of a closer look; None where it has none.

        Args:
            look: its title.
        """
        return next((one for one in self.questions if one.look == look), None)


def lesson_of(page: str) -> Lesson:
    """Return what a page teaches.

    Args:
        page: its address below the app's, "home" for the front page.
    """
    return importlib.import_module(f"core.lessons.{page}.lesson_data").LESSON


def choose(text: str, right: str, *options: tuple[str, str]) -> Asked:
    """Return a question whose options are offered in the order in which they stand here.

    Args:
        text: the question.
        right: the text of the right option.
        options: each a text, and what the run says of it. For some runs two may be the same; then
            the first stands for both.
    """
    kept: dict[str, Option] = {}
    for said, why in options:
        kept.setdefault(said, Option(said, why, said == right))
    return Asked(text, tuple(kept.values()))


def ask_all(live: Live, pages: Sequence[str] = ("home", *PAGES)) -> dict[str, tuple[Asked, ...]]:
    """Ask every question of some pages about one run.

    Args:
        live: the run.
        pages: addresses, in the order of the walk.
    """
    return {page: tuple(one.of(live) for one in lesson_of(page).questions) for page in pages}
