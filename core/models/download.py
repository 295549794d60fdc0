"""Fetching a model from the Hub, when whoever runs the program says so."""

from core.errors import ExplainerError
from core.models.catalog import CatalogEntry, models_cache, online
from core.models.weight_files import STEMS, choose_weights
from core.words import tr

# Half-precision weights where there are some; never pickles, never code.
SMALL = ("*.json", "*.txt")
HALF_FIRST = ("fp16", None, "bf16")


def download(entry: CatalogEntry) -> None:
    """Fetch a model's configs, tokenizer and safetensors into the app's own cache.

    Args:
        entry: a preset or another Hub id.

    Raises:
        ExplainerError: downloads are not allowed, the model is not there, has no safetensors, or
            the network failed.
    """
    if entry.kind not in ("preset", "hub"):
        raise ExplainerError(
            tr("{title} is already on this machine.", title=entry.title), tr("Nothing to fetch.")
        )
    if not online():
        raise ExplainerError(
            tr("Downloads are switched off."), tr("Set GLASSBOX_ONLINE=1 for this one command.")
        )
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        names = HfApi().list_repo_files(entry.source)
        snapshot_download(
            entry.source, cache_dir=models_cache(), allow_patterns=[*SMALL, *weights(names)]
        )
    except ExplainerError:
        raise
    except Exception as error:  # the transport's errors have no other type in common
        status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
        if isinstance(error, RepositoryNotFoundError) or status == 401:  # a gated one is the former
            raise ExplainerError(
                tr("The Hub has no model {source} that can be read here.", source=entry.source),
                tr("Check the id on huggingface.co; some models want a token in HF_TOKEN."),
            ) from error
        why = tr("the Hub answered {status}", status=status) if status else type(error).__name__
        raise ExplainerError(
            tr("{source} could not be downloaded: {why}.", source=entry.source, why=why),
            tr("Check the network and the disk, then run it again; it goes on where it stopped."),
        ) from error


def weights(names: list[str]) -> list[str]:
    """Choose which weight files of a repository to fetch.

    Args:
        names: every file of the repository.

    Returns:
        One precision of each part: half where there is one.

    Raises:
        ExplainerError: a part has no safetensors.
    """
    chosen: list[str] = []
    second = any(name.startswith("text_encoder_2/") for name in names)
    for part in (*STEMS, "text_encoder_2") if second else STEMS:
        inside = [name.removeprefix(f"{part}/") for name in names if name.startswith(f"{part}/")]
        found = choose_weights(part, inside, HALF_FIRST)
        if found is None:
            raise ExplainerError(
                tr("This model has no safetensors for its {part}.", part=part),
                tr("Choose another; pickled weights are never opened."),
            )
        chosen += [f"{part}/{name}" for name in (*found.files, found.index) if name]
    return chosen
