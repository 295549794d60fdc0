"""Three ways to teach a word: which numbers learn, how fast, and the file that holds them.

The loss is the same for all, and so is the picture. The more learns, the more can be learned by
heart, and the more of what was known is forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from core.errors import ExplainerError
from core.labs.word_model import Model
from core.labs.word_settings import RANK, Way, WordSettings
from core.models.embedding_files import tokens_of
from core.models.tokens import tokenize
from core.models.turbo import DOWN, UP
from core.training.turbo import Student
from core.words import tr

READS_TEXT = ("attn2.to_k", "attn2.to_v")  # keys and values of cross-attention
ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0")  # all of its layers, self and cross


@dataclass(frozen=True, slots=True, eq=False)  # tensors have no plain ==
class Learning:
    """What learns.

    Attributes:
        named: the numbers, by name.
        rate: of learning.
        tensors: what the file holds, under the names that other programs look for.
    """

    named: Mapping[str, Tensor]
    rate: float
    tensors: Callable[[], dict[str, Tensor]]

    @property
    def numbers(self) -> int:
        """How many numbers learn."""
        return sum(one.numel() for one in self.named.values())

    def file(self) -> bytes:
        """Return what was learned as a safetensors file, in full precision."""
        whole = {name: one.detach().contiguous() for name, one in self.tensors().items()}
        return safetensors.torch.save(whole, metadata={"format": "pt"})


def token_vector(model: Model, settings: WordSettings) -> Learning:
    """Give the word a token of its own, and let its vector learn alone.

    Source: Gal et al. 2022 (Textual Inversion). They begin with the vector of a word that is near;
    this begins with the mean of the pieces that the word would be read as without its token, or
    with the vectors of a file.
    """
    token = settings.token
    table = model.encoder.embeddings.token_embedding.weight
    if settings.vectors:
        given = np.frombuffer(settings.given, "<f4")
        if len(given) % table.shape[1]:
            raise ExplainerError(
                tr("The word’s vectors are not those of this model."), tr("Choose its file again.")
            )
        rows = torch.from_numpy(given.copy()).view(-1, table.shape[1])
    else:
        read = tokenize(model.tokenizer, settings.word, model.pad_id)
        rows = table[list(read.ids[1 : 1 + max(1, read.used)])].mean(0, keepdim=True)
    names = tokens_of(token, len(rows))
    if any(model.tokenizer.token_to_id(name) is not None for name in names):
        raise ExplainerError(
            tr("{token!r:.40} is a token that the model has already.", token=token),
            tr("Choose another word."),
        )
    vectors = model.add_tokens(names, rows).requires_grad_(True)
    return Learning({"rows": vectors}, 3e-2, lambda: {token: vectors})


def low_rank(model: Model, settings: WordSettings) -> Learning:
    """Let two thin matrices learn beside every layer of the U-Net's attention.

    Source: Hu et al. 2021 (LoRA); these layers and this rank are what diffusers' script for
    training a LoRA of a text-to-image model begins with.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    student = Student(model.unet, RANK, ATTENTION, generator)
    model.loras = [student.lora()]

    def tensors() -> dict[str, Tensor]:
        pairs = student.lora().items()
        return {
            f"unet.{name}{end}": matrix
            for name, pair in pairs
            for end, matrix in ((DOWN, pair.down), (UP, pair.up))
        }

    return Learning(dict(student.named_parameters()), 4e-3, tensors)


def keys_and_values(model: Model, _: WordSettings) -> Learning:
    """Let those weights learn through which the U-Net reads the text.

    Source: Kumari et al. 2023 (Multi-Concept Customization, "Custom Diffusion"), who train the same
    weights, on several pictures and with others beside them against forgetting.
    """
    named = {
        name: one.requires_grad_(True)
        for name, one in model.unet.named_parameters()
        if any(part in name for part in READS_TEXT)
    }

    def tensors() -> dict[str, Tensor]:
        found = {
            f"{layer}.processor.{of}_custom_diffusion.weight": one
            for name, one in named.items()
            for layer, of in [name.removesuffix(".weight").rsplit(".", 1)]
        }
        # The library wants to be told of every attention; of self-attention there is nothing.
        others = [name for name, _ in model.unet.named_modules() if name.endswith("attn1")]
        return found | {f"{name}.processor": torch.empty(0) for name in others}

    return Learning(named, 2e-3, tensors)


OPEN: dict[Way, Callable[[Model, WordSettings], Learning]] = {
    "token": token_vector,
    "lora": low_rank,
    "weights": keys_and_values,
}


def open_way(model: Model, settings: WordSettings) -> Learning:
    """Have a copy of the model learn in the way that was chosen.

    Args:
        model: changed in place.
        settings: validated.

    Raises:
        ExplainerError: the word is a token already, or its vectors are of another model.
    """
    return OPEN[settings.way](model, settings)
