"""The page on generation: how noise becomes a picture."""
