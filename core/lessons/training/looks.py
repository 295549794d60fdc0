"""Closer looks at training: what each part learns, what came of it, and trainings of your own."""

import streamlit as st

from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.objectives import noise_loss, weigh_min_snr
from core.ideas.samplers.ddim import ddim_step
from core.ideas.samplers.ddpm import ddpm_step
from core.ideas.samplers.euler import euler_step
from core.ideas.samplers.heun import heun_step
from core.lessons.training import points as training_points
from core.lessons.training import word as training_word
from core.lessons.training.history import show_numbers
from core.lessons.training.history_data import say_devices
from core.lessons.training.objectives import show_objectives
from core.lessons.training.points import show_points
from core.lessons.training.quality import show_quality
from core.lessons.training.word import show_word
from core.training.history import Stage
from core.ui.look_box import look_box, look_place
from core.ui.page import show_equation

POINTS, WORD = "Train on points", "Teach it a word"
GOALS, NUMBERS = "What came of it", "In numbers"
LOOKS = (POINTS, WORD, GOALS, NUMBERS)


def say_time(stages: tuple[Stage, ...]) -> None:
    """Say how long all of it took, and how to do it again.

    Args:
        stages: from ``show_history``.
    """
    hours = sum(stage.hours for stage in stages)
    longest = max(stages, key=lambda stage: stage.hours)
    devices = say_devices(stage.device for stage in stages)
    st.markdown(
        f"**Yes, you could.** All stages together took {hours:.1f} hours {devices}, the longest "
        f"one {longest.hours:.1f} of them. `make train` does it again from public "
        "packages; below are trainings small enough to watch."
    )


def choose_look() -> str:
    """Ask for one of the looks."""
    return look_box(LOOKS, "training_look")


def show_look(look: str, stages: tuple[Stage, ...]) -> None:
    """Show one look; nothing of the others is computed.

    Args:
        look: from ``choose_look``.
        stages: from ``show_history``.

    Raises:
        ExplainerError: something that it needs is missing or damaged.
    """
    with look_place(LOOKS, look):
        if look == POINTS:
            show_points()
        elif look == WORD:
            show_word()
        elif look == GOALS:
            show_quality()
        else:
            show_numbers(stages)


def show_formulas(look: str) -> None:
    """Show the formulas and the code of what is on show.

    Args:
        look: from ``choose_look``.
    """
    if look == POINTS:
        for idea in (add_noise, noise_loss, guide, ddpm_step, ddim_step, euler_step, heun_step):
            show_equation(idea)
        training_points.show_code()
    elif look == WORD:
        for idea in (noise_loss, weigh_min_snr):
            show_equation(idea)
        training_word.show_code()
    else:
        show_objectives()
