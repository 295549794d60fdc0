"""The lab of a new word: a copy of the U-Net learns one picture of yours, while you watch."""

import base64
import inspect

import streamlit as st
from PIL import Image

from core.errors import ExplainerError
from core.ideas.objectives import noise_loss, weigh_min_snr
from core.labs.bench import Training, bench
from core.labs.word_settings import LONGEST_WORD, SIDE, WordSettings
from core.lessons.training.follow import GRACE_S, TURN_S, end, offer, say_ahead, say_wrong
from core.lessons.training.word_data import word_data, word_rows
from core.models.catalog import builtin_folder
from core.models.latent_facts import read_latent_facts
from core.models.uploads import fit
from core.training.history import Stage
from core.ui.address import Field, ask, choose, text, value, whole
from core.ui.component import mount
from core.ui.errors import show_error
from core.ui.part import part
from core.ui.picture_source import choose_picture, show_notes, source_of
from core.ui.running_example import running_example
from core.ui.runs import train
from core.ui.tables import as_table
from core.words import tr

FORMULAS = (noise_loss, weigh_min_snr)

_WANTED, _TRAINING = "word_wanted", "word_training"
_PRESSED, _DONE = "word_pressed", "word_done"
KEPT = 4  # finished trainings of one visitor
LARGEST_SEED = 2**31
WORD = "blorb"  # means nothing to the model yet


def show(_stages: tuple[Stage, ...]) -> None:
    """Offer picture and word, follow the training, and say what it shows."""
    st.markdown(
        tr(
            "**Teach the model a word.** A copy of its U-Net learns what your word means from one "
            "picture, while you watch. The copy is nobody else’s model, and it is gone when you "
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
    offer("word", tr("Teach it"), training, going, _want, _again, _stop)
    part(_follow, every_s=TURN_S if going else None)(settings, going)
    if training is not None and training.state == "done":
        _explain(training)


def show_more() -> None:
    """Show the training loop that just ran."""
    from core.labs import word as lab_word

    st.code(inspect.getsource(lab_word), language="python")


def _choose() -> WordSettings | None:
    request = running_example()
    pick, say, seed = st.columns([6, 3, 2], vertical_alignment="bottom", gap="medium")
    with pick:
        source = source_of(choose_picture(), read_latent_facts(builtin_folder()))
    with say:
        word = ask(
            st.text_input,
            tr("A new word"),
            text("word", WORD, LONGEST_WORD),
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
    try:
        return WordSettings(word, pixels, request.prompt, int(number)).validated()
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


def _explain(training: Training) -> None:
    begun, done = training.events[0], training.events[-1]
    st.markdown(
        tr(
            "**It learned one picture by heart, and that has a price.** {learned:,} of the "
            "U-Net’s {weights:,} weights were trained, those that read the text, for "
            "{seconds:.0f} s on one core; the text encoder and the autoencoder stayed as "
            "they were. All pictures of one prompt start from the same noise. **Drag back to "
            "before:** "
            "the new word comes to stand for your picture, and another background may still be "
            "asked "
            "for. The last prompt was never trained on, and yet it changes: with one picture to "
            "learn "
            "from, the copy forgets some of the rest. Nothing here says that it understands what "
            "is "
            "in your picture.",
            learned=begun["learned"],
            weights=begun["whole"],
            seconds=done["seconds"],
        )
    )
    as_table(word_rows(training.events), "word-loss", tr("The loss by training step"))


def _known(settings: WordSettings) -> Training | None:
    """Return this visitor's training with these settings: the newest, or one that was finished."""
    newest: Training | None = st.session_state.get(_TRAINING)
    if newest is not None and newest.settings == settings:
        return newest
    return st.session_state.get(_DONE, {}).get(settings)


def _want() -> None:
    st.session_state[_PRESSED] = True


def _again() -> None:
    choose(_seed(), (value(_seed()) + 1) % (LARGEST_SEED + 1))
    _want()


def _stop() -> None:
    st.session_state.pop(_WANTED, None)
    if _TRAINING in st.session_state:
        bench().end_own(st.session_state[_TRAINING])
