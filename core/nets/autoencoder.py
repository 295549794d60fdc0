"""The KL autoencoder: a picture becomes a Gaussian over small latents, and comes back."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation
from core.nets.attention import attend
from core.nets.config import AutoencoderConfig
from core.nets.residual import Downsample, ResnetBlock, Upsample

EPS = 1e-6  # of every normalisation in the autoencoder; in no config


@equation(
    tex=r"z = \mu + \sigma \odot \epsilon, \qquad \epsilon \sim \mathcal{N}(0, I)",
    source="Kingma & Welling 2014 (Auto-Encoding Variational Bayes), section 2.4",
)
def reparameterise(mean: Tensor, logvar: Tensor, eps: Tensor) -> Tensor:
    """Turn plain noise into a sample that gradients can flow through.

    Args:
        mean: mean of each latent number, any shape.
        logvar: logarithm of its variance, same shape.
        eps: noise drawn from N(0, 1), same shape.

    Returns:
        Latents, same shape.
    """
    return mean + (logvar / 2).exp() * eps


@equation(
    tex=r"D_\mathrm{KL} = \tfrac12 \left(\mu^2 + \sigma^2 - 1 - \log\sigma^2\right)",
    source="Kingma & Welling 2014 (Auto-Encoding Variational Bayes), appendix B, sign turned",
)
def kl_to_unit_gaussian(mean: Tensor, logvar: Tensor) -> Tensor:
    """Measure how far each latent number's Gaussian is from N(0, 1).

    Args:
        mean: mean of each latent number, any shape.
        logvar: logarithm of its variance, same shape.

    Returns:
        Divergence in nats, same shape, 0 or more; the KL of a picture is the sum.
    """
    return (mean**2 + logvar.exp() - 1 - logvar) / 2


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the encoder says of a picture: one Gaussian for every latent number, (B, 4, H, W)."""

    mean: Tensor
    logvar: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation, (B, 4, H, W)."""
        return (self.logvar / 2).exp()

    def sample(self, generator: torch.Generator) -> Tensor:
        """Draw latents, (B, 4, H, W); noise comes from a CPU generator, so from its seed alone."""
        eps = torch.randn(self.mean.shape, generator=generator).to(self.mean)
        return reparameterise(self.mean, self.logvar, eps)

    def kl(self) -> Tensor:
        """Divergence of each latent number from N(0, 1) in nats, (B, 4, H, W)."""
        return kl_to_unit_gaussian(self.mean, self.logvar)


class Autoencoder(nn.Module):
    """Encoder and decoder, with a 1 x 1 convolution on either side of the latents."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        latent = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = (
            nn.Conv2d(2 * latent, 2 * latent, 1) if config.use_quant_conv else nn.Identity()
        )
        self.post_quant_conv = (
            nn.Conv2d(latent, latent, 1) if config.use_post_quant_conv else nn.Identity()
        )

    def encode(self, picture: Tensor) -> Posterior:
        """Map pictures (B, 3, 8H, 8W) in [-1, 1] to Gaussians over latents, not yet scaled."""
        moments = self.quant_conv(self.encoder(picture))  # (B, 3, 8H, 8W) -> (B, 8, H, W)
        mean, logvar = moments.chunk(2, dim=1)
        return Posterior(mean, logvar.clamp(-30, 20))  # no variance of 0 or infinity

    def decode(self, latents: Tensor) -> Tensor:
        """Map latents (B, 4, H, W), not scaled, to pictures (B, 3, 8H, 8W), about [-1, 1]."""
        return self.decoder(self.post_quant_conv(latents))

    def forward(self, picture: Tensor, generator: torch.Generator) -> tuple[Tensor, Posterior]:
        """Return the picture that came back, and what it went through."""
        posterior = self.encode(picture)
        return self.decode(posterior.sample(generator)), posterior


class Encoder(nn.Module):
    """Halve the picture at every level but the last; end in a mean and a log variance."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels, config.norm_num_groups
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(DownBlock(config, level) for level in range(len(widths)))
        self.mid_block = MidBlock(config)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, 8H, 8W) to (B, 8, H, W)."""
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        x = self.mid_block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Decoder(nn.Module):
    """The encoder's way back: double the size at every level but the last."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels, config.norm_num_groups
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.mid_block = MidBlock(config)
        self.up_blocks = nn.ModuleList(
            UpBlock(config, level) for level in reversed(range(len(widths)))
        )
        self.conv_norm_out = nn.GroupNorm(groups, widths[0], EPS)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 4, H, W) to (B, 3, 8H, 8W)."""
        x = self.conv_in(x)
        x = self.mid_block(x)
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class DownBlock(nn.Module):
    """Residual blocks, then half the size."""

    def __init__(self, config: AutoencoderConfig, level: int) -> None:
        super().__init__()
        widths = config.block_out_channels
        befores = [widths[max(level - 1, 0)]] + [widths[level]] * (config.layers_per_block - 1)
        self.resnets = _resnets(config, befores, widths[level])
        last = level == len(widths) - 1
        self.downsamplers = nn.ModuleList([] if last else [Downsample(widths[level], padding=0)])

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H/2, W/2)."""
        for layer in (*self.resnets, *self.downsamplers):
            x = layer(x)
        return x


class UpBlock(nn.Module):
    """Residual blocks, one more than on the way down, then twice the size."""

    def __init__(self, config: AutoencoderConfig, level: int) -> None:
        super().__init__()
        widths = config.block_out_channels
        before = widths[min(level + 1, len(widths) - 1)]
        self.resnets = _resnets(
            config, [before] + [widths[level]] * config.layers_per_block, widths[level]
        )
        self.upsamplers = nn.ModuleList([Upsample(widths[level])] if level > 0 else [])

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', 2H, 2W)."""
        for layer in (*self.resnets, *self.upsamplers):
            x = layer(x)
        return x


class MidBlock(nn.Module):
    """At the smallest size: residual block, attention if there is any, residual block."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        width = config.block_out_channels[-1]
        self.resnets = _resnets(config, [width, width], width)
        attends = config.mid_block_add_attention
        self.attentions = nn.ModuleList(
            [MidAttention(width, config.norm_num_groups)] if attends else []
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        x = self.resnets[0](x)
        for attention in self.attentions:
            x = x + attention(x)[0]
        return self.resnets[1](x)


class MidAttention(nn.Module):
    """Every position of the smallest map looks at every other, with one head."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, width, EPS)
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what to add to the map, (B, C, H, W), and the weights, (B, 1, N, N)."""
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, N, C)
        q, k, v = self.to_q(tokens), self.to_k(tokens), self.to_v(tokens)
        mixed, weights = attend(q, k, v, heads=1)
        return self.to_out(mixed).transpose(1, 2).reshape(x.shape), weights


def _resnets(config: AutoencoderConfig, befores: list[int], after: int) -> nn.ModuleList:
    groups = config.norm_num_groups
    return nn.ModuleList(ResnetBlock(before, after, groups, EPS) for before in befores)
