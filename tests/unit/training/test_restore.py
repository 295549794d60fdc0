"""Restoring: a run whose checkpoints are gone goes on from the weights that ship."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.manifest import read_weights
from core.training import loop, restore, unet
from core.training.loop import Plan
from core.training.pictures import PictureBank
from core.training.run import Run, trained_reader, trained_vae


def test_training_goes_on_from_the_weights_that_ship(bank: PictureBank, data_folder: Path) -> None:
    runs = data_folder.parent
    trained = restore.restore(builtin_folder(), runs, bank.objects)
    report = json.loads((builtin_folder() / "evaluation.json").read_text())
    assert trained == {stage: report["trained_steps"][stage] for stage in restore.SHIPPED}

    shipped = load_file(builtin_folder() / "unet" / "diffusion_pytorch_model.safetensors")
    network = unet.build_unet()
    asked: list[int] = []

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
        asked.append(step)
        return {"loss": network.conv_in.weight.square().sum()}

    plan = Plan(steps=trained["unet"] + 1, lr=0.0, ema=0.999)
    list(loop.train(network, batch_loss, plan, runs / "unet"))
    assert asked == [trained["unet"]]
    assert loop.load_weights(runs / "unet", network, averaged=True) == trained["unet"] + 1
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, shipped[name].float(), msg=name)
    log = (runs / "unet" / "log.csv").read_text()
    assert log == (builtin_folder() / "training" / "unet.csv").read_text()


def test_what_is_frozen_comes_back_as_it_was(bank: PictureBank, data_folder: Path) -> None:
    run = Run(data_folder.parent, torch.device("cpu"))
    restore.restore(builtin_folder(), run.folder, bank.objects)
    for name, value in trained_vae(run)[0].state_dict().items():
        told = read_weights(builtin_folder(), "vae/diffusion_pytorch_model.safetensors")[name]
        assert torch.equal(value.half(), told), name
    shipped = load_file(builtin_folder() / "text_encoder" / "model.safetensors")
    for name, value in trained_reader(run, bank).encoder.state_dict().items():
        torch.testing.assert_close(value, shipped[f"text_model.{name}"].float(), msg=name)


def test_a_decoder_that_learned_more_leaves_the_latents_as_they_are(
    bank: PictureBank, data_folder: Path
) -> None:
    run = Run(data_folder.parent, torch.device("cpu"))
    restore.restore(builtin_folder(), run.folder, bank.objects)
    before, scaling_factor = trained_vae(run)
    state = before.state_dict()
    learned = {n: v + 1 if n.startswith("decoder.") else v for n, v in state.items()}
    tensors = {f"model/{name}": value for name, value in learned.items()}
    step = loop.checkpoint_step(run.folder / "whole") + 1
    loop.save_whole(tensors, run.folder / "whole" / loop.CHECKPOINT, step=step)
    after, factor = trained_vae(run)
    assert factor == scaling_factor
    for name, value in after.state_dict().items():
        assert torch.equal(value, learned[name]), name


def test_a_model_that_does_not_tell_of_a_stage_is_refused_whole(
    bank: PictureBank, data_folder: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(builtin_folder(), model)
    report = json.loads((model / "evaluation.json").read_text())
    del report["trained_steps"]["pairs"]
    (model / "evaluation.json").write_text(json.dumps(report))
    runs = data_folder.parent
    with pytest.raises(ExplainerError, match="trained in: pairs"):
        restore.restore(model, runs, bank.objects)
    assert not any(loop.checkpoint_step(runs / stage) for stage in restore.SHIPPED)


def test_checkpoints_of_its_own_are_not_overwritten(bank: PictureBank, data_folder: Path) -> None:
    runs = data_folder.parent
    loop_file = runs / "unet" / loop.CHECKPOINT
    loop_file.parent.mkdir()
    loop.save_whole({"model/x": torch.zeros(1)}, loop_file, step=5)
    with pytest.raises(ExplainerError, match="own: unet"):
        restore.restore(builtin_folder(), runs, bank.objects)
    assert loop.checkpoint_step(runs / "unet") == 5
