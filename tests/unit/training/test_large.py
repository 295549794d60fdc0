"""The run for one large GPU: packed small, whole in itself, and taken back as checkpoints."""

import functools
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import ExplainerError
from core.training import large, loop, text, unet, vae
from core.training.arranged import draw_arranged
from core.training.captions import CaptionWriter
from core.training.pictures import PICTURES, WORDS, PictureBank
from core.training.run import Run, trained_reader, trained_vae

CPU = torch.device("cpu")


@pytest.fixture
def run(
    bank: PictureBank, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A run with what is packed: pictures, a text encoder, an autoencoder."""
    (data_folder / WORDS).write_text(json.dumps([asdict(entry) for entry in bank.emoji]))
    save_file({"rgba": bank.rgba}, data_folder / PICTURES)
    torch.manual_seed(0)
    embeddings = torch.randn(49_408, text.WIDTH) * 0.04
    save_file({"weight": embeddings}, data_folder / f"embeddings-{text.WIDTH}.safetensors")
    reader = text.TextReader(text.build_text_encoder(embeddings), bank.objects)
    for stage, network in {"pairs": reader, "vae": vae.build_vae()}.items():
        (tmp_path / stage).mkdir()
        weights = {f"model/{name}": value for name, value in network.state_dict().items()}
        loop.save_whole(weights, tmp_path / stage / loop.CHECKPOINT, step=3)
    monkeypatch.setattr(vae, "measure_latents", functools.partial(vae.measure_latents, count=32))
    return Run(tmp_path, CPU)


def test_pictures_are_squeezed_without_loss(bank: PictureBank) -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(256, (1, 4, 128, 128), dtype=torch.uint8, generator=generator)
    pictures = torch.cat([bank.rgba, noise]).numpy()
    squeezed = large.squeeze(pictures)
    assert np.array_equal(large.expand(squeezed), pictures)
    assert len(large.squeeze(bank.rgba.numpy())) < 0.02 * bank.rgba.nbytes


def test_every_word_of_a_training_caption_is_packed(bank: PictureBank, data_folder: Path) -> None:
    ids = text.CaptionIds(data_folder)
    packed = set(large.spoken_ids(ids, bank).tolist())
    writer, chance = CaptionWriter(bank), random.Random(0)
    alike = [1.0] * bank.objects
    said = [writer.write(chance.randrange(bank.objects), chance).text for _ in range(600)]
    said += [writer.describe(draw_arranged(bank, alike, chance), chance).text for _ in range(600)]
    assert set(ids([*said, ""]).unique().tolist()) <= packed
    assert len(packed) < 200


def test_weights_come_back_in_pieces() -> None:
    tensors = {"a": torch.zeros(4), "b": torch.zeros(3), "c": torch.zeros(9), "d": torch.zeros(1)}
    assert [list(piece) for piece in large.pieces(tensors, 28)] == [["a", "b"], ["c"], ["d"]]


def test_a_packed_run_trains_by_itself_and_is_taken_back(
    run: Run, bank: PictureBank, tmp_path: Path
) -> None:
    folder = tmp_path / "pack"
    large.pack(run, folder)
    with pytest.raises(ExplainerError, match="is there already"):
        large.pack(run, folder)
    # As on the other machine: from the folder alone, without what that lacks.
    missing = "import sys; sys.modules |= dict.fromkeys(('diffusers', 'PIL', 'streamlit'));"
    small = "import functools; from core.training import unet, vae; unet.BATCH = vae.BATCH = 2;"
    small += "vae.measure_latents = functools.partial(vae.measure_latents, count=32);"
    go = "from core.training.__main__ import main; sys.exit(main(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", missing + small + go, "card", "--runs", "runs", "--steps", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    packed = Run(folder / "runs", CPU)
    rows = large.spoken_ids(text.CaptionIds(run.folder / "data"), bank)
    mine, theirs = (
        trained_reader(each, bank, "pairs").encoder.embeddings.token_embedding.weight[rows]
        for each in (run, packed)
    )
    torch.testing.assert_close(theirs, mine, atol=1e-3, rtol=1e-3)

    assert large.collect(run, folder / "runs" / large.OUT) == {"whole": 1, "unet": 1}
    for stage, network in {"whole": vae.build_vae(), "unet": unet.build_unet()}.items():
        assert loop.load_weights(run.folder / stage, network, averaged=True) == 1
        trained = load_file(folder / "runs" / stage / loop.CHECKPOINT)
        for name, value in network.state_dict().items():
            averaged = trained.get(f"ema/{name}", trained[f"model/{name}"])
            torch.testing.assert_close(value, averaged, atol=1e-3, rtol=1e-3, msg=name)
        assert (run.folder / stage / "log.csv").read_text().startswith("step,rate,loss")
    (here, here_factor), (there, there_factor) = trained_vae(run), trained_vae(packed)
    assert here_factor == there_factor  # centred once: the U-Net's latents are the same here
    for name, value in here.state_dict().items():
        torch.testing.assert_close(value, there.state_dict()[name], atol=1e-3, rtol=1e-3, msg=name)
    with pytest.raises(ExplainerError, match="no weights"):
        large.collect(run, tmp_path / "nothing")


def test_a_stage_ends_with_the_first_checkpoint_after_its_time(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(large.time, "monotonic", lambda: now[0])
    model = torch.nn.Linear(2, 2)

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
        now[0] += 1.0 if len(asked) <= large.PACE_STEPS else 3.0  # slower than it seemed
        asked.append(step)
        return {"loss": model(torch.ones(1, 2)).square().mean()}

    asked: list[int] = []
    plan = loop.Plan(steps=1, lr=1e-3)
    large._train_for(run, "decoder", model, batch_loss, plan, 105.0)
    steps = asked[large.PACE_STEPS + 1 :]  # planned: 90 steps of a second, a checkpoint each 4
    assert steps == list(range(36))  # 5 s of trying and 36 of 3 s, where 33 would do
    assert loop.checkpoint_step(run.folder / "decoder") == 36
