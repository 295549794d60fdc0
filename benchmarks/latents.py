"""Figures of the latents page: the VAE's times and quality, bad uploads, and the lab.

    python -m benchmarks.latents [--model ID] [--lab] [--short]

Prints one JSON object.
"""

import io
import json
import resource
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from benchmarks._measuring import Arguments
from core.errors import ExplainerError
from core.labs.autoencoder_settings import STEPS, LabSettings
from core.models.gallery import gallery, open_picture
from core.models.uploads import fit, read_upload


def measure_vae(model: str, count: int) -> dict[str, object]:
    """Time encoding and decoding, and measure what comes back over the gallery."""
    import torch

    from core.ideas.latent_surgery import measure_scaling_factor
    from core.ideas.picture_likeness import psnr, ssim
    from core.models.latents import (
        decode_latents,
        encode_posterior,
        fit_color_map,
        picture_tensor,
        preview,
        to_unit_scale,
    )
    from core.models.loading import load_checkpoint

    checkpoint = load_checkpoint(model)
    size = checkpoint.width, checkpoint.height
    color_map = fit_color_map(checkpoint)
    times: dict[str, list[float]] = {"encode": [], "decode": [], "preview": []}
    decibels, alike, raw = [], [], []
    for picture in gallery()[:count]:
        pixels = fit(open_picture(picture.name), *size)
        started = time.perf_counter()
        found = encode_posterior(checkpoint, picture_tensor(pixels.tobytes(), *size))
        times["encode"].append(time.perf_counter() - started)
        latents = to_unit_scale(checkpoint, found.mean)
        started = time.perf_counter()
        back = decode_latents(checkpoint, latents)[0].numpy()
        times["decode"].append(time.perf_counter() - started)
        started = time.perf_counter()
        preview(latents, color_map)
        times["preview"].append(time.perf_counter() - started)
        decibels.append(psnr(np.asarray(pixels), back))
        alike.append(ssim(np.asarray(pixels), back))
        raw.append(found.sample(torch.Generator().manual_seed(0)).cpu().numpy())
    return {
        **{f"{name}_ms": round(1000 * float(np.median(some)), 3) for name, some in times.items()},
        "psnr_db": [round(float(np.min(decibels)), 2), round(float(np.max(decibels)), 2)],
        "ssim": [round(float(np.min(alike)), 4), round(float(np.max(alike)), 4)],
        "scaling_factor_measured": round(measure_scaling_factor(np.concatenate(raw)), 5),
        "scaling_factor_config": checkpoint.scaling_factor,
    }


def measure_uploads(side: int) -> dict[str, object]:
    """Time the largest pictures that are taken, and the memory that they need on top."""
    before = _most_memory()
    seconds = {}
    for mode, kind in (("RGB", "JPEG"), ("RGBA", "PNG"), ("I;16", "PNG"), ("RGBA", "WEBP")):
        written = io.BytesIO()
        Image.new(mode, (side, side)).save(written, kind)
        started = time.process_time()
        try:
            read_upload(written.getvalue())
        except ExplainerError as error:
            raise SystemExit(f"{mode} {kind}: {error}") from error
        seconds[f"{mode} {kind}"] = round(time.process_time() - started, 2)
    return {
        "processor_seconds": seconds,
        "memory_mb_with_making": round(_most_memory() - before),
    }


def measure_lab(steps: int) -> dict[str, object]:
    """Train once as the page does, in a process of its own."""
    from core.labs.bench import Bench

    bench = Bench()
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    training = bench.join(LabSettings(steps=steps))
    while not training.ended:
        training.wait(len(training.events), 1.0)
    last = [event for event in training.events if event["kind"] == "step"][-1]
    return {
        "state": training.state,
        "steps": last["step"],
        "wall_s_with_start": round(time.perf_counter() - started, 1),
        "wall_s_training": round(last["seconds"], 1),
        "processor_s": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 1),
        "plain_error": round(last["plain"], 5),
        "variational_error": round(last["variational"], 5),
        "kl_nats": round(last["kl"], 3),
        "told_bytes": sum(len(json.dumps(event)) for event in training.events),
    }


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = Arguments(__doc__)
    parser.add_count("pictures", len(gallery()), 2, "pictures of the gallery")
    parser.add_count("side", 4000, 400, "pixels of an upload's side")
    parser.add_count("steps", STEPS, 2, "of the lab's training")
    parser.add_argument("--model", default="emoji128")
    parser.add_argument("--lab", action="store_true", help="train the lab as well")
    options = parser.read(argv)
    told = {
        "uploads": measure_uploads(options.side),
        "vae": measure_vae(options.model, options.pictures),
    }
    if options.lab:
        told["lab"] = measure_lab(options.steps)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
