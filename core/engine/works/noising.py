"""A picture noised where the model noises it: in its latents, decoded to be looked at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.engine.request import MAX_SEED
from core.engine.work import Course, Decode, Progress, Work
from core.engine.works.given_picture import check_picture, open_picture
from core.ideas.checks import check_real, check_whole
from core.models.catalog import BUILT_IN
from core.words import tr

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel

MOST_LEVELS = 160


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class NoisedPicture:
    """Latents with more and more noise.

    Attributes:
        clean: latents at unit scale, float32 (C, h, w).
        noise: what is added to them, the start noise of a run with this seed, float32 (C, h, w).
        pictures: decoded, uint8 (levels, H, W, 3).
    """

    clean: "np.ndarray"
    noise: "np.ndarray"
    pictures: "np.ndarray"


@dataclass(frozen=True, slots=True)
class NoiseWork(Work[NoisedPicture]):
    """A picture encoded, noised to several levels, and decoded at each.

    Attributes:
        pixels: red, green, blue, row by row.
        width: pixels.
        height: pixels.
        levels: alpha_bar of each picture wanted, 0 to 1.
        seed: of the noise.
    """

    model: str = BUILT_IN
    pixels: bytes = b""
    width: int = 0
    height: int = 0
    levels: tuple[float, ...] = (1.0,)
    seed: int = 0

    def _checked(self) -> dict[str, Any]:
        check_whole(len(self.levels), tr("number of noise levels"), 1, MOST_LEVELS)
        return {
            **check_picture(self.width, self.height, self.pixels),
            "levels": tuple(check_real(one, tr("signal power left"), 0, 1) for one in self.levels),
            "seed": check_whole(self.seed, tr("seed"), 0, MAX_SEED),
        }

    def course(self, loaded: "LoadedModel") -> Course[NoisedPicture]:
        """Encode once, then noise and decode one level after the other."""
        import numpy as np
        import torch

        from core.ideas.forward import add_noise
        from core.models import latents as vae

        checkpoint, total = loaded.checkpoint, len(self.levels) + 1
        picture = open_picture(checkpoint, self.pixels, self.width, self.height)
        yield Progress(0, total)
        posterior = vae.encode_posterior(checkpoint, picture)
        clean = vae.to_unit_scale(checkpoint, posterior.mean).float().cpu()
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(self.seed))
        pictures = []
        for index, level in enumerate(self.levels):
            noisy = add_noise(clean, noise, level)
            [picture] = yield Decode([noisy[0]], Progress(index + 1, total))
            pictures.append(picture.numpy())
        return NoisedPicture(clean[0].numpy(), noise[0].numpy(), np.stack(pictures))
