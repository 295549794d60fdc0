"""The closer looks at noising."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("One jump or many steps", "core.lessons.noising.jump"),
        Closer("What is left", "core.lessons.noising.left"),
        Closer("Your run’s steps", "core.lessons.noising.back"),
        Closer("In numbers", "core.lessons.noising.table"),
    ),
    formulas=(
        "core.ideas.forward.add_noise",
        "core.ideas.forward.add_one_step",
        "core.ideas.forward.follow_moments",
        "core.ideas.schedules.accumulate_alpha_bar",
        "core.ideas.noise_levels.snr_from_alpha_bar",
        "core.ideas.noise_levels.sigma_from_alpha_bar",
        "core.ideas.schedules.rescale_to_zero_snr",
    ),
)
