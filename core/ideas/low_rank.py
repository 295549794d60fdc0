"""Two thin matrices and their product, which is never multiplied out to be measured."""

from torch import Tensor

from core.ideas.equation import equation


@equation(
    tex=r"\lVert B A \rVert_F^2 = \sum_{i,j} (B^\top B)_{ij} \, (A A^\top)_{ij}",
    source="the trace of (BA)ᵀ(BA), its factors turned in a circle",
)
def product_norm(up: Tensor, down: Tensor) -> float:
    """Return the size of a product from its factors: the root of the sum of its squares.

    Args:
        up: B, (out, r).
        down: A, (r, in).

    Raises:
        ValueError: the two do not chain.
    """
    if up.shape[1] != down.shape[0]:
        raise ValueError(f"B is {tuple(up.shape)}, expected (out, {down.shape[0]}) before A")
    up, down = up.double(), down.double()  # two r x r products, of numbers squared
    return float(((up.T @ up) * (down @ down.T)).sum().clamp(min=0).sqrt())
