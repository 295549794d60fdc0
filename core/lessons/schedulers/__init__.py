"""The page on schedulers: who decides how much noise is left."""
