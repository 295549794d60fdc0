"""The CLIP text encoder: 77 token ids become 77 vectors, each having read what stands before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation
from core.nets.attention import attend
from core.nets.config import ClipTextConfig


@equation(
    tex=r"M_{ij} = [\, j \le i \,]",
    source="Radford et al. 2021 (CLIP), section 2.4: masked self-attention in the text encoder",
)
def causal_mask(length: int) -> Tensor:
    """Say who may read whom: position i reads positions 0 to i, never a later one.

    Args:
        length: number of positions, L.

    Returns:
        True where row i may read column j, (L, L).
    """
    return torch.ones(length, length, dtype=torch.bool).tril()


@equation(
    tex=r"x \cdot \frac{1}{1 + e^{-1.702\,x}}",
    source="Hendrycks & Gimpel 2016 (GELU), section 2: its sigmoid approximation",
)
def quick_gelu(x: Tensor) -> Tensor:
    """Let a number through in proportion to how positive it is.

    Args:
        x: numbers, any shape.

    Returns:
        Numbers, same shape.
    """
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"quick_gelu": quick_gelu, "gelu": F.gelu}


@dataclass(frozen=True, slots=True)
class TextStates:
    """What the encoder computed.

    Attributes:
        last: what Stable Diffusion 1 reads: the last hidden state, normalised, (B, L, D).
        hidden: the embeddings, then the state after each layer, not normalised, (B, L, D) each.
        attentions: each layer's weights, (B, h, L, L).
    """

    last: Tensor
    hidden: tuple[Tensor, ...]
    attentions: tuple[Tensor, ...]


class ClipTextEncoder(nn.Module):
    """Embeddings, a stack of layers under the causal mask, and a last normalisation.

    To skip the last n layers (clip skip), normalise an earlier state with the same layer norm:
    ``encoder.final_layer_norm(states.hidden[-1 - n])``.
    """

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)

    def forward(self, ids: Tensor, padding_mask: Tensor | None = None) -> TextStates:
        """Encode token ids.

        Args:
            ids: token ids, (B, L), L up to 77.
            padding_mask: True (or 1) at the prompt's own tokens, (B, L). Stable Diffusion passes
                none: the padding is read like any word.

        Returns:
            The states of all layers, and who read whom.

        Raises:
            ValueError: there are more ids than positions.
        """
        readable = causal_mask(ids.shape[1]).to(ids.device)  # (L, L)
        if padding_mask is not None:
            readable = readable & padding_mask.bool()[:, None, None, :]  # (B, 1, L, L)
        hidden, attentions = self.encoder(self.embeddings(ids), readable)
        return TextStates(self.final_layer_norm(hidden[-1]), hidden, attentions)


class Embeddings(nn.Module):
    """One vector for each token, plus one for each place."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids (B, L) to vectors (B, L, D)."""
        length, places = ids.shape[1], self.position_embedding.num_embeddings
        if length > places:
            raise ValueError(f"ids have {length} positions, expected at most {places}")
        return self.token_embedding(ids) + self.position_embedding.weight[:length]


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_hidden_layers))

    def forward(self, x: Tensor, readable: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return the state before and after each layer, and each layer's attention weights."""
        hidden, attentions = [x], []
        for layer in self.layers:
            x, weights = layer(x, readable)
            hidden.append(x)
            attentions.append(weights)
        return tuple(hidden), tuple(attentions)


class EncoderLayer(nn.Module):
    """Read the earlier positions, then think: two steps, each added to the vector."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.self_attn = SelfAttention(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, readable: Tensor) -> tuple[Tensor, Tensor]:
        """Return the new vectors, (B, L, D), and the attention weights, (B, h, L, L)."""
        read, weights = self.self_attn(self.layer_norm1(x), readable)
        x = x + read
        return x + self.mlp(self.layer_norm2(x)), weights


class SelfAttention(nn.Module):
    """Every position asks the positions that it may read."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, readable: Tensor) -> tuple[Tensor, Tensor]:
        """Return what was read, (B, L, D), and the weights, (B, h, L, L)."""
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        mixed, weights = attend(q, k, v, self.heads, readable)
        return self.out_proj(mixed), weights


class MLP(nn.Module):
    """What each position computes on its own."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.hidden_act]
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, D) to (B, L, D)."""
        return self.fc2(self.activation(self.fc1(x)))


def without_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Drop ``text_model.`` from the names: old files have it, newer ones do not.

    Args:
        state: a text encoder's weights by name, of either kind.

    Returns:
        The same weights for ``load_state_dict(strict=True)``. The numbers 0 to 76 that old files
        keep as ``position_ids`` are left out: they are a counter, not a weight.
    """
    names = {name.removeprefix("text_model."): name for name in state}
    names.pop("embeddings.position_ids", None)
    return {short: state[name] for short, name in names.items()}
