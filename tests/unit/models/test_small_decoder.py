"""The small decoder that ships: it knows its autoencoder, and comes near to it."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import ExplainerError
from core.ideas.picture_likeness import psnr
from core.models.latents import decode_latents
from core.models.loading import Checkpoint
from core.models.small_decoder import (
    FOLDER,
    WEIGHTS,
    decode_quickly,
    digest_of,
    find_small_decoder,
    load_small_decoder,
)


def test_it_comes_near_to_the_full_decoder_on_a_picture(checkpoint: Checkpoint) -> None:
    from core.models.gallery import gallery, open_picture
    from core.models.latents import encode_picture, picture_tensor

    decoder = find_small_decoder(checkpoint)
    assert decoder is not None
    found = []
    for picture in gallery()[:4]:
        pixels = open_picture(picture.name).convert("RGB").resize((128, 128))
        given = picture_tensor(pixels.tobytes(), 128, 128)
        latents = encode_picture(checkpoint, given)
        small = decode_quickly(decoder, latents)
        full = decode_latents(checkpoint, latents)
        assert small.shape == full.shape == (1, 128, 128, 3)
        found.append(psnr(small.numpy(), full.numpy()))
    assert np.mean(found) > 24  # its card says what it is on films, which it was made for


def test_it_answers_for_no_other_weights(checkpoint: Checkpoint) -> None:
    other = copy.deepcopy(checkpoint.vae)
    with torch.no_grad():
        other.encoder.conv_in.weight += 1
    same_way_back = replace(checkpoint, vae=other)
    assert find_small_decoder(same_way_back) is not None
    with torch.no_grad():
        other.decoder.conv_in.weight += 0.01
    assert digest_of(other) != digest_of(checkpoint.vae)
    assert find_small_decoder(same_way_back) is None


def test_half_precision_is_the_same_decoder(checkpoint: Checkpoint) -> None:
    halves = copy.deepcopy(checkpoint.vae).half()
    assert digest_of(halves) == digest_of(checkpoint.vae)


def test_latents_that_are_not_finite_are_refused() -> None:
    decoder, _ = load_small_decoder()
    with pytest.raises(ExplainerError, match="not finite"):
        decode_quickly(decoder, torch.full((1, 4, 2, 2), float("nan")))


def test_damage_is_found_and_named_and_costs_films_alone(
    checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "frames"
    shutil.copytree(FOLDER, folder)
    whole = bytearray((folder / WEIGHTS).read_bytes())
    whole[-1] ^= 1
    (folder / WEIGHTS).write_bytes(bytes(whole))
    with pytest.raises(ExplainerError, match=WEIGHTS):
        load_small_decoder(folder)
    assert find_small_decoder(checkpoint, folder) is None
    assert WEIGHTS in caplog.text


def test_what_ships_keeps_to_its_size_and_says_what_was_measured() -> None:
    assert (FOLDER / WEIGHTS).stat().st_size <= 1_000_000
    report = json.loads((FOLDER / "evaluation.json").read_text())
    card = (FOLDER / "MODEL_CARD.md").read_text()
    for row in report["psnr"].values():
        assert row["worst_db"] <= row["tenth_db"] <= row["psnr_db"]
        assert f"| {row['psnr_db']} dB |" in card
