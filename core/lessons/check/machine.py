"""Our code against the installed libraries, the words of the doctor, and what the run cost."""

import argparse
import time

import psutil
import streamlit as st

from core.commands import doctor
from core.engine.works.machine_check import MachineCheckWork
from core.host import host
from core.ui.made import made
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.shown import kept
from core.ui.tables import offer_csv
from core.views.numbers import count
from core.views.tables import Row, table_text
from core.views.versions import say_versions
from core.words import tr, tr_later, tr_many

AGAIN_S = 60.0  # that the doctor's words hold: he reads all weights, and tries the disk


def show_checks() -> None:
    """Compute everything twice, and show where the two agree.

    Raises:
        ExplainerError: the engine could not do it.
    """
    checks = read(MachineCheckWork(running_example().model), tr_later("Check"))
    wrong = [check for check in checks if not check.ok]
    if wrong:
        st.error(
            tr_many(
                len(wrong),
                "{count} check of {checks} disagrees.",
                "{count} checks of {checks} disagree.",
                checks=len(checks),
            ),
            icon=":material/error:",
        )
    else:
        st.success(
            tr(
                "All {checks} agree, with {versions}.",
                checks=len(checks),
                versions=say_versions(),
            ),
            icon=":material/check_circle:",
        )
    for check in wrong:
        st.markdown(
            tr(
                "**{check}:** if this is wrong, {means}.",
                check=tr(check.name),
                means=tr(check.means),
            )
        )
    rows: list[Row] = [
        {
            tr_later("agree"): "✓" if check.ok else "✗",
            tr_later("what"): tr(check.name),
            tr_later("ours (RMS)"): check.ours,
            tr_later("the library’s (RMS)"): check.theirs,
            tr_later("largest difference"): check.apart,
            tr_later("allowed"): check.tolerance,
            tr_later("if it were wrong"): tr(check.means),
        }
        for check in checks
    ]
    with st.container(key="checks"):  # whose last column is all words, see page.css
        st.markdown(table_text(rows, list(rows[0])))
    offer_csv(rows, "checks")


def show_machine() -> None:
    """Say what this machine is, what is wrong with it, and what the run on show cost."""
    st.header(tr("This machine"), anchor=False)
    if not host().shared:  # whose visitors are strangers, and on whose disk nothing is tried
        told = made(("doctor", time.monotonic() // AGAIN_S), _ask_doctor)
        st.text(told.replace("\n- ", "\n• "))
    held = psutil.Process().memory_info().rss / 2**20
    st.markdown(
        tr(
            "This process holds **{held:,.0f} MB** of memory, libraries and models included.",
            held=held,
        )
    )
    shown = kept(running_example())
    if shown is not None:
        st.markdown(
            tr(
                "The run on show took **{seconds:.2f} s** for "
                "{calls}, with whatever else was done meanwhile.",
                seconds=shown.run.seconds,
                calls=count(len(shown.run.timesteps), "call"),
            )
        )


def _ask_doctor() -> str:
    return "\n".join(doctor.tell(doctor.run(argparse.Namespace())))
