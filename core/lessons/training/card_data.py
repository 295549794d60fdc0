"""What the shipped model's card says in words, for translators: it is data, and English there.

Its figures are no part of a text: another training says the same with others.
"""

import re

from core.words import tr, tr_later, unparted

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PLACES = "abcdefgh"
TEXTS = (
    tr_later("{a} captions"),
    tr_later("{a} crops of {b} x {c}"),
    tr_later("{a} whole scenes"),
    tr_later("{a} pictures of {b} x {c}"),
    tr_later("{a} latents"),
    tr_later("{a} of {b} CPU cores"),
    tr_later(
        "words that say nothing stand before some captions, and must change nothing: how far they "
        "do is added to what moved"
    ),
    tr_later("mostly animals, plants and food"),
    tr_later(
        "{a} of {b} scenes have a place, a size or two objects ({c} % of these), mostly animals, "
        "plants and food, and the text encoder is the one that can tell them; the other scenes "
        "show mostly things and places"
    ),
    tr_later(
        "{a} % of the single objects by how often films say their name, people three times as "
        "often, the others by kind, so that things that look alike share; {b} of {c} scenes are "
        "arranged; the rate begins anew, lower"
    ),
    tr_later(
        "{a} of {b} scenes are arranged, of the {c} words that were drawn best by then ({d} % show "
        "two objects), each beside the same things at each other's places; the rate begins anew"
    ),
    tr_later(
        "{a} % of the single objects by how often films say their name, the others by kind; {b} of "
        "{c} scenes are arranged, of the same words as before; the rate begins anew"
    ),
    tr_later(
        "{a} % of the single objects are what the app's own prompts name; nothing is called by "
        'another thing\'s name any more (an astronaut had been called "a rocket" at times); the '
        "rate begins anew, lower"
    ),
    tr_later(
        "The first four are from a second start of the same training; the first one's were not "
        "kept."
    ),
    tr_later("VAE: PSNR on {a} scenes of emoji that it never saw"),
    tr_later("at least {a} dB"),
    tr_later("{a} dB (SSIM {b})"),
    tr_later("latents after scaling: mean and deviation of each channel"),
    tr_later("within {a} of {b}; {c} to {d}"),
    tr_later("within {a}; {b} to {c}"),
    tr_later(
        "text: a caption in a new wording finds its picture among all objects, top-{a} / top-{b}"
    ),
    tr_later("at least {a} / {b} %"),
    tr_later(
        "the {a} words that people say most, half of them on a colour, named by the judge, "
        "top-{b} / top-{c}"
    ),
    tr_later("the people among these words, top-{a} / top-{b}"),
    tr_later("{a} prompts, one picture each, named by the judge, top-{b} / top-{c}"),
    tr_later("the background has the colour that was asked for"),
    tr_later("at least {a} %"),
    tr_later(
        "{a} prompts for two of the {b} objects drawn best, of {c} that training paired, both "
        "named by the judge"
    ),
    tr_later("{a} % (real scenes through the VAE: {b} %)"),
    tr_later("{a} guided steps and the picture, CPU threads: {b}"),
    tr_later("at most {a} s"),
    tr_later("size of the folder"),
    tr_later("at most {a} MB"),
    tr_later("activities"),
    tr_later("animals and nature"),
    tr_later("food and drink"),
    tr_later("objects"),
    tr_later("people and body"),
    tr_later("smileys and emotion"),
    tr_later("travel and places"),
)


def of_card(text: str) -> str:
    """Say a text of the card in the reader's language; one that is not known stays as it is.

    Args:
        text: from the card or the files beside it.
    """
    figures = dict(zip(_PLACES, _NUMBER.findall(text), strict=False))
    names = iter(figures)
    template = _NUMBER.sub(lambda figure: f"{{{next(names, figure[0])}}}", text)
    return tr(template, **figures) if template in TEXTS else unparted(text)
