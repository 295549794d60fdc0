"""What can be chosen in the autoencoder lab, and what any lab says of itself; imports no torch."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from core.engine.request import MAX_SEED
from core.ideas.checks import check_real, check_whole
from core.words import tr

STEPS = 500
MOST_STEPS = 5_000
MOST_WEIGHT = 10.0


class Settings(Protocol):
    """What can be chosen in a lab: a frozen dataclass of what JSON holds.

    Attributes:
        worker: the module that trains with them, run in a process of its own.
        private: whether what came of it is nobody else's, and is not kept.
    """

    worker: ClassVar[str]
    private: ClassVar[bool]

    @property
    def before(self) -> Self | None:
        """The training that this one goes on from, where that is done; None where there is none."""
        ...

    def validated(self) -> Self:
        """Return the settings with every field checked; raises ``ExplainerError``."""
        ...


@dataclass(frozen=True, slots=True)
class LabSettings:
    """What can be chosen; two equal settings train the same networks.

    Attributes:
        kl_weight: of the KL term in the variational one's loss.
        seed: of weights, pictures and noise.
        steps: of training.
    """

    worker: ClassVar[str] = "core.labs.autoencoder_worker"
    private: ClassVar[bool] = False

    kl_weight: float = 0.003
    seed: int = 0
    steps: int = STEPS

    @property
    def before(self) -> None:
        """Nothing: it begins with fresh weights."""

    def validated(self) -> "LabSettings":
        """Return the settings with every field checked."""
        return LabSettings(
            check_real(self.kl_weight, tr("weight of the KL term"), 0.0, MOST_WEIGHT),
            check_whole(self.seed, tr("seed"), 0, MAX_SEED),
            check_whole(self.steps, tr("number of steps"), 1, MOST_STEPS),
        )
