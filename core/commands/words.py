"""Bring the catalogues of translations in step with the texts of the code."""

import argparse

WRITES_FILES = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take nothing."""


def run(arguments: argparse.Namespace) -> dict[str, dict[str, int]]:
    """Write every language's catalogue anew, with what was translated; what is gone goes."""
    from core.words import ENGLISH, FOLDER, LANGUAGES
    from core.words.extract import catalogue, written

    counts = {}
    for name in LANGUAGES:
        if name == ENGLISH:
            continue
        made = catalogue(name)
        (FOLDER / f"{name}.po").write_bytes(written(made))
        missing = sum(not all(one.string if isinstance(one.string, tuple) else (one.string,))
                      for one in made if one.id)  # fmt: skip
        counts[name] = {"texts": len(made), "missing": missing}
    return counts
