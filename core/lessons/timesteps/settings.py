"""The switches of the timestep embedding: presets, sliders, and the same in the link."""

from dataclasses import replace

import streamlit as st

from core.errors import ExplainerError
from core.ideas.checks import say_number
from core.ideas.timestep import EmbeddingSettings
from core.ideas.timestep_presets import PRESETS, check_embedding
from core.ui.address import say, was_changed
from core.ui.errors import show_note

WIDTHS = (4, 1024)  # numbers that the page draws; the command line has more
PERIODS = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
MOST_SHIFT = 8.0
OWN, OTHER = "own", "other"
COSINES, SINES = "Cosines first", "Sines first"
IN_LINK = {"dim": "dim", "period": "max_period", "first": "flip_sin_to_cos", "shift": "freq_shift"}
_CHOSEN, _WRITTEN, _NOTE, _TURNS = (
    "timestep_settings", "timestep_link", "timestep_note", "timestep_turns",
)  # fmt: skip


def embedding_settings(own: EmbeddingSettings) -> EmbeddingSettings:
    """Return the settings on show: those of the link or the sliders, else the model's own.

    Args:
        own: what the running example's model does.
    """
    given = {name: st.query_params[name] for name in IN_LINK if name in st.query_params}
    if any(map(was_changed, IN_LINK)) or (given and given != st.session_state.get(_WRITTEN)):
        _follow(given, own)
    chosen: EmbeddingSettings | None = st.session_state.get(_CHOSEN)
    settings = own if chosen is None else chosen
    _write_link(settings, own)
    return settings


def show_settings(now: EmbeddingSettings, own: EmbeddingSettings) -> None:
    """Show the switches.

    Args:
        now: from ``embedding_settings``.
        own: what the running example's model does.
    """
    if _NOTE in st.session_state:
        show_note(*st.session_state[_NOTE])
    _preset_box(now, own)
    half = now.dim // 2
    low, high = min(WIDTHS[0], now.dim), max(WIDTHS[1], now.dim)
    st.slider(
        "Dimension", low, high, now.dim, step=2, key=_bound("dim", now.dim), on_change=_take,
        args=("dim", own), help="How many numbers one timestep becomes.",
    )  # fmt: skip
    periods = sorted({*PERIODS, now.max_period})
    st.select_slider(
        "Max period P", periods, now.max_period, format_func=lambda period: f"{period:,.17g}",
        key=_bound("max_period", now.max_period), on_change=_take, args=("max_period", own),
        help="Sets the slowest clock: its turn takes exactly 2πP timesteps at δ = 1, fewer at 0.",
    )  # fmt: skip
    most = min(MOST_SHIFT, half - 1.0)
    shifts = sorted({*(half / 2 for half in range(int(2 * most) + 1)), now.freq_shift})
    st.select_slider(
        "Frequency shift δ", shifts, now.freq_shift, format_func=say_number,
        key=_bound("freq_shift", now.freq_shift), on_change=_take, args=("freq_shift", own),
        help="1 makes the slowest turn exactly 2πP timesteps, as in DDPM.",
    )  # fmt: skip
    order = COSINES if now.flip_sin_to_cos else SINES
    st.radio(
        "Order", (COSINES, SINES), index=0 if now.flip_sin_to_cos else 1, on_change=_take,
        key=_bound("flip_sin_to_cos", order), args=("flip_sin_to_cos", own),
    )  # fmt: skip


def _preset_box(now: EmbeddingSettings, own: EmbeddingSettings) -> None:
    known = {OWN: own, **{name: preset.settings for name, preset in PRESETS.items()}}
    titles = {OWN: "This model", **{name: preset.title for name, preset in PRESETS.items()}}
    matching = [name for name, settings in known.items() if settings == now]
    picked = st.session_state.get(_key("preset"))  # some presets are alike: the one picked stays
    name = picked if picked in matching else (matching or [OTHER])[0]
    if name == OTHER:
        titles[OTHER] = "Your own"
    st.selectbox(
        "As in", list(titles), list(titles).index(name), format_func=lambda name: titles[name],
        key=_bound("preset", name), on_change=_take_preset, args=(own,),
    )  # fmt: skip


def _bound(field: str, value: object) -> str:
    """Return the key of a widget; a value from elsewhere makes a new one that begins with it."""
    turns: dict[str, int] = st.session_state.setdefault(_TURNS, {})
    if st.session_state.get(_key(field), value) != value:
        turns[field] = turns.get(field, 0) + 1
    return _key(field)


def _key(field: str) -> str:
    return f"ask_timestep_{field}_{st.session_state.get(_TURNS, {}).get(field, 0)}"


def _take_preset(own: EmbeddingSettings) -> None:
    name = st.session_state[_key("preset")]
    if name != OTHER:
        _choose(own if name == OWN else PRESETS[name].settings, own)


def _take(field: str, own: EmbeddingSettings) -> None:
    value = st.session_state[_key(field)]
    now: EmbeddingSettings = st.session_state.get(_CHOSEN) or own
    if field == "flip_sin_to_cos":
        value = value == COSINES
    changes = {field: value}
    if field == "dim":  # a shift of half the dimension or more leaves no slowest clock
        changes["freq_shift"] = min(now.freq_shift, max(0.0, value // 2 - 1.0))
    _choose(replace(now, **changes), own)


def _choose(settings: EmbeddingSettings, own: EmbeddingSettings) -> None:
    st.session_state[_CHOSEN] = None if settings == own else settings
    st.session_state.pop(_NOTE, None)
    _write_link(settings, own)  # at once: the address that came with a slider may be an older one


def _follow(given: dict[str, str], own: EmbeddingSettings) -> None:
    """Take the settings of a link; what cannot be used is said in a sentence."""
    st.session_state.pop(_NOTE, None)
    order = given.get("first", "cos" if own.flip_sin_to_cos else "sin")
    try:
        settings = check_embedding(
            dim=_number(given.get("dim", own.dim)),
            max_period=_number(given.get("period", own.max_period)),
            flip_sin_to_cos={"cos": True, "sin": False}.get(order, order),
            freq_shift=_number(given.get("shift", own.freq_shift)),
        )
        if not WIDTHS[0] <= settings.dim <= WIDTHS[1]:
            raise ExplainerError(
                f"The embedding dimension is {settings.dim:,}.",
                f"This page draws {WIDTHS[0]} to {WIDTHS[1]:,}.",
            )
    except (ExplainerError, ValueError) as error:
        what, fix = (
            (error.what, error.fix) if isinstance(error, ExplainerError)
            else ("These settings give no finite embedding.", "Choose others.")
        )  # fmt: skip
        st.session_state[_NOTE] = (what, f"{fix} Until then the model's own settings are shown.")
        settings = own
    st.session_state[_CHOSEN] = None if settings == own else settings


def _write_link(settings: EmbeddingSettings, own: EmbeddingSettings) -> None:
    """Make the address say which settings are on show; the model's own are left out."""
    said = {
        "dim": str(settings.dim),
        "period": say_number(settings.max_period),
        "first": "cos" if settings.flip_sin_to_cos else "sin",
        "shift": say_number(settings.freq_shift),
    }
    wanted = {
        name: said[name]
        for name, field in IN_LINK.items()
        if getattr(settings, field) != getattr(own, field)
    }
    say({name: wanted.get(name) for name in IN_LINK})
    st.session_state[_WRITTEN] = wanted


def _number(text: object) -> object:
    """Read a number where one is due; what is none stays text, to be refused with a sentence."""
    try:
        number = float(text) if isinstance(text, str) else text
        return int(number) if isinstance(number, float) and number.is_integer() else number
    except ValueError:
        return text
