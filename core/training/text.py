"""Stage text: a CLIP text encoder that learns to tell what a caption speaks of.

The encoder first learns from words alone: from its pooled state, and from every position after
the caption's end, the object and the background's colour must be readable. Then it learns to read
two objects, places and sizes, while what it makes of single objects is held close to where it was,
so that a U-Net that learned to listen to it still can; and words before a caption that say nothing
must change nothing.
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from core.nets.clip_text import ClipTextEncoder
from core.nets.config import ClipTextConfig
from core.training import vocabulary
from core.training.arranged import ARRANGEMENTS, draw_arranged
from core.training.captions import Caption, CaptionWriter, opening
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import COLOUR_NAMES

WIDTH = 192
PLAN = Plan(steps=2000, lr=1.5e-3, warmup=100, seed=2, save_every=250)
PAIRS_PLAN = Plan(steps=1600, lr=8e-4, warmup=50, seed=6, save_every=100)
BATCH = 128
ARRANGED = 52  # of BATCH, once two objects, places and sizes are learned
HELD = 20.0  # weight of how far the states of single objects are from where they were
OPENED_FROM = 1_000  # the step from which words that say nothing stand before some captions
OPENED = 48  # of BATCH, again with such words before them
# What changed on the way of the pairs, by step, as a sentence goes on after "from this step on".
TURNS = {
    OPENED_FROM: (
        "words that say nothing stand before some captions, and must change nothing: how far they "
        "do is added to what moved"
    )
}
SHORT, LONG = 32, 77  # causal attention lets short rows train most steps; long ones the rest

SHARED = 128  # width of the space that pictures and captions share
END = 49_407
UNTOLD = -100  # what cross entropy leaves out


# Written as the checkpoint's own config.json, and read from it, as every other checkpoint's is.
CONFIG = {
    "architectures": ["CLIPTextModel"],
    "model_type": "clip_text_model",
    "vocab_size": 49_408,
    "hidden_size": WIDTH,
    "intermediate_size": 4 * WIDTH,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "max_position_embeddings": LONG,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": SHARED,
    "bos_token_id": END - 1,
    "eos_token_id": END,
    "pad_token_id": END,
}


def build_text_encoder(embeddings: Tensor) -> ClipTextEncoder:
    """A CLIP text encoder of width 192 whose token embeddings are given and frozen.

    Args:
        embeddings: one row a token id, (49408, 192).
    """
    encoder = ClipTextEncoder(ClipTextConfig.from_config(CONFIG))
    with torch.no_grad():
        encoder.embeddings.token_embedding.weight.copy_(embeddings)
        encoder.embeddings.position_embedding.weight.normal_(std=0.02)
    encoder.embeddings.token_embedding.weight.requires_grad_(False)
    return encoder


class TextReader(nn.Module):
    """The text encoder with the heads that its training asks questions through."""

    def __init__(self, encoder: ClipTextEncoder, objects: int) -> None:
        """Put linear heads for the objects, colour and arrangement on top of ``encoder``."""
        super().__init__()
        self.encoder = encoder
        self.object_head = nn.Linear(WIDTH, objects)
        self.second_head = nn.Linear(WIDTH, objects)
        self.colour_head = nn.Linear(WIDTH, len(COLOUR_NAMES))
        self.arrangement_head = nn.Linear(WIDTH, len(ARRANGEMENTS) + 1)  # the last: in the middle

    def forward(self, ids: Tensor) -> Tensor:
        """Hidden states after the final layer norm, (B, L, 192), of token ids (B, L)."""
        return self.encoder(ids).last


class CaptionIds:
    """Captions to token ids as Stable Diffusion pads them: start, words, then end to the end."""

    def __init__(self, folder: Path) -> None:
        """Load the tokenizer that the text stage made in ``folder``."""
        path = vocabulary.make_tokenizer(folder) / "tokenizer.json"
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def __call__(self, texts: list[str], length: int = LONG) -> Tensor:
        """Token ids, (B, length); the first ``length - 2`` pieces are kept."""
        rows = []
        for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False):
            pieces = encoding.ids[: length - 2]
            rows.append([END - 1, *pieces, *[END] * (length - 1 - len(pieces))])
        return torch.tensor(rows)

    def count(self, words: str) -> int:
        """How many token ids some words make, without start and end."""
        return len(self._tokenizer.encode(words, add_special_tokens=False).ids)

    def last_words(self, captions: list[Caption], length: int = LONG) -> Tensor:
        """Where the last piece of each caption's second object is, among its token ids, (B,)."""
        found = []
        encoded = self._tokenizer.encode_batch([c.text for c in captions], add_special_tokens=False)
        for caption, encoding in zip(captions, encoded, strict=True):
            piece = encoding.char_to_token(caption.other_ends - 1)
            if piece is None:
                raise ValueError(f"the second object of {caption.text!r} ends in no token")
            found.append(min(piece + 1, length - 1))  # the start token goes before
        return torch.tensor(found)


def end_positions(ids: Tensor) -> Tensor:
    """Where each caption ends: the first end token of each row, (B,)."""
    return (ids == END).int().argmax(dim=1)


def text_loss(
    reader: TextReader,
    bank: PictureBank,
    ids: CaptionIds,
    device: torch.device,
    before: TextReader | None = None,
) -> BatchLoss:
    """The loss of one step: cross entropy of everything that a caption says.

    It is read at the end token and at one later position; a second object also at the last word of
    its name, so that its word, and not only the end, tells it.

    Args:
        reader: learns.
        bank: what captions speak of.
        ids: makes token ids.
        device: of ``reader``.
        before: the reader of single objects, frozen, where two objects are learned now: the states
            of plain captions must stay those that it gives.
    """
    writer = CaptionWriter(bank)
    arranged = 0 if before is None else ARRANGED

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        captions = write_captions(writer, bank, step, arranged)
        length = LONG if step % 8 == 0 else SHORT
        tokens = ids([caption.text for caption in captions], length).to(device)
        states = reader(tokens)  # (B, L, 192)
        rows = torch.arange(len(tokens), device=device)
        ends = end_positions(tokens)
        draw = torch.rand(len(tokens), generator=generator).to(device)
        later = ends + (draw * (length - ends)).long()
        picked = torch.cat([states[rows, ends], states[rows, later]])  # (2 B, 192)
        labels = torch.tensor([caption.row for caption in captions], device=device)
        colours = torch.tensor([caption.colour for caption in captions], device=device)
        object_logits = reader.object_head(picked).float()
        named = F.cross_entropy(object_logits, labels.repeat(2), label_smoothing=0.05)
        coloured = F.cross_entropy(reader.colour_head(picked).float(), colours.repeat(2))
        losses = {"loss": named + 0.5 * coloured, "object": named, "colour": coloured}
        losses["right"] = (object_logits[: len(rows)].argmax(1) == labels).float().mean()
        if before is not None:
            pairs = [i for i, caption in enumerate(captions) if caption.other is not None]
            words = ids.last_words([captions[i] for i in pairs], length).to(device)
            at_word = states[torch.tensor(pairs, device=device), words]
            losses["second"] = _arranged_loss(reader, captions, picked, at_word)
            plain = BATCH - arranged
            unmoved = before(tokens[:plain])
            losses["held"] = _distance(states[:plain], unmoved)  # later the openings' as well
            if step >= OPENED_FROM:
                said = opening(random.Random(f"openings:{step}"))
                texts = [f"{said} {caption.text}" for caption in captions[:OPENED]]
                wanted = opened_states(unmoved[:OPENED], ids.count(said))
                opened = reader(ids(texts, length).to(device))
                losses["held"] = losses["held"] + _distance(opened, wanted)
            losses["loss"] = losses["loss"] + losses["second"] + HELD * losses["held"]
        return losses

    return batch_loss


def opened_states(states: Tensor, count: int) -> Tensor:
    """What captions should be read as with words before them that say nothing, (B, L, D).

    Those words should be read as the start of the text is, and all that follows as without them.

    Args:
        states: of the captions without them, (B, L, D).
        count: how many tokens stand before them.
    """
    start = states[:, :1].expand(-1, count, -1)
    return torch.cat([states[:, :1], start, states[:, 1 : states.shape[1] - count]], dim=1)


def _distance(states: Tensor, before: Tensor) -> Tensor:
    """Mean squared distance from the states ``before``, as a share of their variance."""
    return (states - before).float().square().mean() / before.float().var()


def _arranged_loss(
    reader: TextReader, captions: list[Caption], picked: Tensor, at_word: Tensor
) -> Tensor:
    """How well arrangement and second object can be told.

    Args:
        reader: has the heads.
        captions: what was read, B of them, P with two objects.
        picked: states at the end of each caption, then at a later position of each, (2 B, 192).
        at_word: states at the last word of each second object's name, (P, 192).
    """
    pairs = torch.tensor([caption.other is not None for caption in captions], device=picked.device)
    others = torch.tensor([c.other for c in captions if c.other is not None], device=picked.device)
    how = torch.tensor([_arrangement(caption) for caption in captions], device=picked.device)
    arranged = F.cross_entropy(
        reader.arrangement_head(picked).float(), how.repeat(2), ignore_index=UNTOLD
    )
    second = F.cross_entropy(
        reader.second_head(picked[pairs.repeat(2)]).float(), others.repeat(2), label_smoothing=0.05
    )
    spelled = F.cross_entropy(reader.object_head(at_word).float(), others, label_smoothing=0.05)
    return 0.5 * arranged + len(others) / len(captions) * (second + 0.5 * spelled)


def _arrangement(caption: Caption) -> int:
    """Which answer of the arrangement head is right, or that none is."""
    if caption.how is not None:
        return list(ARRANGEMENTS).index(caption.how)
    return len(ARRANGEMENTS) if caption.other is None else UNTOLD


def write_captions(
    writer: CaptionWriter, bank: PictureBank, step: int, arranged: int
) -> list[Caption]:
    """A batch of captions of objects drawn alike, the same whenever ``step`` is the same.

    Args:
        writer: writes them.
        bank: what they speak of.
        step: of the training.
        arranged: how many of them, the last ones, speak of two objects, of places or of sizes.
    """
    chance = random.Random(f"captions:{step}")
    alike = [1.0] * bank.objects
    plain = [writer.write(chance.randrange(bank.objects), chance) for _ in range(BATCH - arranged)]
    scenes = [draw_arranged(bank, alike, chance) for _ in range(arranged)]
    return plain + [writer.describe(scene, chance) for scene in scenes]


@torch.no_grad()
def pooled_states(reader: TextReader, tokens: Tensor) -> Tensor:
    """The final state at each caption's end token, (B, 192)."""
    states = reader(tokens)
    return states[torch.arange(len(tokens), device=tokens.device), end_positions(tokens)]
