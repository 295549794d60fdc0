"""The page on timesteps: how the network is told the time."""
