"""Which versions compute here."""

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "diffusers", "transformers", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of what computes here, by name; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def say_versions() -> str:
    """Return the versions in one line."""
    return ", ".join(f"{name} {version}" for name, version in versions().items())
