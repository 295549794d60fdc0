"""Textual inversion: new tokens are rows behind a text encoder's table; nothing else changes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.ideas.equation import equation


@equation(
    tex=r"e_i = \begin{cases} E_{k_i} & k_i < |V| \\ v_{k_i - |V|} & k_i \ge |V| \end{cases}",
    source="Gal et al. 2022 (Textual Inversion), section 3; by their eq. 2 the loss of the U-Net's "
    "own training is made small over v alone",
)
def look_up(ids: Tensor, table: Tensor, rows: Tensor) -> Tensor:
    """Give every token its vector: a row of the table, or one of the rows that were added.

    Args:
        ids: token ids k, (B, L), below |V| + n.
        table: the vectors E that the encoder has, (|V|, D).
        rows: the vectors v of the new tokens, (n, D).

    Returns:
        A vector for each position, (B, L, D).
    """
    size = len(table)
    known = F.embedding(ids.clamp(max=size - 1), table)
    new = F.embedding((ids - size).clamp(min=0), rows)
    return torch.where((ids < size)[..., None], known, new)


class WithNewTokens(nn.Module):
    """Stands where a text encoder has its table, and has rows more."""

    def __init__(self, table: nn.Embedding, rows: Tensor) -> None:
        """Keep the table as it is.

        Args:
            table: of the encoder.
            rows: vectors of the new tokens, (n, D), which may learn.
        """
        super().__init__()
        self.table = table
        self.rows = nn.Parameter(rows.clone())

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids (B, L) to vectors (B, L, D)."""
        return look_up(ids, self.table.weight, self.rows)
