"""The table of schedulers: one row says all that is known of one; imports no torch.

A new row needs a planner of its own only where its steps fall as no other's do.
"""

from dataclasses import replace

from core.ideas.samplers.ddim import ddim_coefficients, ddim_step
from core.ideas.samplers.ddpm import (
    ddpm_coefficients,
    ddpm_step,
    fixed_large_std,
    fixed_small_std,
)
from core.ideas.samplers.dpmpp_2m import (
    dpmpp_2m_step,
    first_order_coefficients,
    second_order_coefficients,
)
from core.ideas.samplers.euler import euler_step
from core.ideas.samplers.euler_ancestral import ancestral_coefficients, euler_ancestral_step
from core.ideas.samplers.heun import heun_step
from core.models.schedulers.options import (
    BETAS,
    DISTILLED,
    ETA,
    FINAL_ALPHA,
    FINAL_SIGMA,
    LEADING,
    LINSPACE,
    LOWER_FINAL,
    ORDER,
    SD_BETAS,
    SIGMAS,
    SOLVER,
    ZERO_SNR,
)
from core.models.schedulers.planners import (
    plan_ddim,
    plan_ddpm,
    plan_dpmpp_2m,
    plan_dpmpp_2s,
    plan_euler,
    plan_heun,
    plan_kdpm2,
    plan_kdpm2_ancestral,
    plan_lcm,
    plan_midpoint,
    plan_pndm,
    plan_tcd,
    plan_unipc,
)
from core.models.schedulers.record import Option, Scheduler

_ALL = (
    Scheduler(
        name="ddim", title="DDIM", class_name="DDIMScheduler", family="ddim",
        order=1, calls="N", stochastic=False, space="vp", levels="alpha_bar",
        blurb="Jumps straight from one noise level to the next; without eta, the same first noise "
        "gives the same picture.",
        options=(ETA, *LEADING, *BETAS, ZERO_SNR, FINAL_ALPHA),
        plan=plan_ddim,
        formulas=(ddim_step, ddim_coefficients),
    ),
    Scheduler(
        name="ddpm", title="DDPM", class_name="DDPMScheduler", family="ddim",
        order=1, calls="N", stochastic=True, space="vp", levels="alpha_bar", knows_sigmoid=True,
        blurb="The original: removes some noise, then adds a little fresh noise at every step.",
        options=(
            Option(
                "variance_type", "choice", "fixed_small",
                ("fixed_small", "fixed_small_log", "fixed_large"),
                "How much fresh noise a step adds.",
            ),
            *LEADING, *BETAS, ZERO_SNR,
        ),
        plan=plan_ddpm,
        formulas=(ddpm_step, ddpm_coefficients, fixed_small_std, fixed_large_std),
    ),
    Scheduler(
        name="pndm", title="PNDM", class_name="PNDMScheduler", family="lms",
        order=4, calls="N + 1", stochastic=False, space="vp", levels="alpha_bar",
        blurb="Reuses the last four predictions to bend the path; asks the network once more at "
        "the start.",
        options=(*LEADING, *BETAS, replace(FINAL_ALPHA, default=False)),
        plan=plan_pndm,
        elsewhere=("PLMS",),
    ),
    Scheduler(
        name="lms", title="LMS", class_name="LMSDiscreteScheduler", family="lms",
        order=4, calls="N", stochastic=False, space="ve", levels="sigma", requires="scipy",
        blurb="Fits a polynomial through the last four predictions and integrates it.",
        options=(
            Option("order", "int", 4, (1, 4), "How many predictions one step combines.", "step"),
            *LINSPACE, *SIGMAS, *BETAS,
        ),
        plan=plan_euler,
    ),
    Scheduler(
        name="euler", title="Euler", class_name="EulerDiscreteScheduler", family="euler",
        order=1, calls="N", stochastic=False, space="ve", levels="sigma",
        blurb="Follows the slope in a straight line from one sigma to the next.",
        options=(
            Option(
                "s_churn", "float", 0.0, (0.0, 100.0), "Fresh noise added over all steps.", "step"
            ),
            Option("s_noise", "float", 1.0, (0.5, 1.5), "Strength of that fresh noise.", "step"),
            Option(
                "interpolation_type", "choice", "linear", ("linear", "log_linear"),
                "How sigma is read between timesteps.",
            ),
            *LINSPACE, *SIGMAS, *BETAS, ZERO_SNR, FINAL_SIGMA,
        ),
        plan=plan_euler,
        formulas=(euler_step,),
    ),
    Scheduler(
        name="euler-a", title="Euler ancestral", class_name="EulerAncestralDiscreteScheduler",
        family="euler",
        order=1, calls="N", stochastic=True, space="ve", levels="sigma",
        blurb="Steps below the next noise level, then adds fresh noise to come back up to it.",
        options=(*LINSPACE, *BETAS, ZERO_SNR),
        plan=plan_euler,
        formulas=(euler_ancestral_step, ancestral_coefficients),
        elsewhere=("Euler a",),
    ),
    Scheduler(
        name="heun", title="Heun", class_name="HeunDiscreteScheduler", family="heun",
        order=2, calls="2N − 1", stochastic=False, space="ve", levels="sigma",
        blurb="Takes an Euler step, looks at the slope there, and walks the average of both "
        "slopes.",
        options=(*LINSPACE, *SIGMAS, *SD_BETAS),
        plan=plan_heun,
        formulas=(heun_step, euler_step),
    ),
    Scheduler(
        name="kdpm2", title="KDPM2", class_name="KDPM2DiscreteScheduler", family="kdpm2",
        order=2, calls="2N − 1", stochastic=False, space="ve", levels="sigma",
        blurb="Looks at the slope half way and uses that one for the whole step.",
        options=(*LINSPACE, *SIGMAS, *SD_BETAS),
        plan=plan_kdpm2,
        elsewhere=("DPM2",),
    ),
    Scheduler(
        name="kdpm2-a", title="KDPM2 ancestral", class_name="KDPM2AncestralDiscreteScheduler",
        family="kdpm2",
        order=2, calls="2N − 1", stochastic=True, space="ve", levels="sigma",
        blurb="KDPM2 with fresh noise added at every step.",
        options=(*LINSPACE, *SIGMAS, *SD_BETAS),
        plan=plan_kdpm2_ancestral,
        elsewhere=("DPM2 a", "DPM2 ancestral"),
    ),
    Scheduler(
        name="dpmpp-2m", title="DPM++ 2M", class_name="DPMSolverMultistepScheduler",
        family="dpmpp-2m",
        order=2, calls="N", stochastic=False, space="vp", levels="sigma",
        blurb="Solves the linear part exactly and the rest with the last two predictions; the "
        "common choice.",
        options=(
            *SOLVER, *LINSPACE, *SIGMAS,
            Option("use_lu_lambdas", "bool", False, (), "Space steps evenly in log SNR (Lu 2022)."),
            *BETAS, ZERO_SNR, FINAL_SIGMA, LOWER_FINAL,
            Option("euler_at_final", "bool", False, (), "Make the last step a plain Euler step."),
        ),
        plan=plan_dpmpp_2m,
        formulas=(dpmpp_2m_step, first_order_coefficients, second_order_coefficients),
    ),
    Scheduler(
        name="dpmpp-2s", title="DPM++ 2S", class_name="DPMSolverSinglestepScheduler",
        family="heun",
        order=2, calls="N", stochastic=False, space="vp", levels="sigma",
        blurb="The same solver, but each pair of calls makes one second-order step.",
        options=(*SOLVER, *SIGMAS, *BETAS, FINAL_SIGMA, replace(LOWER_FINAL, default=False)),
        plan=plan_dpmpp_2s,
    ),
    Scheduler(
        name="dpmpp-sde", title="DPM++ SDE", class_name="DPMSolverSDEScheduler", family="heun",
        order=2, calls="2N − 1", stochastic=True, space="ve", levels="sigma", requires="torchsde",
        blurb="Adds fresh noise all the way, as one random path that the seed has fixed.",
        options=(*LINSPACE, *SIGMAS, *SD_BETAS),
        plan=plan_midpoint,
    ),
    Scheduler(
        name="deis", title="DEIS", class_name="DEISMultistepScheduler", family="unipc",
        order=2, calls="N", stochastic=False, space="vp", levels="sigma",
        blurb="Draws a curve through its last predictions and follows it one step ahead.",
        options=(ORDER, *LINSPACE, *SIGMAS, *BETAS, LOWER_FINAL),
        plan=plan_unipc,
    ),
    Scheduler(
        name="unipc", title="UniPC", class_name="UniPCMultistepScheduler", family="unipc",
        order=2, calls="N", stochastic=False, space="vp", levels="sigma",
        blurb="Predicts a step, then corrects it with the prediction it makes there anyway.",
        options=(ORDER, *LINSPACE, *SIGMAS, *BETAS, ZERO_SNR, FINAL_SIGMA),
        plan=plan_unipc,
        elsewhere=("UniPC", "UniPC bh2"),
    ),
    Scheduler(
        name="sa-solver", title="SA-Solver", class_name="SASolverScheduler", family="unipc",
        order=2, calls="N", stochastic=True, space="vp", levels="sigma",
        blurb="Draws a curve through its last predictions as DEIS does, and adds fresh noise.",
        options=(
            Option("predictor_order", "int", 2, (1, 3), "Predictions the predictor combines."),
            Option("corrector_order", "int", 2, (1, 3), "Predictions the corrector combines."),
            Option(
                "algorithm_type", "choice", "data_prediction",
                ("data_prediction", "noise_prediction"), "Extrapolate the picture, or the noise.",
            ),
            *LINSPACE, *SIGMAS, *BETAS, LOWER_FINAL,
        ),
        plan=plan_unipc,
    ),
    Scheduler(
        name="lcm", title="LCM", class_name="LCMScheduler", family="ddim",
        order=1, calls="N", stochastic=True, space="vp", levels="alpha_bar",
        max_steps=50, distilled_only=True,
        blurb="For models distilled to jump to the end: guess the picture, add noise, guess "
        "again.",
        options=DISTILLED,
        plan=plan_lcm,
    ),
    Scheduler(
        name="tcd", title="TCD", class_name="TCDScheduler", family="ddim",
        order=1, calls="N", stochastic=True, space="vp", levels="alpha_bar",
        max_steps=50, distilled_only=True,
        blurb="For distilled models: like LCM, with less fresh noise at every step.",
        options=(
            replace(ETA, default=0.3, meaning="Fresh noise at every step, called gamma in TCD."),
            *DISTILLED,
        ),
        plan=plan_tcd,
    ),
)  # fmt: skip

SCHEDULERS: dict[str, Scheduler] = {one.name: one for one in _ALL}
