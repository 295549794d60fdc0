"""A recipe: one small JSON file that says all that decides a run, and reads back to it."""

import json
from dataclasses import dataclass

from core.engine.request import Request, from_values, to_json
from core.errors import ExplainerError
from core.ideas.checks import read_json
from core.views.versions import versions
from core.words import tr, tr_later

KIND = "glassbox recipe"
FORMAT = 1
LARGEST = 200_000  # bytes; two long prompts are under half of it
WHAT_TO_DROP = tr_later("Drop a recipe that was saved here, just as it was saved.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a recipe says.

    Attributes:
        request: what was asked, validated.
        fingerprint: of the weights that answered; "" where it is not told.
    """

    request: Request
    fingerprint: str


def recipe_json(request: Request, fingerprint: str) -> str:
    """Write a recipe.

    Args:
        request: what was asked, validated.
        fingerprint: of the weights that answered.
    """
    told = {
        "kind": KIND,
        "format": FORMAT,
        "request": json.loads(to_json(request)),
        "weights_sha256": fingerprint,
        "versions": versions(),
    }
    return json.dumps(told, indent=2, allow_nan=False) + "\n"


def read_recipe(data: bytes) -> Recipe:
    """Read a recipe back.

    Args:
        data: a file's bytes; nothing about them is trusted.

    Raises:
        ExplainerError: it is no recipe, or it asks for something that cannot be used.
    """
    if len(data) > LARGEST:
        raise ExplainerError(tr("This file is too large to be a recipe."), tr(WHAT_TO_DROP))
    try:
        told = read_json(data)
    except ValueError as error:  # also where it is no text
        raise ExplainerError(tr("This file cannot be read as JSON."), tr(WHAT_TO_DROP)) from error
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise ExplainerError(tr("This file is no recipe."), tr(WHAT_TO_DROP))
    if told.get("format") != FORMAT:
        raise ExplainerError(
            tr(
                "This recipe has format {given!r:.20}, and {read} is read here.",
                given=told.get("format"),
                read=FORMAT,
            ),
            tr(WHAT_TO_DROP),
        )
    fingerprint = told.get("weights_sha256")
    if not isinstance(told.get("request"), dict):
        raise ExplainerError(tr("This recipe does not say what to draw."), tr(WHAT_TO_DROP))
    return Recipe(
        from_values(told["request"]),
        fingerprint if isinstance(fingerprint, str) and len(fingerprint) <= 128 else "",
    )
