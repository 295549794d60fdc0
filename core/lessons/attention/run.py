"""The run whose attention is looked at, its tokens and its size."""

from core.models.latent_facts import read_latent_facts
from core.models.tokens import Tokens
from core.ui.model_folder import model_folder
from core.ui.running_example import running_example
from core.ui.tokenizing import tokens_of


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
