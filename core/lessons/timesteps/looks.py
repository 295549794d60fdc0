"""The closer looks at the embedding of time."""

from core.ui.closer import Closer, Closers
from core.words import tr_later

LOOKS = Closers(
    (
        Closer(tr_later("All the clocks"), "core.lessons.timesteps.clocks"),
        Closer(tr_later("How alike"), "core.lessons.timesteps.alike"),
        Closer(tr_later("Side by side"), "core.lessons.timesteps.presets"),
        Closer(tr_later("In the network"), "core.lessons.timesteps.network"),
    ),
    formulas=(
        "core.ideas.timestep.compute_frequencies",
        "core.ideas.timestep.embed_timesteps",
        "core.ideas.timestep.compute_periods",
        "core.ideas.timestep.compare_embeddings",
    ),
)
