"""Go on from the weights that ship: they become checkpoints of a run whose own are gone.

What does not ship begins anew: the optimizer's state, the text encoder's heads, the image tower and
the judge.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from core.errors import ExplainerError
from core.models.manifest import read_weights
from core.nets.autoencoder import Autoencoder
from core.nets.clip_text import without_prefix
from core.nets.config import AutoencoderConfig
from core.nets.unet import UNet
from core.training import loop, text, unet, vocabulary
from core.training.card import DEVICES
from core.training.export import MILESTONES
from core.training.history import LOGS, REPORT, read_report
from core.training.run import tell_centred

EMBEDDINGS = "text_model.embeddings.token_embedding.weight"
SHIPPED = ("vae", "decoder", "whole", "text", "pairs", "unet")  # stages that ship as weights


def restore(model: Path, runs: Path, objects: int) -> dict[str, int]:
    """Write the checkpoints and logs of the stages whose weights ship.

    Args:
        model: a folder that ``export`` wrote.
        runs: the run's folder, with the data stage's files.
        objects: how many objects the pictures show, for the text encoder's heads.

    Returns:
        How many steps each stage has behind it.

    Raises:
        ExplainerError: the run has checkpoints of its own, which this would overwrite, or the
            folder lacks what tells of a stage; nothing is written then.
    """
    own = [stage for stage in SHIPPED if loop.checkpoint_step(runs / stage)]
    if own:
        raise ExplainerError(
            f"This run has checkpoints of its own: {', '.join(own)}.",
            "Name another folder with --runs, or go on from what is there.",
        )
    trained: dict[str, int] = json.loads((model / REPORT).read_text())["trained_steps"]
    devices: dict[str, str] = json.loads((model / LOGS / DEVICES).read_text())
    logs = {stage: model / LOGS / f"{stage}.csv" for stage in SHIPPED}
    untold = [s for s in SHIPPED if s not in trained or s not in devices or not logs[s].exists()]
    if untold:
        raise ExplainerError(
            f"The model tells nothing of how it was trained in: {', '.join(untold)}.",
            "Take a model that this version of the project exported, or train from the start.",
        )
    networks = shipped_networks(model, objects)
    for stage, network in {
        "vae": networks.autoencoder,
        "decoder": networks.autoencoder,
        "whole": networks.autoencoder,
        "text": networks.reader,
        "pairs": networks.reader,
        "unet": networks.unet,
    }.items():
        folder = runs / stage
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"model/{name}": value for name, value in network.state_dict().items()}
        loop.save_whole(tensors, folder / loop.CHECKPOINT, step=trained[stage])
        shutil.copyfile(logs[stage], folder / "log.csv")
        (folder / "device.txt").write_text(f"{devices[stage]}\n")
    config = json.loads((model / "vae" / "config.json").read_text())
    tell_centred(runs / "vae", trained["vae"], config["scaling_factor"])
    drawn = model / LOGS / MILESTONES
    if drawn.exists():
        shutil.copytree(drawn, runs / "unet" / MILESTONES)
    table = read_weights(model, "text_encoder/model.safetensors")[EMBEDDINGS]
    loop.save_whole({"weight": table}, vocabulary.embeddings_file(runs / "data", text.WIDTH))
    shutil.copytree(model / "tokenizer", runs / "data" / "tokenizer", dirs_exist_ok=True)
    return {stage: trained[stage] for stage in SHIPPED}


def restore_stage(network: nn.Module, shipped: Path, target: Path) -> int:
    """Make a network that ships in a folder of its own the checkpoint of its stage.

    Args:
        network: holds the weights that ship.
        shipped: its folder in the project, with what was measured and its log.
        target: the stage's folder in the run.

    Returns:
        How many steps it has behind it.

    Raises:
        ExplainerError: the run has a checkpoint of this stage.
    """
    if loop.checkpoint_step(target):
        raise ExplainerError(
            f"This run has a checkpoint of its own: {target.name}.",
            "Name another folder with --runs, or go on from what is there.",
        )
    steps = read_report(shipped)["trained_steps"]
    target.mkdir(parents=True, exist_ok=True)
    tensors = {f"model/{name}": x.contiguous() for name, x in network.state_dict().items()}
    loop.save_whole(tensors, target / loop.CHECKPOINT, step=steps)
    shutil.copyfile(shipped / "training.csv", target / "log.csv")
    return steps


@dataclass(frozen=True, slots=True)
class Shipped:
    """The networks whose weights ship; of the reader the heads are fresh."""

    autoencoder: Autoencoder
    reader: text.TextReader
    unet: UNet


def shipped_networks(model: Path, objects: int) -> Shipped:
    """Load the weights that ship.

    Args:
        model: a folder that ``export`` wrote.
        objects: how many objects the pictures show, for the text encoder's heads.
    """
    config = json.loads((model / "vae" / "config.json").read_text())
    autoencoder = Autoencoder(AutoencoderConfig.from_config(config))
    autoencoder.load_state_dict(read_weights(model, "vae/diffusion_pytorch_model.safetensors"))
    network = unet.build_unet()
    network.load_state_dict(read_weights(model, "unet/diffusion_pytorch_model.safetensors"))
    encoder = text.build_text_encoder(torch.zeros(text.CONFIG["vocab_size"], text.WIDTH))
    encoder.load_state_dict(without_prefix(read_weights(model, "text_encoder/model.safetensors")))
    return Shipped(autoencoder, text.TextReader(encoder, objects), network)
