"""What could be reached: the evaluation's questions asked of real scenes, as they are and decoded.

What the judge finds on a real scene is the most that it could find on a drawn one; what it finds on
the same scene through the VAE is the most that any U-Net could reach with this VAE.
"""

import torch
from torch import Tensor

from core.nets.autoencoder import Autoencoder
from core.training.captions import Caption
from core.training.evaluate import SEED, Drawn, judge_drawn, typed_prompts
from core.training.evaluate_arranged import (
    Question,
    judge_pairs,
    judge_placed,
    pair_questions,
    placed_questions,
    real_scenes,
)
from core.training.judge import Judge
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, compose

AT_ONCE = 32


def measure_limits(
    judge: Judge, vae: Autoencoder, bank: PictureBank, device: torch.device
) -> dict[str, object]:
    """How the judge finds real scenes, whole and through the VAE.

    Args:
        judge: names what it sees.
        vae: the trained autoencoder.
        bank: the pictures.
        device: of both.

    Returns:
        What people type first, two objects, and one at a place or of a size; each ``real`` and
        ``decoded``, with the figures that drawn pictures are given.
    """
    typed, pairs, placed = typed_prompts(bank), pair_questions(bank), placed_questions(bank)
    whole = real_singles(bank, typed), real_scenes(bank, pairs), real_scenes(bank, placed)
    figures: dict[str, dict[str, object]] = {"typed": {}, "pairs": {}, "placed": {}}
    decoded = [through(vae, scenes, device) for scenes in whole]
    for name, seen in (("real", whole), ("decoded", decoded)):
        figures["typed"][name] = judge_drawn(judge, Drawn(typed, seen[0]), bank, device)
        figures["pairs"][name] = judge_pairs(judge, pairs, seen[1], device)
        figures["placed"][name] = judge_placed(judge, placed, seen[2], bank, device)
    return dict(figures)


def measure_pair_limit(
    judge: Judge,
    vae: Autoencoder,
    questions: list[Question],
    bank: PictureBank,
    device: torch.device,
) -> dict[str, object]:
    """How the judge finds both objects of real scenes through the VAE."""
    return judge_pairs(judge, questions, through(vae, real_scenes(bank, questions), device), device)


def real_singles(bank: PictureBank, captions: list[Caption]) -> Tensor:
    """What captions of one object ask for, of the real pictures, (n, 3, 128, 128), in [-1, 1]."""
    rows = torch.tensor([caption.row for caption in captions])
    colours = torch.tensor([caption.colour for caption in captions])
    return compose(bank, rows, colours, CENTRED, torch.Generator().manual_seed(SEED))


@torch.inference_mode()
def through(vae: Autoencoder, scenes: Tensor, device: torch.device) -> Tensor:
    """Scenes (n, 3, H, W) encoded and decoded again, in [-1, 1]."""
    parts = [vae.decode(vae.encode(p.to(device)).mean).float().cpu() for p in scenes.split(AT_ONCE)]
    return torch.cat(parts).clamp(-1, 1)
