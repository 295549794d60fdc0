"""Guidance: the formula, its fixed points, and the library's own line."""

import numpy as np
import pytest
import torch

from core.ideas.equation import equation_of
from core.ideas.guidance import guide, rescale

SHAPE = (2, 4, 3, 5)


def test_guide_is_a_line_through_both_answers() -> None:
    uncond, cond = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(1)).unbind()
    torch.testing.assert_close(guide(uncond, cond, 0.0), uncond, rtol=0, atol=0)
    torch.testing.assert_close(guide(uncond, cond, 1.0), cond)
    torch.testing.assert_close(guide(uncond, cond, 2.0), 2 * cond - uncond)


@pytest.mark.parametrize("w", [0.0, 1.0, 7.5])
def test_tensors_arrays_and_numbers_agree(w: float) -> None:
    uncond, cond = np.random.default_rng(2).standard_normal((2, *SHAPE))
    as_arrays = guide(uncond, cond, w)
    as_tensors = guide(torch.from_numpy(uncond), torch.from_numpy(cond), w)
    np.testing.assert_allclose(as_tensors.numpy(), as_arrays, rtol=1e-12)
    assert guide(uncond[0, 0, 0, 0], cond[0, 0, 0, 0], w) == pytest.approx(as_arrays[0, 0, 0, 0])


def test_guiding_velocity_then_reading_noise_is_guiding_noise() -> None:
    from core.ideas.prediction import eps_from_v

    generator = torch.Generator().manual_seed(3)
    xt, v_uncond, v_cond = torch.randn(3, *SHAPE, generator=generator, dtype=torch.float64).unbind()
    late = eps_from_v(xt, guide(v_uncond, v_cond, 6.0), 0.3)
    early = guide(eps_from_v(xt, v_uncond, 0.3), eps_from_v(xt, v_cond, 0.3), 6.0)
    torch.testing.assert_close(late, early)


def test_the_formula_names_its_source_and_convention() -> None:
    assert "Ho & Salimans 2022" in equation_of(guide).source
    assert "w + 1" in equation_of(guide).source


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.7, 1.0])
def test_rescale_is_the_librarys_own(phi: float) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

    generator = torch.Generator().manual_seed(4)
    uncond, cond = torch.randn(2, *SHAPE, generator=generator, dtype=torch.float64).unbind()
    guided = guide(uncond, cond, 7.5)
    theirs = rescale_noise_cfg(guided, cond, phi)
    torch.testing.assert_close(rescale(guided, cond, phi), theirs)
    as_arrays = rescale(guided.numpy(), cond.numpy(), phi)
    np.testing.assert_allclose(as_arrays, theirs.numpy(), rtol=1e-10)


def test_rescale_leaves_or_gives_the_whole_spread() -> None:
    uncond, cond = np.random.default_rng(5).standard_normal((2, *SHAPE))
    guided = guide(uncond, cond, 9.0)
    np.testing.assert_array_equal(rescale(guided, cond, 0.0), guided)
    wholly = rescale(guided, cond, 1.0)
    axes = (1, 2, 3)
    np.testing.assert_allclose(wholly.std(axis=axes), cond.std(axis=axes))
    assert (guided.std(axis=axes) > 2 * wholly.std(axis=axes)).all()
    assert "Lin et al. 2023" in equation_of(rescale).source
