"""What the page about tokens teaches."""

import numpy as np

from core.engine.works.texts import TextWork
from core.ideas.text_geometry import relative_change
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import count


def _pieces(live: Live) -> Asked:
    tokens, prompt = live.tokens, live.run.request.prompt
    words, letters, places = len(prompt.split()), len(prompt), len(tokens.ids)
    said = (
        f"The model cuts the text into {count(tokens.used, 'piece')} of its own vocabulary, and "
        f"fills up to {places}"
    )
    spelled = (
        "each word happens to be one piece here"
        if words == tokens.used
        else f"some of the {count(words, 'word')} are cut into more pieces, or signs stand alone"
    )
    return choose(
        f"Of how many pieces (tokens) of your text does “{prompt or '(no words)'}” consist?",
        str(tokens.used),
        (str(tokens.used), f"{said}; {spelled}."),
        (str(words), f"Those are the words. {said}; {spelled}."),
        (str(letters), f"Those are the letters. {said}; {spelled}."),
        (str(places), f"So many places there are, always. {said}."),
    )


def _rows(live: Live) -> Asked:
    tokens = live.tokens
    every, used = len(tokens.ids), tokens.used
    padding = every - sum(tokens.mask)
    told = (
        f"The U-Net reads all {every}: the start token, {count(used, 'piece')}, the end, and "
        f"{count(padding, 'padding place')}"
    )
    return choose(
        "Each place becomes a row of numbers. How many rows does the U-Net read?",
        str(every),
        ("1", f"Not one for the whole text. {told}."),
        (str(used), f"Not only your words’. {told}."),
        (str(used + 2), f"Not only up to the end token. {told}."),
        (str(every), f"{told}, whatever you type."),
    )


def _last_word(live: Live) -> Asked:
    tokens, prompt = live.tokens, live.run.request.prompt
    longer = f"{prompt} tree"
    plain, more = live.read(TextWork(live.run.request.model, (prompt, longer))).last
    own = tokens.used + 1  # the start token and the prompt's pieces
    moved = int((relative_change(plain, more)[:own] > 1e-4).sum())
    after = int((relative_change(plain, more)[own:] > 1e-4).sum())
    said = (
        f"Measured: {moved} of the {count(own, 'row')} before the new word moved, and {after} of "
        f"the {len(tokens.ids) - own} from it on"
    )
    return choose(
        "You add one word at the end. Which of the rows before it change?",
        "none" if moved == 0 else "some",
        ("none", f"{said}: each place reads itself and what stands before it."),
        ("some", f"{said}: each place reads itself and what stands before it."),
        ("all", f"{said}: each place reads itself and what stands before it."),
    )


def _padding_ignored(live: Live) -> str:
    request = live.run.request
    plain = live.read(TextWork(request.model, (request.prompt,))).last[0]
    other = live.read(TextWork(request.model, (live.other.prompt,))).last[0]
    padding = ~np.array(live.tokens.mask, bool)
    if not padding.any():
        return "Your words fill every place, so that there is no padding: make them shorter."
    change = float(relative_change(plain, other)[padding].mean())
    return (
        f"Nothing hides it from the U-Net, which reads all {len(padding)} rows, "
        f"{padding.sum()} of them padding. And they are not empty: padding stands last, so it has "
        f"read your words. With “{live.other.prompt}” in their place the padding rows change by "
        f"{change:.0%} of their length on average.".replace("%", " %")
    )


LESSON = Lesson(
    headline="What does the model read of your prompt?",
    leads={
        "first": "A computer reads no words, only numbers. Your text is cut into pieces, and each "
        "piece has a number.",
        "maths": "Byte-pair encoding maps the text to 77 ids; a causal transformer maps those to "
        "the matrix that cross-attention reads.",
    },
    picture="**Pieces, not words:** lower-cased, and a `</w>` marks where a word ends. **Click a "
    "word** to see how it was put together.",
    remember="The model reads pieces with numbers, not words: always the same count of rows, each "
    "of which has read itself and what stands before it.",
    questions=(
        Question("pieces", _pieces), Question("rows", _rows), Question("last", _last_word),
    ),
    cards=(Card("Padding is ignored.", _padding_ignored, {"look": "The mask"}),),
)  # fmt: skip
