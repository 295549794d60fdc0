"""The size of a product, known without the product."""

import pytest
import torch

from core.ideas.low_rank import product_norm


@pytest.mark.parametrize(("out", "rank", "inside"), [(40, 3, 70), (5, 1, 4), (6, 9, 5)])
def test_the_size_of_a_product_is_that_of_the_product(out: int, rank: int, inside: int) -> None:
    draw = torch.Generator().manual_seed(out)
    up, down = torch.randn(out, rank, generator=draw), torch.randn(rank, inside, generator=draw)
    expected = float(torch.linalg.matrix_norm(up @ down))
    assert product_norm(up, down) == pytest.approx(expected, rel=1e-5)
    assert product_norm(0 * up, down) == 0


def test_matrices_that_do_not_chain_are_told() -> None:
    with pytest.raises(ValueError, match="B is"):
        product_norm(torch.ones(3, 2), torch.ones(3, 2))
