"""The page on tokens: what the model reads of a prompt."""
