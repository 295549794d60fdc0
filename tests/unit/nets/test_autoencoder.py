"""Our autoencoder is the library's, and its KL is the closed form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor, nn
from torch.distributions import Normal as Gaussian
from torch.distributions import kl_divergence

from core.errors import ExplainerError
from core.nets.autoencoder import Autoencoder, Posterior, kl_to_unit_gaussian, reparameterise
from core.nets.config import AutoencoderConfig

Config = dict[str, Any]  # Any: a config.json
Normal = Callable[..., Tensor]
Pair = tuple[Autoencoder, AutoencoderKL]


@pytest.fixture
def pair(vae_config: Config, randomise: Callable[[nn.Module], nn.Module]) -> Pair:
    theirs = AutoencoderKL(**vae_config)
    randomise(theirs)
    ours = Autoencoder(AutoencoderConfig.from_config(vae_config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours, theirs


@pytest.fixture
def posterior(normal: Normal) -> Posterior:
    return Posterior(normal(2, 4, 5, 6), normal(2, 4, 5, 6, seed=1))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
def test_moments_and_picture_equal_the_library(
    pair: Pair, normal: Normal, size: tuple[int, int]
) -> None:
    ours, theirs = pair
    picture = normal(2, 3, *size)
    with torch.no_grad():
        found, expected = ours.encode(picture), theirs.encode(picture).latent_dist
        torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=1e-4)
        torch.testing.assert_close(found.logvar, expected.logvar, rtol=0, atol=1e-4)
        torch.testing.assert_close(found.std, expected.std, rtol=0, atol=1e-4)
        decoded, wanted = ours.decode(expected.mean), theirs.decode(expected.mean).sample
    assert wanted.shape == picture.shape
    assert wanted.std() > 0.05
    torch.testing.assert_close(decoded, wanted, rtol=0, atol=1e-4)


def test_gradients_equal_the_library(
    pair: Pair, normal: Normal, assert_same_gradients: Callable[..., None]
) -> None:
    ours, theirs = pair
    picture = normal(2, 3, 32, 32)
    decoded, found = ours(picture, seeded(3))
    ((decoded - picture).square().mean() + 1e-3 * found.kl().mean()).backward()

    expected = theirs.encode(picture).latent_dist
    redrawn = theirs.decode(expected.sample(seeded(3))).sample
    kl = expected.kl().mean() / expected.mean[0].numel()
    ((redrawn - picture).square().mean() + 1e-3 * kl).backward()
    assert_same_gradients(ours, theirs)


def test_builtin_weights_equal_the_library(
    builtin: Callable[[str], tuple[Path, Config]], normal: Normal
) -> None:
    folder, config = builtin("vae")
    theirs = AutoencoderKL.from_pretrained(folder, local_files_only=True).float()
    ours = Autoencoder(AutoencoderConfig.from_config(config)).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    picture = normal(1, 3, 64, 64).clamp(-1, 1)
    with torch.no_grad():
        found, expected = ours.encode(picture), theirs.encode(picture).latent_dist
        torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=1e-4)
        torch.testing.assert_close(found.logvar, expected.logvar, rtol=0, atol=1e-4)
        decoded, wanted = ours.decode(expected.mean), theirs.decode(expected.mean).sample
    torch.testing.assert_close(decoded, wanted, rtol=0, atol=1e-4)


def test_full_size_checkpoint_loads_strictly(full_vae_config: Config) -> None:
    with torch.device("meta"):  # shapes without memory
        theirs = AutoencoderKL(**full_vae_config)
        ours = Autoencoder(AutoencoderConfig.from_config(full_vae_config))
    state = theirs.state_dict()
    ours.load_state_dict(state, strict=True)
    shapes = {name: weight.shape for name, weight in ours.state_dict().items()}
    assert shapes == {name: weight.shape for name, weight in state.items()}


def test_kl_is_the_closed_form(posterior: Posterior) -> None:
    expected = kl_divergence(Gaussian(posterior.mean, posterior.std), Gaussian(0.0, 1.0))
    torch.testing.assert_close(posterior.kl(), expected)
    library = DiagonalGaussianDistribution(torch.cat([posterior.mean, posterior.logvar], dim=1))
    torch.testing.assert_close(posterior.kl().sum(dim=(1, 2, 3)), library.kl())


def test_kl_is_zero_for_the_unit_gaussian_and_positive_elsewhere(posterior: Posterior) -> None:
    assert kl_to_unit_gaussian(torch.zeros(3), torch.zeros(3)).eq(0).all()
    assert posterior.kl().gt(0).all()


def test_sample_depends_on_the_seed_alone(posterior: Posterior) -> None:
    drawn = posterior.sample(seeded(5))
    torch.randn(3)  # the global generator plays no part
    assert torch.equal(drawn, posterior.sample(seeded(5)))
    assert not torch.equal(drawn, posterior.sample(seeded(6)))
    library = DiagonalGaussianDistribution(torch.cat([posterior.mean, posterior.logvar], dim=1))
    torch.testing.assert_close(drawn, library.sample(seeded(5)))


def test_samples_have_the_mean_and_spread_of_the_posterior() -> None:
    many = torch.ones(1, 1, 200, 500)
    drawn = reparameterise(3 * many, (many / 4).log(), torch.randn(many.shape, generator=seeded(0)))
    assert drawn.mean().item() == pytest.approx(3, abs=0.01)
    assert drawn.std().item() == pytest.approx(0.5, abs=0.01)


def test_gradients_flow_through_a_sample(posterior: Posterior) -> None:
    mean, logvar = posterior.mean.requires_grad_(), posterior.logvar.requires_grad_()
    eps = torch.randn(mean.shape, generator=seeded(1))
    reparameterise(mean, logvar, eps).sum().backward()
    assert mean.grad is not None
    assert logvar.grad is not None
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    torch.testing.assert_close(logvar.grad, (posterior.std * eps / 2).detach())


def test_attention_of_the_middle_sums_to_one(full_vae_config: Config, normal: Normal) -> None:
    narrow = {"block_out_channels": [8, 16, 32, 32], "norm_num_groups": 4}
    net = Autoencoder(AutoencoderConfig.from_config(full_vae_config | narrow))
    added, weights = net.decoder.mid_block.attentions[0](normal(2, 32, 4, 5))
    assert added.shape == (2, 32, 4, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 1, 20))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("act_fn", "relu"),
        ("down_block_types", ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"]),
        ("up_block_types", ["AttnUpDecoderBlock2D"]),
    ],
)
def test_another_family_is_refused_in_a_sentence(
    small_vae_config: Config, name: str, value: object
) -> None:
    with pytest.raises(ExplainerError, match=f"config has {name} = .*knows .* only"):
        AutoencoderConfig.from_config(small_vae_config | {name: value})
