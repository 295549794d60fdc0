"""The objectives: known values, the library's own functions, and the trainer's very numbers."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.ideas.equation import equation_of
from core.ideas.objectives import (
    flow_loss,
    match_loss,
    naming_loss,
    noise_loss,
    order_loss,
    picture_loss,
    weigh_min_snr,
)


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "function",
    [flow_loss, match_loss, naming_loss, noise_loss, order_loss, picture_loss, weigh_min_snr],
)
def test_every_objective_names_its_source(function: object) -> None:
    assert equation_of(function).source  # type: ignore[arg-type]  # each is a function


def test_noise_loss_is_the_mean_squared_error_where_all_weigh_one() -> None:
    predicted, eps = randn(6, 4, 3, 3), randn(6, 4, 3, 3, seed=1)
    found = noise_loss(predicted, eps, torch.ones(6))
    torch.testing.assert_close(found, F.mse_loss(predicted, eps))
    weight = torch.tensor([0.0, 0, 0, 0, 0, 6])
    torch.testing.assert_close(
        noise_loss(predicted, eps, weight), F.mse_loss(predicted[-1], eps[-1])
    )
    same = noise_loss(predicted.numpy(), eps.numpy(), np.ones(6))
    assert float(same) == pytest.approx(float(found), rel=1e-6)


def test_min_snr_weights_are_one_up_to_gamma_then_fall() -> None:
    snr = np.array([0.01, 1.0, 5.0, 10.0, 500.0])
    np.testing.assert_allclose(weigh_min_snr(snr), [1, 1, 1, 0.5, 0.01])
    np.testing.assert_allclose(weigh_min_snr(torch.tensor(snr)), weigh_min_snr(snr))
    np.testing.assert_allclose(weigh_min_snr(snr, 1.0), [1, 1, 0.2, 0.1, 0.002])


def test_match_loss_is_symmetric_cross_entropy() -> None:
    pictures, texts = F.normalize(randn(5, 8), dim=1), F.normalize(randn(5, 8, seed=1), dim=1)
    logits, wanted = 7.0 * pictures @ texts.T, torch.arange(5)
    expected = (F.cross_entropy(logits, wanted) + F.cross_entropy(logits.T, wanted)) / 2
    torch.testing.assert_close(match_loss(pictures, texts, 7.0), expected)
    torch.testing.assert_close(match_loss(texts, pictures, 7.0), expected)
    assert float(match_loss(torch.eye(5), torch.eye(5), 100.0)) < 1e-6


@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.5])
def test_naming_loss_is_the_librarys(smoothing: float) -> None:
    logits, wanted = randn(9, 12), torch.arange(9)
    expected = F.cross_entropy(logits, wanted, label_smoothing=smoothing)
    torch.testing.assert_close(naming_loss(logits, wanted, smoothing), expected)


def test_picture_loss_adds_four_terms() -> None:
    decoded, picture = randn(2, 3, 16, 8), randn(2, 3, 16, 8, seed=1)
    pixel = F.l1_loss(decoded, picture)
    edge = sum(F.l1_loss(decoded.diff(dim=d), picture.diff(dim=d)) for d in (-1, -2))
    coarse = F.l1_loss(F.avg_pool2d(decoded, 4), F.avg_pool2d(picture, 4))
    found = picture_loss(decoded, picture, torch.tensor(3.0), 0.1)
    torch.testing.assert_close(found, pixel + edge + coarse + 0.3)
    assert float(picture_loss(picture, picture, torch.tensor(0.0), 1.0)) == 0


def test_order_loss_adds_a_tenth_of_the_decibels_that_psnr_lost() -> None:
    decoded, picture = randn(2, 3, 16, 8), randn(2, 3, 16, 8, seed=1)
    pixel = F.l1_loss(decoded, picture)
    edge = sum(F.l1_loss(decoded.diff(dim=d), picture.diff(dim=d)) for d in (-1, -2))
    psnr = [10 * torch.log10(4 / F.mse_loss(*pair)) for pair in zip(decoded, picture, strict=True)]
    lost = (10 * math.log10(4 / 1e-9) - torch.stack(psnr).mean()) / 10
    torch.testing.assert_close(order_loss(decoded, picture, 1e-9), pixel + edge + lost)
    assert float(order_loss(picture, picture, 1e-5)) == 0


def test_flow_loss_is_the_mean_squared_error_of_what_leads_from_data_to_noise() -> None:
    x0, eps, predicted = (randn(6, 2, seed=seed) for seed in range(3))
    torch.testing.assert_close(flow_loss(predicted, eps, x0), F.mse_loss(predicted, eps - x0))
    assert flow_loss(eps - x0, eps, x0) == 0 < flow_loss(x0 - eps, eps, x0)
