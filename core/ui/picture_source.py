"""Which picture goes in: one of the gallery, an upload, or the picture of the current run."""

from dataclasses import dataclass

import streamlit as st
from PIL import Image

from core.errors import ExplainerError
from core.host import host
from core.models.catalog import BUILT_IN
from core.models.gallery import find_picture, gallery, open_picture
from core.models.latent_facts import LatentFacts, read_latent_facts
from core.models.uploads import MOST_BYTES, SUFFIXES, Upload, fit, read_upload, say_fit
from core.ui.address import bound, newly, one_of, said, say, value
from core.ui.errors import show_error
from core.ui.model_folder import model_folder
from core.ui.running_example import running_example
from core.ui.shown import kept
from core.words import tr, tr_later

RUN, UPLOAD = "your run", "your upload"
_LAST, _UPLOAD, _WRONG = "picture_chosen", "latents_upload", "latents_wrong"
IN_LINK = "picture"
LOST = {
    UPLOAD: tr_later("This link is of an uploaded picture, and a link holds none."),
    RUN: tr_later("This link is of the picture of a run, which is not there now."),
}


@dataclass(frozen=True, slots=True)
class Source:
    """The picture that is looked at.

    Attributes:
        title: our own name for it.
        pixels: red, green, blue, row by row.
        width: pixels, as the model takes them.
        height: pixels.
        notes: what was done to it before, one sentence each.
    """

    title: str
    pixels: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()


def latent_facts() -> LatentFacts:
    """Return how the running example's model shrinks a picture.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    return read_latent_facts(model_folder(running_example().model))


def choose_picture(first: str = "") -> str:
    """Ask for a picture: one box for what is there, one for an upload.

    Args:
        first: the picture of the gallery to begin with, "" for its first.
    """
    titles = {picture.name: tr(picture.title) for picture in gallery()}
    if kept(running_example()) is not None:
        titles[RUN] = tr("Your run’s picture")
    if _UPLOAD in st.session_state:
        titles[UPLOAD] = tr("Your upload")
    field = one_of(IN_LINK, titles, first or None)
    if newly(IN_LINK) and said(IN_LINK) is None:  # chosen on another page
        say({IN_LINK: st.session_state.get(_LAST) or None})
    lost = said(IN_LINK)
    if lost in LOST and lost not in titles:
        st.session_state[_WRONG] = ExplainerError(
            tr(LOST[lost]),
            tr("“{picture}” is shown in its place.", picture=titles[field.start]),
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            tr("Picture"), format_func=titles.__getitem__, width=300, **bound(field, _took)
        )
        if host().uploads:
            with st.popover(tr("Upload"), icon=":material/upload:"):
                st.file_uploader(
                    tr(
                        "PNG, JPEG or WebP, at most {most_bytes} MB",
                        most_bytes=MOST_BYTES // 1024**2,
                    ),
                    type=list(SUFFIXES),
                    key="latents_file",
                    on_change=_take_upload,
                )
    if _WRONG in st.session_state:
        show_error(st.session_state[_WRONG])
    return value(field)


def source_of(name: str, facts: LatentFacts) -> Source:
    """Return a picture in the size that the model takes.

    Args:
        name: from ``choose_picture``.
        facts: of the running example's model.

    Raises:
        ExplainerError: it is not in the gallery, or the gallery is damaged.
    """
    request = running_example()
    width, height = request.width or facts.width, request.height or facts.height
    unsaid = "" if request.width and request.height else facts.note
    if name == UPLOAD:
        upload: Upload = st.session_state[_UPLOAD]
        told = (*upload.notes, say_fit(upload, width, height), unsaid)
        notes = tuple(note for note in told if note)
        return _source(tr("Your upload"), upload.picture, width, height, notes)
    shown = kept(request) if name == RUN else None
    if shown is not None:
        return _source(
            tr("Run {name}", name=shown.film["id"]),
            Image.fromarray(shown.run.picture),
            width,
            height,
        )
    picture = find_picture(name)
    unseen = picture.unseen and request.model == BUILT_IN
    told = (tr("This autoencoder never saw this picture.") if unseen else "", unsaid)
    notes = tuple(note for note in told if note)
    return _source(tr(picture.title), open_picture(name), width, height, notes)


def _source(
    title: str, picture: Image.Image, width: int, height: int, notes: tuple[str, ...] = ()
) -> Source:
    return Source(title, fit(picture, width, height).tobytes(), width, height, notes)


def _took() -> None:
    st.session_state[_LAST] = said(IN_LINK) or ""
    st.session_state.pop(_WRONG, None)


def _take_upload() -> None:
    given = st.session_state["latents_file"]
    if given is None:  # taken away again
        return
    try:
        st.session_state[_UPLOAD] = read_upload(given.getvalue())
    except ExplainerError as error:
        st.session_state[_WRONG] = error
    else:
        say({IN_LINK: UPLOAD})
        _took()


def show_notes(source: Source) -> None:
    """Say what was done to a picture before it was encoded.

    Args:
        source: from ``source_of``.
    """
    if source.notes:
        st.caption(" ".join(source.notes))
