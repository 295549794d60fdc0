"""The walk through the pages: questions before the answer, what to remember, how far one is."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2

from core.engine.request import key
from core.ui.address import Field, ask, switch, tied
from core.ui.all_pages import (
    ANSWERED,
    HOME,
    LEVEL,
    PRESENTING,
    USUAL,
    WALKED,
    WALKING,
    for_projector,
    held,
    keep,
    kept,
    turn_on,
)
from core.ui.component import told_one
from core.ui.errors import explained, show_note
from core.ui.language import LANGUAGE
from core.ui.lesson_link import IN_FOOT, link_to_page, show_link
from core.ui.navigation import START, existing, page_of, title_of
from core.ui.running_example import IN_LINK, link_parameters, running_example
from core.views.lesson import LEVELS, PAGES, Lesson, Level, Live, Option, Question, lesson_of
from core.words import LANGUAGES, language, tr, tr_later

BROWSER = Path(__file__).parent / "browser"
STYLE = BROWSER / "presenter.css"
_ANSWERS = "walk_answers"
FOOT = {
    "predict": tr_later("Predict"),
    "cards": tr_later("True or not?"),
    "words": tr_later("Glossary"),
    "link": tr_later("Link to this"),
    "mistake": tr_later("Found a mistake?"),
}


def level() -> Level:
    """Return how much the pages say."""
    return kept().get(LEVEL, USUAL)  # type: ignore[return-value]  # follow_walk keeps no other


def walking() -> bool:
    """Return whether questions are asked before a page shows the answer."""
    return WALKING in kept()


def walked() -> tuple[str, ...]:
    """Return the pages whose questions were all answered."""
    return tuple(filter(None, kept().get(WALKED, "").split(".")))


def ask_level() -> None:
    """Ask in the sidebar how much the pages say."""
    with st.sidebar:
        st.selectbox(
            tr("Read as"),
            list(LEVELS),
            index=list(LEVELS).index(level()),
            format_func=lambda one: tr(LEVELS[one]),
            **tied(LEVEL, level(), lambda one: keep(LEVEL, None if one == USUAL else one)),
        )


def ask_language() -> None:
    """Ask in the sidebar for the language of the pages."""
    with st.sidebar:
        st.selectbox(
            tr("Language"),
            list(LANGUAGES),
            index=list(LANGUAGES).index(language()),
            format_func=lambda one: LANGUAGES[one],
            **tied(LANGUAGE, language(), lambda one: keep(LANGUAGE, one)),
        )


def begin_walk() -> None:
    """From now on every page asks its questions first."""
    turn_on(WALKING)


def end_walk() -> None:
    """Show the pages without their questions first; what was answered stays."""
    keep(WALKING, None)


def present() -> None:
    """Show the pages for a projector."""
    turn_on(PRESENTING)


def presenting(page: str) -> None:
    """Where somebody presents, show a page in large type, and let keys lead on from page to page.

    Args:
        page: its address below the app's.
    """
    if not for_projector():
        return
    st.html(STYLE)
    with st.container(key="presenter_room"):  # takes none, see page.css
        mounted = _presenter()(key="presenter", on_turn_change=lambda: None)
    turned = told_one(mounted, "turn", (1, -1))
    order = _order()
    if turned is not None and page in order:  # the check stands beside the walk
        st.switch_page(page_of(order[(order.index(page) + turned) % len(order)]))
    st.button(
        tr("End presenting"), on_click=lambda: keep(PRESENTING, None), type="tertiary",
        icon=":material/close_fullscreen:", key="end_presenting",
    )  # fmt: skip


def predict_first(page: str) -> None:
    """Ask a page's questions above its picture, where somebody walks.

    Args:
        page: its address below the app's.
    """
    if walking():
        with st.container(border=True, key="predict_first"), explained():
            _predict(page, lesson_of(page))


def say_picture(page: str) -> None:
    """Say below a page's picture what is seen there, and what to do with it.

    Args:
        page: its address below the app's.
    """
    st.markdown(tr(lesson_of(page).picture))


def foot(page: str) -> None:
    """End a page: what to remember, its questions and beliefs, and where the walk goes on.

    Args:
        page: its address below the app's.
    """
    lesson = lesson_of(page)
    with st.container(border=True, key="lesson_foot"):
        st.markdown(tr("**To remember.** {remember}", remember=tr(lesson.remember)))
        shown = [name for name in FOOT if not (name == "predict" and walking())]
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            chosen = ask(
                st.segmented_control,
                tr("The lesson"),
                _foot_field(shown),
                format_func=lambda name: _label(name, page),
                label_visibility="collapsed",
                wrap=True,
            )
            _show_next(page)
        with explained():
            _PARTS.get(chosen or "", lambda *_: None)(page, lesson)


def show_progress() -> None:
    """Show on the front page how far the walk is, with a way to begin or to end it."""
    done, pages = walked(), [entry for entry in existing() if entry.url in PAGES]
    if walking():
        st.button(tr("End the walk"), on_click=end_walk, icon=":material/close:", key="end_walk")
    else:
        st.button(
            tr("Walk me through it"),
            on_click=begin_walk,
            icon=":material/hiking:",
            key="begin_walk",
        )
    count = sum(entry.url in done for entry in pages)
    st.caption(tr("{count} of {pages} pages done", count=count, pages=len(pages)), width="content")
    following = next((entry for entry in pages if entry.url not in done), None)
    if walking() and following is None:
        said = tr("Can you answer each page’s question in a sentence of your own now?")
        st.markdown(said, width="content")
    if walking() and following is not None:
        label = tr("Go on: {page}", page=tr(following.title))
        st.page_link(following.path, label=label, icon=":material/arrow_forward:")


def _foot_field(names: list[str]) -> Field[str | None]:
    return Field(
        IN_FOOT, None, lambda text: text if text in names else None, lambda name: name or "",
        lambda name: {"options": names, "default": name},
    )  # fmt: skip


def _label(name: str, page: str) -> str:
    """Name a part of the foot, with how many of the questions were answered."""
    if name != "predict":
        return tr(FOOT[name])
    lesson = lesson_of(page)
    done = sum(_given(page, question) is not None for question in lesson.own)
    return tr(
        "{part} · {done} of {questions}",
        part=tr(FOOT[name]),
        done=done,
        questions=len(lesson.own),
    )


def _order() -> list[str]:
    return [HOME, *(entry.url for entry in existing() if entry.url in PAGES)]


@cache
def _presenter() -> Any:  # Any: Streamlit's renderer type is private
    script = BROWSER / "presenter.js"
    return v2.component("glassbox_presenter", html="<i></i>", js=script.read_text("utf-8"))


def _show_next(page: str) -> None:
    order = _order()
    after = order[order.index(page) + 1 :]
    label = (
        tr("Next: {headline}", headline=tr(lesson_of(after[0]).headline))
        if after
        else tr("Back to {start}", start=tr(START))
    )
    st.page_link(
        page_of(after[0] if after else HOME), label=label, icon=":material/arrow_forward:",
        width="content",
    )  # fmt: skip


def live_run() -> Live:
    """Return the run on show for questions; where it is not there, the engine draws it."""
    from core.ui.model_folder import model_folder
    from core.ui.runs import read
    from core.ui.shown import here
    from core.ui.tokenizing import tokens_of

    request = running_example()
    tokens = tokens_of(request.prompt, request.model)
    return Live(here(request).run, tokens, model_folder(request.model), read)


def ask_about(page: str, look: str) -> None:
    """Offer the question about a closer look, to be answered before one tries it.

    Args:
        page: its address below the app's.
        look: the title of the look.
    """
    question = lesson_of(page).about(look)
    if question is not None and ask(st.toggle, tr("Predict first"), switch("look_asked")):
        with st.container(border=True, key="look_question"):
            _ask_one(page, question)


def _predict(page: str, lesson: Lesson) -> None:
    """Ask one question after the other; an answer is explained from the run on show."""
    at = next(
        (at for at, one in enumerate(lesson.own) if _given(page, one) is None),
        len(lesson.own) - 1,
    )
    at = min(st.session_state.get(f"asked_{page}", at), len(lesson.own) - 1)
    question = lesson.own[at]
    said = tr("Predict first · question {at} of {questions}", at=at + 1, questions=len(lesson.own))
    if not _ask_one(page, question, said):
        return
    with st.container(horizontal=True):
        if at + 1 < len(lesson.own):
            st.button(tr("Next question"), on_click=_turn, args=(page, at + 1), key=f"next_{page}")
        if at:
            st.button(
                tr("The one before"), on_click=_turn, args=(page, at - 1), key=f"before_{page}"
            )


def _ask_one(page: str, question: Question, said: str = "") -> bool:
    """Ask a question, and explain the answer once there is one.

    Args:
        page: its address below the app's.
        question: one of its.
        said: above it.

    Returns:
        Whether it was answered.
    """
    asked = question.of(live_run())
    if said:
        st.caption(said)
    st.text(asked.text)
    texts = [option.text for option in asked.options]
    given = _given(page, question)
    if given is not None and given >= len(texts):  # a link may say anything
        given = None
    box = _answer_key(page, question)
    st.pills(
        tr("Your answer"), texts, default=None if given is None else texts[given],
        label_visibility="collapsed", key=box,
        on_change=_answer, args=(page, question, texts, box), disabled=given is not None,
    )  # fmt: skip
    if given is None:
        return False
    chosen = asked.options[given]
    _explain(chosen)
    if not chosen.right:
        _explain(asked.right, chosen.why)
    return True


def _explain(option: Option, said: str = "") -> None:
    """Show an option, and why it is right or wrong where that was not said already."""
    sign = ":material/check_circle:" if option.right else ":material/cancel:"
    show_note(option.text, "" if option.why in said else option.why, icon=sign)


def _turn(page: str, at: int) -> None:
    st.session_state[f"asked_{page}"] = at


def _given(page: str, question: Question) -> int | None:
    """Return which option was chosen for the run on show; None where none was."""
    return _answers().get((page, question.name))


def _answers() -> dict[tuple[str, str], int]:
    """Return what was chosen for the run on show, by page and question: the address keeps it."""
    here, *told = kept().get(ANSWERED, "").split(".")
    linked = [one.split("-") for one in told if here == _run_key()]
    of_runs: dict[str, dict[tuple[str, str], int]] = st.session_state.get(_ANSWERS, {})
    return {(page, name): int(at) for page, name, at in linked} | of_runs.get(_run_key(), {})


def _run_key() -> str:
    return key(running_example(), "")[:8]


def _answer_key(page: str, question: Question) -> str:
    return f"answer_{page}_{question.name}_{key(running_example(), '')[:16]}_{language()}"


def _answer(page: str, question: Question, texts: list[str], box: str) -> None:
    given = st.session_state[box]  # said before the run knows its language
    if given is None:
        return
    answers = {**_answers(), (page, question.name): texts.index(given)}
    st.session_state.setdefault(_ANSWERS, {})[_run_key()] = answers
    told = (f"{where}-{name}-{at}" for (where, name), at in answers.items())
    keep(ANSWERED, ".".join((_run_key(), *told)))
    own = lesson_of(page).own
    if question not in own:
        return
    st.session_state[f"asked_{page}"] = own.index(question)
    if all(_given(page, one) is not None for one in own):
        keep(WALKED, ".".join(dict.fromkeys((*walked(), page))))


def _show_cards(page: str, lesson: Lesson) -> None:
    """Show what many believe, each with a way to see it and what this run says to it."""
    for at, card in enumerate(lesson.cards):
        if card.deeper and level() == "first":
            continue
        with st.container(border=True):
            st.markdown(tr("**“{claim}”** Is that so?", claim=tr(card.claim)))
            with st.container(horizontal=True):
                if card.query:
                    now = {**link_parameters(running_example()), **kept()}
                    st.page_link(
                        page_of(page), label=tr("Try it"), icon=":material/science:",
                        query_params={**now, **card.query, IN_FOOT: "cards"},
                        disabled=held() and not card.query.keys().isdisjoint(IN_LINK),
                    )  # fmt: skip
                told = st.toggle(tr("What this run says"), key=f"card_{page}_{at}")
            if told:
                st.text(card.verdict(live_run()))


def _show_words(page: str, lesson: Lesson) -> None:
    from core.views.glossary import terms_of

    for term in terms_of(page):
        st.markdown(
            f"**{tr(term.name)}**{f' · ${term.symbol}$' if term.symbol else ''}: {tr(term.meaning)}"
        )


def _show_mistake(page: str, lesson: Lesson) -> None:
    """Say how to tell whoever keeps the app of a mistake; nothing is sent from here."""
    from core.views.versions import say_versions

    st.markdown(
        tr(
            "A wrong number or word is worth a line to whoever gave you this app. Copy this with "
            "it, "
            "so that they see what you saw:"
        )
    )
    said = f"{title_of(page)}: {link_to_page()}\n{say_versions()}"
    st.code(said, language=None, wrap_lines=True)


_PARTS: dict[str, Callable[[str, Lesson], None]] = {
    "predict": _predict,
    "cards": _show_cards,
    "words": _show_words,
    "link": lambda *_: show_link(),
    "mistake": _show_mistake,
}
