"""The page on training: how the built-in model learned, and labs to train in."""
