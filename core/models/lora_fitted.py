"""LoRAs fitted to a checkpoint: names matched, shapes and numbers checked, rows told apart."""

import copy
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import torch
from safetensors import safe_open
from torch import Tensor, nn

from core.errors import ExplainerError
from core.models.loading import Checkpoint
from core.models.lora_files import ANOTHER, Layer, LoraFile, squeezed
from core.models.lora_names import Part, flat
from core.models.loras import Chosen, find_lora
from core.models.part_loading import TITLES
from core.models.small_decoder import digest_of
from core.nets.lora import Pair, adapted, merge
from core.words import tr

MERGED_AFTER = 8  # calls in a row with the same LoRAs; a slider that is dragged makes fewer
MOST_MERGED = 200_000_000  # bytes of weights in a copy; beside larger ones a LoRA costs little
MOST_BYTES = 1_000_000_000  # of fitted LoRAs that a checkpoint keeps; the newest always stays


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A LoRA's matrices on a checkpoint's device and in its number type, by the layers' names.

    Attributes:
        unet: of the U-Net.
        text_encoder: of the text encoder.
        text_encoder_2: of the second one, which Stable Diffusion XL has.
    """

    unet: dict[str, Pair]
    text_encoder: dict[str, Pair]
    text_encoder_2: dict[str, Pair]

    @property
    def nbytes(self) -> int:
        """Bytes of all matrices."""
        parts = (self.unet, self.text_encoder, self.text_encoder_2)
        pairs = [pair for part in parts for pair in part.values()]
        return sum(one.nbytes for pair in pairs for one in (pair.down, pair.up))


_kept: WeakKeyDictionary[nn.Module, OrderedDict[tuple[str, str], Fitted]] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(slots=True, eq=False)
class _Worn:
    """What a network wore in its last calls, and from ``MERGED_AFTER`` on a copy that is it."""

    loras: tuple[Chosen, ...] = ()
    calls: int = 0
    network: Any = None  # Any: as in a checkpoint


_worn: WeakKeyDictionary[nn.Module, _Worn] = WeakKeyDictionary()


def fitted(checkpoint: Checkpoint, name: str, digest: str) -> Fitted:
    """Return a LoRA fitted to a checkpoint; it is read once, and kept as long as there is room.

    Args:
        checkpoint: with the networks that it changes.
        name: of those offered.
        digest: of the file that was meant.

    Raises:
        ExplainerError: it is not here, cannot be used, or does not fit this checkpoint.
    """
    with _lock:
        kept = _kept.setdefault(checkpoint.unet, OrderedDict())
        if (name, digest) not in kept:
            file, found = find_lora(name)
            if found != digest:
                raise ExplainerError(
                    tr(
                        "The file of the LoRA {name!r:.60} is another one where this is computed.",
                        name=name,
                    ),
                    tr("Choose it again, or have the same file on all machines."),
                )
            kept[name, digest] = read_pairs(checkpoint, file)
        kept.move_to_end((name, digest))
        while len(kept) > 1 and sum(one.nbytes for one in kept.values()) > MOST_BYTES:
            kept.popitem(last=False)
        return kept[name, digest]


@contextmanager
def wearing(
    checkpoint: Checkpoint, network: nn.Module, part: Part, rows: Sequence[Sequence[Chosen]]
) -> Iterator[None]:
    """Let a network answer with the LoRAs of each row while the block below ``with`` runs it.

    Args:
        checkpoint: whose weights the network has.
        network: the library's, or ours of the same names.
        part: which network it is.
        rows: the LoRAs of every row of the batch; those of strength 0 are none.

    Raises:
        ExplainerError: as for ``fitted``.
    """
    table = [{(one.name, one.digest): one.strength for one in row if one.strength} for row in rows]
    names = sorted({name for row in table for name in row})
    if not names:
        yield
        return
    strengths = torch.tensor([[row.get(name, 0.0) for row in table] for name in names])
    loras = [getattr(fitted(checkpoint, *name), part) for name in names]
    with adapted(network, loras, strengths):
        yield


def merged(checkpoint: Checkpoint, rows: Sequence[Sequence[Chosen]]) -> Checkpoint | None:
    """Return a checkpoint whose U-Net has the LoRAs of all rows in its weights, where that pays.

    It does where they are the same in one call after another, and the network is small: what the
    thin matrices answer costs it a third of a call. All other weights are shared, not copied.

    Args:
        checkpoint: read-only as ever.
        rows: the LoRAs of every row of a call.

    Returns:
        None where the rows are to be asked with the LoRAs beside the weights.

    Raises:
        ExplainerError: as for ``fitted``.
    """
    worn = {tuple(one for one in row if one.strength) for row in rows}
    loras = worn.pop()
    if worn or not loras:
        return None
    with _lock:
        last = _worn.setdefault(checkpoint.unet, _Worn())
        if last.loras != loras:
            last.loras, last.calls, last.network = loras, 0, None
        last.calls += 1
        wanted = last.network is None and last.calls == MERGED_AFTER
        network = last.network
    if wanted:
        network = _merged_copy(checkpoint, loras)
        with _lock:
            if last.loras == loras:
                last.network = network
    return None if network is None else replace(checkpoint, unet=network)


@torch.inference_mode(False)
@torch.no_grad()
def _merged_copy(checkpoint: Checkpoint, loras: Sequence[Chosen]) -> Any:  # Any: as its U-Net
    """Copy the U-Net with changed weights; None where these are too many."""
    found = [(fitted(checkpoint, one.name, one.digest).unet, one.strength) for one in loras]
    names = {name for lora, _ in found for name in lora}
    sizes = (checkpoint.unet.get_submodule(name).weight.nbytes for name in names)
    if sum(sizes) > MOST_MERGED:
        return None
    own: nn.Module = checkpoint.unet
    shared = {id(one): one for one in (*own.parameters(), *own.buffers())}
    network = copy.deepcopy(own, shared)
    for lora, strength in found:
        for name, pair in lora.items():
            layer: Any = network.get_submodule(name)  # Any: linear or convolution
            weight = merge(layer.weight, pair, strength)
            layer.weight = nn.Parameter(weight, requires_grad=False)
    return network


@torch.inference_mode(False)  # gradients go through them as well
def read_pairs(checkpoint: Checkpoint, file: LoraFile) -> Fitted:
    """Read a LoRA's matrices, once all of their names and shapes are known to fit.

    Args:
        checkpoint: with the networks that it changes.
        file: from ``read_lora``.

    Raises:
        ExplainerError: it belongs to other weights, does not fit, or holds NaN or infinity.
    """
    if file.made_for and file.made_for != digest_of(checkpoint.unet):
        raise ExplainerError(
            tr(
                "{path:.80} was distilled from other weights than those of {id}.",
                path=file.path.name,
                id=checkpoint.id,
            ),
            tr("Choose the checkpoint that it was made for."),
        )
    parts = {part: _match(checkpoint, file, part) for part in file.layers}
    try:
        with safe_open(file.path, "pt") as stream:
            found = {
                part: {name: _read(stream, file, checkpoint, *one) for name, one in layers.items()}
                for part, layers in parts.items()
            }
    except (OSError, RuntimeError) as error:  # gone or written anew since its header was read
        raise ExplainerError(
            tr("{path:.80} cannot be read.", path=file.path.name), ANOTHER
        ) from error
    return Fitted(found["unet"], found["text_encoder"], found["text_encoder_2"])


def network_of(checkpoint: Checkpoint, part: Part) -> nn.Module | None:
    """Return one of the networks that LoRAs change; None where the checkpoint has none such.

    Args:
        checkpoint: any.
        part: which.
    """
    if part != "text_encoder_2":
        return getattr(checkpoint, part)
    return None if checkpoint.second is None else checkpoint.second.encoder


Match = tuple[Layer, torch.Size]


def _match(checkpoint: Checkpoint, file: LoraFile, part: Part) -> dict[str, Match]:
    """Find the layers that a file names, by the names that they have here."""
    network = network_of(checkpoint, part)
    if network is None:
        if file.layers[part]:
            what = tr("changes a second text encoder, which {model} does not have",
                      model=checkpoint.id)  # fmt: skip
            _misfit(file, what)
        return {}
    layers = {
        flat(name): (name, layer.weight.shape)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    }
    matched: dict[str, Match] = {}
    for name, layer in file.layers[part].items():
        if name not in layers:
            what = tr(
                "changes {name:.80}, which the {part} of {model} does not have",
                name=name,
                part=TITLES[part],
                model=checkpoint.id,
            )
            _misfit(file, what)
        own, shape = layers[name]
        if squeezed(layer.shape) != squeezed(shape):
            here, there = (" × ".join(map(str, one)) for one in (shape, layer.shape))
            what = tr(
                "fits {there} weights of {name:.80}, and {model} has {here} there",
                there=there,
                name=own,
                model=checkpoint.id,
                here=here,
            )
            _misfit(file, what)
        matched[own] = layer, shape
    return matched


def _misfit(file: LoraFile, what: str) -> NoReturn:
    name, family = file.path.name, file.family
    raise ExplainerError(
        tr("{file:.80} is a LoRA of {family}: it {what}.", file=name, family=family, what=what)
        if family
        else tr("{file:.80} {what}.", file=name, what=what),
        tr("Choose a LoRA that was made for this checkpoint."),
    )


def _read(
    stream: Any,  # Any: an open safetensors file, whose type is private
    file: LoraFile,
    checkpoint: Checkpoint,
    layer: Layer,
    shape: torch.Size,
) -> Pair:
    """Read the two matrices of one layer, shaped as its weights are."""
    alpha = layer.alpha
    if layer.alpha_key:
        alpha = float(_finite(stream.get_tensor(layer.alpha_key), file, layer.alpha_key))
    kernel = (1,) * len(shape[2:])

    def one(key: str, rows: int, *rest: int) -> Tensor:
        tensor = stream.get_tensor(key).to(checkpoint.dtype).view(rows, *rest)
        return _finite(tensor, file, key).to(checkpoint.device)

    down, up = one(layer.down, layer.rank, *shape[1:]), one(layer.up, shape[0], layer.rank, *kernel)
    return Pair(down, up, float(layer.rank) if alpha is None else alpha)


def _finite(tensor: Tensor, file: LoraFile, key: str) -> Tensor:
    if not tensor.isfinite().all():
        raise ExplainerError(
            tr(
                "{path:.80} holds numbers that are not finite, the first in {key:.80}.",
                path=file.path.name,
                key=key,
            ),
            ANOTHER,
        )
    return tensor
