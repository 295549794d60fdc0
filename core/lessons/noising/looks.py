"""The closer looks at noising."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("One jump or many steps"), "core.lessons.noising.jump"),
        Closer(tr_later("What is left"), "core.lessons.noising.left"),
        Closer(tr_later("Your run’s steps"), "core.lessons.noising.back"),
        Closer(tr_later("In numbers"), "core.lessons.noising.table"),
    ),
    formulas=(
        "core.ideas.forward.add_noise",
        "core.ideas.forward.add_one_step",
        "core.ideas.forward.follow_moments",
        "core.ideas.schedules.accumulate_alpha_bar",
        "core.ideas.noise_levels.snr_from_alpha_bar",
        "core.ideas.noise_levels.sigma_from_alpha_bar",
        "core.ideas.flow.flow_time",
        "core.ideas.schedules.rescale_to_zero_snr",
    ),
)
