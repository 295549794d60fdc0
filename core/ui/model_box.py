"""The model that every page looks into: which, what it takes, and how to have another."""

from dataclasses import replace

import streamlit as st

from core.engine.client import woken
from core.errors import ExplainerError
from core.models.catalog import entries, find_entry, is_installed, measure_size, without_paths
from core.ui.running_example import running_example, set_running_example, tied_to_run
from core.views.numbers import gigabytes
from core.words import language, tr

KEPT_S = 60  # for which what was found out about a model's files is told again


def show_model_box() -> None:
    """Ask for the model in the sidebar, and say what it takes; names are shown, never places."""
    now = running_example().model
    titles = {entry.id: entry.title for entry in entries() if is_installed(entry)}
    titles.setdefault(now, now)
    with st.sidebar.expander(tr("The model"), icon=":material/deployed_code:"):
        st.selectbox(
            tr("Model"), list(titles), list(titles).index(now), format_func=titles.__getitem__,
            label_visibility="collapsed", **tied_to_run("model", now, _take),
        )  # fmt: skip
        try:
            for line in say_model(now, language()):
                st.caption(line)
        except ExplainerError as error:
            st.text(without_paths(error.what))  # pages say the rest
        st.caption(say_machine(now))
        st.caption(
            tr(
                "Whoever runs the app adds a `.safetensors` file, a folder, or all that another "
                "program keeps: `python -m core models --add PATH`"
            )
        )


def _take(model: str) -> None:
    set_running_example(replace(running_example(), model=model))


@st.cache_data(ttl=KEPT_S, max_entries=64, show_spinner=False)
def say_model(model: str, spoken: str) -> tuple[str, ...]:
    """Say how large a model is, and what memory it will take; nothing of it is loaded.

    Args:
        model: its id in the catalog.
        spoken: the language it is said in, so that what is kept is kept once for each.

    Raises:
        ExplainerError: it is not on this machine, or damaged.
    """
    from core.models.memory import need_of  # late: it reads configs, which the first paint need not

    size, need = measure_size(find_entry(model)), need_of(model)
    height, width = need.own
    said = [tr("{size} on disk", size=gigabytes(size * 1e6))] if size else []
    said.append(tr("{weights:,.0f} million weights", weights=need.weights / 1e6))
    drawing = tr(
        "In float32 it takes {weights} of memory, and "
        "{drawing} more to draw {width} × {height} pixels; half "
        "of both in half precision, which a GPU computes in.",
        weights=gigabytes(4 * need.weights),
        drawing=gigabytes(need.drawing(height, width, 4)),
        width=width,
        height=height,
    )
    return " · ".join(said), drawing


def say_machine(model: str) -> str:
    """Say what computes here and what memory is free; before the engine is there, memory alone.

    Args:
        model: its id in the catalog.
    """
    import psutil

    memory = psutil.virtual_memory()
    free = tr(
        "{available} of {total} of memory are free.",
        available=gigabytes(memory.available),
        total=gigabytes(memory.total),
    )
    if woken() is None:
        return free
    from core.models.fitting import chosen_fit
    from core.models.hardware import peak_memory

    found = chosen_fit(model)
    if found is None:
        return free
    peak = gigabytes(peak_memory(found.hardware.device))
    how = tr(
        "It is computed on {hardware} in {dtype}. {said}",
        hardware=found.hardware.name,
        dtype=found.hardware.dtype,
        said=found.said,
    ).strip()
    return tr(
        "{how} The program has taken {peak} at its peak. {free}", how=how, peak=peak, free=free
    )
