"""The lab of points: choose or draw a shape, train on it while you watch, then walk through it."""

import inspect
from dataclasses import replace

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import ExplainerError
from core.ideas.flow import (
    draw_partners,
    flow_step,
    mean_velocity,
    measure_detour,
    mix_straight,
    weigh_pairs,
)
from core.ideas.forward import add_noise
from core.ideas.guidance import guide
from core.ideas.objectives import flow_loss, noise_loss
from core.ideas.samplers.ddim import ddim_step
from core.ideas.samplers.ddpm import ddpm_step
from core.ideas.samplers.euler import euler_step
from core.ideas.samplers.heun import heun_step
from core.labs.bench import Training, bench
from core.labs.points_data import make_points
from core.labs.points_field import NO_CLASS
from core.labs.points_settings import (
    DRAWN,
    FLOW,
    NOISE,
    SHAPES,
    STRAIGHT,
    Point,
    PointSettings,
    check_points,
)
from core.lessons.training.follow import GRACE_S, TURN_S, end, offer, say_ahead, say_wrong
from core.lessons.training.points_data import Event, field_of, paths_data, points_data, points_rows
from core.lessons.training.points_flow import BLUE, FILM, ask_walk, show_flow, show_reach
from core.training.history import Stage
from core.ui.address import Field, ask, choose, one_of, switch, value, whole
from core.ui.component import mount, told
from core.ui.part import part
from core.ui.runs import train
from core.ui.tables import as_table
from core.words import tr, tr_later

FORMULAS = (
    mix_straight, flow_loss, weigh_pairs, mean_velocity, flow_step, draw_partners, measure_detour,
    add_noise, noise_loss, guide, ddpm_step, ddim_step, euler_step, heun_step,
)  # fmt: skip

NAME = "training/points"
STOP_S = 3.0  # after one visitor's Stop: whoever else watches looks in within this
GOALS = {FLOW: tr_later("a flow"), NOISE: tr_later("the noise")}
INTRO = {
    FLOW: tr_later(
        "**Watch noise flow into a shape.** Every pair of noise and data has a straight line "
        "between them, and many lines meet in every point. A network of four layers learns where a "
        "point goes there, as Stable Diffusion 3 and FLUX do for pictures. **Press Train**, and "
        "watch the third pane."
    ),
    NOISE: tr_later(
        "**Stable Diffusion with two numbers in place of a picture**: a network of four layers "
        "learns to name the noise in points, by the same loss and the same noise schedule. "
        "Choose a shape, or draw one."
    ),
}
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


GOAL = one_of("learns", GOALS, begins="default")
SHAPE, COLOUR = one_of("shape", SHAPES, begins="default"), switch("colour", True)
SEED = whole("points_seed", 0, 0, 2**31)
POINTS: Field[tuple[Point, ...]] = Field("points", (), _read_points, _write_points)


def show(_stages: tuple[Stage, ...]) -> None:
    """Offer shapes and the training, follow it, then show paths through what was learned."""
    st.markdown(tr(INTRO[value(GOAL)]))
    settings, place = _choose()
    straight = replace(settings, goal=STRAIGHT)
    learned = settings.goal == FLOW and _done(settings) is not None
    if st.session_state.pop(_PRESSED, False):
        st.session_state[_WANTED] = straight if learned else settings
        st.session_state[_ANEW] = True
    wanted = st.session_state.get(_WANTED)
    if settings.goal == FLOW and (wanted == straight or _known(straight) is not None):
        settings = straight
    going = wanted == settings
    label, training = tr("Train"), _known(settings)
    if learned and _done(straight) is None:
        label, training = tr("Straighten"), _known(straight)
    with place:
        offer("points", label, training, going, _want, _again, _stop)
    part(_follow, every_s=TURN_S if going else None)(settings, going)


def show_more() -> None:
    """Show the network and the training loop that just ran."""
    from core.labs import points as lab_points

    st.code(inspect.getsource(lab_points), language="python")


def _choose() -> tuple[PointSettings, DeltaGenerator]:
    """Ask what is learned from which points; return it with the place for the training's button."""
    goal, shape = st.columns([5, 12], vertical_alignment="bottom", gap="medium")
    place, classes, seed = st.columns([6, 8, 3], vertical_alignment="bottom", gap="medium")
    with goal:
        ask(
            st.segmented_control, tr("It learns"), GOAL, required=True, wrap=True,
            format_func=lambda name: tr(GOALS[name]),
            help=tr(
                "Stable Diffusion 1 names the noise; newer models, such as Stable Diffusion 3 and "
                "FLUX, name the velocity of a flow."
            ),
        )  # fmt: skip
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
    settings = PointSettings(value(SHAPE), value(COLOUR), value(SEED), points=own, goal=value(GOAL))
    return settings, place


def _known(settings: PointSettings) -> Training | None:
    """Return what the bench knows of a training with these settings."""
    try:
        return bench().known(settings.validated())
    except ExplainerError:  # not yet enough points
        return None


def _done(settings: PointSettings) -> Event | None:
    """Return the last event of a training with these settings that was finished."""
    training = _known(settings)
    return training.events[-1] if training is not None and training.state == "done" else None


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
    done = {
        goal: event
        for goal in (NOISE, FLOW, STRAIGHT)
        if (event := _done(replace(settings, goal=goal))) is not None
    }
    flow = settings.goal != NOISE
    if flow:
        show_flow(settings, done, events, going and not ended)
    data = points_data(settings, events, going and not ended, value(POINTS))
    mount(NAME, data, on_drawn_change=_take)
    if going and training is not None and training.ended:
        end("points", training, tr("Press Go on, or choose another shape."), _stop)
    if not going and training is not None and training.state == "done" and not flow:
        _show_paths(settings, training)
    if not going:
        show_reach(settings, done)
        if events:
            as_table(points_rows(events), "points-loss", tr("The loss by training step"))


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
    label, w, steps = ask_walk(settings, BLUE, tr("Steps of every sampler"))
    field = replace(field_of(done), label=label, w=w)
    points, labels = make_points(settings)
    behind = points if label == NO_CLASS else points[labels == label]
    mount(FILM, paths_data(field, steps, np.ascontiguousarray(behind), settings.seed))
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
