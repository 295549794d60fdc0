"""Export: the folder that is shipped is one that plain diffusers and our own loader read."""

import csv
import functools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.engine.alone import run_alone
from core.engine.request import Request
from core.errors import ExplainerError
from core.models.hardware import Hardware
from core.models.known_words import WORDS
from core.models.loading import load_folder
from core.models.manifest import verify_manifest
from core.training import evaluate, export, latents, limits, loop, text, unet, vae
from core.training.arranged import Arranged
from core.training.captions import Caption, caption_words
from core.training.card import (
    DEVICES,
    STAGES,
    TURNS,
    UNMEASURED,
    Told,
    bars,
    told_by_model,
    write_card,
)
from core.training.evaluate import Drawn
from core.training.evaluate_arranged import Question
from core.training.history import REPORT as REPORT_FILE
from core.training.history import SHEET, TURNS_FILE
from core.training.nearest import measure_nearest
from core.training.pictures import PictureBank
from core.training.run import Run
from core.training.scenes import compose

PAIRED = [Question("", Arranged(1, 2, "left", 5)), Question("", Arranged(0, 0, "top", 6))]
PAIRS = {
    "prompts": 90,
    "both_top1_percent": 92.0,
    "both_top5_percent": 95.0,
    "one_top1_percent": 98.0,
    "as_told_top1_percent": 91.0,
}
PLACED = {"prompts": 50, "place_percent": 99.0, "size_percent": 97.0, "named_percent": 93.0}
TYPED = {
    "prompts": 150,
    "top1_percent": 81.0,
    "top5_percent": 91.5,
    "background_percent": 98.0,
    "groups": {"people-body": {"prompts": 31, "top1_percent": 62.0, "top5_percent": 83.0}},
}
REPORT = {
    "objects": 8,
    "typed": TYPED,
    "best_pairs": {
        "drawn": PAIRS | {"both_top1_percent": 41.0},
        "decoded": PAIRS | {"both_top1_percent": 89.0},
    },
    "limits": {
        "typed": {"real": TYPED | {"top1_percent": 98.7}, "decoded": TYPED},
        "pairs": {"real": PAIRS, "decoded": PAIRS | {"both_top1_percent": 71.5}},
        "placed": {"real": PLACED, "decoded": PLACED | {"named_percent": 66.0}},
    },
    "device": "a CPU with 2 cores",
    "size_mb": 57.1,
    "vae": {
        "psnr_db": 31.4,
        "ssim": 0.8,
        "pictures": 300,
        "latent_mean": [0.01, -0.04, 0.0, 0.02],
        "latent_std": [0.97, 1.0, 1.02, 0.99],
    },
    "retrieval": {"top1_percent": 79.0, "top5_percent": 97.0},
    "judge": {"top1_percent": 97.0, "top5_percent": 99.0},
    "prompts": {
        "prompts": 200,
        "top1_percent": 76.0,
        "top5_percent": 91.0,
        "background_percent": 95.0,
        "groups": {"food-drink": {"prompts": 20, "top1_percent": 50.0, "top5_percent": 75.0}},
    },
    "arranged": {
        "pairs": PAIRS | {"both_top1_percent": 61.0},
        "known_pairs": PAIRS | {"both_top5_percent": 77.0},
        "real_pairs": PAIRS,
        "placed": PLACED | {"place_percent": 81.0},
        "real_placed": PLACED,
    },
    "over": {
        "guidance": [
            {
                "guidance": 3.5,
                "prompts": 60,
                "top1_percent": 31.0,
                "top5_percent": 52.0,
                "background_percent": 91.0,
            }
        ],
        "steps": [
            {
                "steps": 8,
                "prompts": 60,
                "top1_percent": 21.0,
                "top5_percent": 42.0,
                "background_percent": 71.0,
            }
        ],
    },
    "nearest": {
        "pictures": 200,
        "nearest_rms": 0.081,
        "between_training_pictures_rms": 0.127,
        "nearest_is_what_was_asked_percent": 33.0,
    },
    "time": {"seconds": 3.1, "threads": 2},
}


@pytest.fixture
def trained(
    bank: PictureBank, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """A run whose stages all have a checkpoint, of fresh networks, and a log."""
    words = [asdict(entry) for entry in bank.emoji]
    (data_folder / "words.json").write_text(json.dumps(words))
    save_file({"rgba": bank.rgba}, data_folder / "pictures.safetensors")
    torch.manual_seed(0)
    embeddings = torch.randn(49_408, text.WIDTH) * 0.04
    save_file({"weight": embeddings}, data_folder / f"embeddings-{text.WIDTH}.safetensors")
    reader = text.TextReader(text.build_text_encoder(embeddings), bank.objects)
    networks = {"vae": vae.build_vae(), "text": reader, "unet": unet.build_unet()}
    for stage, network in networks.items():
        (tmp_path / stage).mkdir()
        weights = dict(network.named_parameters())
        optimizer = torch.optim.AdamW(weights.values())
        loop.save_checkpoint(tmp_path / stage, 3, network, weights, optimizer, {})
    for stage in STAGES:
        (tmp_path / stage).mkdir(exist_ok=True)
        (tmp_path / stage / "device.txt").write_text("two cores\n")
        with (tmp_path / stage / "log.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["step", "loss", "seconds"], [2, 0.5, 1800], [3, 0.4, 900]])
    few = functools.partial(vae.measure_latents, count=32)
    monkeypatch.setattr(vae, "measure_latents", few)
    return Run(tmp_path, torch.device("cpu"))


def test_what_is_exported_draws_alike_here_and_in_plain_diffusers(
    trained: Run, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    export.assemble(trained, target)
    measured = REPORT | {"trained_steps": export.trained_steps(trained)}
    evaluate.write_report(
        measured | {"weights": evaluate.fingerprints(target)}, target / REPORT_FILE
    )
    index = trained.folder / "unet" / export.MILESTONES / "milestones.json"
    index.parent.mkdir()
    index.write_text("{}")
    shipped = tmp_path / "shipped"
    export.ship(trained, shipped)
    verify_manifest(shipped)
    assert (shipped / "training" / export.MILESTONES / index.name).read_text() == "{}"
    assert json.loads((shipped / REPORT_FILE).read_text())["weights"] == (
        evaluate.fingerprints(shipped)
    )
    assert json.loads((shipped / "training" / DEVICES).read_text())["unet"] == "two cores"
    told = json.loads((shipped / "training" / TURNS_FILE).read_text())
    assert told == json.loads(json.dumps(TURNS))
    said = json.loads((shipped / WORDS).read_text(encoding="utf-8"))
    assert said == caption_words(trained.pictures())
    assert told_by_model(shipped)["unet"] == Told(3, 0.75, "two cores", (2 / 1_800, 1 / 900))

    pipeline = evaluate.load_pipeline(shipped, torch.device("cpu"))
    theirs = pipeline(
        "a red apple",
        num_inference_steps=3,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
        return_dict=False,
    )[0][0]
    checkpoint = load_folder("shipped", shipped, Hardware("cpu", "float32", "CPU", 0, 1))
    request = Request(prompt="a red apple", steps=3, guidance=4.0, seed=5, scheduler="ddim")
    ours = run_alone(checkpoint, request).picture
    assert np.abs(ours / 255.0 - theirs).max() <= 1.01 / 255


def test_unmeasured_weights_are_not_shipped(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(ExplainerError, match=r"core\.training evaluate"):
        export.ship(trained, tmp_path / "shipped")
    (tmp_path / "model").mkdir()
    stale = export.trained_steps(trained) | {"unet": 2}
    evaluate.write_report(REPORT | {"trained_steps": stale}, tmp_path / "model" / REPORT_FILE)
    with pytest.raises(ExplainerError, match="not been measured"):
        export.ship(trained, tmp_path / "shipped")
    assert not (tmp_path / "shipped").exists()


def test_the_card_says_what_was_measured_and_what_was_missed() -> None:
    told = dict.fromkeys(STAGES, Told(3, 0.75, "two cores", (0.5, 1.25)))
    card = write_card(REPORT, told)
    assert "| 31.4 dB (SSIM 0.8) | yes |" in card
    assert "| 79.0 / 97.0 % | **no** |" in card
    assert "| 76.0 / 91.0 % | yes |" in card
    assert "at least 40 % | 41.0 % (real scenes through the VAE: 89.0 %) | yes |" in card
    assert (
        "named by the judge, top-1 / top-5 | at least 80 / 92 % | 81.0 / 91.5 % | **no** |" in card
    )
    assert "| at least 60 / 80 % | 62.0 / 83.0 % | yes |" in card
    assert "| people-body | 31 | 62.0 | 83.0 |" in card
    assert "| words that people say most, top-1 | 98.7 | 81.0 |" in card
    assert "| two objects, both, top-1 | 92.0 | 71.5 |" in card
    assert "| one at a place or of a size, top-1 | 93.0 | 66.0 |" in card
    assert "| of animals, plants and food | 90 | 92.0 | 77.0 | 98.0 | 91.0 |" in card
    assert "| drawn | 50 | 81.0 | 97.0 | 93.0 |" in card
    assert "names 97.0 % of them rightly" in card
    assert "| unet | 3 | 32 latents | 16 to 40 | 0.8 | two cores |" in card
    assert SHEET in card
    assert "| 3.5 | 31.0 | 52.0 | 91.0 |" in card
    assert "| 8 | 21.0 | 42.0 | 71.0 |" in card
    assert "of 0.081 away" in card
    assert "It was shown 8 emoji objects" in card
    assert [bar.reached for bar in bars(REPORT)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
        *[True] * 3,
    ]


def test_what_is_still_to_be_measured_is_a_goal_that_is_not_reached() -> None:
    told = dict.fromkeys(STAGES, Told(3, 0.75, "two cores", (0.5, 1.25)))
    later = ("typed", "best_pairs", "limits")
    early = {part: found for part, found in REPORT.items() if part not in later}
    unmeasured = [bar for bar in bars(early) if bar.measured == UNMEASURED]
    assert [bar.reached for bar in unmeasured] == [False] * 3
    assert [bar.wanted for bar in bars(early)] == [bar.wanted for bar in bars(REPORT)]
    card = write_card(early, told)
    assert "| at least 60 / 80 % | not yet measured | **no** |" in card
    assert "| typed |" not in card
    assert "| limit |" not in card


def test_a_report_goes_on_where_it_stopped_and_begins_anew_for_other_weights(
    tmp_path: Path,
) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    report = evaluate.Report(tmp_path)
    report.measure("vae", lambda: {"psnr_db": 30.0})
    with pytest.raises(KeyboardInterrupt):
        report.measure("typed", _stopped)
    again = evaluate.Report(tmp_path)
    again.measure("vae", _stopped)  # is there already
    again.measure("typed", lambda: TYPED)
    written = json.loads((tmp_path / REPORT_FILE).read_text())
    assert (written["vae"], written["typed"]) == ({"psnr_db": 30.0}, TYPED)
    assert written["weights"] == evaluate.fingerprints(tmp_path)
    save_file({"weight": torch.ones(3)}, tmp_path / "model.safetensors")
    assert set(evaluate.Report(tmp_path).found) == {"weights"}


def test_what_was_measured_of_one_network_stays_while_that_network_does(tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    for folder, value in ((before, 0.0), (now, 1.0)):
        for network in ("text_encoder", "unet", "vae"):
            (folder / network).mkdir(parents=True)
            learned = torch.full((3,), 0.0 if network == "vae" else value)
            save_file({"weight": learned}, folder / network / "model.safetensors")
    report = evaluate.Report(before)
    for part in ("vae", "retrieval", "typed"):
        report.measure(part, lambda: {"before": 1})
    assert set(evaluate.Report(now, before).found) == {"weights", "vae"}
    assert evaluate.Report(now, before).found["weights"] == evaluate.fingerprints(now)


def _stopped() -> object:
    raise KeyboardInterrupt


class Sure(nn.Module):
    """A judge that takes a picture's brightness for the object's row."""

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        said = pictures.mean((1, 2, 3)).round().long()
        return 5 * torch.eye(8)[said] - 0.1 * torch.arange(8), torch.zeros(len(said), 10)


def test_each_prompt_is_told_with_its_rank_and_the_best_come_first(bank: PictureBank) -> None:
    captions = [Caption(f"a {bank.emoji[row].label}", row, 0) for row in (2, 5, 0)]
    shown = torch.tensor([3.0, 5.0, 0.0]).view(3, 1, 1, 1).expand(3, 3, 128, 128)
    each = evaluate.judge_each(Sure(), Drawn(captions, shown), bank, torch.device("cpu"))  # type: ignore[arg-type]  # answers as one
    assert [row["rank"] for row in each] == [4, 1, 1]  # 3 was seen, then 0 and 1 are likelier
    assert each[1]["prompt"] == "a cactus"
    assert (each[1]["label"], each[1]["group"]) == ("cactus", "animals-nature")
    assert each[2]["share"] > each[1]["share"] > 0.9 > each[0]["share"]
    assert evaluate.best_drawn(each, bank, 2) == [0, 5]


def test_real_scenes_are_asked_whole_and_through_the_autoencoder(
    bank: PictureBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "TYPED", 4)
    monkeypatch.setattr(limits, "pair_questions", lambda bank: PAIRED)
    monkeypatch.setattr(limits, "placed_questions", lambda bank: PAIRED[:1])
    seen: list[torch.Tensor] = []

    class Watching(Sure):
        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            seen.append(pictures)
            return torch.zeros(len(pictures), 8), torch.zeros(len(pictures), 10)

    torch.manual_seed(0)
    found = limits.measure_limits(
        Watching(),
        vae.build_vae().eval(),
        bank,
        torch.device("cpu"),  # type: ignore[arg-type]  # answers as one
    )
    assert list(found) == ["typed", "pairs", "placed"]
    assert all(list(part) == ["real", "decoded"] for part in found.values())
    half = len(seen) // 2
    assert [len(p) for p in seen[:half]] == [len(p) for p in seen[half:]] == [4, *[2] * 4, 1]
    # A fresh autoencoder gives mud back, and real scenes hold the painted colours.
    assert all(
        real.std() > 2 * mud.std() for real, mud in zip(seen[:half], seen[half:], strict=True)
    )


def test_hits_count_the_best_and_the_best_five() -> None:
    scores = torch.zeros(4, 8)
    scores[:, :6] = torch.arange(6, 0, -1.0)  # column 0 is best, column 5 the sixth
    wanted = torch.tensor([0, 4, 5, 0])
    assert evaluate.hits(scores, wanted) == {"top1_percent": 50.0, "top5_percent": 75.0}


def test_the_contact_sheet_keeps_pictures_in_order() -> None:
    values = torch.linspace(-1, 1, 7).view(7, 1, 1, 1).expand(7, 3, 4, 4)
    sheet = np.asarray(evaluate.contact_sheet(values, columns=3))
    assert sheet.shape == (12, 12, 3)
    cells = [sheet[4 * (i // 3), 4 * (i % 3), 0] for i in range(9)]
    assert cells[:7] == sorted(cells[:7])
    assert cells[7:] == [255, 255]


def test_a_copied_picture_is_found_out_and_a_new_one_is_not(bank: PictureBank) -> None:
    copied, colours = torch.tensor([0, 2, 4, 6]), torch.zeros(4, dtype=torch.long)
    scenes = compose(bank, copied, colours, latents.PLACEMENT, torch.Generator().manual_seed(5))
    captions = [Caption("", int(row), 0) for row in copied]
    figures, nearest = measure_nearest(Drawn(captions, scenes), bank)
    assert figures["nearest_is_what_was_asked_percent"] == 100.0
    assert figures["nearest_rms"] < 0.5 * figures["between_training_pictures_rms"]
    assert ((nearest - scenes).square().mean() ** 0.5) < 0.35
    noise = torch.rand(scenes.shape, generator=torch.Generator().manual_seed(6)) * 2 - 1
    far, _ = measure_nearest(Drawn(captions, noise), bank)
    assert far["nearest_rms"] > 2 * figures["nearest_rms"]
