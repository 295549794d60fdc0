"""Turn a picture into latents and back, with the numbers of both."""

import argparse
from pathlib import Path
from typing import Any

from core.words import tr

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the picture and how it is encoded."""
    from core.commands.arguments import add_model, whole

    parser.add_argument("--image", required=True, type=Path, metavar="F", help="PNG, JPEG or WebP")
    parser.add_argument(
        "--seed", type=whole, metavar="S", help="take a sample of the posterior (default: its mean)"
    )
    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Check the picture before the model is loaded, encode and decode it, write the files."""
    from core.commands.arguments import find_model, load_model, need_folder
    from core.engine.request import MAX_SEED
    from core.ideas.checks import check_whole
    from core.models.uploads import fit, read_picture, say_fit

    find_model(arguments.model)
    seed = None if arguments.seed is None else check_whole(arguments.seed, tr("seed"), 0, MAX_SEED)
    upload = read_picture(arguments.image)
    out = need_folder(arguments.out)

    import torch
    from PIL import Image
    from safetensors.torch import save_file

    from core.ideas.picture_likeness import psnr, ssim
    from core.lessons.latents.hero_data import LIMIT, error_picture
    from core.models.latents import (
        decode_latents,
        encode_posterior,
        picture_tensor,
        to_unit_scale,
    )
    from core.views.pictures import channels_picture, pixels_of

    checkpoint = load_model(arguments.model)
    width, height = checkpoint.width, checkpoint.height
    pixels = fit(upload.picture, width, height).tobytes()
    found = encode_posterior(checkpoint, picture_tensor(pixels, width, height))
    mean, std = to_unit_scale(checkpoint, found.mean), found.std * checkpoint.scaling_factor
    latents = mean
    if seed is not None:
        latents = to_unit_scale(checkpoint, found.sample(torch.Generator().manual_seed(seed)))
    before, back = pixels_of(pixels, width, height), decode_latents(checkpoint, latents)[0].numpy()
    files = {"latents": out / "latents.safetensors"}
    kept = {"latents": latents, "mean": mean, "std": std}  # the file takes no two of one memory
    save_file({name: one[0].cpu().clone() for name, one in kept.items()}, files["latents"])
    pictures = {
        "picture": before,
        "reconstruction": back,
        "error": error_picture(before, back),
        **{
            f"channel_{index + 1}": channels_picture(channel[None], LIMIT)
            for index, channel in enumerate(latents[0].cpu().numpy())
        },
    }
    for name, picture in pictures.items():
        files[name] = out / f"{name}.png"
        Image.fromarray(picture).save(files[name])
    notes = [
        note
        for note in (*upload.notes, say_fit(upload, width, height), checkpoint.size_note)
        if note
    ]
    return {
        "files": {name: str(path) for name, path in files.items()},
        "fingerprint": checkpoint.fingerprint,
        "notes": notes,
        "seed": seed,
        "numbers_in": before.size,
        "numbers_out": latents.numel(),
        "shape": list(latents.shape[1:]),
        "channel_mean": [round(float(channel.mean()), 5) for channel in latents[0]],
        "channel_std": [round(float(channel.std()), 5) for channel in latents[0]],
        "kl_nats": round(float(found.kl().sum()), 3),
        "psnr": None if psnr(before, back) == float("inf") else round(psnr(before, back), 3),
        "ssim": round(ssim(before, back), 5),
    }
