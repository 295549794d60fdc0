import tomllib
from pathlib import Path

import pytest

from core.views.theme import INK, LINE, PAGE, PALETTE, PANEL, contrast, text_colour

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#FFFFFF", "#FFFFFF") == pytest.approx(1)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)  # WCAG's known example


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", PALETTE)
def test_text_in_a_hue_can_be_read(kind: str, dark: bool) -> None:
    mode = "dark" if dark else "light"
    for ground in (PAGE[mode], PANEL[mode]):
        assert contrast(text_colour(kind, dark), ground) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_stand_out_from_the_page(mode: str) -> None:
    for kind, colour in PALETTE.items():
        least = 2.2 if (kind, mode) == ("picture", "light") else 3  # orange on white: frames only
        assert contrast(colour, PAGE[mode]) >= least, kind


def test_streamlit_is_told_the_same_colours() -> None:
    theme = tomllib.loads(CONFIG.read_text("utf-8"))["theme"]
    assert theme["chartCategoricalColors"][: len(PALETTE)] == list(PALETTE.values())
    for mode in ("light", "dark"):
        assert theme[mode]["backgroundColor"] == PAGE[mode]
        assert theme[mode]["secondaryBackgroundColor"] == PANEL[mode]
        assert theme[mode]["textColor"] == INK[mode]
        assert theme[mode]["borderColor"] == LINE[mode]
