"""The formulas on the page are the trainer's mathematics: the same numbers for the same inputs."""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.ideas import objectives
from core.ideas.noise_levels import snr_from_alpha_bar
from core.ideas.schedule_config import read_alpha_bar
from core.training import judge, latents, text, tower, unet, vae
from core.training.pictures import PictureBank

CPU = torch.device("cpu")


def spy(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[tuple]:
    """Keep what a function of a module is called with."""
    asked: list[tuple] = []
    real = getattr(module, name)

    def call(*args: object, **kwargs: object) -> object:
        asked.append((*args, kwargs))
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, call)
    return asked


class Guess(nn.Module):
    """Answers half of what it was asked."""

    def forward(self, xt: torch.Tensor, t: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        self.xt, self.t = xt, t
        return xt / 2


def _never(numbers: list[int]) -> torch.Tensor:
    raise AssertionError(f"scenes {numbers} were to be encoded, though all are known")


def test_the_u_nets(bank: PictureBank, data_folder: Path) -> None:
    singles = latents.LatentBank(
        latents.Latents(torch.zeros(8, 4, 16, 16), torch.ones(8, dtype=torch.bool), _never),
        torch.arange(8)[:, None].expand(8, 10),
        torch.ones(8, 10, dtype=torch.long),
    )
    reader = text.TextReader(text.build_text_encoder(torch.zeros(49_408, text.WIDTH)), 8)
    guess = Guess()
    ids = text.CaptionIds(data_folder)
    lessons = unet.Lessons(bank, singles, None, None, ids, reader, reader)
    loss = unet.unet_loss(guess, lessons, CPU)  # type: ignore[arg-type]  # answers as one
    found = loss(0, torch.Generator().manual_seed(0))
    alpha_bar = read_alpha_bar(unet.SCHEDULER_CONFIG)[guess.t.numpy()]
    eps = guess.xt / torch.tensor(1 - alpha_bar).sqrt().float().view(-1, 1, 1, 1)  # x0 is 0
    snr = torch.tensor(snr_from_alpha_bar(alpha_bar))
    weight = objectives.weigh_min_snr(snr, unet.MIN_SNR_GAMMA).float()
    expected = objectives.noise_loss(guess.xt / 2, eps, weight)
    torch.testing.assert_close(found["loss"], expected, atol=1e-5, rtol=1e-4)


def test_the_autoencoders(bank: PictureBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "BATCH", 4)
    torch.manual_seed(0)
    model = vae.build_vae()
    asked = spy(monkeypatch, vae, "edge_distance")
    found = vae.vae_loss(model, bank, CPU)(0, torch.Generator().manual_seed(0))
    ((decoded, crops, _),) = asked
    expected = objectives.picture_loss(decoded, crops, found["kl"], vae.KL_WEIGHT)
    torch.testing.assert_close(found["loss"], expected)


def test_the_decoders(bank: PictureBank, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    asked = spy(monkeypatch, vae, "edge_distance")
    loss = vae.whole_loss(vae.build_vae(), bank, CPU, 2)
    found = loss(0, torch.Generator().manual_seed(0))
    ((decoded, scenes, _),) = asked
    torch.testing.assert_close(found["loss"], objectives.order_loss(decoded, scenes, vae.FAINT))


def test_the_towers(bank: PictureBank, data_folder: Path) -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(49_408, text.WIDTH) * 0.04
    reader = text.TextReader(text.build_text_encoder(embeddings), bank.objects).eval()
    towers = tower.Towers()
    kept: dict[str, torch.Tensor] = {}
    towers.picture = lambda x: kept.setdefault("u", tower.Towers.picture(towers, x))  # type: ignore[method-assign]
    towers.text = lambda x: tower.Towers.text(towers, x)  # type: ignore[method-assign]
    ids = text.CaptionIds(data_folder)
    loss = tower.tower_loss(towers, reader, bank, ids, CPU)
    towers.text = lambda x: (
        kept.setdefault("v", tower.Towers.text(towers, x))
        if x.ndim == 2
        # type: ignore[method-assign]
        else (tower.Towers.text(towers, x))
    )
    found = loss(0, torch.Generator().manual_seed(0))
    scale = towers.log_scale.exp()
    torch.testing.assert_close(found["alike"], objectives.match_loss(kept["u"], kept["v"], scale))


def test_the_judges(bank: PictureBank) -> None:
    torch.manual_seed(0)
    model = judge.Judge(bank.objects)
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []
    model.register_forward_hook(lambda _module, _given, out: kept.append(out))
    found = judge.judge_loss(model, bank, CPU)(0, torch.Generator().manual_seed(0))
    rows = torch.randint(bank.objects, (judge.BATCH,), generator=torch.Generator().manual_seed(0))
    expected = objectives.naming_loss(kept[0][0], rows, 0.05)
    torch.testing.assert_close(found["object"], expected)
