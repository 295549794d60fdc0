"""Guidance: the formula, its fixed points, and the library's own line."""

import numpy as np
import pytest
import torch

from core.ideas.equation import equation_of
from core.ideas.guidance import guide, guide_projected, rescale, split_change

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


def written_by_hand(cond: torch.Tensor, uncond: torch.Tensor, w: float, eta: float) -> torch.Tensor:
    """Algorithm 1 of Sadat et al. 2024 without momentum and bound, one sample after the other."""
    guided = []
    for with_words, without in zip(cond.double(), uncond.double(), strict=True):
        difference = (with_words - without).flatten()
        direction = with_words.flatten() / with_words.norm()
        parallel = torch.dot(difference, direction) * direction
        update = (difference - parallel) + eta * parallel
        guided.append(with_words + (w - 1) * update.view_as(with_words))
    return torch.stack(guided)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_projected_guidance_is_the_papers(eta: float) -> None:
    uncond, cond = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(4)).double()
    ours = guide_projected(uncond, cond, 7.5, eta)
    torch.testing.assert_close(ours, written_by_hand(cond, uncond, 7.5, eta), rtol=0, atol=1e-12)
    arrays = guide_projected(uncond.numpy(), cond.numpy(), 7.5, eta)
    np.testing.assert_allclose(ours.numpy(), arrays, rtol=0, atol=1e-12)
    if eta == 1:
        torch.testing.assert_close(ours, guide(uncond, cond, 7.5), rtol=0, atol=1e-12)


def test_parts_add_up_and_the_second_knows_nothing_of_the_answer() -> None:
    change, answer = np.random.default_rng(5).standard_normal((2, *SHAPE))
    along, across = split_change(change, answer)
    np.testing.assert_allclose(along + across, change, atol=1e-14)
    np.testing.assert_allclose((across * answer).sum(axis=(1, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(along / answer, axis=(1, 2, 3)), 0, atol=1e-12)
