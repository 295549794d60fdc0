"""From one noise to another along the sphere: in between lies noise as well, and not half of it."""

from torch import Tensor

from core.ideas.equation import equation


@equation(
    tex=r"x_s = \frac{\sin((1-s)\,\Omega)}{\sin\Omega}\,a + \frac{\sin(s\,\Omega)}{\sin\Omega}\,b,"
    r"\qquad \cos\Omega = \frac{a\cdot b}{\lVert a\rVert\,\lVert b\rVert}",
    source="Shoemake 1985 (Animating Rotation with Quaternion Curves), section 3.3; Song et al. "
    "2021 (DDIM), section 5.3, for noise",
)
def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Turn one noise towards another.

    A straight line would lead through noise that is too weak: half of each has 0.7 of the
    deviation, and no network was trained on that.

    Args:
        a: noise at the start, any shape.
        b: noise at the end, same shape.
        share: how far along the way, 0 to 1.

    Returns:
        Noise of about the same strength, same shape; ``a`` itself where the two point the same way.
    """
    cosine = (a * b).sum() / (a.norm() * b.norm())
    angle = cosine.clamp(-1, 1).acos()
    if angle.sin() < 1e-2:  # there is no way between, or none that is the shortest
        return a
    return ((1 - share) * angle).sin() / angle.sin() * a + (share * angle).sin() / angle.sin() * b
