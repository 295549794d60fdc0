"""What a checkpoint's U-Net makes of every timestep: its time vector, and each block's share."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.ideas.arrays import Numbers
from core.models.loading import Checkpoint
from core.nets.config import UNetConfig
from core.nets.time_embedding import TimeEmbedding, sinusoids
from core.words import tr


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """One residual block, as the timestep reaches it.

    Attributes:
        name: where it is in the U-Net, such as "down 0, block 1".
        channels: how many there are; each is shifted by one number.
    """

    name: str
    channels: int


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class TimeReading:
    """Every timestep as the U-Net reads it; all arrays are float32.

    Attributes:
        waves: the embedding, (T, dim).
        vectors: after the time MLP, (T, D_time); SiLU is applied to them once more in each block.
        blocks: the residual blocks, in the order of the forward pass.
        sizes: root mean square over a block's channels of what it adds at t, (blocks, T).
        moves: the same of what is left when each channel's mean over all t is taken off.
    """

    waves: Numbers
    vectors: Numbers
    blocks: tuple[TimedBlock, ...]
    sizes: Numbers
    moves: Numbers


@torch.inference_mode()
def read_times(checkpoint: Checkpoint) -> TimeReading:
    """Put every timestep through the time MLP, and through every block's own projection.

    Args:
        checkpoint: its U-Net is used.

    Raises:
        ExplainerError: the U-Net is of a kind that we have no readable copy of.
    """
    unet = checkpoint.unet
    config = UNetConfig.from_config(dict(unet.config))
    with torch.device("meta"):
        embed = TimeEmbedding(config)
    embed.load_state_dict(unet.time_embedding.state_dict(), strict=True, assign=True)
    steps = int(checkpoint.scheduler_config.get("num_train_timesteps", 1000))
    times = torch.arange(steps, device=checkpoint.device)
    waves = sinusoids(
        times, config.block_out_channels[0], config.flip_sin_to_cos, config.freq_shift
    )
    vectors = embed(times)
    blocks, sizes, moves = [], [], []
    for name, block in _residual_blocks(unet):
        added = block.time_emb_proj(F.silu(vectors)).float()  # (T, channels)
        blocks.append(TimedBlock(name, added.shape[1]))
        sizes.append(_root_mean_square(added))
        moves.append(_root_mean_square(added - added.mean(dim=0)))
    return TimeReading(
        waves=waves.float().cpu().numpy(),
        vectors=vectors.float().cpu().numpy(),
        blocks=tuple(blocks),
        sizes=torch.stack(sizes).cpu().numpy(),
        moves=torch.stack(moves).cpu().numpy(),
    )


def _root_mean_square(numbers: Tensor) -> Tensor:
    return numbers.square().mean(dim=1).sqrt()


def _residual_blocks(unet: Any) -> list[tuple[str, Any]]:  # Any: modules of the library
    """Return the blocks that are told the time, in the order of the forward pass."""
    found = []
    for way in ("down_blocks", "mid_block", "up_blocks"):
        for name, block in getattr(unet, way).named_modules():
            if hasattr(block, "time_emb_proj"):
                *level, _, number = name.split(".")  # "1.resnets.0", in the middle "resnets.0"
                found.append((_named(way, *level, number=number), block))
    return found


def _named(way: str, level: str = "", number: str = "") -> str:
    """Say where a block is."""
    if way == "mid_block":
        return tr("middle, block {number}", number=number)
    if way == "down_blocks":
        return tr("down {level}, block {number}", level=level, number=number)
    return tr("up {level}, block {number}", level=level, number=number)
