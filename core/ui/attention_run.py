"""The run whose attention is looked at: kept once for everybody who looks at the same one."""

import threading
from collections import OrderedDict

import streamlit as st

from core.engine.looks.attention import AttentionLook
from core.engine.request import Request
from core.models.attention_seen import AttentionSeen
from core.models.latent_facts import read_latent_facts
from core.models.tokens import Tokens
from core.ui.running_example import running_example
from core.ui.runs import Draw, asked, follow
from core.ui.tokenizing import model_folder, tokens_of

KEPT_BYTES = 300_000_000  # of maps, in the whole process


class _Kept:
    """Readings by look, the oldest dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[AttentionLook, AttentionSeen] = OrderedDict()

    def get(self, look: AttentionLook) -> AttentionSeen | None:
        """Return a reading, None where it is not there."""
        with self._lock:
            if look in self._found:
                self._found.move_to_end(look)
            return self._found.get(look)

    def put(self, look: AttentionLook, seen: AttentionSeen) -> None:
        """Keep a reading, and drop what is too much."""
        with self._lock:
            self._found[look] = seen
            while (
                len(self._found) > 1 and sum(one.bytes for one in self._found.values()) > KEPT_BYTES
            ):
                self._found.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def known_attention(request: Request) -> AttentionSeen | None:
    """Return the maps of a run, where they are there already.

    Args:
        request: a valid request.
    """
    return _kept().get(AttentionLook(request.model, request))


def read_attention(request: Request, draw: Draw) -> AttentionSeen:
    """Have the engine run a request with its attention in the open; what it saw is kept.

    Args:
        request: a valid request.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine could not do it.
    """
    look = AttentionLook(request.model, request)
    with asked(look) as ticket:
        follow(ticket, draw)
        seen = ticket.result()
    _kept().put(look, seen)
    return seen


def prompt_tokens() -> Tokens:
    """Return the running example's prompt as its text encoder reads it.

    Raises:
        ExplainerError: the model is not on this machine, or its tokenizer is damaged.
    """
    request = running_example()
    return tokens_of(request.prompt, request.model)


def picture_size() -> tuple[int, int]:
    """Return height and width of the running example's picture, pixels.

    Raises:
        ExplainerError: the model is not on this machine, or damaged.
    """
    request = running_example()
    facts = read_latent_facts(model_folder(request.model))
    return request.height or facts.height, request.width or facts.width
