"""Timestep embeddings as real models have them, and the check on settings that people type."""

from dataclasses import dataclass

from core.errors import ExplainerError
from core.ideas.checks import check_real, check_switch, check_whole
from core.ideas.timestep import MAX_DIM, EmbeddingSettings
from core.words import tr, tr_later


@dataclass(frozen=True, slots=True)
class EmbeddingPreset:
    """Settings with a name, and where they come from."""

    title: str
    settings: EmbeddingSettings
    source: str


PRESETS: dict[str, EmbeddingPreset] = {
    "sd-1": EmbeddingPreset(
        "Stable Diffusion 1.x",
        EmbeddingSettings(dim=320, flip_sin_to_cos=True, freq_shift=0.0),
        tr_later(
            "Rombach et al. 2022; its U-Net config: block_out_channels[0] = 320, "
            "flip_sin_to_cos = true, freq_shift = 0"
        ),
    ),
    "ddpm": EmbeddingPreset(
        "DDPM (CIFAR-10)",
        EmbeddingSettings(dim=128, flip_sin_to_cos=False, freq_shift=1.0),
        tr_later(
            "Ho et al. 2020, code: get_timestep_embedding with 128 channels, sines first, "
            "log(10000) / (half_dim - 1)"
        ),
    ),
    "transformer": EmbeddingPreset(
        "Transformer (2017)",
        EmbeddingSettings(dim=512, flip_sin_to_cos=False, freq_shift=0.0),
        tr_later(
            "Vaswani et al. 2017, section 3.5; there sines and cosines alternate: the same numbers "
            "in another order"
        ),
    ),
    "guided-diffusion": EmbeddingPreset(
        "ADM / guided diffusion (256 × 256)",
        EmbeddingSettings(dim=256, flip_sin_to_cos=True, freq_shift=0.0),
        tr_later(
            "Dhariwal & Nichol 2021, code: timestep_embedding with 256 channels, cosines first"
        ),
    ),
    "dit": EmbeddingPreset(
        "DiT",
        EmbeddingSettings(dim=256, flip_sin_to_cos=True, freq_shift=0.0),
        "Peebles & Xie 2023, code: TimestepEmbedder, frequency_embedding_size = 256",
    ),
    "base-1000": EmbeddingPreset(
        tr_later("Base 1,000 (a common slip)"),
        EmbeddingSettings(dim=320, max_period=1_000.0, flip_sin_to_cos=True, freq_shift=0.0),
        tr_later(
            "seen in tutorials, in no checkpoint: the base is taken for the number of timesteps"
        ),
    ),
}


def check_embedding(
    dim: object = 320,
    max_period: object = 10_000.0,
    flip_sin_to_cos: object = True,
    freq_shift: object = 0.0,
    scale: object = 1.0,
) -> EmbeddingSettings:
    """Return settings that a person typed, or say in one sentence what is wrong.

    Args:
        dim: how many numbers, an even one; the library pads an odd one with a zero that says
            nothing, so it is refused here.
        max_period: sets the slowest clock, above 0.
        flip_sin_to_cos: cosines first.
        freq_shift: taken off dim / 2 in the exponent, smaller than that.
        scale: factor on every angle.

    Raises:
        ExplainerError: a value is missing, no number, or out of range.
    """
    width = check_whole(dim, tr("embedding dimension"), 2, MAX_DIM)
    if width % 2:
        raise ExplainerError(
            tr("The embedding dimension is {width}, which is odd.", width=width),
            tr(
                "Every sine needs its cosine: take {less} or {more}.",
                less=width - 1,
                more=width + 1,
            ),
        )
    period = check_real(max_period, tr("max period"), 1e-3, 1e12)
    shift = check_real(freq_shift, tr("frequency shift"), -1e6, 1e6)
    if shift >= width / 2:
        raise ExplainerError(
            tr(
                "The frequency shift is {shift:g} with a dimension of {width}.",
                shift=shift,
                width=width,
            ),
            tr("Give a number below {half}, half of the dimension.", half=width // 2),
        )
    return EmbeddingSettings(
        dim=width,
        max_period=period,
        flip_sin_to_cos=check_switch(flip_sin_to_cos, tr("order of sines and cosines")),
        freq_shift=shift,
        scale=check_real(scale, tr("scale"), -1e6, 1e6),
    )


def check_timestep(t: object, train_steps: int = 1000) -> float:
    """Return a timestep that a person typed, or say in one sentence what is wrong.

    Args:
        t: from 0, clean, to ``train_steps - 1``, the noisiest; fractions are fine.
        train_steps: how many timesteps the model was trained with.

    Raises:
        ExplainerError: it is no number in that range.
    """
    return check_real(t, tr("timestep"), 0, train_steps - 1)
