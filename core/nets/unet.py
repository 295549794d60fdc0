"""The U-Net: from noisy latents, a time and a text to the noise in them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.attention import SpatialTransformer
from core.nets.config import UNetConfig
from core.nets.residual import Downsample, ResnetBlock, Upsample
from core.nets.time_embedding import TimeEmbedding


@dataclass(frozen=True, slots=True)
class Ablation:
    """What to switch off in one pass, to see what it was for.

    Attributes:
        text: leave out every cross-attention: no position reads a word.
        time: replace the time vector with zeros: every pass thinks the same of the time.
        skips: replace these skip connections with zeros; 0 is the first to be put on the stack.
    """

    text: bool = False
    time: bool = False
    skips: frozenset[int] = frozenset()


NOTHING = Ablation()


class UNet(nn.Module):
    """Down to see the whole, up to say where; skip connections carry the detail across.

    Source: Ronneberger et al. 2015 (U-Net); Rombach et al. 2022 (latent diffusion), section 3.3.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        first, levels = config.block_out_channels[0], range(config.last + 1)
        self.config = config
        self.time_embedding = TimeEmbedding(config)
        self.conv_in = nn.Conv2d(config.in_channels, first, 3, padding=1)
        self.down_blocks = nn.ModuleList(DownBlock(config, level) for level in levels)
        self.mid_block = MidBlock(config) if config.mid_block_type else None
        self.up_blocks = nn.ModuleList(UpBlock(config, level) for level in reversed(levels))
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, first, config.norm_eps)
        self.conv_out = nn.Conv2d(first, config.out_channels, 3, padding=1)

    def forward(self, xt: Tensor, t: Tensor, text: Tensor, off: Ablation = NOTHING) -> Tensor:
        """Predict the noise (or the velocity, if so trained) in noisy latents.

        Args:
            xt: noisy latents, (B, 4, H, W), already scaled by the scheduler.
            t: timesteps, (B,) or one for all.
            text: hidden states of the text encoder, (B, L, D_text).
            off: what to leave out.

        Returns:
            Prediction, (B, 4, H, W).

        Raises:
            ValueError: ``off`` names a skip connection that does not exist.
        """
        time = self.time_embedding(t.expand(len(xt)))  # (B,) -> (B, D_time)
        time = torch.zeros_like(time) if off.time else time
        words = None if off.text else text

        x = self.conv_in(xt)  # (B, 4, H, W) -> (B, C, H, W)
        skips = [x]
        for block in self.down_blocks:
            x, kept = block(x, time, words)  # more channels, half the size
            skips += kept
        skips = switch_off(skips, off.skips)

        if self.mid_block is not None:
            x = self.mid_block(x, time, words)

        for block in self.up_blocks:
            taken = [skips.pop() for _ in range(self.config.layers_per_block + 1)]  # last in first
            size = skips[-1].shape[-2:] if skips else None
            x = block(x, taken, time, words, size)  # fewer channels, twice the size

        return self.conv_out(F.silu(self.conv_norm_out(x)))  # (B, C, H, W) -> (B, 4, H, W)


class DownBlock(nn.Module):
    """One level on the way down: residual blocks and attention in turn; then half the size."""

    def __init__(self, config: UNetConfig, level: int) -> None:
        super().__init__()
        width = config.block_out_channels[level]
        layers = config.layers_per_block
        befores = [config.block_out_channels[max(level - 1, 0)]] + [width] * (layers - 1)
        self.resnets = nn.ModuleList(_resnet(config, before, width) for before in befores)
        self.attentions = _attentions(config, level, layers if config.attends_down(level) else 0)
        self.downsamplers = nn.ModuleList(
            [Downsample(width, config.downsample_padding)] if level < config.last else []
        )

    def forward(self, x: Tensor, time: Tensor, text: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """Return what goes on, (B, C, H/2, W/2), and every map on the way there, for the skips."""
        kept = []
        for i, resnet in enumerate(self.resnets):
            x = resnet(x, time)
            if self.attentions:
                x = self.attentions[i](x, text)
            kept.append(x)
        for downsample in self.downsamplers:
            x = downsample(x)  # (B, C, H, W) -> (B, C, H/2, W/2)
            kept.append(x)
        return x, kept


class MidBlock(nn.Module):
    """The turning point, at the smallest size: residual block, attention, residual block."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        width = config.block_out_channels[-1]
        self.resnets = nn.ModuleList(_resnet(config, width, width) for _ in range(2))
        self.attentions = _attentions(config, config.last, 1)

    def forward(self, x: Tensor, time: Tensor, text: Tensor | None) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        x = self.resnets[0](x, time)
        x = self.attentions[0](x, text)
        return self.resnets[1](x, time)


class UpBlock(nn.Module):
    """One level on the way up: each residual block also reads a skip; then twice the size."""

    def __init__(self, config: UNetConfig, level: int) -> None:
        super().__init__()
        channels, layers = config.block_out_channels, config.layers_per_block + 1
        width = channels[level]
        befores = [channels[min(level + 1, config.last)]] + [width] * (layers - 1)
        skips = [width] * (layers - 1) + [channels[max(level - 1, 0)]]  # the last is from above
        self.resnets = nn.ModuleList(
            _resnet(config, before + skip, width)
            for before, skip in zip(befores, skips, strict=True)
        )
        self.attentions = _attentions(config, level, layers if config.attends_up(level) else 0)
        self.upsamplers = nn.ModuleList([Upsample(width)] if level > 0 else [])

    def forward(
        self,
        x: Tensor,
        skips: list[Tensor],
        time: Tensor,
        text: Tensor | None,
        size: tuple[int, int] | None,
    ) -> Tensor:
        """Map (B, C, H, W) and one skip for each residual block to (B, C', 2H, 2W)."""
        for i, resnet in enumerate(self.resnets):
            x = torch.cat([x, skips[i]], dim=1)  # (B, C, H, W) -> (B, C + C_skip, H, W)
            x = resnet(x, time)
            if self.attentions:
                x = self.attentions[i](x, text)
        for upsample in self.upsamplers:
            x = upsample(x, size)  # (B, C, H, W) -> (B, C, 2H, 2W)
        return x


def switch_off(skips: list[Tensor], chosen: frozenset[int]) -> list[Tensor]:
    """Replace the chosen skip connections with zeros.

    Args:
        skips: the stack, first put first.
        chosen: numbers of those to replace.

    Returns:
        A new stack of the same shapes.

    Raises:
        ValueError: a number is not one of the stack's.
    """
    unknown = chosen - set(range(len(skips)))
    if unknown:
        raise ValueError(f"skips are {sorted(unknown)}, expected some of 0 to {len(skips) - 1}")
    return [torch.zeros_like(x) if i in chosen else x for i, x in enumerate(skips)]


def _resnet(config: UNetConfig, before: int, after: int) -> ResnetBlock:
    return ResnetBlock(before, after, config.norm_num_groups, config.norm_eps, config.time_width)


def _attentions(config: UNetConfig, level: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(SpatialTransformer(config, level) for _ in range(count))
