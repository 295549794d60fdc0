"""Noise a picture to one timestep, on its pixels and on its latents."""

import argparse
from pathlib import Path
from typing import Any

from core.words import tr

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the picture, the timestep, the seed and the model."""
    from core.commands.arguments import add_model, whole

    parser.add_argument("--image", type=Path, required=True, metavar="F", help="PNG, JPEG or WebP")
    parser.add_argument("--t", type=whole, required=True, metavar="T", help="timestep, 0 to 999")
    parser.add_argument("--seed", type=whole, default=0, metavar="S", help="default 0")
    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Write both pictures and the noisy latents, and return the numbers of the timestep."""
    from core.commands.arguments import find_model, load_model, need_folder
    from core.engine.request import MAX_SEED
    from core.ideas.checks import check_whole
    from core.ideas.schedule_config import read_alpha_bar
    from core.models.config_files import read_config
    from core.models.folders import find_checkpoint
    from core.models.uploads import fit, read_picture, say_fit

    seed = check_whole(arguments.seed, tr("seed"), 0, MAX_SEED)
    model = find_checkpoint(find_model(arguments.model).id)[1]
    schedule = read_alpha_bar(read_config(model, "scheduler"))
    t = check_whole(arguments.t, tr("timestep"), 0, len(schedule) - 1)
    upload = read_picture(arguments.image)
    folder = need_folder(arguments.out)

    import numpy as np
    import torch
    from PIL import Image
    from safetensors.torch import save_file

    from core.ideas.forward import add_noise, weigh_signal_and_noise
    from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
    from core.lessons.noising.hero_data import jump
    from core.models import latents as vae

    checkpoint = load_model(arguments.model)
    level = float(schedule[t])
    picture = fit(upload.picture, checkpoint.width, checkpoint.height)
    said = say_fit(upload, checkpoint.width, checkpoint.height)
    pixels = vae.picture_tensor(picture.tobytes(), *picture.size)
    clean = vae.to_unit_scale(checkpoint, vae.encode_posterior(checkpoint, pixels).mean).cpu()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    noisy = add_noise(clean.float(), noise, level)
    decoded = vae.decode_latents(checkpoint, noisy)[0].numpy()
    files = {
        "pixels": folder / "noised_pixels.png",
        "latents": folder / "noised_latents.png",
        "tensors": folder / "noised.safetensors",
    }
    Image.fromarray(jump(np.asarray(picture), level, seed)).save(files["pixels"])
    Image.fromarray(decoded).save(files["latents"])
    save_file({"x0": clean.float(), "noise": noise, "xt": noisy}, files["tensors"])
    signal, share = weigh_signal_and_noise(level)
    return {
        "t": t,
        "seed": seed,
        "alpha_bar": level,
        "signal_weight": signal,
        "noise_weight": share,
        "snr_db": float(snr_db_from_alpha_bar(level)),
        "sigma": float(sigma_from_alpha_bar(level)),
        "notes": [note for note in (*upload.notes, said) if note],
        "files": {name: str(path) for name, path in files.items()},
    }
