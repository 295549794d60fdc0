"""The page on latents: a picture as few numbers, and back."""
