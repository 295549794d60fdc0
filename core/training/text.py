"""Stage text: a CLIP text encoder that learns to tell what a caption speaks of.

The encoder first learns from words alone: from its pooled state, and from every position after
the caption's end, the object and the background's colour must be readable. Then it learns to read
two objects, places and sizes, while what it makes of single objects is held where it was, so that
a U-Net that learned to listen to it still can. Then it is frozen, and
an image tower learns to put pictures where their captions are (contrastive, the text side locked).
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
from core.training.captions import WORDINGS, Caption, CaptionWriter, fill, spoken
from core.training.loop import BatchLoss, Plan
from core.training.pictures import PictureBank
from core.training.scenes import CENTRED, COLOUR_NAMES, compose

WIDTH = 192
PLAN = Plan(steps=2000, lr=1.5e-3, warmup=100, seed=2, save_every=250)
PAIRS_PLAN = Plan(steps=1000, lr=8e-4, warmup=50, seed=6, save_every=100)
BATCH = 128
ARRANGED = 52  # of BATCH, once two objects, places and sizes are learned
HELD = 20.0  # weight of how far the states of single objects are from where they were
SHORT, LONG = 32, 77  # causal attention lets short rows train most steps; long ones the rest

TOWER_PLAN = Plan(steps=2500, lr=1e-3, warmup=100, seed=3, save_every=250)
TOWER_BATCH = 64
SHARED = 128  # width of the space that pictures and captions share
END = 49_407


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

    def last_words(self, captions: list[Caption], length: int = LONG) -> Tensor:
        """Where the last piece of each caption's second object is, among its token ids, (B,)."""
        found = []
        encoded = self._tokenizer.encode_batch([c.text for c in captions], add_special_tokens=False)
        for caption, encoding in zip(captions, encoded, strict=True):
            piece = encoding.char_to_token(caption.other_ends - 1)
            found.append(min(piece + 1, length - 1))  # the start token goes before
        return torch.tensor(found)


UNTOLD = -100  # what cross entropy leaves out


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
            losses["held"] = _distance(states[:plain], before(tokens[:plain]))
            losses["loss"] = losses["loss"] + losses["second"] + HELD * losses["held"]
        return losses

    return batch_loss


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


class ImageTower(nn.Module):
    """A small convolutional network from a 64 x 64 picture to the space shared with captions."""

    def __init__(self, width: int = 32, outputs: int = SHARED) -> None:
        """Four residual stages down to 4 x 4, whose places are kept apart, then two linear ones."""
        super().__init__()
        widths = [width, width * 2, width * 4, width * 4]
        strides = (2, 1, 2)
        blocks = (ConvBlock(*row) for row in zip(widths, widths[1:], strides, strict=False))
        self.stem = nn.Conv2d(3, width, 4, stride=4)  # (B, width, 16, 16)
        self.stages = nn.Sequential(*blocks)  # (B, 4 width, 4, 4)
        self.norm = nn.LayerNorm(widths[-1] * 16)
        self.hidden = nn.Linear(widths[-1] * 16, 256)
        self.project = nn.Linear(256, outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        """Vectors, (B, outputs), of pictures (B, 3, 64, 64) in [-1, 1]."""
        features = self.norm(self.stages(self.stem(pictures)).flatten(1))
        return self.project(F.silu(self.hidden(features)))


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions with group norm and SiLU, and a shortcut."""

    def __init__(self, here: int, there: int, stride: int) -> None:
        """From ``here`` channels to ``there``, the side divided by ``stride``."""
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, here), nn.GroupNorm(8, there)
        self.conv1 = nn.Conv2d(here, there, 3, stride, 1)
        self.conv2 = nn.Conv2d(there, there, 3, 1, 1)
        self.shortcut = nn.Conv2d(here, there, stride, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, here, H, W) to (B, there, H / stride, W / stride)."""
        h = self.conv1(F.silu(self.norm1(x)))
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Towers(nn.Module):
    """Image tower and text projection, trained together against the frozen text encoder."""

    def __init__(self) -> None:
        """A fresh tower, a fresh projection, and the temperature that CLIP starts with."""
        super().__init__()
        self.image = ImageTower()
        self.text_projection = nn.Linear(WIDTH, SHARED)
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # 1 / 0.07

    @torch.no_grad()
    def whiten(self, pooled: Tensor) -> None:
        """Start the text projection where captions (n, 192) lie as far apart as they can.

        Raw states share most of their length: all captions look alike, and nothing is learned.
        """
        mean = pooled.mean(0)
        variances, axes = torch.linalg.eigh((pooled - mean).T.cov())  # rising; axes are columns
        widest = (variances + 1e-4 * variances[-1]).sqrt()[-SHARED:]
        weight = (axes[:, -SHARED:] / widest).T  # (128, 192)
        self.text_projection.weight.copy_(weight)
        self.text_projection.bias.copy_(-weight @ mean)

    def picture(self, pictures: Tensor) -> Tensor:
        """Vectors of length 1, (B, 128), of pictures (B, 3, 64, 64) in [-1, 1]."""
        return F.normalize(self.image(pictures).float(), dim=-1)

    def text(self, pooled: Tensor) -> Tensor:
        """Vectors of length 1, (B, 128), of pooled text states (B, 192)."""
        return F.normalize(self.text_projection(pooled).float(), dim=-1)


def tower_loss(
    towers: Towers,
    reader: TextReader,
    bank: PictureBank,
    ids: CaptionIds,
    device: torch.device,
) -> BatchLoss:
    """The loss of one step: each picture must find its caption, and each caption its picture.

    In the batch this is CLIP's symmetric loss. There the background's colour is the easy answer,
    so every picture must also be told from all other objects on its own background.
    """
    writer = CaptionWriter(bank)
    reader.eval()
    rivals = every_object_on_every_colour(reader, bank, ids, device)  # (10, objects, 192)
    towers.whiten(rivals.flatten(0, 1))

    def batch_loss(step: int, generator: torch.Generator) -> dict[str, Tensor]:
        chance = random.Random(f"towers:{step}")
        rows = chance.sample(range(bank.objects), min(TOWER_BATCH, bank.objects))
        captions = [writer.write(row, chance) for row in rows]
        scenes = caption_scenes(bank, captions, generator)
        small = F.avg_pool2d(scenes, 2).to(device)  # (B, 3, 64, 64)
        pooled = pooled_states(reader, ids([c.text for c in captions], SHORT).to(device))
        pictures, texts = towers.picture(small), towers.text(pooled)
        scale = towers.log_scale.exp().clamp(max=100)
        logits = scale * pictures @ texts.T  # (B, B)
        target = torch.arange(len(captions), device=device)
        alike = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        colours = torch.tensor([caption.colour for caption in captions], device=device)
        others = towers.text(rivals)[colours]  # (B, objects, 128)
        hard = scale * torch.einsum("bd,bod->bo", pictures, others)
        wanted = torch.tensor(rows, device=device)
        named = F.cross_entropy(hard, wanted)
        right = (hard.argmax(1) == wanted).float().mean()
        return {"loss": alike + named, "alike": alike, "object": named, "right": right}

    return batch_loss


def every_object_on_every_colour(
    reader: TextReader, bank: PictureBank, ids: CaptionIds, device: torch.device
) -> Tensor:
    """Pooled states of one caption of every object on every background, (10, n, 192).

    Also of the pairs kept for the evaluation: here they are words alone, and wrong answers.
    """
    chance = random.Random("rivals")
    names = [spoken(entry.label) for entry in bank.emoji[: bank.objects]]
    colours = []
    for colour in COLOUR_NAMES:
        texts = [fill(chance.choice(WORDINGS), name, colour) for name in names]
        parts = [
            pooled_states(reader, ids(texts[start : start + 128], SHORT).to(device))
            for start in range(0, len(texts), 128)
        ]
        colours.append(torch.cat(parts))
    return torch.stack(colours)


def caption_scenes(
    bank: PictureBank, captions: list[Caption], generator: torch.Generator
) -> Tensor:
    """The scene of each caption, (B, 3, 128, 128), in [-1, 1]."""
    rows = torch.tensor([caption.row for caption in captions])
    colours = torch.tensor([caption.colour for caption in captions])
    return compose(bank, rows, colours, CENTRED, generator)


@torch.no_grad()
def pooled_states(reader: TextReader, tokens: Tensor) -> Tensor:
    """The final state at each caption's end token, (B, 192)."""
    states = reader(tokens)
    return states[torch.arange(len(tokens), device=tokens.device), end_positions(tokens)]
