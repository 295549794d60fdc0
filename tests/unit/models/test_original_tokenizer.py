"""Our ids are those of CLIP's original tokenizer, on thousands of texts, and where they part.

``OriginalTokenizer`` is the algorithm of OpenAI's ``simple_tokenizer.py`` in plain Python, given
the merges of the checkpoint: clean, lower-case, split by its pattern, spell as bytes, merge.
"""

import html
import json
import random
import unicodedata
from functools import cache
from itertools import pairwise

import pytest
import regex
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

from core.ideas.byte_pairs import letters_of, merge_steps
from core.models.catalog import builtin_folder
from core.models.token_words import read_merges
from core.models.tokens import load_tokenizer, tokenize

FOLDER = builtin_folder() / "tokenizer"
SIZE = 2_400
START, END = 49406, 49407
ORIGINAL_PATTERN = regex.compile(
    r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""",
    regex.IGNORECASE,
)


class OriginalTokenizer:
    """OpenAI's SimpleTokenizer, as published with CLIP in 2021.

    Of its cleaning with ftfy only the joining of accents (NFC) is done here: the rest repairs
    broken or unusual text, of which the corpus has none.
    """

    def __init__(self, merges: list[tuple[str, str]]) -> None:
        kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
        signs, extra = list(kept), 0
        for byte in range(256):
            if byte not in kept:
                kept.append(byte)
                signs.append(256 + extra)
                extra += 1
        self.byte_signs = dict(zip(kept, map(chr, signs), strict=True))
        vocabulary = list(self.byte_signs.values())
        vocabulary += [sign + "</w>" for sign in vocabulary]
        vocabulary += ["".join(pair) for pair in merges]
        vocabulary += ["<|startoftext|>", "<|endoftext|>"]
        self.encoder = {piece: number for number, piece in enumerate(vocabulary)}
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.bpe = cache(self._bpe)

    def encode(self, text: str) -> list[int]:
        text = html.unescape(html.unescape(unicodedata.normalize("NFC", text))).strip()
        text = regex.sub(r"\s+", " ", text).strip().lower()
        ids = []
        for word in regex.findall(ORIGINAL_PATTERN, text):
            spelled = "".join(self.byte_signs[byte] for byte in word.encode("utf-8"))
            ids += [self.encoder[piece] for piece in self.bpe(spelled)]
        return ids

    def _bpe(self, word: str) -> tuple[str, ...]:
        if word in ("<|startoftext|>", "<|endoftext|>"):
            return (word,)
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            pairs = set(pairwise(parts))
            first, second = min(pairs, key=lambda pair: self.ranks.get(pair, float("inf")))
            if (first, second) not in self.ranks:
                break
            merged, at = [], 0
            while at < len(parts):
                if parts[at : at + 2] == [first, second]:
                    merged.append(first + second)
                    at += 2
                else:
                    merged.append(parts[at])
                    at += 1
            parts = merged
        return tuple(parts)


WORDS = """
a an the red green blue apple dog cat castle mountain river photo painting drawing portrait of in
on under with very small large detailed highly cinematic lighting trending artstation watercolour
unbelievableness antidisestablishmentarianism Rococo HDR 8k bokeh Greg Rutkowski astronaut riding
horse moon syzygy xylophone qwertyuiop zzzz Supercalifragilistic
"""
ACCENTS = "café naïve résumé Ångström Zürich façade piñata señor Łódź İzmir straße crème brûlée "
ACCENTS += "e\u0301te\u0301 o\u0308l œuvre Đà Nẵng Ελλάδα Москва ёлка"
CJK = "日本語 犬 猫 山の絵 東京タワー 中文 龍 한국어 사과 고양이 กรุงเทพ हिन्दी עברית العربية"
EMOJI = "🍎 🐶 👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 ❤️ 🇫🇷 ☃ ✨ 🧑🏿‍🚀"
DIGITS = "3 42 2024 1,000 3.14 50% 16:9 1st 007 x2 ½ ² ①"
CONTRACTIONS = "it's don't we're I've I'm she'll he'd o'clock DON'T It'S 'tis rock'n'roll y'all's"
SIGNS = "! ? ... -- () [] {} <b> </b> #tag @you a_b a/b c++ $5 ~ ^ | \\ :red[x] "
SIGNS += "$\\frac{1}{0}$ (cat:1.3)"
GROUPS = {
    "English": WORDS.split(),
    "accents": ACCENTS.split(),
    "CJK and others": CJK.split(),
    "emoji": EMOJI.split(),
    "digits": DIGITS.split(),
    "contractions": CONTRACTIONS.split(),
    "signs": SIGNS.split(),
}


def corpus() -> list[str]:
    """Texts of each kind by itself, then mixed, always the same; every group occurs often."""
    chance = random.Random(20210105)
    everything = [word for words in GROUPS.values() for word in words]
    texts = list(everything)
    kinds = [*GROUPS.values(), everything]
    spaces = (" ", " ", " ", "  ", ", ", "\n", "\t", "", "-")
    while len(texts) < SIZE:
        words = kinds[len(texts) % len(kinds)]
        chosen = [chance.choice(words) for _ in range(chance.randint(1, 30))]
        text = "".join(word + chance.choice(spaces) for word in chosen)
        texts.append(text.upper() if chance.random() < 0.1 else text)
    return list(dict.fromkeys(texts))


@pytest.fixture(scope="module")
def ours() -> Tokenizer:
    return load_tokenizer(FOLDER)


@pytest.fixture(scope="module")
def original() -> OriginalTokenizer:
    merges = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))["model"]["merges"]
    return OriginalTokenizer(
        [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in merges]
    )


def test_corpus_is_large_and_varied() -> None:
    texts = corpus()
    assert len(texts) >= 2_000
    for words in GROUPS.values():
        assert sum(any(word in text for word in words) for text in texts) >= 200


def test_vocabulary_is_the_originals(ours: Tokenizer, original: OriginalTokenizer) -> None:
    assert ours.get_vocab() == original.encoder
    assert len(original.encoder) == 49_408


def test_ids_equal_the_originals_on_the_corpus(
    ours: Tokenizer, original: OriginalTokenizer
) -> None:
    wrong = []
    for text in corpus():
        ids = tuple(original.encode(text))
        expected = (START, *ids[:75], END) + (END,) * (75 - len(ids))
        tokens = tokenize(ours, text, END)
        if tokens.ids != expected or tokens.count != len(ids):
            wrong.append(text)
    assert wrong == []


def test_ids_masks_and_cuts_equal_transformers_on_the_corpus(ours: Tokenizer) -> None:
    texts = corpus()
    theirs = CLIPTokenizer.from_pretrained(FOLDER, local_files_only=True)
    read = theirs(texts, padding="max_length", truncation=True, max_length=77)
    found = [tokenize(ours, text, END) for text in texts]
    assert [list(tokens.ids) for tokens in found] == read["input_ids"]
    assert [list(tokens.mask) for tokens in found] == read["attention_mask"]
    assert sum(bool(tokens.cut) for tokens in found) >= 50  # truncation is tried


@pytest.mark.parametrize(
    ("text", "ids"),
    [("a photo of a cat", [320, 1125, 539, 320, 2368]), ("a diagram", [320, 22697])],
)
def test_published_ids(text: str, ids: list[int], original: OriginalTokenizer) -> None:
    assert original.encode(text) == ids


@pytest.mark.parametrize("text", ["salt &amp; pepper", "2 &lt; 3", "caf&eacute;", "&#128054;"])
def test_html_entities_are_read_as_typed_where_the_original_repairs_them(
    text: str, ours: Tokenizer, original: OriginalTokenizer
) -> None:
    read = list(tokenize(ours, text, END).ids)
    theirs = CLIPTokenizer.from_pretrained(FOLDER, local_files_only=True)
    repaired = list(tokenize(ours, html.unescape(text), END).ids)
    ids = original.encode(text)
    assert read == theirs(text, padding="max_length", max_length=77)["input_ids"]
    assert read != repaired
    assert repaired[1 : len(ids) + 1] == ids


def test_merges_one_by_one_end_where_the_tokenizer_does(ours: Tokenizer) -> None:
    ranks = read_merges(ours)
    for word in {word for words in GROUPS.values() for word in words}:
        plain = unicodedata.normalize("NFC", word).lower()
        if not plain.isalpha():
            continue
        *_, last = [letters_of(plain), *(m.pieces for m in merge_steps(letters_of(plain), ranks))]
        assert list(last) == ours.encode(word, add_special_tokens=False).tokens
