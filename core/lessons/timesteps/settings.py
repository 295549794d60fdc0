"""The switches of the timestep embedding: presets, sliders, and the same in the link."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import ExplainerError
from core.ideas.checks import say_number
from core.ideas.timestep import EmbeddingSettings
from core.ideas.timestep_presets import PRESETS, check_embedding
from core.ui.address import said, say, tied
from core.ui.errors import show_note
from core.words import tr, tr_later

WIDTHS = (4, 1024)  # numbers that the page draws; the command line has more
PERIODS = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
MOST_SHIFT = 8.0
OWN, OTHER = "own", "other"
_PICKED = "timestep_preset"
COSINES, SINES = tr_later("Cosines first"), tr_later("Sines first")
IN_LINK = {"dim": "dim", "period": "max_period", "first": "flip_sin_to_cos", "shift": "freq_shift"}


def embedding_settings(own: EmbeddingSettings) -> EmbeddingSettings:
    """Return the settings on show: those of the address, else the model's own.

    Args:
        own: what the running example's model does.
    """
    return _asked(own)[0]


def show_settings(now: EmbeddingSettings, own: EmbeddingSettings) -> None:
    """Show the switches.

    Args:
        now: from ``embedding_settings``.
        own: what the running example's model does.
    """
    wrong = _asked(own)[1]
    if wrong is not None:
        show_note(
            wrong.what, tr("{fix} Until then the model's own settings are shown.", fix=wrong.fix)
        )
    _preset_box(now, own)
    half = now.dim // 2
    low, high = min(WIDTHS[0], now.dim), max(WIDTHS[1], now.dim)
    st.slider(
        tr("Dimension"),
        low,
        high,
        now.dim,
        step=2,
        help=tr("How many numbers one timestep becomes."),
        **_tied("dim", now.dim, own),
    )
    periods = sorted({*PERIODS, now.max_period})
    st.select_slider(
        tr("Max period P"),
        periods,
        now.max_period,
        format_func=lambda period: tr("{period:,.17g}", period=period),
        **_tied("max_period", now.max_period, own),
        help=tr(
            "Sets the slowest clock: its turn takes exactly 2πP timesteps at δ = 1, fewer at 0."
        ),
    )
    most = min(MOST_SHIFT, half - 1.0)
    shifts = sorted({*(half / 2 for half in range(int(2 * most) + 1)), now.freq_shift})
    st.select_slider(
        tr("Frequency shift δ"), shifts, now.freq_shift, format_func=say_number,
        **_tied("freq_shift", now.freq_shift, own),
        help=tr("1 makes the slowest turn exactly 2πP timesteps, as in DDPM."),
    )  # fmt: skip
    order = COSINES if now.flip_sin_to_cos else SINES
    st.radio(
        tr("Order"), (COSINES, SINES), index=0 if now.flip_sin_to_cos else 1, format_func=tr,
        **_tied("flip_sin_to_cos", order, own),
    )  # fmt: skip


def _preset_box(now: EmbeddingSettings, own: EmbeddingSettings) -> None:
    known = {OWN: own, **{name: preset.settings for name, preset in PRESETS.items()}}
    titles = {OWN: tr("This model"), **{name: tr(preset.title) for name, preset in PRESETS.items()}}
    matching = [name for name, settings in known.items() if settings == now]
    picked = st.session_state.get(_PICKED)  # some presets are alike: the one picked stays
    name = picked if picked in matching else (matching or [OTHER])[0]
    if name == OTHER:
        titles[OTHER] = tr("Your own")

    def take(name: str) -> None:
        st.session_state[_PICKED] = name
        if name != OTHER:
            _choose(known[name], own)

    st.selectbox(
        tr("As in"), list(titles), list(titles).index(name), format_func=titles.__getitem__,
        **tied("preset", name, take),
    )  # fmt: skip


def _tied(
    field: str, shown: object, own: EmbeddingSettings
) -> dict[str, Any]:  # Any: of every widget
    """Tie a widget to one of the settings."""

    def take(chosen: Any) -> None:  # Any: as the field has it
        changes = {field: chosen == COSINES if field == "flip_sin_to_cos" else chosen}
        now = embedding_settings(own)
        if field == "dim":  # a shift of half the dimension or more leaves no slowest clock
            changes["freq_shift"] = min(now.freq_shift, max(0.0, chosen // 2 - 1.0))
        _choose(replace(now, **changes), own)

    return tied(field, shown, take)


def _choose(settings: EmbeddingSettings, own: EmbeddingSettings) -> None:
    """Make the address say which settings are on show; the model's own are left out."""
    texts = {
        "dim": str(settings.dim),
        "period": say_number(settings.max_period),
        "first": "cos" if settings.flip_sin_to_cos else "sin",
        "shift": say_number(settings.freq_shift),
    }
    say({
        name: texts[name] if getattr(settings, field) != getattr(own, field) else None
        for name, field in IN_LINK.items()
    })  # fmt: skip


def _asked(own: EmbeddingSettings) -> tuple[EmbeddingSettings, ExplainerError | None]:
    """Return the settings on show, and what is wrong with those of the address."""
    given = {name: text for name in IN_LINK if (text := said(name)) is not None}
    try:
        return _read(given, own), None
    except ExplainerError as error:
        return own, error
    except ValueError:
        what = tr("These settings give no finite embedding.")
        return own, ExplainerError(what, tr("Choose others."))


def _read(given: dict[str, str], own: EmbeddingSettings) -> EmbeddingSettings:
    """Read the settings of a link.

    Raises:
        ExplainerError: one of them cannot be used.
        ValueError: together they give no finite embedding.
    """
    order = given.get("first", "cos" if own.flip_sin_to_cos else "sin")
    settings = check_embedding(
        dim=_number(given.get("dim", own.dim)),
        max_period=_number(given.get("period", own.max_period)),
        flip_sin_to_cos={"cos": True, "sin": False}.get(order, order),
        freq_shift=_number(given.get("shift", own.freq_shift)),
    )
    if given and not WIDTHS[0] <= settings.dim <= WIDTHS[1]:
        raise ExplainerError(
            tr("The embedding dimension is {dim:,}.", dim=settings.dim),
            tr("This page draws {low} to {high:,}.", low=WIDTHS[0], high=WIDTHS[1]),
        )
    return settings


def _number(text: object) -> object:
    """Read a number where one is due; what is none stays text, to be refused with a sentence."""
    try:
        number = float(text) if isinstance(text, str) else text
        return int(number) if isinstance(number, float) and number.is_integer() else number
    except ValueError:
        return text
