"""Settings that several schedulers share, with the library's names and defaults."""

from dataclasses import replace

from core.models.schedulers.record import Option
from core.words import tr_later

BETAS = (
    Option(
        "beta_start",
        "float",
        0.0001,
        (1e-5, 0.05),
        tr_later("Variance added at the first timestep."),
    ),
    Option(
        "beta_end", "float", 0.02, (1e-5, 0.05), tr_later("Variance added at the last timestep.")
    ),
    Option(
        "beta_schedule",
        "choice",
        "linear",
        ("linear", "scaled_linear"),
        tr_later("Whether beta grows evenly, or its square root does."),
    ),
)
SD_BETAS = (  # some classes have Stable Diffusion's own numbers for defaults
    replace(BETAS[0], default=0.00085),
    replace(BETAS[1], default=0.012),
    BETAS[2],
)
ZERO_SNR = Option(
    "rescale_betas_zero_snr",
    "bool",
    False,
    (),
    tr_later("Rescale beta so that t = 999 is pure noise."),
)
LEADING = (
    Option(
        "timestep_spacing",
        "choice",
        "leading",
        ("leading", "linspace", "trailing"),
        tr_later(
            "Which timesteps the steps fall on: counted up from 0, spread evenly, "
            "or down from 1000."
        ),
    ),
    Option(
        "steps_offset",
        "int",
        0,
        (0, 1),
        tr_later("Added to every timestep of the leading spacing."),
    ),
)
LINSPACE = (replace(LEADING[0], default="linspace"), LEADING[1])
SIGMAS = (
    Option(
        "use_karras_sigmas", "bool", False, (), tr_later("Space sigmas by Karras' rule, rho = 7.")
    ),
    Option(
        "use_exponential_sigmas",
        "bool",
        False,
        (),
        tr_later("Space sigmas evenly in their logarithm."),
    ),
    Option("use_beta_sigmas", "bool", False, (), tr_later("Space sigmas by a beta distribution.")),
)
FINAL_SIGMA = Option(
    "final_sigmas_type",
    "choice",
    "zero",
    ("zero", "sigma_min"),
    tr_later("Whether the last step ends at no noise, or at the least noise trained with."),
)
FINAL_ALPHA = Option(
    "set_alpha_to_one", "bool", True, (), tr_later("End at alpha_bar = 1, not at t = 0's.")
)
ETA = Option(
    "eta",
    "float",
    0.0,
    (0.0, 1.0),
    tr_later("Fresh noise at every step: 0 none, 1 as much as DDPM."),
    "step",
)
ORDER = Option(
    "solver_order", "int", 2, (1, 3), tr_later("How many predictions one step combines.")
)
LOWER_FINAL = Option(
    "lower_order_final",
    "bool",
    True,
    (),
    tr_later("Lower the order in the last steps; steadier below 15."),
)
SOLVER = (
    Option(
        "algorithm_type",
        "choice",
        "dpmsolver++",
        ("dpmsolver++", "sde-dpmsolver++"),
        tr_later("The plain equation, or the stochastic one with fresh noise."),
    ),
    ORDER,
    Option(
        "solver_type", "choice", "midpoint", ("midpoint", "heun"), tr_later("Form of second order.")
    ),
)
DISTILLED = (
    Option(
        "original_inference_steps", "int", 50, (50, 1000),
        tr_later("How many timesteps the model was distilled on; the steps are taken from these."),
    ),
    *SD_BETAS[:2], replace(BETAS[2], default="scaled_linear"), ZERO_SNR,
)  # fmt: skip
