"""The stage that teaches the variance: its loss moves what it should and nothing else."""

import dataclasses
from pathlib import Path

import pytest
import torch

from core.training import loop, pixels
from core.training.pictures import PictureBank
from core.training.run import Run, train_stage

CPU = torch.device("cpu")


@pytest.fixture
def faces_bank(bank: PictureBank) -> PictureBank:
    """The painted shapes, all of them called faces."""
    emoji = tuple(dataclasses.replace(entry, group=pixels.GROUP) for entry in bank.emoji)
    return dataclasses.replace(bank, emoji=emoji)


def test_faces_are_small_and_whole_bytes(faces_bank: PictureBank) -> None:
    faces = pixels.make_faces(faces_bank, held_out=False, variants=3, seed=1)
    assert faces.shape == (7 * 3, 3, 32, 32)
    levels = (faces + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert len(pixels.make_faces(faces_bank, held_out=True, variants=2, seed=1)) == 2


def test_the_bound_teaches_the_variance_and_leaves_the_noise_alone(
    faces_bank: PictureBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "BATCH", 4)
    torch.manual_seed(0)
    model = pixels.build_pixel_model()
    faces = pixels.make_faces(faces_bank, held_out=False, variants=1, seed=1)
    losses = pixels.pixel_loss(model, faces, CPU)(0, torch.Generator().manual_seed(0))
    bound, simple = losses["loss"] - losses["mse"], losses["mse"]
    weighed = 0.001 * float(losses["bits"].detach())
    assert float(bound.detach()) == pytest.approx(weighed, rel=1e-4)
    last = model.net.conv_out.weight
    of_bound = torch.autograd.grad(bound, last, retain_graph=True)[0]
    of_simple = torch.autograd.grad(simple, last)[0]
    assert of_bound[3:].abs().sum() > 0
    torch.testing.assert_close(of_bound[:3], torch.zeros_like(of_bound[:3]), atol=1e-6, rtol=0)
    assert of_simple[:3].abs().sum() > 0
    assert of_simple[3:].abs().sum() == 0


def test_stage_trains_and_ships_a_folder_that_loads(
    faces_bank: PictureBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.models.pixel_model import load_held_out, load_pixel_model

    monkeypatch.setattr(pixels, "BATCH", 2)
    monkeypatch.setattr(pixels, "MEASURED_STEPS", (3,))
    torch.manual_seed(0)
    model = pixels.build_pixel_model()
    faces = pixels.make_faces(faces_bank, held_out=False, variants=1, seed=1)
    run = Run(tmp_path, CPU, steps=2)
    loss = pixels.pixel_loss(model, faces, CPU)
    train_stage(run, "pixels", model.net, loss, pixels.PLAN)
    assert loop.checkpoint_step(tmp_path / "pixels") == 2
    measured = pixels.ship(tmp_path / "pixels", faces_bank, tmp_path / "shipped")
    loaded = load_pixel_model(tmp_path / "shipped")
    expected = pixels.build_pixel_model()
    loop.load_weights(tmp_path / "pixels", expected.net, averaged=True)
    for name, value in expected.net.state_dict().items():
        torch.testing.assert_close(loaded.net.state_dict()[name], value.half().float())
    held_out = load_held_out(tmp_path / "shipped")
    torch.testing.assert_close(
        held_out, pixels.make_faces(faces_bank, held_out=True, variants=4, seed=10)
    )
    assert f"| 3 | {measured['3']['fixed small']:.3f} |" in (  # type: ignore[index]  # a row
        tmp_path / "shipped" / "MODEL_CARD.md"
    ).read_text("utf-8")
