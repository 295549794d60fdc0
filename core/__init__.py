"""Stable Diffusion, opened up: every picture, number and curve is computed by a real pipeline.

Imports point down only: ideas < nets < models < engine < training < labs < views
< what lessons draw (``*_data``) < ui < lessons < pages.

Symbols (one meaning everywhere):
    x0         clean latents, or the estimate of them at a step
    xt         noisy latents at timestep t
    eps        noise drawn from N(0, 1), or the network's prediction of it
    t          timestep; 0 is clean, 999 is the noisiest, so it runs down during generation
    step       index of a scheduler step; it runs up during generation
    beta       variance of the noise added at one timestep
    alpha_bar  signal power left at a timestep: the product of (1 - beta) up to it, in [0, 1]
    sigma      noise per unit of signal: sqrt((1 - alpha_bar) / alpha_bar)
    w          guidance weight; w = 1 is no guidance

Shapes:
    B     batch
    C     channels (4 for Stable Diffusion's latents)
    H, W  latent height and width; pixels are ``vae_scale`` (8) times as many each way
    N     latent tokens, H * W
    L     text tokens, 77
    D     width of a token's vector
    h     attention heads

Two latent conventions: "VP" keeps x_t = sqrt(alpha_bar) x0 + sqrt(1 - alpha_bar) eps, "VE" keeps
x_t = x0 + sigma eps. A VE latent divided by sqrt(1 + sigma^2) is the VP latent of the same point.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - to say it in words, before anything else fails
    sys.exit("Python 3.11 or newer is needed, this is %d.%d." % sys.version_info[:2])  # noqa: UP031
