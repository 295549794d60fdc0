"""The stages' losses and what they are fed."""

import copy
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from core.nets.attention import Attention, attend
from core.training import judge, latents, text, tower, unet, vae
from core.training.arranged import Arranged, other_order
from core.training.captions import Caption
from core.training.pictures import PictureBank, load_pictures


@pytest.fixture(scope="module")
def autoencoder() -> nn.Module:
    torch.manual_seed(0)
    return vae.build_vae().eval()


def test_folding_centres_the_latents_and_keeps_the_reconstruction(bank: PictureBank) -> None:
    torch.manual_seed(0)
    model = vae.build_vae().eval()
    generator = torch.Generator().manual_seed(0)
    rows = bank.rows(held_out=False, objects_only=True)
    scenes = vae.random_scenes(bank, rows, 8, generator)
    with torch.no_grad():
        before = model.encode(scenes)
        values = before.mean.permute(1, 0, 2, 3).flatten(1)
        decoded = model.decode(before.mean)
        scaling = vae.fold_normalisation(model, values.mean(1), values.std(1))
        after = model.encode(scenes)
        scaled = (after.mean * scaling).permute(1, 0, 2, 3).flatten(1)
        torch.testing.assert_close(model.decode(after.mean), decoded, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scaled.mean(1), torch.zeros(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled.std(1), torch.ones(4), atol=1e-2, rtol=0)
    relative = values.std(1) / values.std(1).mean()
    widened = after.std * relative.view(1, 4, 1, 1)  # the noise shrinks as its channel did
    torch.testing.assert_close(widened, before.std, atol=1e-5, rtol=1e-4)


def test_the_autoencoder_loss_weighs_its_terms_and_reaches_every_weight(
    bank: PictureBank, autoencoder: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vae, "BATCH", 4)
    loss = vae.vae_loss(autoencoder, bank, torch.device("cpu"))  # type: ignore[arg-type]  # as built
    losses = loss(0, torch.Generator().manual_seed(0))
    parts = {name: float(value.detach()) for name, value in losses.items()}
    named = parts["pixel"] + parts["edge"] + vae.KL_WEIGHT * parts["kl"]
    assert 0 < parts["loss"] - named <= parts["pixel"]  # the coarse term, below the fine one
    losses["loss"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in autoencoder.parameters())
    autoencoder.zero_grad()


def test_only_the_decoder_learns_from_whole_scenes(
    bank: PictureBank, autoencoder: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []
    encode = autoencoder.encode
    monkeypatch.setattr(autoencoder, "encode", lambda x: shapes.append(x.shape) or encode(x))
    vae.freeze_encoder(autoencoder)
    loss = vae.whole_loss(autoencoder, bank, torch.device("cpu"), 2)  # type: ignore[arg-type]  # as built
    loss(0, torch.Generator().manual_seed(0))["loss"].backward()
    assert shapes == [(2, 3, 128, 128)]
    learns = {name for name, p in autoencoder.named_parameters() if p.grad is not None}
    assert learns == {
        name
        for name, _ in autoencoder.named_parameters()
        if name.startswith(("decoder.", "post_quant_conv."))
    }
    autoencoder.zero_grad()
    autoencoder.requires_grad_(True)


def test_whole_scenes_count_by_the_order_of_their_squared_error(
    bank: PictureBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")

    class Off(nn.Module):
        """Gives back what it saw, off by the same everywhere."""

        by = 0.0

        def encode(self, x: torch.Tensor) -> "Off":
            self.seen = x
            return self

        def sample(self, generator: torch.Generator) -> torch.Tensor:
            return self.seen

        def decode(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.by

    model = Off()
    found = []
    for model.by in (0.0, 0.1, 0.01):
        loss = vae.whole_loss(model, bank, cpu)  # type: ignore[arg-type]  # as above
        found.append(loss(0, torch.Generator().manual_seed(0)))
    none, much, little = found
    assert float(none["loss"]) == 0
    assert float(much["psnr"]) == pytest.approx(10 * math.log10(4 / 0.1**2), abs=1e-3)
    assert float(much["pixel"]) == pytest.approx(0.1, abs=1e-5)
    for one, by in ((much, 0.1), (little, 0.01)):
        assert float(one["loss"]) == pytest.approx(by + math.log10(1 + by**2 / vae.FAINT), abs=1e-4)


def test_held_out_pictures_are_never_trained_on(bank: PictureBank) -> None:
    trained = bank.rows(held_out=False, objects_only=False)
    kept = bank.rows(held_out=True, objects_only=True)
    assert kept.tolist() == [3]
    assert sorted([*trained.tolist(), *kept.tolist()]) == list(range(10))


def test_crops_are_windows_of_their_scenes() -> None:
    scenes = torch.arange(2 * 3 * 16 * 16.0).view(2, 3, 16, 16)
    crops = vae.random_crops(scenes, 5, torch.Generator().manual_seed(0))
    assert crops.shape == (2, 3, 5, 5)
    for crop, scene in zip(crops, scenes, strict=True):
        row, column = divmod(int(crop[0, 0, 0] - scene[0, 0, 0]), 16)
        assert torch.equal(crop, scene[:, row : row + 5, column : column + 5])


def test_edges_differ_where_pictures_differ_by_more_than_a_shift() -> None:
    picture = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert vae.edge_distance(picture, picture + 0.5) < 1e-6
    assert vae.edge_distance(picture, -picture) > 1


def test_timesteps_cover_every_stretch_and_every_value() -> None:
    generator = torch.Generator().manual_seed(0)
    seen = torch.zeros(1000)
    for _ in range(400):
        t = unet.spread_timesteps(32, generator)
        edges = torch.arange(33) * 31.25
        assert (t.sort().values >= edges[:-1].floor()).all()
        assert (t.sort().values < edges[1:].ceil()).all()
        seen += torch.bincount(t, minlength=1000)
    assert seen.min() > 0
    assert seen.max() < 4 * seen.mean()


def encoder(scaling_factor: float, step: int) -> latents.Encoder:
    torch.manual_seed(0)
    return latents.Encoder(vae.build_vae().eval(), scaling_factor, step, torch.device("cpu"))


def test_scenes_are_encoded_once_whatever_they_are_drawn_with(
    bank: PictureBank, tmp_path: Path
) -> None:
    found = latents.single_latents(encoder(0.5, 7), bank, tmp_path)
    assert not found.latents.known.any()
    captions = [Caption("", row, 0) for row in (2, 5)]
    picked = found.pick(captions, torch.Generator().manual_seed(0))
    assert found.kept is not None
    assert found.latents.known.sum() == 2
    for row, latent in zip((2, 5), picked, strict=True):
        start, count = int(found.first[row, 0]), int(found.count[row, 0])
        assert count == latents.WHITE_VARIANTS
        kept = found.latents.values[start : start + count][found.latents.known[start:][:count]]
        assert torch.equal(kept[0].float(), latent)
    found.kept.write(found.latents)
    again = latents.single_latents(encoder(9.9, 7), bank, tmp_path)  # kept: the step is the same
    assert torch.equal(again.pick(captions, torch.Generator().manual_seed(0)), picked)
    fresh = latents.single_latents(encoder(0.5, 8), bank, tmp_path)  # not kept: it is not
    assert not fresh.latents.known.any()
    alone = [fresh.pick([c], torch.Generator().manual_seed(0)) for c in captions]
    torch.testing.assert_close(alone[0], picked[:1], atol=2e-3, rtol=0)


def test_arranged_scenes_are_kept_and_encoded_anew_when_others_are_drawn(
    bank: PictureBank, tmp_path: Path
) -> None:
    alike, every = [1.0] * bank.objects, torch.arange(6)
    found = latents.arranged_latents(encoder(0.5, 7), bank, alike, tmp_path, count=6)
    picked = found.latents.pick(every)
    assert found.kept is not None
    found.kept.write(found.latents)
    again = latents.arranged_latents(encoder(9.9, 7), bank, alike, tmp_path, count=6)
    assert found.scenes == again.scenes
    assert torch.equal(again.latents.pick(every), picked)
    others = latents.arranged_latents(encoder(0.5, 7), bank, [5.0, *[1.0] * 7], tmp_path, count=6)
    assert others.scenes != found.scenes
    assert not torch.equal(others.latents.pick(every), picked)


def known(values: torch.Tensor) -> latents.Latents:
    """Latents that are all there already."""

    def encode(numbers: list[int]) -> torch.Tensor:
        raise AssertionError(f"scenes {numbers} were to be encoded, though all are known")

    return latents.Latents(values, torch.ones(len(values), dtype=torch.bool), encode)


BEFORE_TAGS = ("red apple", "parrot", "sun", "whale", "man with beard", "cactus", "key", "rocket")
SINGLES = latents.LatentBank(
    known(torch.zeros(8, 4, 16, 16)),
    torch.arange(8)[:, None].expand(8, 10),
    torch.ones(8, 10, dtype=torch.long),
)
SCENES = tuple(Arranged(row % 8, 0, "left", (row + 1) % 8) for row in range(20))
ARRANGED = latents.ArrangedLatents(SCENES, known(torch.full((20, 4, 16, 16), 1000.0)))
ORDERS = tuple(order for scene in SCENES for order in (scene, other_order(scene)))
PAIRED = latents.ArrangedLatents(ORDERS, known(torch.full((40, 4, 16, 16), 1000.0)))


class Oracle(nn.Module):
    """Answers with zeros and keeps what it was asked."""

    def forward(self, xt: torch.Tensor, t: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        self.asked = xt, t, states
        return torch.zeros_like(xt)


def test_the_noise_loss_is_weighted_by_the_signal(bank: PictureBank, data_folder: Path) -> None:
    reader = text.TextReader(text.build_text_encoder(torch.zeros(49_408, text.WIDTH)), 8)
    oracle = Oracle()
    ids, cpu = text.CaptionIds(data_folder), torch.device("cpu")
    lessons = unet.Lessons(bank, SINGLES, ARRANGED, PAIRED, ids, reader, reader)
    loss = unet.unet_loss(oracle, lessons, cpu)  # type: ignore[arg-type]  # answers as a U-Net does
    found = loss(0, torch.Generator().manual_seed(0))
    xt, t, states = oracle.asked
    assert states.shape == (unet.BATCH, 77, text.WIDTH)
    # With x0 = 0, x_t is sqrt(1 - alpha_bar) eps: the noise, and so the loss, can be told from it.
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alpha_bar = (1 - betas).cumprod(0)[t].float()
    eps = xt / (1 - alpha_bar).sqrt().view(-1, 1, 1, 1)
    errors = eps.pow(2).mean((1, 2, 3))
    weight = (5 * (1 - alpha_bar) / alpha_bar).clamp(max=1)  # min(SNR, 5) / SNR
    torch.testing.assert_close(found["mse"], errors.mean(), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found["loss"], (weight * errors).mean(), atol=1e-3, rtol=1e-3)


def test_arranged_scenes_come_in_once_objects_are_known(
    bank: PictureBank, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = text.build_text_encoder(torch.zeros(49_408, text.WIDTH))
    reader, other_reader = text.TextReader(encoder, 8), text.TextReader(copy.deepcopy(encoder), 8)
    with torch.no_grad():
        other_reader.encoder.final_layer_norm.bias.add_(1.0)
    oracle, read = Oracle(), []
    ids, cpu = text.CaptionIds(data_folder), torch.device("cpu")
    asked = lambda texts: read.append(texts) or ids(texts)  # noqa: E731  # told what it was asked
    lessons = unet.Lessons(bank, SINGLES, ARRANGED, PAIRED, asked, reader, other_reader)  # type: ignore[arg-type]  # as above
    loss = unet.unet_loss(oracle, lessons, cpu)  # type: ignore[arg-type]  # as above
    monkeypatch.setattr(unet, "EMPTY_CAPTIONS", 0.0)
    for step, arranged in (
        (unet.ARRANGED_FROM - 1, 0),
        (unet.ARRANGED_FROM, 14),
        (unet.SAID_FROM, 6),
        (unet.PAIRS_FROM, 16),
        (unet.ALL_FROM, 14),
        (unet.SHOWN_FROM, 14),
    ):
        loss(step, torch.Generator().manual_seed(0))
        assert oracle.asked[0].shape[0] == unet.BATCH
        bright = oracle.asked[0].mean((1, 2, 3)) > 10  # their x0 is 1000 everywhere
        assert int(bright.sum()) == arranged
        pairs = [sum(name in said for name in BEFORE_TAGS) > 1 for said in read[-1]]
        assert pairs == bright.tolist()
        wanted = other_reader if arranged else reader  # the one that can tell two objects
        with torch.no_grad():
            assert torch.equal(oracle.asked[2], wanted(ids(read[-1])))

    early = unet.unet_loss(oracle, replace(lessons, arranged=None, paired=None), cpu)  # type: ignore[arg-type]  # as above
    early(unet.ARRANGED_FROM - 1, torch.Generator().manual_seed(0))
    for step in (unet.ARRANGED_FROM, unet.PAIRS_FROM):
        with pytest.raises(ValueError, match="no arranged scenes at step"):
            early(step, torch.Generator().manual_seed(0))


def test_a_batch_of_pairs_holds_both_orders(bank: PictureBank, data_folder: Path) -> None:
    reader = text.TextReader(text.build_text_encoder(torch.zeros(49_408, text.WIDTH)), 8)
    lessons = unet.Lessons(
        bank, SINGLES, ARRANGED, PAIRED, text.CaptionIds(data_folder), reader, reader
    )
    chance, generator = random.Random(0), torch.Generator().manual_seed(0)
    captions, _ = lessons.draw(unet.PAIRS_FROM, 1, [1.0] * 8, chance, generator)
    pairs = captions[-16:]
    assert all(caption.other is not None for caption in pairs)
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        assert (first.row, first.other) == (second.other, second.row)


def test_what_is_said_often_and_what_looks_alike_decides_what_is_drawn(bank: PictureBank) -> None:
    kinds = ("fruit", "bird", "sky", "fish", "role", "role", "role", "role")
    objects = [replace(e, kind=k) for e, k in zip(bank.emoji, kinds, strict=False)]
    share = unet.SAID[unet.SAID_FROM]
    drawn = unet.said_weights(replace(bank, emoji=(*objects, *bank.emoji[8:])), share)
    assert sum(drawn) == pytest.approx(1)
    # By kind: two of their own kinds against four that share the square root of four.
    said = [objects[row].said ** unet.TEMPER for row in range(8)]
    rest = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    for row in range(8):
        expected = share * said[row] / sum(said) + (1 - share) * rest[row] / sum(rest)
        assert drawn[row] == pytest.approx(expected)
    people = [replace(e, group="people-body") if e.label == "key" else e for e in objects]
    more = unet.said_weights(replace(bank, emoji=(*people, *bank.emoji[8:])), share)
    assert more[6] > 1.5 * drawn[6]
    shown = unet.said_weights(replace(bank, emoji=(*objects, *bank.emoji[8:])), share, 0.5)
    assert sum(shown) == pytest.approx(1)
    for row, name in enumerate(BEFORE_TAGS):  # four of these eight are named by the app's prompts
        of_app = 0.5 / 4 if name in {"red apple", "parrot", "whale", "rocket"} else 0.0
        assert shown[row] == pytest.approx(0.5 * drawn[row] + of_app)
    strange = [replace(e, label=f"strange {e.label}") for e in objects]
    unknown = replace(bank, emoji=(*strange, *bank.emoji[8:]))
    assert unet.said_weights(unknown, share, 0.5) == pytest.approx(drawn)
    with pytest.raises(ValueError, match="no label is said"):
        unet.said_weights(replace(bank, emoji=tuple(replace(e, said=0) for e in objects)), share)


def test_attention_in_one_piece_gives_the_same_answer() -> None:
    torch.manual_seed(0)
    plain = unet.build_unet().eval()
    quick = unet.quicken(copy.deepcopy(plain))
    asked = torch.randn(2, 4, 16, 16), torch.tensor([5, 900]), torch.randn(2, 77, text.WIDTH)
    with torch.no_grad():
        torch.testing.assert_close(quick(*asked), plain(*asked), atol=1e-5, rtol=1e-4)
    before = next(part for part in plain.modules() if isinstance(part, Attention))
    assert before.attend is attend  # the copy alone was quickened


def test_the_reader_learns_two_objects_and_holds_what_it_knows_of_one(
    bank: PictureBank, data_folder: Path
) -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(49_408, text.WIDTH) * 0.04
    reader = text.TextReader(text.build_text_encoder(embeddings), bank.objects)
    ids, cpu = text.CaptionIds(data_folder), torch.device("cpu")
    text.text_loss(reader, bank, ids, cpu)(1, torch.Generator())["loss"].backward()
    assert reader.object_head.weight.grad is not None
    assert reader.second_head.weight.grad is None

    before = copy.deepcopy(reader).eval().requires_grad_(False)
    loss = text.text_loss(reader, bank, ids, cpu, before)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=2e-3)
    optimizer.zero_grad()
    seen, held = [], []
    for step in range(1, 8):
        losses = loss(step, torch.Generator().manual_seed(step))
        held.append(float(losses["held"].detach()))
        seen.append(float(losses["second"].detach()))
        losses["loss"].backward()
        for head in (reader.second_head, reader.arrangement_head, reader.object_head):
            assert head.weight.grad is not None
        optimizer.step()
        optimizer.zero_grad()
    assert held[0] < 1e-6  # nothing has moved yet
    assert held[-1] > 1e-3
    assert seen[-1] < 0.9 * seen[0]


def test_words_that_say_nothing_are_to_be_read_like_the_start(
    bank: PictureBank, data_folder: Path
) -> None:
    states = torch.arange(2 * 5 * 3.0).view(2, 5, 3)
    opened = text.opened_states(states, 2)
    assert torch.equal(opened[:, :3], states[:, :1].expand(2, 3, 3))
    assert torch.equal(opened[:, 3:], states[:, 1:3])

    reader = text.TextReader(text.build_text_encoder(torch.randn(49_408, text.WIDTH)), bank.objects)
    before = copy.deepcopy(reader).eval().requires_grad_(False)
    loss = text.text_loss(reader, bank, text.CaptionIds(data_folder), torch.device("cpu"), before)
    held = [
        float(loss(step, torch.Generator())["held"].detach())
        for step in (text.OPENED_FROM - 1, text.OPENED_FROM)
    ]
    assert held[0] < 1e-6  # the same reader
    assert held[1] > 0.01  # which does not yet pass over the words before a caption


def test_captions_become_ids_as_stable_diffusion_pads_them(data_folder: Path) -> None:
    ids = text.CaptionIds(data_folder)(["a photo of a parrot", "", "tree " * 100])
    assert ids.shape == (3, 77)
    assert ids[0, :8].tolist() == [49406, 320, 1125, 539, 320, 23565, 49407, 49407]
    assert text.end_positions(ids).tolist() == [6, 1, 76]
    assert len(text.CaptionIds(data_folder)(["tree " * 100], 24)[0]) == 24


def test_the_towers_learn_to_match_pictures_with_captions(
    bank: PictureBank, data_folder: Path
) -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(49_408, text.WIDTH) * 0.04
    reader = text.TextReader(text.build_text_encoder(embeddings), bank.objects).eval()
    towers = tower.Towers()
    ids, cpu = text.CaptionIds(data_folder), torch.device("cpu")
    loss = tower.tower_loss(towers, reader, bank, ids, cpu)
    optimizer = torch.optim.AdamW(towers.parameters(), lr=5e-4)
    seen = []
    for step in range(40):
        losses = loss(step, torch.Generator().manual_seed(step))
        losses["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        seen.append(float(losses["object"].detach()))
    assert sum(seen[-5:]) < 0.6 * sum(seen[:5])


def test_roughening_keeps_the_picture_recognisable() -> None:
    import random

    flat = torch.full((2, 3, 16, 16), 0.5)
    rough = judge.roughen(flat, random.Random(0), torch.Generator().manual_seed(0))
    assert rough.shape == flat.shape
    assert (rough - flat).abs().mean() < 0.05


def test_a_stage_without_pictures_says_what_to_run(tmp_path: Path) -> None:
    from core.errors import ExplainerError

    with pytest.raises(ExplainerError, match=r"core\.training data"):
        load_pictures(tmp_path)
