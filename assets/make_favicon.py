"""Draw assets/favicon.png: noise on the left that turns into a disc on the right."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
BLUE, ORANGE = np.array([0, 114, 178]), np.array([230, 159, 0])


def main() -> None:
    """Write the icon beside this file."""
    noise = np.random.default_rng(4).normal(size=(SIDE // 4, SIDE // 4)).repeat(4, 0).repeat(4, 1)
    down, across = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1) * 2 - 1
    inside = np.clip((0.78 - np.hypot(down, across)) * 20, 0, 1)
    clean = np.clip((across + 0.6) / 1.1, 0, 1)  # how far the noise is gone, left to right
    shade = np.clip(0.5 + 0.35 * noise, 0, 1) * (1 - clean) + inside * clean
    colour = BLUE * (1 - shade[..., None]) + ORANGE * shade[..., None]
    corner = np.clip((1.0 - (np.abs(down) ** 6 + np.abs(across) ** 6) ** (1 / 6)) * 40, 0, 1)
    icon = np.dstack([colour, corner * 255]).round().astype(np.uint8)
    Image.fromarray(icon, "RGBA").save(Path(__file__).with_name("favicon.png"), optimize=True)


if __name__ == "__main__":
    main()
