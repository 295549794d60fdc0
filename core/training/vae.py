"""Stage VAE: a KL autoencoder that turns 128 x 128 pictures into 16 x 16 x 4 latents."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.nets.autoencoder import Autoencoder
from core.nets.config import AutoencoderConfig
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, COLOUR_NAMES, LOOSE, compose

PLAN = Plan(steps=2800, lr=1e-3, warmup=50, ema=0.995, seed=1, save_every=100)
DECODER_PLAN = Plan(steps=1300, lr=6e-4, warmup=50, ema=0.995, seed=6, save_every=100)
WHOLE_PLAN = Plan(steps=5_000, lr=8e-4, warmup=50, ema=0.995, seed=16, save_every=100)
BATCH = 32
CROP = 64
WHOLE_BATCH = 8  # as many pixels as the crops have
KL_WEIGHT = 1e-3
FAINT = 1e-5  # squared error that counts as hardly any: one part in 600 of the range


# Written as the checkpoint's own config.json, and read from it, as every other checkpoint's is.
CONFIG = {
    "_class_name": "AutoencoderKL",
    "_diffusers_version": "0.42.1",
    "act_fn": "silu",
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [24, 48, 96, 128],
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "mid_block_add_attention": False,
    "sample_size": 128,
}


def build_vae() -> Autoencoder:
    """A fresh autoencoder: f = 8, 4 channels, about 3.1 million parameters."""
    return Autoencoder(AutoencoderConfig.from_config(CONFIG))


def vae_loss(vae: Autoencoder, bank: PictureBank, device: torch.device) -> BatchLoss:
    """The loss of one step: crops of fresh scenes through the autoencoder and back."""
    rows = bank.rows(held_out=False, objects_only=False)

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        scenes = random_scenes(bank, rows, BATCH, generator)
        crops = random_crops(scenes, CROP, generator).to(device)
        posterior = vae.encode(crops)
        decoded = vae.decode(posterior.sample(generator)).float()
        pixel = (decoded - crops).abs().mean()
        edge = edge_distance(decoded, crops)
        coarse = (F.avg_pool2d(decoded, 4) - F.avg_pool2d(crops, 4)).abs().mean()
        kl = posterior.kl().float().mean()
        loss = pixel + edge + coarse + KL_WEIGHT * kl
        psnr = 10 * torch.log10(4 / F.mse_loss(decoded, crops))
        return {"loss": loss, "pixel": pixel, "edge": edge, "kl": kl, "psnr": psnr}

    return batch_loss


def whole_loss(
    vae: Autoencoder, bank: PictureBank, device: torch.device, count: int = WHOLE_BATCH
) -> BatchLoss:
    """The loss of one step of the decoder alone, from whole scenes.

    A crop's groups of channels have other means and deviations than a whole picture's, so what was
    learned from crops alone is off where pictures are decoded. Beside pixels and edges counts what
    PSNR does, of every scene: the order of magnitude of its squared error, 0 where that is none.

    Args:
        vae: its decoder learns, its encoder is frozen.
        bank: the pictures.
        device: of ``vae``.
        count: scenes in a step.
    """
    rows = bank.rows(held_out=False, objects_only=False)

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        scenes = random_scenes(bank, rows, count, generator).to(device)
        decoded = vae.decode(vae.encode(scenes).sample(generator)).float()
        pixel = (decoded - scenes).abs().mean()
        edge = edge_distance(decoded, scenes)
        squares = ((decoded - scenes) ** 2).mean((1, 2, 3))  # (B,)
        order = torch.log10(1 + squares / FAINT).mean()
        psnr = 10 * torch.log10(4 / squares.detach()).mean()
        return {"loss": pixel + edge + order, "pixel": pixel, "edge": edge, "psnr": psnr}

    return batch_loss


def random_scenes(
    bank: PictureBank, rows: Tensor, count: int, generator: torch.Generator
) -> Tensor:
    """Half well-centred, half loosely placed scenes, (count, 3, 128, 128), in [-1, 1]."""
    picked = rows[torch.randint(len(rows), (count,), generator=generator)]
    colours = torch.randint(len(COLOUR_NAMES), (count,), generator=generator)
    half = count // 2
    return torch.cat(
        [
            compose(bank, picked[:half], colours[:half], CENTRED, generator),
            compose(bank, picked[half:], colours[half:], LOOSE, generator),
        ]
    )


def random_crops(scenes: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """One square window of each scene, (B, 3, side, side), at a random place."""
    room = scenes.shape[-1] - side + 1
    corners = torch.randint(room, (len(scenes), 2), generator=generator).tolist()
    windows = [s[:, y : y + side, x : x + side] for s, (y, x) in zip(scenes, corners, strict=True)]
    return torch.stack(windows)


def edge_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of the two pictures' horizontal and vertical gradients."""
    across = (a.diff(dim=-1) - b.diff(dim=-1)).abs().mean()
    down = (a.diff(dim=-2) - b.diff(dim=-2)).abs().mean()
    return across + down


@torch.no_grad()
def measure_latents(
    vae: Autoencoder, bank: PictureBank, device: torch.device, count: int = 512
) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each latent channel over fresh scenes, both (4,), float32."""
    generator = torch.Generator().manual_seed(7)
    rows = bank.rows(held_out=False, objects_only=True)
    latents = []
    for _ in range(count // 32):
        scenes = random_scenes(bank, rows, 32, generator).to(device)
        latents.append(vae.encode(scenes).mean.float().cpu())
    values = torch.cat(latents).permute(1, 0, 2, 3).flatten(1)  # (4, n)
    return values.mean(1), values.std(1)


@torch.no_grad()
def fold_normalisation(vae: Autoencoder, mean: Tensor, std: Tensor) -> float:
    """Centre the latents and give all channels one deviation, by changing the 1 x 1 convolutions.

    ``quant_conv`` gives (mean, log variance): its mean half becomes (m - mean) / s and its log
    variance loses 2 log s, where s is each channel's deviation over the average one.
    ``post_quant_conv`` undoes both before the decoder.

    Returns:
        What is left, one number for all channels: the ``scaling_factor`` of the config, which is
        1 / deviation, as in Stable Diffusion.
    """
    quant, post = vae.quant_conv, vae.post_quant_conv
    if not (isinstance(quant, nn.Conv2d) and isinstance(post, nn.Conv2d)):
        raise ValueError("quant_conv and post_quant_conv are missing, expected 1 x 1 convolutions")
    channels, common = len(mean), float(std.mean())
    relative = std / common
    scale = torch.cat([1 / relative, torch.ones_like(relative)])
    offset = torch.cat([mean / relative, 2 * relative.log()])
    quant.weight.mul_(scale.view(-1, 1, 1, 1))
    _bias(quant).mul_(scale).sub_(offset)
    _bias(post).add_((post.weight[:, :, 0, 0] * mean).sum(1))
    post.weight.mul_(relative.view(1, channels, 1, 1))
    return round(1 / common, 5)


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias


def freeze_encoder(vae: Autoencoder) -> None:
    """Leave only the way back from the latents to be trained.

    What the U-Net learns from are the latents; the decoder may get better after they are settled.
    """
    for part in (vae.encoder, vae.quant_conv):
        part.requires_grad_(False)
