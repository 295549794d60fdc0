"""What readability costs: our U-Net's time for one call beside diffusers', in one run.

    python -m benchmarks.nets [--repeats 9] [--threads 1] [--device cpu] [--short]

Prints one JSON object: for each config the two medians in milliseconds, their ratio (1 is equal,
above 1 ours is slower) and the largest difference between the two answers.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from benchmarks._measuring import Arguments, use_threads
from core.models.catalog import builtin_folder
from core.nets.config import UNetConfig
from core.nets.unet import UNet

Config = dict[str, Any]  # Any: a config.json


def configs() -> dict[str, tuple[Config, int]]:
    """Name -> config and latent side: the built-in model, and SD 1.5 at half its width."""
    builtin = json.loads((builtin_folder() / "unet" / "config.json").read_text(encoding="utf-8"))
    sd15 = {
        "attention_head_dim": 8,
        "block_out_channels": [160, 320, 640, 640],
        "cross_attention_dim": 768,
        "sample_size": 32,
    }
    return {
        "built-in": (builtin, builtin["sample_size"]),
        "SD 1.5, half its width, 256 pixels": (sd15, sd15["sample_size"]),
    }


def milliseconds(call: Callable[[], Tensor]) -> float:
    """Time one call, on a graphics card until it has really finished."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
    started = time.perf_counter()
    call()
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
    return 1000 * (time.perf_counter() - started)


@torch.inference_mode()
def compare(config: Config, side: int, device: str, repeats: int) -> dict[str, float]:
    """Ask both networks, with the same random weights, the same question by turns."""
    torch.manual_seed(0)
    settings = {name: value for name, value in config.items() if not name.startswith("_")}
    with torch.device(device):
        theirs = UNet2DConditionModel(**settings).eval()
        ours = UNet(UNetConfig.from_config(config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    # one guided step: the unconditional and the conditional half
    xt = torch.randn(2, theirs.config["in_channels"], side, side, device=device)
    text = torch.randn(2, 77, theirs.config["cross_attention_dim"], device=device)
    t = torch.tensor([500, 500], device=device)

    calls = (lambda: ours(xt, t, text)), (lambda: theirs(xt, t, text).sample)
    apart = (calls[0]() - calls[1]()).abs().max().item()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats):
        for which in (0, 1) if turn % 2 else (1, 0):  # neither always goes first
            times[which].append(milliseconds(calls[which]))
    our_ms, their_ms = (statistics.median(each) for each in times)
    return {
        "ours_ms": round(our_ms, 2),
        "diffusers_ms": round(their_ms, 2),
        "ratio": round(our_ms / their_ms, 3),
        "largest_difference": apart,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure every config and print what was found."""
    parser = Arguments(__doc__)
    parser.add_count("repeats", 9, 1)
    parser.add_count("configs", 2, 1, "networks: the built-in model's, and a larger one")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves torch's own choice")
    parser.add_argument("--device", default="cpu")
    options = parser.read(argv)
    threads = use_threads(options.threads)
    results = {
        name: compare(config, side, options.device, options.repeats)
        for name, (config, side) in list(configs().items())[: options.configs]
    }
    about = {"device": options.device, "threads": threads, "torch": torch.__version__}
    print(json.dumps({**about, "repeats": options.repeats, "unet": results}, indent=2))


if __name__ == "__main__":
    main()
