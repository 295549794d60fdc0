"""Noise schedules: the library's betas and alphas, the known numbers, and what is refused."""

import math

import numpy as np
import pytest
from diffusers import DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler

from core.errors import ExplainerError
from core.ideas.noise_levels import sigma_from_alpha_bar, snr_db_from_alpha_bar
from core.ideas.schedule_config import read_alpha_bar, read_betas
from core.ideas.schedules import (
    accumulate_alpha_bar,
    keep_sigma_finite,
    make_cosine_betas,
    make_linear_betas,
    make_scaled_linear_betas,
    make_sigmoid_betas,
    rescale_to_zero_snr,
)

SD1 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.mark.parametrize("train_steps", [2, 10, 400, 1000])
@pytest.mark.parametrize("name", ["linear", "scaled_linear", "sigmoid", "squaredcos_cap_v2"])
def test_betas_and_alphas_are_the_librarys(name: str, train_steps: int) -> None:
    config = {"beta_schedule": name, "num_train_timesteps": train_steps}
    theirs = DDPMScheduler(**config)
    np.testing.assert_allclose(read_betas(config), theirs.betas, rtol=2e-5, atol=1e-7)
    # 1 - 0.999 has only four digits in the library's float32
    np.testing.assert_allclose(read_alpha_bar(config), theirs.alphas_cumprod, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "squaredcos_cap_v2"])
def test_zero_snr_is_the_librarys(name: str) -> None:
    config = {**SD1, "beta_schedule": name, "rescale_betas_zero_snr": True}
    theirs = DDIMScheduler(**config)
    np.testing.assert_allclose(read_betas(config), theirs.betas, atol=1e-4)
    np.testing.assert_allclose(read_alpha_bar(config), theirs.alphas_cumprod, atol=2e-6)


def test_zero_snr_ends_in_pure_noise_and_keeps_the_start() -> None:
    betas = make_scaled_linear_betas()
    bent = rescale_to_zero_snr(betas)
    alpha_bar = accumulate_alpha_bar(bent)
    assert alpha_bar[-1] == 0
    assert bent[0] == pytest.approx(betas[0])
    assert np.isinf(sigma_from_alpha_bar(alpha_bar[-1]))
    assert snr_db_from_alpha_bar(alpha_bar[-1]) == -math.inf


def test_zero_snr_sigma_is_kept_finite_as_in_the_library() -> None:
    alpha_bar = keep_sigma_finite(read_alpha_bar({**SD1, "rescale_betas_zero_snr": True}))
    theirs = EulerDiscreteScheduler(**SD1, rescale_betas_zero_snr=True)
    assert alpha_bar[-1] == 2**-24
    sigmas = np.asarray(sigma_from_alpha_bar(alpha_bar))
    assert sigmas[-1] == pytest.approx(float(theirs.sigmas[0]))
    np.testing.assert_allclose(sigmas[::-1], theirs.sigmas[:-1], rtol=2e-3)


def test_stable_diffusions_numbers() -> None:
    alpha_bar = accumulate_alpha_bar(make_scaled_linear_betas())
    sigmas = np.asarray(sigma_from_alpha_bar(alpha_bar))
    assert alpha_bar[0] == pytest.approx(0.99915, abs=5e-6)
    assert alpha_bar[999] == pytest.approx(0.004660, abs=5e-7)
    assert sigmas[0] == pytest.approx(0.0292, abs=5e-5)
    assert sigmas[999] == pytest.approx(14.6146, abs=5e-5)
    assert int(np.argmax(sigmas > 1)) == 354
    assert math.sqrt(alpha_bar[999]) == pytest.approx(0.068, abs=5e-4)
    assert snr_db_from_alpha_bar(alpha_bar[999]) == pytest.approx(-23.3, abs=0.05)


def test_the_librarys_own_defaults_are_not_stable_diffusions() -> None:
    sigma = sigma_from_alpha_bar(read_alpha_bar({}))
    assert np.max(sigma) == pytest.approx(157.4, abs=0.05)
    assert float(EulerDiscreteScheduler().sigmas.max()) == pytest.approx(157.4, abs=0.05)


def test_trained_betas_are_taken_as_they_are() -> None:
    betas = [0.1, 0.2, 0.3]
    np.testing.assert_array_equal(read_betas({"trained_betas": betas}), betas)
    theirs = DDPMScheduler(trained_betas=betas).alphas_cumprod
    np.testing.assert_allclose(read_alpha_bar({"trained_betas": np.array(betas)}), theirs)


@pytest.mark.parametrize("make", [make_linear_betas, make_scaled_linear_betas, make_sigmoid_betas])
@pytest.mark.parametrize(
    "bad",
    [
        (-1, 0.02, 1000),
        (0, 0.02, 1000),
        (math.nan, 0.02, 1000),
        (0.02, 0.01, 1000),
        (0.01, 1.0, 1000),
        (0.01, 2.0, 1000),
        (0.01, 0.02, 0),
        (0.01, 0.02, -5),
        (0.01, 0.02, 1),
        (0.01, 0.02, 10**9),
    ],
)
def test_bad_ranges_are_refused(make: object, bad: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        make(*bad)  # type: ignore[operator]


def test_bad_cosine_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        make_cosine_betas(0)
    with pytest.raises(ValueError, match="expected"):
        make_cosine_betas(10, max_beta=1.5)


@pytest.mark.parametrize("betas", [[0.1], [0.1, math.nan], [0.1, 1.5], [-0.1, 0.2]])
def test_bad_betas_are_refused(betas: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        accumulate_alpha_bar(np.array(betas))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"beta_start": -1}, "The first beta is -1."),
        ({"beta_start": math.nan}, "The first beta is nan."),
        ({"beta_start": None}, "The first beta is empty."),
        ({"beta_start": 0.5, "beta_end": 0.1}, "larger than the last"),
        ({"beta_end": 2.0}, "The last beta is 2.0."),
        ({"beta_end": "0.02"}, "The last beta is '0.02'."),
        ({"beta_schedule": "foo"}, "Choose one of: linear, scaled_linear, sigmoid"),
        ({"beta_schedule": 3}, "The beta schedule is 3."),
        ({"num_train_timesteps": 0}, "number of training timesteps is 0."),
        ({"num_train_timesteps": -5}, "number of training timesteps is -5."),
        ({"num_train_timesteps": 1}, "number of training timesteps is 1."),
        ({"num_train_timesteps": 10**9}, "from 2 to 100,000"),
        ({"num_train_timesteps": True}, "number of training timesteps is True."),
        ({"num_train_timesteps": 10**400}, "number of training timesteps is 1000"),
        ({"trained_betas": [0.1]}, "at least two numbers"),
        ({"trained_betas": [0.1, "x"]}, "The trained beta is 'x'."),
        ({"rescale_betas_zero_snr": "yes"}, "Give true or false."),
    ],
)
def test_people_read_a_sentence(config: dict[str, object], sentence: str) -> None:
    with pytest.raises(ExplainerError) as caught:
        read_betas(config)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 160
