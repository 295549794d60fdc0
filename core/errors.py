"""Errors that are meant for people: what happened, and what to try."""


class ExplainerError(Exception):
    """Something a person can put right, said in plain words."""

    def __init__(self, what: str, fix: str = "") -> None:
        """Keep both sentences.

        Args:
            what: what happened, one plain sentence.
            fix: what to try, one plain sentence; empty where nothing can be done.
        """
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        """Return both sentences, one space between them."""
        return f"{self.what} {self.fix}".strip()
