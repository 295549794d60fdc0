"""The stage of the small judge: what it sees, that it learns, and what it ships."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.models.judge_names import judge_names, named_rightly
from core.models.manifest import verify_manifest
from core.models.small_judge import WEIGHTS, judge_pictures, load_small_judge
from core.training import export, loop, small_judge
from core.training.captions import Caption
from core.training.evaluate import Drawn
from core.training.held_out import trained_colours
from core.training.pictures import PictureBank
from core.training.run import Run, train_stage
from core.training.scenes import CENTRED, compose

CPU = torch.device("cpu")


class Same:
    """An autoencoder that loses nothing."""

    def encode(self, pictures: Tensor) -> "Same":
        self.mean = pictures
        return self

    def decode(self, latents: Tensor) -> Tensor:
        return latents


def test_blurring_keeps_the_mean_of_each_block_and_takes_what_is_finer() -> None:
    fine = torch.tensor([1.0, -1.0]).repeat(32).expand(1, 3, 64, 64)
    assert small_judge.blur(fine, 2).abs().max() < 1e-6
    assert small_judge.blur(fine, 1) is fine
    flat = torch.full((1, 3, 64, 64), 0.3)
    torch.testing.assert_close(small_judge.blur(flat, 4), flat)


def test_what_it_sees_is_roughened_and_stays_about_in_range() -> None:
    generator = torch.Generator().manual_seed(0)
    given = torch.rand(40, 3, 64, 64, generator=generator) * 2 - 1
    seen = small_judge.roughen(given, torch.Generator().manual_seed(1))
    again = small_judge.roughen(given, torch.Generator().manual_seed(1))
    assert torch.equal(seen, again)
    assert seen.abs().max() < 1.25
    detail = (seen[:, :, :, 1:] - seen[:, :, :, :-1]).abs().mean(dim=(1, 2, 3))
    assert detail.max() > 3 * detail.min()  # some are sharp, some blurred


def test_it_learns_on_no_background_that_the_evaluation_keeps(
    bank: PictureBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, int]] = []

    def watched(*given: object) -> Tensor:
        shown.extend(zip(given[1].tolist(), given[2].tolist(), strict=True))  # type: ignore[attr-defined]  # tensors
        return compose(*given)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(small_judge, "compose", watched)
    loss = small_judge.judge_loss(small_judge.build_small_judge(bank.objects), bank, CPU)
    generator = torch.Generator().manual_seed(0)
    for step in range(3):
        found = loss(step, generator)
    assert found["loss"].isfinite()
    assert len(set(shown)) > bank.objects
    for row, colour in shown:
        assert colour in trained_colours(bank.emoji[row].label)


def test_stage_trains_and_ships_a_folder_that_loads(tmp_path: Path, bank: PictureBank) -> None:
    torch.manual_seed(1)
    judge = small_judge.build_small_judge(bank.objects)
    loss = small_judge.judge_loss(judge, bank, CPU)
    before = float(loss(0, torch.Generator().manual_seed(0))["loss"].detach())
    train_stage(Run(tmp_path, CPU, steps=8), "small_judge", judge, loss, small_judge.PLAN)
    assert float(loss(0, torch.Generator().manual_seed(0))["loss"].detach()) < before
    rows = torch.arange(bank.objects)
    pictures = compose(bank, rows, rows % 2, CENTRED, torch.Generator().manual_seed(2))
    drawn = Drawn([Caption("", int(row), 0) for row in rows], pictures)
    other = {"typed": {"prompts": 8, "top1_percent": 50.0, "top5_percent": 75.0, "each": []}}
    target = tmp_path / "shipped"
    found = small_judge.ship(
        tmp_path / "small_judge",
        bank,
        Same(),
        drawn,
        other,
        target,  # type: ignore[arg-type]  # answers as one
    )
    loaded = load_small_judge(target)
    expected = small_judge.build_small_judge(bank.objects)
    loop.load_weights(tmp_path / "small_judge", expected, averaged=True)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value.half().float())
    assert WEIGHTS in verify_manifest(target)
    assert judge_names(target)[4] == "man with beard"  # as captions say "man: beard"
    assert named_rightly(target) == found["scenes"]["sharp"]["top1_percent"]
    assert json.loads((target / "evaluation.json").read_text()) == found
    assert found["scenes"]["decoded"] == found["scenes"]["sharp"]  # nothing was lost on the way
    shares = judge_pictures(loaded, ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1))
    right = round(100 * float((shares.argmax(1) == rows).float().mean()), 1)
    assert found["drawn"] == {"prompts": 8, "top1_percent": right} | {
        "top5_percent": found["drawn"]["top5_percent"]
    }
    assert "| the evaluation's | 50.0 | 75.0 |" in (target / "MODEL_CARD.md").read_text()
    newer = {"typed": other["typed"] | {"top1_percent": 60.0}}
    wrong = Drawn(drawn.captions, pictures.roll(1, 0))
    small_judge.renew(wrong, newer, target)
    renewed = json.loads((target / "evaluation.json").read_text())
    assert renewed["drawn"] != found["drawn"]
    assert renewed["scenes"] == found["scenes"]
    assert "| the evaluation's | 60.0 | 75.0 |" in (target / "MODEL_CARD.md").read_text()
    assert WEIGHTS in verify_manifest(target)


def test_a_fault_while_a_folder_is_written_leaves_what_ships_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with export.replaced(target) as fresh:
        (fresh / "one.txt").write_text("first")
    assert verify_manifest(target).keys() == {"one.txt"}

    def fail() -> None:
        with export.replaced(target) as fresh:
            (fresh / "one.txt").write_text("second")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (target / "one.txt").read_text() == "first"
    with export.replaced(target) as fresh:
        (fresh / "two.txt").write_text("third")
    assert verify_manifest(target).keys() == {"two.txt"}
