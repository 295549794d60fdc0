"""What a visitor does to latents by hand, checked; imports no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplainerError
from core.ideas.checks import check_real, check_whole
from core.ideas.latent_surgery import Region, noise_region, rewire_channels
from core.words import tr

MOST_GAIN = 3.0
SEED = 0  # of the noise that is painted in


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to latents.

    Attributes:
        gains: what each channel is multiplied with; 0 drops it, -1 flips it.
        order: which channel each one is taken from.
        region: first row, row after the last, first and after the last column; None is no region.
        amount: how much of the variance inside becomes noise, 0 to 1.
    """

    gains: tuple[float, ...]
    order: tuple[int, ...]
    region: Region | None = None
    amount: float = 0.0

    @classmethod
    def none(cls, channels: int) -> "Edits":
        """Return the edits that change nothing.

        Args:
            channels: of the latents.
        """
        return cls((1.0,) * channels, tuple(range(channels)))

    def apply(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the changed latents.

        Args:
            latents: at unit scale, (C, h, w).
        """
        changed = rewire_channels(latents, self.gains, self.order)
        if self.region is not None:
            changed = noise_region(changed, painted_noise(latents.shape), self.region, self.amount)
        return np.asarray(changed, np.float32)


def painted_noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the noise that is painted in: always the same, so that pictures can be compared.

    Args:
        shape: of the latents.
    """
    return np.random.default_rng(SEED).standard_normal(shape, np.float32)


def check_edits(raw: object, shape: tuple[int, int, int]) -> Edits:
    """Read edits as the browser tells them; nothing about them is trusted.

    Args:
        raw: {"gains": [...], "order": [...], "region": [...] or None, "amount": number}.
        shape: of the latents, (C, h, w).

    Raises:
        ExplainerError: a field is missing or wrong.
    """
    channels, height, width = shape
    wrong = ExplainerError(
        tr("There is not one change for each channel."),
        tr("This model has {channels} channels.", channels=channels),
    )
    if not isinstance(raw, Mapping):
        raise ExplainerError(tr("These are not changes to latents."), tr("Start again."))
    gains, order, region = (raw.get(name) for name in ("gains", "order", "region"))
    gains, order = _list_of(gains, channels), _list_of(order, channels)
    if gains is None or order is None:
        raise wrong
    if region is not None:
        region = _list_of(region, 4)
        if region is None:
            raise ExplainerError(tr("The region has no four sides."), tr("Drag it again."))
        rows = sorted(check_whole(side, tr("row of the region"), 0, height) for side in region[:2])
        columns = sorted(
            check_whole(side, tr("column of the region"), 0, width) for side in region[2:]
        )
        region = (rows[0], rows[1], columns[0], columns[1])
    return Edits(
        gains=tuple(check_real(gain, tr("gain"), -MOST_GAIN, MOST_GAIN) for gain in gains),
        order=tuple(check_whole(at, tr("source channel"), 0, channels - 1) for at in order),
        region=region,
        amount=check_real(raw.get("amount"), tr("amount of noise"), 0.0, 1.0),
    )


def _list_of(value: object, length: int) -> list[object] | None:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != length:
        return None
    return list(value)
