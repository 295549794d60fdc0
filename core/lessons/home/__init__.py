"""The front page: the whole pipeline as a map."""
