"""The stage of the small decoder: its prompts, what it learns from, and what it ships."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.small_decoder import FOLDER, decode_quickly, digest_of, load_small_decoder
from core.training import loop, small_decoder
from core.training.run import Run, train_stage

CPU = torch.device("cpu")


class Vae(torch.nn.Module):
    """An autoencoder whose way back is one matrix: colours of the latents, eight times as large."""

    config = SimpleNamespace(scaling_factor=0.5)

    def __init__(self) -> None:
        super().__init__()
        self.post_quant_conv = torch.nn.Conv2d(4, 3, 1)

    def decode(self, latents: Tensor) -> SimpleNamespace:
        small = self.post_quant_conv(latents).tanh()
        return SimpleNamespace(sample=torch.nn.functional.interpolate(small, scale_factor=8.0))


def made_pairs(count: int, seed: int, vae: Vae) -> dict[str, Tensor]:
    latents = torch.randn(count, 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        pictures = ((vae.decode(latents / 0.5).sample / 2 + 0.5) * 255).round().byte()
    return {"latents": latents, "pictures": pictures, "kind": torch.arange(count) % 3}


def test_prompts_of_the_test_name_objects_of_no_others() -> None:
    tested = small_decoder.make_prompts(builtin_folder(), tested=True)
    learned = small_decoder.make_prompts(builtin_folder(), tested=False)
    assert (len(tested), len(learned)) == (small_decoder.TESTED, small_decoder.RUNS)

    def objects(prompts: list[str]) -> set[str]:
        return {prompt.split(" on a", 1)[0] for prompt in prompts}

    assert not objects(tested) & objects(learned)
    on_colour = sum(" background" in prompt for prompt in learned) / len(learned)
    assert on_colour == pytest.approx(small_decoder.ON_COLOUR, abs=0.06)
    assert learned == small_decoder.make_prompts(builtin_folder(), tested=False)


def test_a_run_gives_noisy_latents_and_estimates_with_their_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        (torch.full((2, 4, 2, 2), float(step)), torch.full((2, 4, 2, 2), step + 0.5))
        for step in range(small_decoder.STEPS + 1)
    ]
    monkeypatch.setattr(small_decoder, "walk", lambda *_: iter(steps))
    vae = Vae()
    pipeline: Any = SimpleNamespace(vae=vae)
    found = small_decoder.make_pairs(pipeline, ["a cat", "a dog"], tmp_path)
    each = 2 * (small_decoder.KEPT - 1) + 2
    assert found["latents"].shape == (2 * each, 4, 2, 2)
    assert found["kind"].bincount().tolist() == [12, 12, 4]
    values = found["latents"][:, 0, 0, 0]
    noisy, estimates = values[found["kind"] == 0], values[found["kind"] == 1]
    assert set((estimates - noisy).tolist()) == {0.5}  # of the same steps
    last = values[found["kind"] == 2].tolist()
    assert last == [19.5, 20.5] * 2
    with torch.no_grad():
        expected = vae.decode(found["latents"] / 0.5).sample
    torch.testing.assert_close(
        found["pictures"].float(), (expected / 2 + 0.5) * 255, atol=0.51, rtol=0
    )
    monkeypatch.setattr(small_decoder, "walk", lambda *_: pytest.fail("made again"))
    again = small_decoder.make_pairs(pipeline, ["a cat", "a dog"], tmp_path)
    assert torch.equal(again["latents"], found["latents"])


def test_stage_trains_and_ships_a_folder_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_decoder, "BATCH", 4)
    torch.manual_seed(1)
    vae = Vae()
    decoder = small_decoder.build_small_decoder()
    loss = small_decoder.decoder_loss(decoder, made_pairs(24, 1, vae), CPU)
    before = float(loss(0, torch.Generator().manual_seed(0))["loss"].detach())
    train_stage(Run(tmp_path, CPU, steps=12), "small_decoder", decoder, loss, small_decoder.PLAN)
    assert float(loss(0, torch.Generator().manual_seed(0))["loss"].detach()) < before
    tested = made_pairs(9, 2, vae)
    found = small_decoder.ship(tmp_path / "small_decoder", vae, tested, tmp_path / "shipped")
    loaded, learned_from = load_small_decoder(tmp_path / "shipped")
    assert learned_from == digest_of(vae)
    expected = small_decoder.build_small_decoder()
    loop.load_weights(tmp_path / "small_decoder", expected, averaged=True)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value.half().float())
    assert small_decoder.measure(loaded, tested) == found["psnr"]
    written = json.loads((tmp_path / "shipped" / "evaluation.json").read_text())
    assert written["trained_steps"] == 12
    drawn = decode_quickly(loaded, tested["latents"]).permute(0, 3, 1, 2).float()
    squares = ((drawn - tested["pictures"].float()) ** 2).flatten(1).mean(1)
    decibels = 10 * torch.log10(255**2 / squares)
    for kind, name in enumerate(small_decoder.KINDS):
        of_kind = decibels[tested["kind"] == kind]
        assert written["psnr"][name]["psnr_db"] == pytest.approx(float(of_kind.mean()), abs=0.01)


def test_training_goes_on_from_the_small_decoder_that_ships(tmp_path: Path) -> None:
    shipped, _ = load_small_decoder()
    steps = small_decoder.restore(tmp_path)
    assert steps == json.loads((FOLDER / "evaluation.json").read_text())["trained_steps"]
    decoder = small_decoder.build_small_decoder()
    assert loop.load_weights(tmp_path / "small_decoder", decoder, averaged=True) == steps
    for name, value in decoder.state_dict().items():
        assert torch.equal(value, shipped.state_dict()[name]), name
    with pytest.raises(ExplainerError, match="of its own: small_decoder"):
        small_decoder.restore(tmp_path)
