"""Draw one picture and write what each token of the prompt was listened to: a map a token."""

import argparse
import json
import re
from typing import Any

WRITES_FILES = True
LONGEST_NAME = 24  # characters of a token in the name of its file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the fields of a request that decide what is looked at."""
    from core.commands.arguments import add_model, add_run

    add_run(parser)
    add_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Check the request before the model is loaded, run it with its attention in the open."""
    from core.commands.arguments import load_model, need_folder, run_fields
    from core.commands.progress import told
    from core.engine.request import Request, to_json, validated
    from core.engine.works.attention import AttentionWork

    request = validated(Request(**run_fields(arguments)))
    out = need_folder(arguments.out)

    from core.engine.alone import run_alone
    from core.lessons.attention.maps_data import entries_of, entry_maps
    from core.lessons.attention.means_data import say_mean
    from core.lessons.attention.reads_data import (
        budget_rows,
        map_png,
        maps_npz,
        scale_end,
        token_rows,
    )
    from core.models.text import read_prompt
    from core.views.exports import png_with_settings
    from core.views.tables import csv_of

    checkpoint = load_model(arguments.model)
    with told("U-Net call") as tell:
        seen = run_alone(checkpoint, AttentionWork(request.model, request), tell)
    tokens = read_prompt(checkpoint, request.prompt)
    entries, layers = entries_of(tokens), list(range(len(seen.layers)))
    maps = entry_maps(seen.mean(), entries)
    words = [at for at, entry in enumerate(entries) if entry.kind == "word"]
    limit = scale_end(maps[words] if words else maps)
    rows = token_rows(seen, entries)
    for entry, heat, row in zip(entries, maps, rows, strict=True):
        file = out / f"map_{entry.positions[0]:02d}_{_file_name(entry.label)}.png"
        file.write_bytes(map_png(seen, layers, heat, limit))
        row["file"] = str(file)
    files = {
        "picture": out / "image.png",
        "maps": out / "maps.npz",
        "budget": out / "budget.csv",
        "numbers": out / "attention.json",
    }
    budget = budget_rows(seen, entries)
    files["picture"].write_bytes(png_with_settings(seen.picture, request))
    files["maps"].write_bytes(maps_npz(seen, tokens, request))
    files["budget"].write_text(csv_of(budget), encoding="utf-8")
    about = {
        "request": json.loads(to_json(request)),
        "calls": len(seen.timesteps),
        "layers": [
            {"name": layer.name, "size": list(layer.own), "heads": layer.heads}
            for layer in seen.layers
        ],
        "mean": say_mean(seen, layers),
        "scale_end": limit,
        "averaged": list(seen.pooled),
        "tokens": rows,
        "budget": budget,
    }
    files["numbers"].write_text(json.dumps(about, indent=2, allow_nan=False), encoding="utf-8")
    return {"files": {name: str(path) for name, path in files.items()}, **about}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say what was written, and how much each token was listened to."""
    from core.commands.plain import plain, table

    columns = (
        "token",
        "kind",
        "share",
        "at the first call",
        "at the last call",
        "most at one place",
    )
    return [
        *(plain(f"{name}: {path}") for name, path in answer["files"].items()),
        f"and a map for each of {len(answer['tokens'])} tokens; their scale ends at "
        f"{answer['scale_end']:.3g}",
        answer["mean"],
        "",
        *table(answer["tokens"], columns),
    ]


def _file_name(label: str) -> str:
    """Name a token so that every file system takes it."""
    name = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:LONGEST_NAME]
    return name or "token"
