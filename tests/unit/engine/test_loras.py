"""Runs with LoRAs: as the merged weights draw them, whoever shares the call, and none at 0."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.engine.alone import run_alone
from core.engine.ask import ask_unet
from core.engine.engine import Engine
from core.engine.loaded import LoadedModel
from core.engine.request import Request, from_json, key, to_json, validated
from core.engine.work import CallRow, NoiseQuery, Work
from core.engine.works.attention import EditedAttentionWork, Swap
from core.engine.works.attribution import AttributionWork
from core.engine.works.lora_change import LoraChangeWork
from core.engine.works.own_sigmas import OwnSigmasWork
from core.engine.works.unet_off import OffRunWork, Switch
from core.errors import ExplainerError
from core.models import lora_fitted
from core.models.loading import Checkpoint
from core.models.lora_fitted import fitted
from core.models.loras import LORAS, Chosen
from core.models.text import encode_text
from core.models.unet_reading import ask_readable
from core.nets.lora import merge
from tests.unit.engine.conftest import Network, Oracle, tick_until_quiet

Make = Callable[..., Engine]
CAT = Request(prompt="a red cat", seed=1, steps=4, guidance=4.0, height=64, width=64)
WITH = replace(CAT, loras=(Chosen("both", 0.8), Chosen("words", 0.5)))


@pytest.fixture(scope="module", autouse=True)
def _offered(lora_folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LORAS, str(lora_folder))
        yield


def merged(checkpoint: Checkpoint, request: Request) -> Checkpoint:
    """A copy of the checkpoint whose weights hold what a request's LoRAs add."""
    parts = {name: deepcopy(getattr(checkpoint, name)) for name in ("unet", "text_encoder")}
    for one in validated(request).loras:
        lora = fitted(checkpoint, one.name, one.digest)
        for part, network in parts.items():
            for name, pair in getattr(lora, part).items():
                layer = network.get_submodule(name)
                layer.weight.data = merge(layer.weight, pair, one.strength)
    return replace(checkpoint, **parts)


def test_a_run_is_what_the_library_draws_with_merged_weights(
    tiny_checkpoint: Checkpoint, library_latents: Oracle
) -> None:
    found = run_alone(tiny_checkpoint, WITH)
    expected = library_latents(merged(tiny_checkpoint, WITH), CAT)
    torch.testing.assert_close(found.latents, expected, atol=2e-4, rtol=1e-4)
    plain = run_alone(tiny_checkpoint, CAT)
    assert (found.latents - plain.latents).abs().mean() > 0.05
    assert [one[:2] for one in found.request.loras] == [("both", 0.8), ("words", 0.5)]


def test_the_words_are_read_with_what_the_text_encoder_has_learned(
    tiny_checkpoint: Checkpoint,
) -> None:
    loras = validated(WITH).loras
    found = encode_text(tiny_checkpoint, "a dog", 1, True, loras)
    expected = encode_text(merged(tiny_checkpoint, WITH), "a dog", 1, True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.equal(found, encode_text(tiny_checkpoint, "a dog", 1, True))


def test_our_own_network_answers_with_them_too(tiny_checkpoint: Checkpoint) -> None:
    loras = validated(WITH).loras
    draw = torch.Generator().manual_seed(0)
    latents, states = torch.randn(4, 8, 8, generator=draw), torch.randn(77, 32, generator=draw)
    expected = ask_unet(tiny_checkpoint, [CallRow(latents, 500.0, states, loras=loras)])
    found, _, _ = ask_readable(tiny_checkpoint, latents[None], 500.0, states[None], loras=loras)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    plain, _, _ = ask_readable(tiny_checkpoint, latents[None], 500.0, states[None])
    assert not torch.allclose(found, plain, atol=1e-2)


def test_strength_0_is_no_lora_bit_for_bit(tiny_checkpoint: Checkpoint) -> None:
    nothing = replace(CAT, loras=(Chosen("both", 0.0), Chosen("words", 0.0)))
    found, plain = (run_alone(tiny_checkpoint, one) for one in (nothing, CAT))
    assert torch.equal(found.path, plain.path)
    assert np.array_equal(found.picture, plain.picture)


def test_rows_with_and_without_share_calls_and_are_as_if_alone(
    make_worker: Make, network: Network, tiny_checkpoint: Checkpoint
) -> None:
    other = replace(CAT, seed=3, loras=(Chosen("both", -0.5),))
    asked = (CAT, WITH, other, replace(CAT, prompt="a dog", loras=(Chosen("words", 1.0),)))
    alone = [run_alone(tiny_checkpoint, one) for one in asked]
    network.calls.clear()
    worker = make_worker()
    tickets = [worker.submit(one, f"pupil {at}") for at, one in enumerate(asked)]
    tick_until_quiet(worker)
    assert network.calls == [8] * CAT.steps
    for ticket, expected in zip(tickets, alone, strict=True):
        torch.testing.assert_close(ticket.result().latents, expected.latents, atol=1e-4, rtol=1e-4)
    assert not any(part._forward_hooks for part in tiny_checkpoint.unet.modules())


def test_one_that_does_not_fit_ends_its_own_run_alone(
    make_worker: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LORAS, str(tmp_path))
    name = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    down, up = torch.ones(2, 768), torch.ones(320, 2)
    tensors = {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    save_file(tensors, tmp_path / "large.safetensors")
    worker = make_worker()
    bad = worker.submit(replace(CAT, loras=(Chosen("large", 1.0),)), "ann")
    good = worker.submit(CAT, "bob")
    tick_until_quiet(worker)
    with pytest.raises(ExplainerError, match=r"is a LoRA of Stable Diffusion 1\.x"):
        bad.result()
    assert good.result().calls == CAT.steps


LOOKS: dict[str, Work[Any]] = {
    "our own network": OffRunWork(CAT.model, WITH, Switch("clock", 500.0)),
    "attention of another prompt": EditedAttentionWork(CAT.model, WITH, Swap("a red dog", 0.5)),
    "levels of one's own": OwnSigmasWork(CAT.model, WITH, (14.0, 4.0, 1.0, 0.0)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_into_a_run_has_its_loras(look: str, tiny_checkpoint: Checkpoint) -> None:
    work = LOOKS[look]
    plain = replace(work, request=CAT)
    asked = (
        (tiny_checkpoint, work),
        (merged(tiny_checkpoint, WITH), plain),
        (tiny_checkpoint, plain),
    )
    results = [run_alone(*one) for one in asked]
    found, expected, without = (
        np.asarray(getattr(one, "picture", one)).astype(int) for one in results
    )
    assert np.abs(found - expected).max() <= 1
    assert np.abs(found - without).max() > 1


def test_gradients_go_through_loras(tiny_checkpoint: Checkpoint) -> None:
    encode_text(tiny_checkpoint, "read where no gradients are", loras=validated(WITH).loras)
    work = AttributionWork(CAT.model, WITH, 1)
    plain = replace(work, request=CAT)
    found, expected, without = (
        run_alone(*one).shares
        for one in (
            (tiny_checkpoint, work), (merged(tiny_checkpoint, WITH), plain),
            (tiny_checkpoint, plain),
        )
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=5e-5)
    assert np.abs(found - without).max() > 5e-4


def test_the_same_loras_again_and_again_are_merged_into_a_copy(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: one.clone() for name, one in tiny_checkpoint.unet.state_dict().items()}
    model = LoadedModel(tiny_checkpoint, 0)
    draw, loras = torch.Generator().manual_seed(0), validated(WITH).loras
    latents, states = (
        torch.randn(1, 4, 8, 8, generator=draw),
        torch.randn(1, 77, 32, generator=draw),
    )

    def ask(worn: tuple[Chosen, ...], *others: tuple[Chosen, ...]) -> torch.Tensor:
        queries = [NoiseQuery(latents, 500.0, states, loras=one) for one in (worn, *others)]
        found = model.answers(queries)[0]
        assert isinstance(found, torch.Tensor)
        return found

    ask(loras[:1])  # another wish than whatever was asked before
    beside: list[int] = []
    real = lora_fitted.adapted
    monkeypatch.setattr(lora_fitted, "adapted", lambda *given: beside.append(1) or real(*given))
    answers = [ask(loras) for _ in range(lora_fitted.MERGED_AFTER + 2)]
    assert len(beside) == lora_fitted.MERGED_AFTER - 1
    for answer in answers[1:]:
        torch.testing.assert_close(answer, answers[0], atol=1e-5, rtol=1e-4)
    assert torch.equal(answers[-1], answers[-2])
    torch.testing.assert_close(ask(loras, ()), answers[0], atol=1e-5, rtol=1e-4)
    assert len(beside) == lora_fitted.MERGED_AFTER  # rows that differ share a call beside
    assert torch.equal(ask(loras), answers[-1])
    ask(loras[:1])  # another strength, other LoRAs: from the beginning
    assert len(beside) == lora_fitted.MERGED_AFTER + 1
    assert not torch.allclose(ask(()), answers[0], atol=1e-2)
    after = tiny_checkpoint.unet.state_dict()
    assert all(torch.equal(one, after[name]) for name, one in before.items())
    monkeypatch.setattr(lora_fitted, "MOST_MERGED", 10)
    for _ in range(lora_fitted.MERGED_AFTER + 1):
        torch.testing.assert_close(ask(loras), answers[0], atol=1e-6, rtol=1e-6)


def test_every_layer_is_measured_as_its_product_multiplied_out(tiny_checkpoint: Checkpoint) -> None:
    found = run_alone(tiny_checkpoint, LoraChangeWork(CAT.model, Chosen("both", 0.3)))
    [one] = validated(replace(CAT, loras=(Chosen("both", 1.0),))).loras
    lora = fitted(tiny_checkpoint, one.name, one.digest)
    assert len(found) == len(lora.unet) + len(lora.text_encoder)
    for layer in found:
        pair = getattr(lora, layer.part)[layer.name]
        weight = getattr(tiny_checkpoint, layer.part).get_submodule(layer.name).weight
        change = merge(weight, pair) - weight
        assert layer.change == pytest.approx(float(change.norm()), rel=1e-3)
        assert layer.size == pytest.approx(float(weight.norm()), rel=1e-5)
        assert (layer.rank, layer.weights) == (2, weight.numel())
        assert layer.numbers == pair.down.numel() + pair.up.numel()


def test_a_changed_file_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LORAS, str(tmp_path))
    keys = set()
    for number in (1.0, 2.0):
        tensors = {f"unet.x.lora_{side}.weight": torch.full((2, 2), number) for side in "AB"}
        save_file(tensors, tmp_path / "a.safetensors")
        keys.add(key(validated(replace(CAT, loras=(Chosen("a", 1.0),))), "f"))
    assert len(keys) == 2


def test_they_go_through_json_by_name_strength_and_checksum() -> None:
    request = validated(WITH)
    assert from_json(to_json(request)) == request
    [(name, strength, digest), _] = request.loras
    typed = f'{{"loras": [["{name}", {strength}]], "prompt": "a red cat"}}'
    assert from_json(typed).loras == request.loras[:1]
    assert len(digest) == 64
