"""Show what the text encoder is given for a prompt, and what it makes of it."""

import argparse
from typing import Any

from core.commands.plain import plain, say, table

JSON = dict[str, Any]  # Any: what JSON holds
TOLD = {"ids", "mask", "tokens", "cut", "pad_id", "count", "words", "unique", "encoder"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the prompt, the model, and what to tell beside the ids."""
    from core.commands.arguments import add_model

    parser.add_argument("prompt", metavar="PROMPT", help="the text to read")
    parser.add_argument("--merges", action="store_true", help="tell each word's merges one by one")
    parser.add_argument(
        "--states", action="store_true",
        help="run the text encoder: lengths, attention, what the padding mask would change; "
        "with --out also states.safetensors",
    )  # fmt: skip
    parser.add_argument(
        "--against", action="append", default=[], metavar="TEXT",
        help="another prompt: cosine, and which positions change; may be given again",
    )  # fmt: skip
    add_model(parser)


def run(arguments: argparse.Namespace) -> JSON:
    """Tokenize the prompt, which needs no torch; read it with the model where asked."""
    from dataclasses import asdict

    from core.commands.arguments import find_folder
    from core.lessons.tokens.positions_data import unique_rows, word_rows
    from core.models.text_facts import read_text_facts
    from core.models.token_words import words_of
    from core.models.tokens import load_tokenizer, read_pad_id, tokenize

    folder = find_folder(arguments.model)
    tokenizer = load_tokenizer(folder / "tokenizer")
    pad_id = read_pad_id(folder / "tokenizer", tokenizer)
    facts = read_text_facts(folder)
    tokens = tokenize(tokenizer, arguments.prompt, pad_id, facts.positions)
    words = words_of(tokenizer, arguments.prompt)
    answer: JSON = {
        "ids": tokens.ids,
        "mask": tokens.mask,
        "tokens": tokens.pieces,
        "cut": tokens.cut,
        "pad_id": tokens.pad_id,
        "count": tokens.count,
        "words": word_rows(words),
        "unique": unique_rows(tokens),
        "encoder": asdict(facts),
    }
    if arguments.merges:
        answer["merges"] = _merges(tokenizer, words)
    if arguments.states or arguments.against:
        answer |= _read(arguments)
    return answer


def _merges(tokenizer: Any, words: Any) -> list[JSON]:  # Any: imported where it is used
    from core.models.token_words import explain_word, read_merges

    ranks = read_merges(tokenizer)
    told = [(word, *explain_word(word, ranks)) for word in words]
    return [
        {
            "word": word.text,
            "letters": letters,
            "steps": [{"rank": merge.rank, "pieces": merge.pieces} for merge in merges],
        }
        for word, letters, merges in told
    ]


def _read(arguments: argparse.Namespace) -> JSON:
    """Run the text encoder on the prompt and on those it is compared with."""
    import numpy as np

    from core.commands.arguments import load_model
    from core.ideas.text_geometry import cosine, relative_change
    from core.models.text_reading import read_texts, readable_encoder

    checkpoint = load_model(arguments.model)
    encoder = readable_encoder(checkpoint)
    prompts = [arguments.prompt, *arguments.against]
    found = read_texts(checkpoint, encoder, prompts)
    answer: JSON = {}
    if arguments.against:
        table = cosine(found.ends[:, None], found.ends[None])
        answer["cosine"] = _rounded(table)
        answer["against"] = [
            {
                "prompt": text,
                "cosine": round(float(table[0, place]), 6),
                "change": _rounded(relative_change(found.last[0], found.last[place])),
            }
            for place, text in enumerate(prompts)
            if place
        ]
    if arguments.states:
        inside = read_texts(checkpoint, encoder, prompts[:1], inside=True)
        masked = read_texts(checkpoint, encoder, prompts[:1], padding_mask=True)
        assert inside.hidden is not None
        assert inside.attentions is not None
        answer["lengths"] = _rounded(np.linalg.norm(inside.hidden[0], axis=-1))
        answer["attention_on_start"] = _rounded(inside.attentions[0, ..., 0].mean(axis=(1, 2)))
        answer["mask_change"] = _rounded(relative_change(inside.last[0], masked.last[0]))
        if arguments.out is not None:
            answer["files"] = {"states": _write(arguments.out / "states.safetensors", inside)}
    return answer


def _write(file: Any, reading: Any) -> str:  # Any: a path and a TextReading
    from safetensors.numpy import save_file

    names = ("last", "hidden", "normed", "attentions")
    save_file({name: getattr(reading, name)[0].copy() for name in names}, file)
    return str(file)


def _rounded(numbers: Any) -> Any:  # Any: an array, and the nested lists of it
    return numbers.round(6).tolist()


def tell(answer: JSON) -> list[str]:
    """Show the positions that hold the prompt, then whatever else was asked for."""
    used = sum(answer["mask"])
    begins = [[row["word"], *[""] * (len(row["pieces"]) - 1)] for row in answer["words"]]
    words = ["", *(word for pieces in begins for word in pieces)][: used - 1]
    rows = [
        {"position": at, "word": word, "piece": answer["tokens"][at], "id": answer["ids"][at]}
        for at, word in enumerate([*words, ""])
    ]
    room = len(answer["ids"]) - 2
    left = len(answer["ids"]) - used
    more = {name: answer[name] for name in answer if name not in TOLD}
    return [
        *table(rows, ("position", "word", "piece", "id")),
        f"{min(answer['count'], room)} of {room} places used; {left} more are filled with id "
        f"{answer['pad_id']}.",
        plain(f"Cut off, never read: {answer['cut']}" if answer["cut"] else "Nothing is cut off."),
        *say(more),
    ]
