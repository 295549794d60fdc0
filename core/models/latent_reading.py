"""What the engine says of a picture's latents, as plain arrays; imports no torch."""

from dataclasses import dataclass

import numpy as np

from core.ideas.arrays import Numbers, Pixels


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class PictureReading:
    """One picture, what the VAE makes of it, and what comes back.

    Attributes:
        mean: latents at unit scale, the posterior's mean, (C, h, w).
        std: the posterior's deviation at the same scale, (C, h, w).
        kl: divergence of each number's Gaussian, before scaling, from N(0, 1) in nats, (C, h, w).
        samples: latents drawn from the posterior, at unit scale, one a seed, (n, C, h, w).
        back: the mean decoded, (H, W, 3).
        colour_weights: the linear guess of the colour under each latent, (C, 3).
        colour_bias: its constant, (3,).
        encode_s: seconds that encoding took.
        decode_s: seconds that decoding took.
    """

    mean: Numbers
    std: Numbers
    kl: Numbers
    samples: Numbers
    back: Pixels
    colour_weights: Numbers
    colour_bias: Numbers
    encode_s: float
    decode_s: float

    def preview(self, latents: Numbers) -> Pixels:
        """Guess the colours of latents without the VAE: one matrix product.

        Args:
            latents: at unit scale, (C, h, w).

        Returns:
            One pixel a position, (h, w, 3).
        """
        shares = np.moveaxis(latents, 0, -1) @ self.colour_weights + self.colour_bias
        return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Latents as pictures.

    Attributes:
        pictures: what the VAE makes of them, (n, H, W, 3).
        decode_s: seconds that it took for each, (n,).
        preview_s: seconds that the linear guess takes for one.
    """

    pictures: Pixels
    decode_s: tuple[float, ...]
    preview_s: float


@dataclass(frozen=True, slots=True, eq=False)
class ScaleReading:
    """How far latents spread over several pictures, measured.

    Attributes:
        means: of each channel at unit scale, (C,).
        stds: of each channel at unit scale, (C,).
        measured: 1 / std of all latents before scaling.
        configured: the config's scaling factor.
        pictures: how many were encoded.
    """

    means: Numbers
    stds: Numbers
    measured: float
    configured: float
    pictures: int
