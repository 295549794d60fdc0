"""Settings that other programs wrote into a picture, taken over as far as they mean something here.

AUTOMATIC1111's web UI and its kin write one text: the prompt, then "Negative prompt: ...", then a
line of names and values with commas between them. A value that holds a comma, a colon or a line
break is quoted as JSON quotes a text, so what looks like a setting in there belongs to another
part. ComfyUI, InvokeAI, Fooocus and NovelAI write JSON, each its own; sd-parsers knows them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.engine.request import Request, usable
from core.errors import ExplainerError
from core.ideas.checks import read_json, say_number
from core.models.catalog import BUILT_IN, entries
from core.models.loras import MOST, Chosen, check_loras
from core.models.schedulers.names import read_sampler
from core.models.schedulers.table import SCHEDULERS
from core.words import tr, tr_later

KNOWN = (
    "Steps",
    "Sampler",
    "CFG scale",
    "Seed",
    "Size",
    "Model",
    "Model hash",
    "Schedule type",
    "Clip skip",
    "Version",
)
_KNOWN = {name.lower(): name for name in KNOWN}  # some programs write "CFG Scale"
NEGATIVE = "Negative prompt:"
MOST_TOLD = 12  # names of what has no counterpart
_NAME = re.compile(r"[ \t]*(\w[^:,\"\n]*?)[ \t]*:[ \t]*")
_QUOTED = re.compile(r'"((?:\\.|[^\\"])*)"', re.DOTALL)
_REST = re.compile(r"[^,\n]*")
_JSON = json.JSONDecoder(strict=False)  # a raw line break in a text is none of JSON's
_LORA = re.compile(r" ?<lora:([^:<>]+):\s*([-+]?[\d.]+)\s*>")
_SYNTAX = re.compile(r"\([^()]*:\s*[\d.]+\s*\)|<\w+:[^>]*>|\[[^][]*[:|][^][]*\]|\bBREAK\b")
# What sd-parsers calls them, or leaves as the program did; the names of AUTOMATIC1111 are ours.
_NAMES = {
    "steps": "Steps",
    "cfg_scale": "CFG scale",
    "seed": "Seed",
    "noise_seed": "Seed",
    "scheduler": "Schedule type",
    "noise_schedule": "Schedule type",
}
_DECIDES = {  # a picture, beside its words and model
    "steps": tr_later("steps"), "seed": tr_later("seed"), "guidance": tr_later("guidance"),
    "scheduler": tr_later("scheduler"),
}  # fmt: skip
# Inputs of ComfyUI's nodes that may come from another node, which holds the value alone.
_LINKED = ("text", "seed", "noise_seed", "steps", "cfg", "sampler_name", "scheduler")

Note = tuple[str, str]


@dataclass(slots=True)
class Theirs:
    """What another program said.

    Attributes:
        prompt: its words.
        negative: its negative prompt.
        said: everything else, by AUTOMATIC1111's names.
    """

    prompt: str = ""
    negative: str = ""
    said: dict[str, object] = field(default_factory=dict)


def read_parameters(text: str) -> Theirs | None:
    """Read the text of AUTOMATIC1111's web UI.

    Args:
        text: nothing about it is trusted.

    Returns:
        What it says; None where it has no line of settings and no negative prompt.
    """
    text = re.sub(r"\r\n?", "\n", text).strip(" \t\n\0\ufeff")
    if "\n" not in text and not text.startswith("Steps:"):  # put into one line by whoever kept it
        for begin in (NEGATIVE, r"Steps: ?\d+,"):
            text = re.sub(rf"\s+(?={begin})", "\n", text, count=1)
    lines, said = text, {}
    for start in [0, *(found.end() for found in re.finditer("\n", text))]:
        pairs, end = _read_pairs(text, start)
        known = sum(name in pairs for name in KNOWN)
        if end == len(text) and known >= 2:
            lines, said = text[:start], pairs
            break
        # an extension wrote lines below the settings
        if known >= 3 and "Steps" in pairs and text[end] == "\n":
            lines, said = text[:start], {text[end:].strip().partition(":")[0]: text[end:], **pairs}
    words, negative = [], None
    for line in map(str.strip, lines.strip().split("\n")):
        if negative is None and line.lower().startswith(NEGATIVE.lower()):
            negative = [line[len(NEGATIVE) :].strip()]
        else:
            (words if negative is None else negative).append(line)
    if negative is None and not said:
        return None
    return Theirs("\n".join(words), "\n".join(negative or []), dict(said))


def read_json_settings(chunks: Mapping[str, str]) -> Theirs | None:
    """Read what ComfyUI, InvokeAI, Fooocus and NovelAI write.

    Args:
        chunks: texts of the picture by name; nothing about them is trusted.

    Returns:
        What the first sampler was told; None where none of them wrote this.
    """
    from sd_parsers.parsers import (
        ComfyUIParser,
        FooocusParser,
        InvokeAIParser,
        NovelAIParser,
    )

    given = dict(chunks)
    graph = _graph(given.get("prompt", ""))
    if graph:
        given["prompt"] = json.dumps(graph)
        links = [[0, node, 0, to, 0, ""] for to, told in graph.items() for node in _sources(told)]
        given.setdefault("workflow", json.dumps({"links": links}))  # left out without its page
    for parser in (FooocusParser, ComfyUIParser, InvokeAIParser, NovelAIParser):
        try:
            found = parser().parse(dict(given))
            sampler = found.samplers[0]
            prompts = (
                [one.value for one in sampler.prompts],
                [one.value for one in sampler.negative_prompts],
            )
            words, negative = (", ".join(dict.fromkeys(texts)) for texts in prompts)
            model, more = (
                (sampler.model.name, sampler.model.metadata) if sampler.model else ("", {})
            )
            if not isinstance(model, str):  # ComfyUI's is behind the node of a LoRA
                [loader] = found.metadata.pop("CheckpointLoaderSimple")
                model = loader["ckpt_name"]
            own = sampler.parameters  # first: a node may be called "Seed"
            said = _said(sampler.name, model, {**own, **more, **found.metadata, **own})
        except Exception:  # whatever a file that is not of its program makes a parser raise
            continue
        return Theirs(words, negative, said)
    return None


def take_over(theirs: Theirs) -> tuple[Request, list[Note]]:
    """Keep what has a meaning here, field by field.

    Args:
        theirs: nothing about it is trusted.

    Returns:
        The request, validated, and what is told about every field that could not be kept.
    """
    said, notes = dict(theirs.said), []
    fields: dict[str, Any] = {}  # Any: whatever stood in the file, to be checked with the rest
    for name, ours in (("Steps", "steps"), ("Seed", "seed"), ("CFG scale", "guidance")):
        if name in said:
            fields[ours] = _number(said.pop(name))
    if "Clip skip" in said:  # 1 leaves no layer out there
        skip = _number(said.pop("Clip skip"))
        fields["clip_skip"] = skip - 1 if isinstance(skip, int) and skip > 0 else skip
    sampler, spacing = said.pop("Sampler", None), str(said.pop("Schedule type", ""))
    if sampler is not None:
        fields["scheduler"], fields["params"], unknown = read_sampler(str(sampler), spacing)
        if unknown:
            notes.append(
                (
                    tr(
                        "There is no spacing of sigmas called {unknown!r:.40} here.",
                        unknown=unknown,
                    ),
                    tr("Until then the sampler has its own."),
                )
            )
    start = Request()
    unsaid = {ours: getattr(start, ours) for ours in _DECIDES if ours not in fields}
    if theirs.said and unsaid:
        notes.append(
            (
                tr(
                    "The picture does not say its {unsaid}.",
                    unsaid=", ".join(tr(_DECIDES[name]) for name in unsaid),
                ),
                tr(
                    "Until then: {settings}.",
                    settings=", ".join(
                        f"{tr(_DECIDES[name])} {value}" for name, value in unsaid.items()
                    ),
                ),
            )
        )
    model, size = said.pop("Model", None), said.pop("Size", None)
    known = {name.lower(): entry.id for entry in entries() for name in (entry.id, entry.title)}
    words, fields["loras"] = _take_loras(theirs.prompt, notes)
    if fields["loras"]:
        said.pop("Lora hashes", None)
    fields["model"] = known.get(str(model).lower(), BUILT_IN)
    if model is not None and str(model).lower() not in known:
        notes.append(
            (
                tr(
                    "The model was {model!r:.60}, which is not one of those here.", model=str(model)
                ),
                tr(
                    "Another model draws another picture. Until then it is {built_in}.",
                    built_in=BUILT_IN,
                ),
            )
        )
    sides = re.fullmatch(r"\s*(\d{1,6})\s*[x×]\s*(\d{1,6})\s*", str(size))
    if sides and str(model).lower() in known:
        fields["width"], fields["height"] = int(sides[1]), int(sides[2])
    elif size is not None:
        notes.append(
            (
                tr("The size was {size!s:.20} pixels.", size=size),
                tr("Until then it is the size of the model."),
            )
        )
    if _SYNTAX.search(words + theirs.negative):
        notes.append(
            (
                tr(
                    "Weights and commands in brackets, such as (word:1.2) or [a:b:0.5], have no "
                    "meaning here."
                ),
                tr("They are read as words."),
            )
        )
    if said:
        names = [name if len(name) <= 40 else f"{name[:39]}…" for name in said]
        more = (
            tr(" and {count} more", count=len(names) - MOST_TOLD) if len(names) > MOST_TOLD else ""
        )
        told = ", ".join(names[:MOST_TOLD])
        notes.append(
            (
                tr("Some settings have no counterpart here."),
                tr("Left out: {told}{more}.", told=told, more=more),
            )
        )
    request = Request(prompt=words, negative=theirs.negative, **fields)
    request, wrong = usable(request, start)
    return request, [*wrong, *notes]


def _take_loras(prompt: str, notes: list[Note]) -> tuple[str, tuple[Chosen, ...]]:
    """Take the LoRAs out of a prompt; one that is not offered here, or not usable, has a note."""
    found: dict[str, Chosen] = {}
    for name, strength in _LORA.findall(prompt):
        try:
            [found[name]] = check_loras([(name, _number(strength))])
        except ExplainerError as error:
            notes.append((error.what, tr("Until then it is left out.")))
    return _LORA.sub("", prompt), tuple(found.values())[:MOST]


def write_parameters(request: Request, width: int, height: int) -> str:
    """Say a request as AUTOMATIC1111's web UI does (its "PNG info").

    Args:
        request: validated.
        width: pixels.
        height: pixels.
    """
    loras = (f"<lora:{one.name}:{say_number(one.strength)}>" for one in request.loras)
    lines = [" ".join((request.prompt, *loras))]
    if request.negative:
        lines.append(f"{NEGATIVE} {request.negative}")
    info = SCHEDULERS[request.scheduler]
    said: dict[str, object] = {
        "Steps": request.steps,
        "Sampler": (*info.elsewhere, info.title)[0],
    }
    for option, spacing in (
        ("use_karras_sigmas", "Karras"),
        ("use_exponential_sigmas", "Exponential"),
        ("use_beta_sigmas", "Beta"),
    ):
        if (option, True) in request.params:
            said["Schedule type"] = spacing
    said |= {
        "CFG scale": say_number(request.guidance),
        "Seed": request.seed,
        "Size": f"{width}x{height}",
        "Model": request.model,
    }
    if request.clip_skip:  # 1 leaves no layer out there, and stays unsaid
        said["Clip skip"] = request.clip_skip + 1
    lines.append(", ".join(f"{name}: {_quoted(str(value))}" for name, value in said.items()))
    return "\n".join(lines)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n"]', value) else value


def _read_pairs(text: str, start: int) -> tuple[dict[str, object], int]:
    """Read names and values from a place on, as far as they go on one line.

    Returns:
        The values by name, the first of each name, and the place where they end.
    """
    pairs: dict[str, object] = {}
    place = start
    while name := _NAME.match(text, place):
        value, place = _read_value(text, name.end())
        pairs.setdefault(_KNOWN.get(name[1].lower(), name[1]), value)
        if text[place : place + 1] != ",":
            break
        place += 1
        while place < len(text) and not _NAME.match(text, place):  # a part that is no pair
            if rest := _REST.match(text, place):
                place = rest.end()
                if rest[0].strip() and rest[0].strip() not in KNOWN:
                    pairs[rest[0].strip()] = ""
            if text[place : place + 1] != ",":
                return pairs, place
            place += 1
    return pairs, place


def _read_value(text: str, start: int) -> tuple[object, int]:
    """Read one value: quoted, a JSON object, or plain up to the next comma."""
    if text[start : start + 1] in ('"', "{", "["):
        found: tuple[object, int] | None = None
        try:
            found = _JSON.raw_decode(text, start)
        except (ValueError, RecursionError):  # an escape that JSON does not know
            if quoted := _QUOTED.match(text, start):
                found = quoted[1], quoted.end()
        if found and re.compile(r"[ \t]*(,|\n|$)").match(text, found[1]):
            value, end = found
            return value, end + len(text[end:]) - len(text[end:].lstrip(" \t"))
    rest = _REST.match(text, start)
    end = rest.end() if rest else start
    return text[start:end].strip(), end


def _graph(prompt: str) -> dict[str, Any]:  # Any: what JSON holds
    """Read a ComfyUI graph, a value from another node put where it is used; {} if it is none."""
    try:
        graph = read_json(prompt)
        for told in graph.values():
            for name in _LINKED:
                if source := _source(told["inputs"].get(name)):
                    held = graph.get(source, {}).get("inputs", {})
                    plain = [
                        value for value in held.values() if isinstance(value, str | int | float)
                    ]
                    found = [held[one] for one in (name, "value") if one in held] or plain
                    if found and not isinstance(found[0], list):
                        told["inputs"][name] = found[0]
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    return graph


def _sources(told: Mapping[str, Any]) -> list[str]:
    return [source for value in told["inputs"].values() if (source := _source(value))]


def _source(value: object) -> str:
    """Return the node that a link comes from; "" where it is none."""
    return str(value[0]) if isinstance(value, list) and len(value) == 2 else ""


def _said(sampler: object, model: str | None, told: dict[Any, Any]) -> dict[str, object]:
    """Name what a sampler was told as AUTOMATIC1111 does; an empty value says nothing."""
    said: dict[str, object] = {"Sampler": sampler}
    if model:
        said["Model"] = model
    empty = told.pop("EmptyLatentImage", None)  # of ComfyUI
    if isinstance(empty, list) and empty and isinstance(empty[0], dict):
        told |= {name: empty[0].get(name) for name in ("width", "height")}
    if told.get("width") and told.get("height"):
        said["Size"] = f"{told.pop('width')}x{told.pop('height')}"
    if "resolution" in told:  # of Fooocus: "(512, 768)"
        said["Size"] = "x".join(re.findall(r"\d+", str(told.pop("resolution"))))
    for name, value in told.items():
        if value not in (None, "", [], {}):
            said.setdefault(_NAMES.get(str(name), str(name)), value)
    if said.get("denoise") in (1, 1.0):
        del said["denoise"]
    return said


def _number(value: object) -> Any:  # Any: what is no number stays as it was, to be refused
    if not isinstance(value, str):
        return value
    try:
        number = float(value) if len(value) < 40 else value
    except ValueError:
        return value
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 2**53
    return int(number) if whole else number
