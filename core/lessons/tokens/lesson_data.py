"""What the page about tokens teaches."""

from dataclasses import replace

import numpy as np

from core.engine.works.texts import TextWork
from core.ideas.picture_likeness import apart
from core.ideas.text_geometry import relative_change
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count, percent
from core.words import tr, tr_later


def _pieces(live: Live) -> Asked:
    tokens, prompt = live.tokens, live.run.request.prompt
    words, letters, places = len(prompt.split()), len(prompt), len(tokens.ids)
    told = {"pieces": count(tokens.count, "piece"), "places": places}
    said = (
        tr("The model cuts the text into {pieces} of its own vocabulary, and fills up to {places}",
           **told)
        if tokens.count == tokens.used
        else tr("The model cuts the text into {pieces} of its own vocabulary, and the last are cut "
                "off: with start and end, {places} have a place", **told)
    )  # fmt: skip
    spelled = (
        tr("each word happens to be one piece here")
        if words == tokens.count
        else tr(
            "some of the {words} are cut into more pieces, or signs stand alone",
            words=count(words, "word"),
        )
    )
    return choose(
        tr(
            "Of how many pieces (tokens) of your text does “{prompt}” consist?",
            prompt=prompt or tr("(no words)"),
        ),
        str(tokens.count),
        (str(tokens.count), f"{said}; {spelled}."),
        (str(words), tr("Those are the words. {said}; {spelled}.", said=said, spelled=spelled)),
        (
            str(letters),
            tr("Those are letters and spaces. {said}; {spelled}.", said=said, spelled=spelled),
        ),
        (str(places), tr("So many places there are, always. {said}.", said=said)),
    )


def _rows(live: Live) -> Asked:
    tokens = live.tokens
    every, used = len(tokens.ids), tokens.used
    padding = every - sum(tokens.mask)
    told = tr(
        "The U-Net reads all {every}: the start token, {pieces}, the end, and {padding_places}",
        every=every,
        pieces=count(used, "piece"),
        padding_places=count(padding, "padding place"),
    )
    return choose(
        tr("Each place becomes a row of numbers. How many rows does the U-Net read?"),
        str(every),
        ("1", tr("Not one for the whole text. {told}.", told=told)),
        (str(used), tr("Not only your words’. {told}.", told=told)),
        (str(used + 2), tr("Not only up to the end token. {told}.", told=told)),
        (str(every), tr("{told}, whatever you type.", told=told)),
    )


def _last_word(live: Live) -> Asked:
    tokens, prompt = live.tokens, live.run.request.prompt
    longer = f"{prompt} tree"
    plain, more = live.read(TextWork(live.run.request.model, (prompt, longer))).last
    own = tokens.used + 1  # the start token and the prompt's pieces
    moved = int((relative_change(plain, more)[:own] > 1e-4).sum())
    after = int((relative_change(plain, more)[own:] > 1e-4).sum())
    said = tr(
        "Measured: {moved} of the {rows} before the new word moved, and {after} of "
        "the {others} from it on",
        moved=moved,
        rows=count(own, "row"),
        after=after,
        others=len(tokens.ids) - own,
    )
    return choose(
        tr("You add one word at the end. Which of the rows before it change?"),
        tr("none") if moved == 0 else tr("some"),
        (tr("none"), tr("{said}: each place reads itself and what stands before it.", said=said)),
        (tr("some"), tr("{said}: each place reads itself and what stands before it.", said=said)),
        (tr("all"), tr("{said}: each place reads itself and what stands before it.", said=said)),
    )


def _layer_before(live: Live) -> Asked:
    request = live.run.request
    last, before = (live.read(replace(request, clip_skip=skip)).picture for skip in (0, 1))
    far = apart(last, before)
    said = tr(
        "Drawn just now from both, with the same noise: the pictures are {far:.1f} of 255 apart on "
        "average",
        far=far,
    )
    names = (tr("not at all"), tr("a little"), tr("a lot"))
    right = names[0] if far < 0.05 else names[1] if far < 15 else names[2]
    return choose(
        tr(
            "The U-Net learned to read one layer of the text encoder. Now it gets your words from "
            "the layer before. How much does the picture change? (A lot: by more than 15 of 255.)"
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )


def _padding_ignored(live: Live) -> str:
    request = live.run.request
    plain = live.read(TextWork(request.model, (request.prompt,))).last[0]
    other = live.read(TextWork(request.model, (live.other.prompt,))).last[0]
    padding = ~np.array(live.tokens.mask, bool)
    if not padding.any():
        return tr("Your words fill every place, so that there is no padding: make them shorter.")
    change = float(relative_change(plain, other)[padding].mean())
    return tr(
        "Nothing hides it from the U-Net, which reads all {rows} rows, "
        "{padding} of them padding. And they are not empty: padding stands last, so it has "
        "read your words. With “{prompt}” in their place the padding rows change by "
        "{change} of their length on average.",
        rows=len(padding),
        padding=padding.sum(),
        prompt=live.other.prompt,
        change=percent(change),
    )


LESSON = Lesson(
    headline=tr_later("What does the model read of your prompt?"),
    leads={
        "first": tr_later(
            "A computer reads no words, only numbers. Your text is cut into pieces, and each "
            "piece has a number. Then each is read together with those before it."
        ),
        "maths": tr_later(
            "Byte-pair encoding maps the text to 77 ids; a causal transformer maps those to "
            "the matrix that cross-attention reads."
        ),
    },
    picture=tr_later(
        "**Pieces, not words:** lower-cased, and a `</w>` marks where a word ends. **Click a "
        "word** to see how it was put together."
    ),
    remember=tr_later(
        "The model reads pieces with numbers, not words: always the same count of rows, each "
        "of which has read itself and what stands before it."
    ),
    questions=(
        Question("pieces", _pieces),
        Question("rows", _rows),
        Question("last", _last_word),
        Question("before", _layer_before, "Inside the encoder"),
    ),
    cards=(
        Card(tr_later("Padding is ignored."), _padding_ignored, {"look": tr_later("The mask")}),
    ),
)
