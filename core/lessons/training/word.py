"""The lab of a new word: a copy of the model learns one picture of yours, in one of three ways."""

import base64
import inspect

import streamlit as st
from PIL import Image

from core.errors import ExplainerError
from core.host import host
from core.ideas.objectives import noise_loss, weigh_min_snr
from core.labs.bench import Training, bench
from core.labs.word_settings import LONGEST_WORD, SIDE, STEPS, Way, WordSettings
from core.lessons.training.follow import GRACE_S, TURN_S, end, offer, say_ahead, say_wrong
from core.lessons.training.word_data import (
    READ_BY,
    WAYS,
    Event,
    explain,
    last_pictures,
    say_measures,
    say_missing,
    say_what_learns,
    way_rows,
    word_data,
    word_rows,
)
from core.models.catalog import builtin_folder
from core.models.embedding_files import NewToken, read_embedding
from core.models.latent_facts import read_latent_facts
from core.models.text_facts import read_text_facts
from core.models.uploads import fit
from core.nets.lora import merge
from core.nets.new_tokens import look_up
from core.training.history import Stage
from core.ui.address import Field, ask, choose, one_of, text, value, whole
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.part import part
from core.ui.picture_source import choose_picture, show_notes, source_of
from core.ui.running_example import running_example
from core.ui.runs import train
from core.ui.tables import as_table, show_table
from core.words import tr, tr_many

FORMULAS = (noise_loss, weigh_min_snr, look_up, merge)

_WANTED, _TRAINING = "word_wanted", "word_training"
_PRESSED, _DONE = "word_pressed", "word_done"
_FILE, _GIVEN = "word_file", "word_given"
KEPT = 6  # finished trainings of one visitor
LARGEST_SEED = 2**31
WAY: Field[Way] = one_of("way", WAYS, "weights", begins="default")
WORD = text("word", "blorb", LONGEST_WORD)  # means nothing to the model yet


def show(_stages: tuple[Stage, ...]) -> None:
    """Offer picture and word, follow the training, and say what it shows."""
    st.markdown(
        tr(
            "**Teach the model a word.** A copy of it learns what your word means from one "
            "picture, while you watch. Choose how much of it may learn, and compare what each way "
            "brings and what it costs. The copy is nobody else’s model, and it is gone when you "
            "leave."
        )
    )
    settings = _choose()
    if settings is None:
        return
    if _PRESSED in st.session_state:
        st.session_state[_WANTED] = settings
    training = _known(settings)
    going = st.session_state.get(_WANTED) == settings
    train = tr("Draw it") if settings.vectors else tr("Teach it")
    offer("word", train, training, going, _want, _again, _stop)
    part(_follow, every_s=TURN_S if going else None)(settings, going)
    if training is not None and training.state == "done":
        st.markdown(explain(settings, training.events))
        _hand_out(settings, training)
        if not settings.vectors:
            as_table(word_rows(training.events), "word-loss", tr("The loss by training step"))
    _compare(settings)


def show_more() -> None:
    """Show the training loop that just ran, and the three ways."""
    from core.labs import word as lab_word
    from core.labs import word_ways

    for module in (lab_word, word_ways):
        st.code(inspect.getsource(module), language="python")


def _choose() -> WordSettings | None:
    request = running_example()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = ask(
            st.segmented_control, tr("What learns"), WAY, required=True, wrap=True,
            format_func=lambda name: tr(WAYS[name]),
        )  # fmt: skip
        if way == "token" and host().uploads:
            with st.popover(tr("Upload a word"), icon=":material/upload:"):
                st.file_uploader(
                    tr("What textual inversion leaves, .safetensors, of this model’s width"),
                    type=["safetensors"], key=_FILE, on_change=_take_word,
                )  # fmt: skip
    st.caption(say_what_learns(way))
    pick, say, seed = st.columns([6, 3, 2], vertical_alignment="bottom", gap="medium")
    with pick:
        source = source_of(choose_picture(), read_latent_facts(builtin_folder()))
    with say:
        word = ask(
            st.text_input,
            tr("A new word"),
            WORD,
            help=tr("Best one that means nothing yet. It is read in pieces that the model knows."),
        )
    with seed:
        number = ask(
            st.number_input,
            tr("Seed"),
            _seed(),
            help=tr("Of the noise that it is trained on, and that its pictures begin with."),
        )
    show_notes(source)
    picture = fit(Image.frombytes("RGB", (source.width, source.height), source.pixels), SIDE, SIDE)
    pixels = base64.b64encode(picture.tobytes()).decode("ascii")
    given: NewToken | None = st.session_state.get(_GIVEN)
    vectors, steps = "", STEPS[way]
    if way == "token" and given is not None and given.token == word:
        vectors, steps = base64.b64encode(given.vectors.tobytes()).decode("ascii"), 0
        st.caption(
            tr_many(
                len(given.vectors),
                "{count} vector from a file stands for this word. Write another word to teach one.",
                "{count} vectors from a file stand for this word. Write another word to teach one.",
            )
        )
    try:
        return WordSettings(
            word, pixels, request.prompt, int(number), steps, way=way, vectors=vectors
        ).validated()
    except ExplainerError as error:
        show_error(error)
        return None


def _seed() -> Field[int]:
    return whole("word_seed", min(running_example().seed, LARGEST_SEED), 0, LARGEST_SEED)


def _follow(settings: WordSettings, going: bool) -> None:
    """Draw what there is; where it is going on, be counted among those who watch."""
    training = _known(settings)
    pressed = st.session_state.pop(_PRESSED, False)  # else one that failed is told, not begun again
    state = None if training is None else training.state
    if going and state != "done" and (pressed or state != "failed"):
        try:
            training = train(settings, training)
            bench().leave(training, grace=GRACE_S)
            st.session_state[_TRAINING] = training
        except ExplainerError as error:
            say_wrong("word", error)
            _stop()
            st.rerun()
        say_ahead(training)
    ended = training is not None and training.ended
    events = list(training.events) if training is not None else []
    mount("training/word", word_data(settings, events, going and not ended))
    if training is not None and training.state == "done":
        done: dict[WordSettings, Training] = st.session_state.setdefault(_DONE, {})
        done[settings] = training
        while len(done) > KEPT:
            del done[next(iter(done))]
    if going and training is not None and training.ended:
        end("word", training, tr("Press Go on, or choose another picture."), _stop)


def _hand_out(settings: WordSettings, training: Training) -> None:
    """Offer what was learned as a file."""
    name = settings.way
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            tr("Take it along"), base64.b64decode(training.events[-1]["file"]),
            f"glassbox-word-{name}.safetensors", "application/octet-stream", on_click="ignore",
            icon=":material/download:", key="word_file_out",
        )  # fmt: skip
        st.caption(tr(READ_BY[name]), width="stretch")


def _compare(settings: WordSettings) -> None:
    """Show the ways that were tried with this word, picture and seed beside each other."""
    newest: Training | None = st.session_state.get(_TRAINING)
    known = [*st.session_state.get(_DONE, {}).values(), *([newest] if newest else [])]
    tried: dict[Way, list[Event]] = {
        one.settings.way: one.events
        for one in known
        if one.state == "done" and one.settings.lesson == settings.lesson
    }
    tried = {way: tried[way] for way in WAYS if way in tried}
    if not tried:
        return
    st.markdown(tr("**The ways beside each other**"))
    show_table(way_rows(tried), "word-ways", tr("What learned, how near it came, what it cost"))
    st.caption(say_measures(list(tried.values())[-1]))
    if not settings.vectors:
        for column, (way, picture) in zip(
            st.columns(len(WAYS)), last_pictures(tried).items(), strict=False
        ):
            column.image(picture, tr(WAYS[way]), alt=tr(WAYS[way]), width="stretch")
        if missing := say_missing(tried):
            st.caption(missing)


def _known(settings: WordSettings) -> Training | None:
    """Return this visitor's training with these settings: the newest, or one that was finished."""
    newest: Training | None = st.session_state.get(_TRAINING)
    if newest is not None and newest.settings == settings:
        return newest
    return st.session_state.get(_DONE, {}).get(settings)


def _take_word() -> None:
    dropped = st.session_state[_FILE]
    if dropped is None:  # taken away again
        return
    try:
        width = read_text_facts(builtin_folder()).width
        given = read_embedding(dropped.getvalue(), dropped.name, width, LONGEST_WORD)
    except ExplainerError as error:
        say_wrong("word", error)
    else:
        st.session_state[_GIVEN] = given
        choose(WORD, given.token)


def _want() -> None:
    st.session_state[_PRESSED] = True


def _again() -> None:
    choose(_seed(), (value(_seed()) + 1) % (LARGEST_SEED + 1))
    _want()


def _stop() -> None:
    st.session_state.pop(_WANTED, None)
    if _TRAINING in st.session_state:
        bench().end_own(st.session_state[_TRAINING])
