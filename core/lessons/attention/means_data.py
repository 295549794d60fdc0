"""What a map is the mean of: layers that can be chosen, their sizes, and the heads they have."""

from collections.abc import Callable, Sequence

from core.lessons.attention.maps_data import joined_layers, layer_titles
from core.models.attention_seen import AttentionSeen, LayerMaps
from core.words import tr, tr_later


def layer_choices(seen: AttentionSeen, say: Callable[..., str] = tr) -> dict[str, list[int]]:
    """Return the layers that can be looked at together, by name: all, those of a size, each.

    Args:
        seen: the run.
        say: a text in the reader's language, or in English for the address.
    """
    everything = list(range(len(seen.layers)))
    count = count_layers(seen.layers)
    found = {say(tr_later("All {count} layers"), count=count): everything}
    for size in dict.fromkeys(layer.own for layer in seen.layers):
        same = [at for at in everything if seen.layers[at].own == size]
        if len(same) > 1:
            title = say(tr_later("{size}: {count} layers"), size=_size(size), count=len(same))
            found[title] = same
    titles = layer_titles(seen.layers, say)
    return found | {title: [at] for at, title in enumerate(titles)}


def say_mean(seen: AttentionSeen, layers: Sequence[int] | None = None) -> str:
    """Say what a map is the mean of.

    Args:
        seen: the run.
        layers: which; None for all.
    """
    chosen = seen.layers if layers is None else [seen.layers[at] for at in layers]
    calls = len(seen.timesteps)
    said = [*([tr("{calls} U-Net calls", calls=calls)] if calls > 1 else []), *_parts(chosen)]
    if not said:
        return tr("One call, one layer, one head: nothing is averaged.")
    return " ".join([tr("Mean over {said}.", said=_listed(said)), *say_levels(chosen)])


def say_mean_of_places(seen: AttentionSeen) -> str:
    """Say over what the shares of one call are averaged, and how its layers count.

    Args:
        seen: the run.
    """
    said = [tr("Mean over {listed}.", listed=_listed([tr("all places"), *_parts(seen.layers)]))]
    return " ".join([*said, *say_levels(seen.layers)])


def say_heads(layers: Sequence[LayerMaps]) -> str:
    """Say how many heads a mean is over: a network may have more of them in smaller maps.

    Args:
        layers: of the mean, at least one.

    Returns:
        Such as "8 heads", or "the 5, 10 or 20 heads of each layer"; empty where each has one.
    """
    counts = sorted({layer.heads for layer in layers})
    if counts == [1]:
        return ""
    if len(counts) == 1:
        return tr("{count} heads", count=counts[0])
    first, last = ", ".join(map(str, counts[:-1])), counts[-1]
    return tr("the {first} or {last} heads of each layer", first=first, last=last)


def say_levels(layers: Sequence[LayerMaps]) -> list[str]:
    """Say which sizes of maps are in a mean, where there are several, and how they count.

    Args:
        layers: of the mean.

    Returns:
        A sentence, or nothing.
    """
    sizes = list(dict.fromkeys(_size(layer.own) for layer in layers))
    if len(sizes) < 2:
        return []
    listed = _listed(sizes)
    if count_layers(layers) > len(layers):
        return [tr("Maps of {sizes} places; every size counts the same.", sizes=listed)]
    return [tr("Maps of {sizes} places; every layer counts the same.", sizes=listed)]


def count_layers(layers: Sequence[LayerMaps]) -> int:
    """Count the network's layers, also those that were averaged to fit into memory.

    Args:
        layers: of the run.
    """
    return sum(joined_layers(layer) for layer in layers)


def _parts(layers: Sequence[LayerMaps]) -> list[str]:
    count, heads = count_layers(layers), say_heads(layers)
    return [
        *([tr("{count} layers", count=count)] if count > 1 else []),
        *([heads] if heads else []),
    ]


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return tr("{first} and {last}", first=", ".join(parts[:-1]), last=parts[-1])
