"""The closer looks at the embedding of time."""

from core.ui.closer import Closer, Closers

LOOKS = Closers(
    (
        Closer("All the clocks", "core.lessons.timesteps.clocks"),
        Closer("How alike", "core.lessons.timesteps.alike"),
        Closer("Side by side", "core.lessons.timesteps.presets"),
        Closer("In the network", "core.lessons.timesteps.network"),
    ),
    formulas=(
        "core.ideas.timestep.compute_frequencies",
        "core.ideas.timestep.embed_timesteps",
        "core.ideas.timestep.compute_periods",
        "core.ideas.timestep.compare_embeddings",
    ),
)
