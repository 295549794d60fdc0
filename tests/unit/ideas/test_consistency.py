"""Consistency: the jump to the end and the teacher's step, against the library's schedulers."""

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler

from core.ideas.consistency import consistency_loss, jump_to_the_end, step_of_teacher

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.fixture
def latents() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    xt = torch.randn(3, 4, 2, 2, generator=draw)
    return xt, torch.randn(3, 4, 2, 2, generator=draw)


def test_jump_is_the_estimate_of_the_scheduler_lcm(
    latents: tuple[torch.Tensor, torch.Tensor],
) -> None:
    xt, eps = latents
    scheduler = LCMScheduler(**BETAS)
    scheduler.set_timesteps(4)
    for t in scheduler.timesteps:
        level = scheduler.alphas_cumprod[t].expand(3)
        found = jump_to_the_end(xt, eps, level, t.expand(3))
        expected = scheduler.step(eps, t, xt, return_dict=False)[1]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_at_the_end_of_the_way_the_jump_stays_where_it_is(
    latents: tuple[torch.Tensor, torch.Tensor],
) -> None:
    xt, eps = latents
    t = torch.tensor([0, 500, 0])
    found = jump_to_the_end(xt, eps, torch.tensor([0.999, 0.3, 0.999]), t)
    assert torch.equal(found[[0, 2]], xt[[0, 2]])
    assert (found[1] != xt[1]).all()


def test_step_of_the_teacher_is_one_of_ddim(latents: tuple[torch.Tensor, torch.Tensor]) -> None:
    xt, eps = latents
    scheduler = DDIMScheduler(
        **BETAS, clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing"
    )
    scheduler.set_timesteps(20)  # 50 timesteps in a step
    levels = scheduler.alphas_cumprod
    for t, after in ((999, 949), (499, 449), (49, 0)):
        found = step_of_teacher(xt, eps, levels[t].expand(3), levels[after].expand(3))
        expected = scheduler.step(eps, t, xt, return_dict=False)[0]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_loss_is_nearly_the_distance_and_nothing_between_equals() -> None:
    here = np.array([[1.0, -2.0], [0.5, 0.0]])
    assert consistency_loss(here, here) == 0
    assert consistency_loss(here, here + np.array([[3.0, 0.0], [0.0, -1.0]])) == pytest.approx(
        1.0, abs=1e-3
    )
    assert consistency_loss(here, here + 1e-5) == pytest.approx(0.5 * 1e-5**2 / 1e-3, rel=1e-3)
