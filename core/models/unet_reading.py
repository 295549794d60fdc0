"""The readable U-Net with a checkpoint's weights, and what it puts out box by box."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakKeyDictionary, WeakSet

import torch
from torch import Tensor, nn

from core.models.latents import fed
from core.models.loading import Checkpoint
from core.models.lora_fitted import wearing
from core.models.loras import Chosen
from core.models.unet_seen import BoxSeen, Half
from core.nets.attention import Attention, attend, attend_by_rows
from core.nets.config import UNetConfig
from core.nets.unet import NOTHING, Ablation, UNet
from core.nets.watching import Keep, Seen, watch

PICKED = 8  # channels kept of each feature map
COMPONENTS = 3  # as many as a picture has colours
HALF_END = 65504.0  # the largest float16

_readable: WeakKeyDictionary[nn.Module, UNet] = WeakKeyDictionary()
_warm: WeakSet[UNet] = WeakSet()


def readable_unet(checkpoint: Checkpoint) -> UNet:
    """Put a checkpoint's weights into our own U-Net; the weights are shared, not copied.

    Args:
        checkpoint: its U-Net is used. Our copy is made once and goes when the checkpoint goes.

    Raises:
        ExplainerError: the U-Net is of another family.
    """
    theirs: nn.Module = checkpoint.unet
    if theirs not in _readable:
        with torch.device("meta"):
            ours = UNet(UNetConfig.from_config(dict(checkpoint.unet.config)))
        ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
        for part in ours.modules():
            if isinstance(part, Attention):
                part.attend = attend_by_rows
        _readable[theirs] = ours.eval().requires_grad_(False)
    return _readable[theirs]


def warmed(unet: UNet) -> bool:
    """Whether this was asked about a network before: its first call is slower than all others.

    Args:
        unet: from ``readable_unet``.
    """
    before = unet in _warm
    _warm.add(unet)
    return before


@torch.inference_mode()
def ask_readable(
    checkpoint: Checkpoint,
    latents: Tensor,
    t: float,
    states: Tensor,
    off: Ablation = NOTHING,
    parts: Mapping[str, Keep] | None = None,
    loras: tuple[Chosen, ...] = (),
) -> tuple[Tensor, dict[str, Seen], float]:
    """Ask our own U-Net about one latent, once for each text state.

    Args:
        checkpoint: whose weights answer.
        latents: (1, C, H, W), as the scheduler hands them on.
        t: the timestep it is told.
        states: text states, (B, L, D).
        off: what to leave out.
        parts: what to keep of which part's output, see ``watch``.
        loras: what it answers with.

    Returns:
        The answers, (B, C, H, W) float32 on the CPU; what was kept; seconds of the whole call.
    """
    unet, device, dtype = readable_unet(checkpoint), checkpoint.device, checkpoint.dtype
    xt = fed(checkpoint, latents.to(device, dtype)).expand(len(states), -1, -1, -1)
    times = torch.tensor([t], dtype=torch.float32, device=device)
    worn = wearing(checkpoint, unet, "unet", [loras])
    with worn, watch(unet, parts or {}) as seen, _weights_kept(unet, parts or {}):
        started = time.perf_counter()
        output = unet(xt, times, states.to(device, dtype), off).to("cpu", torch.float32)
        return output, seen, time.perf_counter() - started


@contextmanager
def _weights_kept(unet: UNet, parts: Collection[str]) -> Iterator[None]:
    """Have the attentions that are watched write out all their weights, and no others."""
    modules = dict(unet.named_modules())
    asked = [part for name in parts if isinstance(part := modules.get(name), Attention)]
    for part in asked:
        part.attend = attend
    try:
        yield
    finally:
        for part in asked:
            part.attend = attend_by_rows


@torch.inference_mode()
def summarise(output: Tensor, seconds: float) -> BoxSeen:
    """Keep of a box's output what can be shown.

    Args:
        output: (1, C, H, W), or a vector (1, D).
        seconds: it took.
    """
    x = output[0].float().cpu()
    about = {
        "seconds": seconds,
        "shape": tuple(x.shape),
        "mean": float(x.mean()),
        "std": float(x.std(correction=0)),
        "low": float(x.min()),
        "high": float(x.max()),
        "negative": float((x < 0).float().mean()),
    }
    if x.ndim == 1:
        return BoxSeen(**about, picked=(), channels=_half(x[None, None]))  # type: ignore[arg-type]  # each value is of its field's type
    spread = x.flatten(1).std(dim=1, correction=0)
    picked = spread.argsort(descending=True)[:PICKED]
    components, shares = principal_components(x)
    return BoxSeen(
        **about,  # type: ignore[arg-type]  # as above
        picked=tuple(picked.tolist()),
        channels=_half(x[picked]),
        components=_half(components),
        shares=tuple(shares.tolist()),
    )


def principal_components(x: Tensor, count: int = COMPONENTS) -> tuple[Tensor, Tensor]:
    """Turn a feature map so that its first axes are those along which positions differ most.

    Args:
        x: a feature map, (C, H, W).
        count: components wanted.

    Returns:
        The map along each component, (count, H, W), zeros where there are fewer; and each one's
        share of the variance, (count,). The position farthest from 0 is positive.
    """
    rows = x.flatten(1).T.double()  # (C, H, W) -> (N, C)
    rows = rows - rows.mean(dim=0)
    wide = rows.shape[1] > rows.shape[0]  # the smaller of the two products has the same spectrum
    values, vectors = torch.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    values, vectors = values.flip(0)[:count].clamp(min=0), vectors.flip(1)[:, :count]
    along = vectors * values.sqrt() if wide else rows @ vectors  # (N, count)
    farthest = along.gather(0, along.abs().argmax(dim=0, keepdim=True))
    along = along * torch.where(farthest < 0, -1.0, 1.0)
    whole = rows.square().sum().clamp(min=1e-30)
    found = torch.zeros(count, rows.shape[0], dtype=rows.dtype)
    found[: along.shape[1]] = along.T
    shares = torch.zeros(count, dtype=rows.dtype)
    shares[: len(values)] = values / whole
    return found.unflatten(1, x.shape[1:]).float(), shares.float()


def _half(x: Tensor) -> Half:
    return x.clamp(-HALF_END, HALF_END).half().numpy()
