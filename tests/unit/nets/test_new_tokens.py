"""New tokens are read from their rows, all others from the table, to the last bit."""

import torch
import torch.nn.functional as F
from torch import nn

from core.nets.new_tokens import WithNewTokens, look_up


def test_look_up_is_a_row_of_the_longer_table() -> None:
    draw = torch.Generator().manual_seed(0)
    table, rows = torch.randn(7, 3, generator=draw), torch.randn(2, 3, generator=draw)
    ids = torch.tensor([[0, 7, 6, 8], [8, 1, 1, 7]])
    assert torch.equal(look_up(ids, table, rows), F.embedding(ids, torch.cat([table, rows])))


def test_only_the_rows_learn() -> None:
    table = nn.Embedding(5, 4).requires_grad_(False)
    grown = WithNewTokens(table, torch.zeros(1, 4))
    (grown(torch.tensor([[1, 5, 5]])).sum() * 2).backward()
    assert torch.equal(grown.rows.grad, torch.full((1, 4), 4.0))  # asked for twice, times 2
    assert table.weight.grad is None
    assert torch.equal(grown(torch.tensor([[1, 2]])), table(torch.tensor([[1, 2]])))
