"""Stage card: one prepared run for a machine with one large GPU and no network.

``pack`` puts code, pictures, text encoder and autoencoder into one small folder. There
``train`` trains the decoder and a fresh U-Net for some minutes, with batches many times as large,
and leaves their weights in pieces that travel well. ``collect`` makes them checkpoints of a run
here, to be measured and exported as ever. The other machine needs torch, transformers and numpy.
"""

import contextlib
import dataclasses
import functools
import itertools
import json
import lzma
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from core.errors import ExplainerError
from core.training import captions, latents, loop, text, unet, vae, vocabulary
from core.training.pictures import PICTURES, SIDE, WORDS, PictureBank
from core.training.run import (
    CENTRED,
    Run,
    describe_device,
    newest_reader,
    tell_centred,
    train_stage,
    trained_reader,
    trained_vae,
)
from core.training.scenes import COLOUR_NAMES

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("training", "nets", "ideas", "models", "words")  # of core, which the run imports from
PACKED_PICTURES, PACKED_TOKENIZER = "pictures.xz", "tokenizer.json.xz"
TOKEN_TABLE = "encoder.embeddings.token_embedding.weight"
OUT = "out"  # what comes back, in the run's folder
PIECE = 15_000_000  # bytes of one file that comes back, at most
DECODER_SHARE = 0.25  # of the time
TIMES = 16  # the batches of the U-Net are so many times as large, and so many fewer
LR = 1.6e-3
PACE_STEPS = 4  # to tell how long a step takes, after one that compiles


def pack(run: Run, folder: Path) -> None:
    """Write everything that ``train`` needs into ``folder``.

    Args:
        run: with the data stage's files, and checkpoints of the text encoder and autoencoder.
        folder: a new one.

    Raises:
        ExplainerError: the folder is there already.
    """
    if folder.exists():
        raise ExplainerError(f"{folder} is there already.", "Name a folder that is not.")
    bank = run.pictures()
    for file in _code():
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    data = folder / "runs" / "data"
    data.mkdir(parents=True)
    shutil.copyfile(run.folder / "data" / WORDS, data / WORDS)
    tokenizer = vocabulary.make_tokenizer(run.folder / "data") / "tokenizer.json"
    (data / PACKED_TOKENIZER).write_bytes(lzma.compress(tokenizer.read_bytes()))
    (data / PACKED_PICTURES).write_bytes(squeeze(bank.rgba.numpy()))
    reader = trained_reader(run, bank).state_dict()
    rows = spoken_ids(text.CaptionIds(run.folder / "data"), bank)
    words = {"rows": rows, "weight": reader.pop(TOKEN_TABLE)[rows].half()}
    loop.save_whole(words, data / "words.safetensors")
    _pack_stage(run, newest_reader(run), folder, "pairs", reader)
    autoencoder, scaling_factor = trained_vae(run)
    _pack_stage(run, "vae", folder, "vae", autoencoder.state_dict())
    steps = loop.checkpoint_step(run.folder / "vae")
    tell_centred(folder / "runs" / "vae", steps, scaling_factor)


def _pack_stage(run: Run, stage: str, folder: Path, name: str, state: Mapping[str, Tensor]) -> None:
    target = folder / "runs" / name
    target.mkdir()
    tensors = {f"model/{key}": value.half() for key, value in state.items()}
    loop.save_whole(
        tensors, target / loop.CHECKPOINT, step=loop.checkpoint_step(run.folder / stage)
    )


def _code() -> Iterator[Path]:
    core = ROOT / "core"
    yield from sorted(core.glob("*.py"))
    for part in PARTS:
        yield from sorted((core / part).rglob("*.py"))


def squeeze(pictures: NDArray[np.uint8]) -> bytes:
    """Compress pictures (n, C, H, W) without loss: each row as its difference from the one above.

    Premultiplied colours mostly follow the row above, and empty corners are zeros.
    """
    differences = np.diff(pictures, axis=2, prepend=np.uint8(0))
    return lzma.compress(differences.tobytes(), preset=6)


def expand(squeezed: bytes) -> NDArray[np.uint8]:
    """What :func:`squeeze` compressed."""
    differences = np.frombuffer(lzma.decompress(squeezed), np.uint8).reshape(-1, 4, SIDE, SIDE)
    return np.cumsum(differences, axis=2, dtype=np.uint8)


def spoken_ids(ids: text.CaptionIds, bank: PictureBank) -> Tensor:
    """Every token id that a training caption of the bank may have, rising, (k,)."""
    objects = bank.emoji[: bank.objects]
    names = [name for e in objects for name in (captions.spoken(e.label), *e.tags)]
    wordings = [
        *captions.WORDINGS,
        *captions.PLAIN_WORDINGS,
        *captions.TAILS,
        *captions.ANY_PAIR_WORDINGS,
        *itertools.chain(*captions.ARRANGED_WORDINGS.values()),
        *itertools.chain(*captions.PAIR_WORDINGS.values()),
    ]
    said = [captions.fill("{a}", name, "white") for name in names]
    said += [
        captions.fill(wording.replace("{b}", "an a"), "a", colour)
        for wording in wordings
        for colour in COLOUR_NAMES
    ]
    return ids(said).unique()


def unpack(run: Run) -> None:
    """Put what was packed where the stages look for it."""
    data = run.folder / "data"
    pictures = torch.from_numpy(expand((data / PACKED_PICTURES).read_bytes()))
    loop.save_whole({"rgba": pictures}, data / PICTURES)
    tokenizer = data / "tokenizer" / Path(PACKED_TOKENIZER).stem
    tokenizer.parent.mkdir(exist_ok=True)
    tokenizer.write_bytes(lzma.decompress((data / PACKED_TOKENIZER).read_bytes()))
    words = load_file(data / "words.safetensors")
    table = torch.zeros(text.CONFIG["vocab_size"], text.WIDTH)
    table[words["rows"]] = words["weight"].float()
    loop.save_whole({"weight": table}, vocabulary.embeddings_file(data, text.WIDTH))
    path = run.folder / "pairs" / loop.CHECKPOINT
    step = loop.saved_step(path)
    reader = load_file(path) | {f"model/{TOKEN_TABLE}": table}
    loop.save_whole(reader, path, step=step)


def train(run: Run, minutes: float) -> Path:
    """Train the decoder, then a fresh U-Net, and leave their weights and logs.

    Args:
        run: where the pack's data is; its number of steps, if it has one, goes before the time.
        minutes: for everything.

    Returns:
        The folder that is to come back.
    """
    deadline = time.monotonic() + 60 * minutes
    unpack(run)
    bank, device = run.pictures(), run.device
    autoencoder = vae.build_vae().to(device)
    loop.load_weights(run.folder / "vae", autoencoder, averaged=False)
    vae.freeze_encoder(autoencoder)
    batch_loss = vae.whole_loss(autoencoder.train(), bank, device, vae.BATCH)
    plan = dataclasses.replace(vae.WHOLE_PLAN, lr=vae.WHOLE_PLAN.lr / 2)
    _train_for(run, "whole", autoencoder, batch_loss, plan, DECODER_SHARE * 60 * minutes)

    encoder = latents.Encoder(*trained_vae(run), loop.checkpoint_step(run.folder / "vae"), device)
    weights = unet.object_weights(bank, unet.ARRANGED_WEIGHTS)
    singles = latents.single_latents(encoder, bank, run.folder / "unet")
    arranged = latents.arranged_latents(encoder, bank, weights, run.folder / "unet")
    paired = latents.paired_latents(encoder, bank, run.folder / "unet")
    if run.steps is None:
        for known in (singles.latents, arranged.latents, paired.latents):
            known.pick(torch.arange(len(known.known)))
    reader = trained_reader(run, bank, "pairs")
    ids = text.CaptionIds(run.folder / "data")
    lessons = unet.Lessons(bank, singles, arranged, paired, ids, reader, reader)
    torch.manual_seed(unet.PLAN.seed)
    model = unet.quicken(unet.build_unet()).to(device).train()
    if device.type == "cuda":
        model.compile()
    batch_loss = unet.unet_loss(model, lessons, device, TIMES if run.steps is None else 1)
    plan = dataclasses.replace(unet.PLAN, lr=LR, again=())
    _train_for(run, "unet", model, batch_loss, plan, deadline - time.monotonic() - 10)
    return _leave(run)


def _train_for(
    run: Run,
    stage: str,
    model: nn.Module,
    batch_loss: loop.BatchLoss,
    plan: loop.Plan,
    seconds: float,
) -> None:
    """Train a stage for some time: for as many steps as fit, told from the first few.

    Where later steps take longer than those, it ends with the first checkpoint after the time.
    """
    began = time.monotonic()
    if run.steps is None:
        pace = 0.0
        for step in range(PACE_STEPS + 1):
            before = time.monotonic()
            with loop.fast_precision(run.device):
                batch_loss(step, torch.Generator().manual_seed(step))["loss"].backward()
            model.zero_grad(set_to_none=True)
            if run.device.type == "cuda":
                torch.cuda.synchronize()
            pace += (time.monotonic() - before) / PACE_STEPS if step else 0.0
        left = seconds - (time.monotonic() - began)
        plan = dataclasses.replace(plan, steps=max(1, int(0.9 * left / pace)))
    plan = dataclasses.replace(plan, save_every=max(1, plan.steps // 20))

    def ends(step: int) -> None:
        if run.steps is None and time.monotonic() - began > seconds:
            raise _TimeIsUp

    with contextlib.suppress(_TimeIsUp):
        train_stage(run, stage, model, batch_loss, plan, saved=ends)


class _TimeIsUp(Exception):  # nothing went wrong
    """The time of a stage is over."""


def _leave(run: Run) -> Path:
    """Write the averaged weights in half precision, in pieces, with the logs beside them."""
    out = run.folder / OUT
    shutil.rmtree(out, ignore_errors=True)
    for stage, network in {"whole": vae.build_vae(), "unet": unet.build_unet()}.items():
        step = loop.load_weights(run.folder / stage, network, averaged=True)
        folder = out / stage
        folder.mkdir(parents=True)
        halves = {name: value.half() for name, value in network.state_dict().items()}
        for number, piece in enumerate(pieces(halves, PIECE)):
            loop.save_whole(piece, folder / f"{number:02d}.safetensors", step=step)
        shutil.copyfile(run.folder / stage / "log.csv", folder / "log.csv")
        (folder / "device.txt").write_text(describe_device(run.device) + "\n")
    tell_centred(out / "whole", loop.checkpoint_step(run.folder / "whole"), trained_vae(run)[1])
    return out


def pieces(tensors: Mapping[str, Tensor], most: int) -> Iterator[dict[str, Tensor]]:
    """Split tensors, in their order, into parts of at most ``most`` bytes; a larger one alone."""
    part: dict[str, Tensor] = {}
    held = 0
    for name, tensor in tensors.items():
        if part and held + tensor.nbytes > most:
            yield part
            part, held = {}, 0
        part[name] = tensor
        held += tensor.nbytes
    yield part


def collect(run: Run, out: Path) -> dict[str, int]:
    """Make what came back checkpoints of a run.

    Args:
        run: whose decoder and U-Net are replaced, with their logs.
        out: the folder that ``train`` left.

    Returns:
        How many steps each has behind it.

    Raises:
        ExplainerError: nothing came back there.
    """
    found: dict[str, int] = {}
    for stage in ("whole", "unet"):
        files = sorted((out / stage).glob("*.safetensors"))
        if not files:
            raise ExplainerError(f"There are no weights in {out / stage}.", "Name what came back.")
        tensors = functools.reduce(lambda all_, file: all_ | load_file(file), files, {})
        found[stage] = loop.saved_step(files[0])
        folder = run.folder / stage
        folder.mkdir(parents=True, exist_ok=True)
        whole = {f"model/{name}": value.float() for name, value in tensors.items()}
        loop.save_whole(whole, folder / loop.CHECKPOINT, step=found[stage])
        for name in ("log.csv", "device.txt"):
            shutil.copyfile(out / stage / name, folder / name)
    shutil.copyfile(out / "whole" / CENTRED, run.folder / "whole" / CENTRED)
    print(json.dumps(found))
    return found
