"""What the page about cross-attention teaches."""

import numpy as np

from core.engine.works.attention import AttentionWork, EditedAttentionWork, Reweight
from core.engine.works.emphasis import EmphasisWork
from core.ideas.picture_likeness import apart
from core.lessons.attention.maps_data import entries_of
from core.lessons.attention.reads_data import budget
from core.models.attention_seen import AttentionSeen
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.views.numbers import percent, short
from core.words import tr, tr_later

WEIGHT = 1.3
NAMES = {
    "start": tr_later("the start token"),
    "word": tr_later("your words"),
    "end": tr_later("the end token"),
    "padding": tr_later("the padding"),
}


def _seen(live: Live) -> AttentionSeen:
    request = live.run.request
    return live.read(AttentionWork(request.model, request))


def _shares(live: Live) -> dict[str, float]:
    """Return the share of all attention that each kind of position got."""
    means = budget(_seen(live), entries_of(live.tokens)).mean(axis=0)
    return dict(zip(NAMES, means.tolist(), strict=True))


def _most(live: Live) -> Asked:
    shares = _shares(live)
    said = ", ".join(f"{tr(name)} {percent(shares[kind], 1)}" for kind, name in NAMES.items())
    best = max(shares, key=lambda kind: shares[kind])
    return choose(
        tr(
            "Every place of the picture shares out its attention over all rows of the text. Who "
            "gets "
            "the most of it?"
        ),
        tr(NAMES[best]),
        *(
            (tr(name), tr("Of all attention in this run: {said}.", said=said))
            for name in NAMES.values()
        ),
    )


def _sum(live: Live) -> Asked:
    layers = _seen(live).layers
    sums = np.concatenate([layer.maps.sum(axis=2, dtype=np.float64).ravel() for layer in layers])
    said = tr(
        "Added up over all {rows} rows of the text, every place has {sum:.2f}, to within {off}",
        rows=layers[0].maps.shape[2],
        sum=sums.mean(),
        off=short(max(1e-9, float(np.abs(sums - sums.mean()).max())), 1),
    )
    return choose(
        tr("One word gets more attention at a place. What happens to the others there?"),
        tr("they get less"),
        (tr("they get more as well"), tr("No: it is shared out. {said}.", said=said)),
        (tr("nothing"), tr("No: it is shared out. {said}.", said=said)),
        (tr("they get less"), tr("{said}: a softmax shares out exactly 1.", said=said)),
    )


def _double(live: Live) -> Asked:
    entries = entries_of(live.tokens)
    words = [one for one in entries if one.kind == "word"]
    if not words:
        return _sum(live)
    last = words[-1]
    request = live.run.request
    edited = live.read(EditedAttentionWork(request.model, request, Reweight(last.positions, 0.0)))
    far = apart(live.run.picture, edited)
    said = tr(
        "Drawn just now: the picture moved by {far:.1f} of 255 on average; the end and the "
        "padding, which have read the word, are listened to as before",
        far=far,
    )
    names = (tr("not at all"), tr("a little"), tr("a lot"))
    right = names[0] if far < 0.05 else names[1] if far < 15 else names[2]
    return choose(
        tr(
            "“{label}” is given no attention at all, at every call. How much does the picture "
            "change? (A lot: by more than 15 of 255.)",
            label=last.label,
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )


def _weighted(live: Live) -> Asked:
    words = [one for one in entries_of(live.tokens) if one.kind == "word"]
    if not words:
        return _sum(live)
    request, last = live.run.request, words[-1]
    restored, scaled = (
        live.read(EmphasisWork(request.model, request, last.positions, WEIGHT, recipe)).change
        for recipe in ("restore", "scale")
    )
    rows = len(restored)
    changed, own = (int((change > 1e-6).sum()) for change in (restored, scaled))
    said = tr(
        "Counted just now: {changed} of {rows} change, for the mean is of all of them. Made larger "
        "without that, as the same program does where it is asked to, {own}",
        changed=changed,
        rows=rows,
        own=own,
    )
    return choose(
        tr(
            "“{label}” gets the weight {weight}, as one program does it: its numbers are made "
            "larger, then all rows are scaled until their mean is as before. How many of the "
            "{rows} rows change?",
            label=last.label,
            weight=WEIGHT,
            rows=rows,
        ),
        str(changed),
        (str(own), tr("No. {said}.", said=said)),
        (str(rows - last.positions[0]), tr("It does not spread by place. {said}.", said=said)),
        (str(rows), f"{said}."),
        (str(changed), f"{said}."),
    )


def _says_why(live: Live) -> str:
    shares = _shares(live)
    return tr(
        "A map says what was read, not what was done with it. {words} of all "
        "attention went to your words, {ends} to the start "
        "and end tokens, which are no words of yours, {padding} to padding. "
        "What a word does is seen only by taking it away and drawing again.",
        words=percent(shares["word"], 1),
        ends=percent(shares["start"] + shares["end"], 1),
        padding=percent(shares["padding"], 1),
    )


LESSON = Lesson(
    headline=tr_later("Which places listened to which word?"),
    leads={
        "first": tr_later(
            "Every place of the picture reads the words while it is drawn. The brighter a "
            "square, the more this word was read there."
        ),
        "maths": tr_later(
            "$\\mathrm{softmax}(QK^\\top/\\sqrt d)$: a row for each place, that adds up to 1 "
            "over all positions of the text."
        ),
    },
    picture=tr_later(
        "**Where will a word be bright? Guess, then choose it.** Bright places took much "
        "from it: often those of the thing that it names, sometimes all the others. At every "
        "place the "
        "shares of all tokens, start and padding included, add up to 100 %. Each token has read "
        "all before it, so others may carry a word along: a map says where numbers came from, not "
        "why."
    ),
    remember=tr_later(
        "Every place of the picture listens to the whole text and shares out its attention over "
        "it: a map shows which places read a word, not why something was drawn."
    ),
    questions=(
        Question("most", _most),
        Question("sum", _sum),
        Question("double", _double),
        Question("weighted", _weighted, "(word:1.3)"),
    ),
    cards=(Card(tr_later("Attention maps say why."), _says_why, {"look": tr_later("Budget")}),),
)
