"""The lab of points: choose or draw a shape, train on it while you watch, then walk through it."""

import inspect
from dataclasses import replace

import numpy as np
import streamlit as st

from core.errors import ExplainerError
from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.objectives import noise_loss
from core.ideas.samplers.ddim import ddim_step
from core.ideas.samplers.ddpm import ddpm_step
from core.ideas.samplers.euler import euler_step
from core.ideas.samplers.heun import heun_step
from core.labs.bench import Training, bench
from core.labs.points_data import make_points
from core.labs.points_field import NO_CLASS
from core.labs.points_settings import DRAWN, SHAPES, Point, PointSettings, check_points
from core.lessons.training.follow import GRACE_S, TURN_S, end, offer, say_ahead, say_wrong
from core.lessons.training.points_data import field_of, paths_data, points_data, points_rows
from core.training.history import Stage
from core.ui.address import Field, ask, choose, one_of, real, switch, value, whole
from core.ui.component import mount, told
from core.ui.part import part
from core.ui.runs import train
from core.ui.tables import as_table
from core.words import tr, tr_later

FORMULAS = (add_noise, noise_loss, guide, ddpm_step, ddim_step, euler_step, heun_step)

NAME = "training/points"
STOP_S = 3.0  # after one visitor's Stop: whoever else watches looks in within this
ANY, BLUE, ORANGE = tr_later("either"), tr_later("blue"), tr_later("orange")
LABELS = {ANY: NO_CLASS, BLUE: 0, ORANGE: 1}
_WANTED = "points_wanted"
_PRESSED, _ANEW = "points_pressed", "points_anew"


def _read_points(text: str) -> tuple[Point, ...] | None:
    """Read points from a link: thousandths with dots between, an underscore after each point."""
    try:
        rows = [[int(part) for part in point.split(".")] for point in text.split("_")]
        return check_points([[x / 1000, y / 1000, kind] for x, y, kind in rows])
    except (ValueError, ExplainerError):
        return None


def _write_points(points: tuple[Point, ...]) -> str:
    return "_".join(f"{1000 * x:.0f}.{1000 * y:.0f}.{kind}" for x, y, kind in points)


SHAPE, COLOUR = one_of("shape", SHAPES, begins="default"), switch("colour", True)
SEED = whole("points_seed", 0, 0, 2**31)
POINTS: Field[tuple[Point, ...]] = Field("points", (), _read_points, _write_points)


def show(_stages: tuple[Stage, ...]) -> None:
    """Offer shapes and the training, follow it, then show paths through what was learned."""
    st.markdown(
        tr(
            "**Stable Diffusion with two numbers in place of a picture**: a network of four layers "
            "learns to name the noise in points, by the same loss and the same noise schedule. "
            "Choose a shape, or draw one."
        )
    )
    settings = _choose()
    if st.session_state.pop(_PRESSED, False):
        st.session_state[_WANTED] = settings
        st.session_state[_ANEW] = True
    training = _known(settings)
    going = st.session_state.get(_WANTED) == settings
    offer("points", tr("Train"), training, going, _want, _again, _stop)
    part(_follow, every_s=TURN_S if going else None)(settings, going)
    if training is not None and training.state == "done" and not going:
        part(_show_paths)(settings, training)


def show_more() -> None:
    """Show the network and the training loop that just ran."""
    from core.labs import points as lab_points

    st.code(inspect.getsource(lab_points), language="python")


def _choose() -> PointSettings:
    shape, classes, seed = st.columns([8, 4, 2], vertical_alignment="bottom", gap="medium")
    with shape:
        ask(
            st.segmented_control,
            tr("Shape"),
            SHAPE,
            required=True,
            wrap=True,
            format_func=lambda name: tr("draw your own") if name == DRAWN else tr(name),
        )
    with classes:
        ask(
            st.toggle,
            tr("Tell it the colour"),
            COLOUR,
            help=tr(
                "The colour takes the place of the prompt: with it the network can be asked for "
                "one of the two, and guided."
            ),
        )
    with seed:
        ask(st.number_input, tr("Seed"), SEED)
    own = value(POINTS) if value(SHAPE) == DRAWN else ()
    return PointSettings(value(SHAPE), value(COLOUR), value(SEED), points=own)


def _known(settings: PointSettings) -> Training | None:
    """Return what the bench knows of a training with these settings."""
    try:
        return bench().known(settings.validated())
    except ExplainerError:  # not yet enough points
        return None


def _follow(settings: PointSettings, going: bool) -> None:
    """Draw what there is; where it is going on, be counted among those who watch."""
    training = _known(settings)
    anew = st.session_state.pop(_ANEW, False)  # else one that failed is told, not begun again
    failed = training is not None and training.state == "failed"
    if going and (anew or not failed):
        try:
            training = train(settings)
            bench().leave(training, grace=GRACE_S)
        except ExplainerError as error:
            say_wrong("points", error)
            _stop()
            st.rerun()
    ended = training is not None and training.ended
    events = list(training.events) if training is not None else []
    if going:
        say_ahead(training)
    data = points_data(settings, events, going and not ended, value(POINTS))
    mount(NAME, data, on_drawn_change=_take)
    if going and training is not None and training.ended:
        end("points", training, tr("Press Go on, or choose another shape."), _stop)


def _show_paths(settings: PointSettings, training: Training) -> None:
    done = training.events[-1]
    apart = next(event["apart"] for event in training.events[::-1] if event["kind"] == "look")
    st.markdown(
        tr(
            "**Trained in {seconds:.0f} s on one core.** The green points are {apart:.2f} "
            "from the nearest data on average. **Drag t**: at large t all arrows point to the "
            "middle "
            "of the data, at small t to the nearest line. Below, four samplers follow these arrows "
            "from the same noise.",
            seconds=done["seconds"],
            apart=apart,
        )
    )
    how, asked, weight = st.columns(3, gap="large")
    steps = ask(how.slider, tr("Steps of every sampler"), whole("walk_steps", 10, 1, 50))
    label, w = ANY, 1.0
    if settings.classes:
        field = one_of("asked", LABELS, BLUE, begins="default")
        ask(asked.segmented_control, tr("Asked for"), field, format_func=tr, required=True)
        label = value(field)
        if label != ANY:
            w = ask(weight.slider, tr("Guidance w"), real("w", 2.0, 0.0, 8.0), step=0.5)
    field = replace(field_of(done), label=LABELS[label], w=w)
    points, labels = make_points(settings)
    behind = points if label == ANY else points[labels == LABELS[label]]
    mount("training/paths", paths_data(field, steps, np.ascontiguousarray(behind), settings.seed))
    st.markdown(
        tr(
            "**DDIM and Euler walk the same points**: one formula, written on two scales. Heun "
            "asks "
            "twice a step and bends sooner. DDPM adds fresh noise at every step, so its paths "
            "tremble, and other fresh noise would lead elsewhere. With few steps all of them miss."
        )
    )
    if settings.classes:
        st.caption(
            tr(
                "Guidance w: 0 forgets the colour, 1 asks for it, more exaggerates it until the "
                "points crowd together. The walk back begins at pure noise; the last level of this "
                "schedule still holds a little of the data."
            )
        )
    as_table(points_rows(training.events), "points-loss", tr("The loss by training step"))


def _take() -> None:
    points = told(st.session_state.get(NAME), "drawn")
    if points is None:
        return
    try:
        drawn: tuple[Point, ...] = check_points(points)
    except ExplainerError as error:
        say_wrong("points", error)
        return
    choose(POINTS, tuple((float(f"{x:.3f}"), float(f"{y:.3f}"), k) for x, y, k in drawn))


def _want() -> None:
    """Take note; what was drawn since the button was drawn belongs to the training as well."""
    st.session_state[_PRESSED] = True


def _again() -> None:
    choose(SEED, value(SEED) + 1)
    _want()


def _stop() -> None:
    """Follow no longer; the training ends soon where nobody else follows it."""
    settings = st.session_state.pop(_WANTED, None)
    training = _known(settings) if settings is not None else None
    if training is not None:
        bench().let_go(training, STOP_S)
