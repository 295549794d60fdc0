"""A printable sheet of the questions about one run, and its key: the same file with the answers."""

from collections.abc import Mapping, Sequence

from core.ideas.checks import say_number
from core.models.schedulers.table import SCHEDULERS
from core.views.lesson import Asked, Live, lesson_of
from core.views.one_file import document, picture_png, table, text
from core.words import tr

LETTERS = "ABCDEFGH"
STYLE = (
    ".first{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:start;margin:1rem 0}"
    ".first img{width:12rem;border-radius:6px}.line{border-bottom:1px solid var(--ink);height:2rem}"
    "ol{list-style:upper-alpha;margin:.25rem 0}section{break-inside:avoid;margin:1rem 0}"
    "p{margin:.25rem 0}.right{font-weight:700}.why{font-size:.875rem}"
    "@media print{.first img{width:5cm}}"
)


def key_of(asked: Mapping[str, Sequence[Asked]]) -> dict[str, str]:
    """Return the letter of every right answer, by its number on the sheet.

    Args:
        asked: from ``ask_all``.
    """
    every = [one for questions in asked.values() for one in questions]
    return {str(at + 1): LETTERS[one.options.index(one.right)] for at, one in enumerate(every)}


def sheet_html(live: Live, asked: Mapping[str, Sequence[Asked]], key: bool = False) -> str:
    """Write the worksheet of a run: its questions, and an exit ticket.

    Args:
        live: the run.
        asked: from ``ask_all`` of the same run.
        key: whether the answers, and why, stand in it.
    """
    parts, at = [], 0
    for page, questions in asked.items():
        parts.append(f"<h2>{text(tr(lesson_of(page).headline))}</h2>")
        for one in questions:
            at += 1
            parts.append(_question(at, one, key))
    ticket = "".join(_sentence(page, key) for page in asked)
    title = tr("Key to the worksheet") if key else tr("Worksheet")
    name = "" if key else f"<p>{text(tr('Name:'))} ______________________________</p>"
    body = (
        f"<h1>{text(title)}</h1>{name}{_about(live)}{''.join(parts)}<h2>"
        f"{text(tr('Exit ticket: answer each in one sentence of your own'))}</h2>{ticket}"
    )
    return document(tr("Glassbox Diffusion: worksheet"), STYLE, body)


def _about(live: Live) -> str:
    request = live.run.request
    rows = [
        (tr("Words"), request.prompt or tr("(none)")),
        (tr("Seed"), str(request.seed)),
        (tr("Steps"), str(request.steps)),
        (tr("Guidance w"), say_number(request.guidance)),
        (tr("Scheduler"), SCHEDULERS[request.scheduler].title),
        (tr("Model"), request.model),
    ]
    return (
        f'<div class="first">{picture_png(live.run.picture, tr("The picture"))}{table(rows)}</div>'
    )


def _question(at: int, asked: Asked, key: bool) -> str:
    options = "".join(
        f"<li class='{'right' if key and one.right else ''}'>{text(one.text)}</li>"
        for one in asked.options
    )
    why = f'<p class="why">{text(asked.right.why)}</p>' if key else ""
    return f"<section><p><b>{at}.</b> {text(asked.text)}</p><ol>{options}</ol>{why}</section>"


def _sentence(page: str, key: bool) -> str:
    lesson = lesson_of(page)
    answer = f"<p>{text(tr(lesson.remember))}</p>" if key else '<div class="line"></div>'
    return f"<section><p>{text(tr(lesson.headline))}</p>{answer}</section>"
