"""The proof in words: what is said of orders is what was measured."""

from dataclasses import dataclass

from core.lessons.schedulers.overlay_data import INKS
from core.lessons.schedulers.proof_data import order_rows, proof_chart, say_orders
from core.views.tables import table_text


@dataclass(frozen=True)
class Point:
    """One run against the exact end."""

    name: str
    steps: int
    calls: int
    error: float
    mean: float = 0.0
    std: float = 1.0


def points(name: str, order: float, first: float = 1.0) -> list[Point]:
    errors = [first, *(calls**-order for calls in (10, 20, 40))]
    return [
        Point(name, calls, calls, error)
        for calls, error in zip((5, 10, 20, 40), errors, strict=True)
    ]


def test_only_what_was_measured_is_said() -> None:
    found = [*points("euler", 1.0), *points("heun", 3.1), *points("pndm", 1.7)]
    drawn = ["euler", "heun", "pndm"]
    assert say_orders(found, drawn) == (
        "Steeper here than its order: Heun. Flatter than its order: PNDM."
    )
    assert say_orders(found, ["euler"]) == ""
    grows = points("dpmpp-2m", 2.0, first=1e-6)
    assert "With few calls the error first grows: DPM++ 2M." in say_orders(grows, ["dpmpp-2m"])


def test_lines_have_the_inks_of_all_charts() -> None:
    layers = proof_chart([*points("heun", 2.0), *points("ddim", 1.0)], ["heun", "ddim"]).to_dict()
    scale = layers["layer"][2]["encoding"]["color"]["scale"]
    assert scale == {"domain": ["Heun", "DDIM"], "range": [INKS["heun"].hue, INKS["ddim"].hue]}


def test_errors_are_written_with_the_digits_that_were_measured() -> None:
    found = [*points("euler", 1.1), *points("heun", 2.123)]
    shown = table_text(order_rows(found), ["scheduler", "smallest error"])
    assert [line.split("|")[2].strip() for line in shown.splitlines()[2:]] == [
        "0.017288",
        "0.000397",
    ]
