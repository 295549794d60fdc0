"""The mathematics of diffusion, each formula tied to the function that computes it."""
