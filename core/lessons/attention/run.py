"""The run whose attention is looked at, its tokens and its size."""

from core.engine.looks.attention import AttentionLook
from core.engine.request import Request
from core.models.attention_seen import AttentionSeen
from core.models.latent_facts import read_latent_facts
from core.models.tokens import Tokens
from core.ui.looking import known, read
from core.ui.running_example import running_example
from core.ui.runs import Draw
from core.ui.tokenizing import model_folder, tokens_of


def known_attention(request: Request) -> AttentionSeen | None:
    """Return the maps of a run, where they are there already.

    Args:
        request: a valid request.
    """
    return known(AttentionLook(request.model, request))


def read_attention(request: Request, draw: Draw) -> AttentionSeen:
    """Have the engine run a request with its attention in the open.

    Args:
        request: a valid request.
        draw: shows how far it is.

    Raises:
        ExplainerError: the engine says why it has no answer.
    """
    return read(AttentionLook(request.model, request), draw=draw)


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
