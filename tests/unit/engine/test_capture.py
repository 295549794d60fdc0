"""The U-Net's cross-attention, read and changed: what comes out, and that nothing stays behind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from core.engine.alone import run_alone
from core.engine.ask import ask_unet, rows_of
from core.engine.capture import Recorder
from core.engine.denoise import denoise
from core.engine.engine import Engine
from core.engine.request import Request, validated
from core.engine.work import NoiseQuery, Progress
from core.engine.works.attention import AttentionWork, EditedAttentionWork, Reweight, Swap
from core.errors import ExplainerError
from core.models.attention_layers import (
    Averaging,
    LayerShape,
    choose_averaging,
    cross_layers,
    layer_shapes,
)
from core.models.attention_seen import AttentionSeen, LayerMaps
from core.models.attention_watched import watched
from core.models.loading import load_folder

REQUEST = validated(Request(prompt="a red apple", steps=3, guidance=4.0, seed=2))


def processors(checkpoint: Any) -> dict[str, int]:
    """Which object does each layer's attention."""
    return {name: id(part) for name, part in checkpoint.unet.attn_processors.items()}


def seen(checkpoint: Any, request: Request = REQUEST) -> AttentionSeen:
    return run_alone(checkpoint, AttentionWork(request.model, request))


def edited(checkpoint: Any, edit: Reweight | Swap, request: Request = REQUEST) -> np.ndarray:
    return run_alone(checkpoint, EditedAttentionWork(request.model, request, edit))


@pytest.mark.parametrize("guidance", [4.0, 1.0])
def test_rows_sum_to_one_and_the_answer_is_the_same(
    tiny_checkpoint: Any, checkpoint: Any, guidance: float
) -> None:
    for model in (tiny_checkpoint, checkpoint):
        query = next(denoise(model, replace(REQUEST, guidance=guidance)))
        plain = ask_unet(model, rows_of(query))
        rows: dict[str, torch.Tensor] = {}

        def note(name: str, weights: torch.Tensor, rows: dict = rows) -> torch.Tensor:
            rows[name] = weights
            return weights

        with watched(model.unet, note):
            torch.testing.assert_close(ask_unet(model, rows_of(query)), plain, atol=1e-4, rtol=0)
        assert set(rows) == set(cross_layers(model.unet))
        for weights in rows.values():
            assert weights.dtype == torch.float32
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))


def test_weights_are_the_librarys_for_the_prompts_half(tiny_checkpoint: Any) -> None:
    unet, expected = tiny_checkpoint.unet, {}
    hooks = []
    for name, part in cross_layers(unet).items():

        def note(module: Any, inputs: tuple, kwargs: dict, name: str = name) -> None:
            text = kwargs["encoder_hidden_states"][-1:]
            q, k = (
                module.head_to_batch_dim(layer(x))
                for layer, x in ((module.to_q, inputs[0][-1:]), (module.to_k, text))
            )
            expected[name] = module.get_attention_scores(q, k)

        hooks.append(part.register_forward_pre_hook(note, with_kwargs=True))
    found: dict[str, torch.Tensor] = {}
    try:
        with watched(unet, lambda name, weights: found.setdefault(name, weights)):
            ask_unet(tiny_checkpoint, rows_of(next(denoise(tiny_checkpoint, REQUEST))))
    finally:
        for hook in hooks:
            hook.remove()
    assert set(found) == set(expected) != set()
    for name, weights in found.items():
        torch.testing.assert_close(weights, expected[name], atol=1e-5, rtol=0)


def test_processors_are_put_back_also_after_an_error(tiny_checkpoint: Any) -> None:
    own = AttnProcessor2_0()
    first = next(iter(cross_layers(tiny_checkpoint.unet).values()))
    kept = first.processor
    first.set_processor(own)  # not all alike, so that restoring one kind is not enough
    try:
        before = processors(tiny_checkpoint)

        def fail(name: str, weights: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("in the middle")

        query = next(denoise(tiny_checkpoint, REQUEST))
        with watched(tiny_checkpoint.unet, fail):
            assert processors(tiny_checkpoint) != before
            with pytest.raises(RuntimeError, match="in the middle"):
                ask_unet(tiny_checkpoint, rows_of(query))
        assert processors(tiny_checkpoint) == before
        with pytest.raises(KeyError), watched(tiny_checkpoint.unet, fail):
            raise KeyError
        assert processors(tiny_checkpoint) == before
    finally:
        first.set_processor(kept)


EDITS = [None, Reweight((3,), 2.0), Swap("a green apple", 0.5)]


@pytest.mark.parametrize("edit", EDITS, ids=["read", "reweight", "swap"])
def test_between_two_pieces_the_network_is_as_it_was(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any, edit: Any
) -> None:
    before = processors(tiny_checkpoint)
    look = (
        AttentionWork(REQUEST.model, REQUEST)
        if edit is None
        else EditedAttentionWork(REQUEST.model, REQUEST, edit)
    )
    worker = make_worker()
    worker.submit(look)
    for _ in range(3):
        worker.tick()
        assert processors(tiny_checkpoint) == before
    worker.close()
    assert processors(tiny_checkpoint) == before


def test_cancelled_look_leaves_the_network_as_it_was(
    make_worker: Callable[..., Engine], tiny_checkpoint: Any
) -> None:
    before = processors(tiny_checkpoint)
    worker = make_worker()
    ticket = worker.submit(AttentionWork(REQUEST.model, replace(REQUEST, steps=50)))
    worker.tick()
    worker.tick()
    ticket.cancel()
    worker.tick()
    assert not worker.busy
    assert ticket.state == "cancelled"
    assert processors(tiny_checkpoint) == before


def test_run_that_is_read_gives_the_picture_of_the_plain_run(checkpoint: Any) -> None:
    found, plain = seen(checkpoint), run_alone(checkpoint, REQUEST)
    assert np.abs(found.picture.astype(int) - plain.picture).max() <= 1
    np.testing.assert_allclose(found.timesteps, plain.timesteps)
    assert [layer.name for layer in found.layers] == list(cross_layers(checkpoint.unet))
    for layer in found.layers:
        assert layer.maps.shape == (3, 4, 77, *layer.own)
        np.testing.assert_allclose(layer.maps.sum(axis=2, dtype=np.float32), 1, atol=2e-3)
    np.testing.assert_allclose(found.mean().sum(axis=0), 1, atol=2e-3)
    np.testing.assert_allclose(found.over_time().sum(axis=1), 1, atol=2e-3)
    assert found.pooled == ()


def test_pndm_is_read_at_every_call_not_every_step(tiny_checkpoint: Any) -> None:
    found = seen(tiny_checkpoint, replace(REQUEST, scheduler="pndm", steps=5))
    plain = run_alone(tiny_checkpoint, replace(REQUEST, scheduler="pndm", steps=5))
    assert len(found.timesteps) == plain.calls == 6
    assert all(layer.maps[-1].any() for layer in found.layers)


@pytest.mark.parametrize("size", [(128, 192), (192, 128), (72, 136)])
def test_maps_of_a_picture_that_is_not_square(checkpoint: Any, size: tuple[int, int]) -> None:
    height, width = size
    found = seen(checkpoint, replace(REQUEST, steps=1, height=height, width=width))
    assert found.picture.shape == (height, width, 3)
    assert found.sizes[0] == (height // 8, width // 8)
    assert found.mean().shape == (77, height // 8, width // 8)
    assert found.sizes[1] == (-(-height // 16), -(-width // 16))  # odd sides are rounded up


def question(latent: tuple[int, int], call: int, calls: int) -> NoiseQuery:
    """What a run asks at one of its calls."""
    progress = Progress(call, calls, ())
    return NoiseQuery(torch.zeros(1, 4, *latent), 0.0, torch.zeros(2, 77, 8), progress)


def test_weight_at_a_known_place_is_found_there(tiny_checkpoint: Any) -> None:
    latent, calls, length = (6, 10), 2, 77
    recorder = Recorder(tiny_checkpoint.unet, 10**8)
    shapes = layer_shapes(tiny_checkpoint.unet, latent)
    place = {}
    for call in range(calls):
        recorder.how(question(latent, call, calls))
        for shape in shapes:
            height, width = shape.size
            row, column = height - 1, width // 2
            place[shape.name] = (row, column)
            weights = torch.zeros(shape.heads, height * width, length)
            weights[..., 0] = 1
            weights[:, row * width + column] = 0
            weights[:, row * width + column, 5] = 1
            recorder(shape.name, weights)
    for layer in recorder.layers():
        row, column = place[layer.name]
        maps = layer.maps.astype(np.float32).mean(axis=(0, 1))
        assert layer.size != layer.size[::-1]
        assert maps[5, row, column] == 1
        assert maps[5].sum() == 1
        assert maps[0].sum() == maps[0].size - 1


def test_pooling_keeps_shares_and_the_place(tiny_checkpoint: Any) -> None:
    latent = (24, 40)
    recorder = Recorder(tiny_checkpoint.unet, 300_000)
    recorder.how(question(latent, 0, 1))
    assert recorder.averaging != Averaging()
    for shape in layer_shapes(tiny_checkpoint.unet, latent):
        height, width = shape.size
        weights = torch.rand(shape.heads, height, width, 77)
        weights[:, : height // 2, : width // 2, 9] += 300
        recorder(shape.name, (weights / weights.sum(-1, keepdim=True)).flatten(1, 2))
    assert sum(layer.maps.nbytes for layer in recorder.layers()) <= 300_000
    for layer in recorder.layers():
        assert max(layer.size) <= recorder.averaging.side
        np.testing.assert_allclose(layer.maps.sum(axis=2, dtype=np.float32), 1, atol=2e-3)
        row, column = np.unravel_index(layer.maps[0, 0, 9].argmax(), layer.size)
        assert row < layer.size[0] / 2
        assert column < layer.size[1] / 2


STABLE_DIFFUSION_1 = tuple(
    LayerShape(f"layer {number}", (side, side), 8)
    for number, side in enumerate([64, 64, 32, 32, 16, 16, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64])
)


@pytest.mark.parametrize("calls", [1, 20, 50, 150])
def test_maps_fit_into_memory(calls: int, checkpoint: Any) -> None:
    own = layer_shapes(checkpoint.unet, (16, 16))
    for shapes in (own, STABLE_DIFFUSION_1):
        averaging = choose_averaging(shapes, calls, 77, 10**8)
        bare = sum(shape.size[0] * shape.size[1] * shape.heads for shape in shapes) * 2 * 77 * calls
        assert (averaging == Averaging()) == (bare <= 10**8)
        assert bool(averaging.say()) == (averaging != Averaging())
    assert choose_averaging(own, 50, 77, 10**8) == Averaging()


def test_layers_of_stable_diffusion_have_the_sizes_they_are_known_for(
    write_pipeline: Callable[..., None], tmp_path: Any
) -> None:
    write_pipeline(
        tmp_path / "sd",
        unet={
            "block_out_channels": (16, 32, 32, 32),
            "layers_per_block": 2,
            "sample_size": 8,
            "attention_head_dim": 8,
            "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        },
    )
    from core.models.hardware import Hardware

    model = load_folder("sd", tmp_path / "sd", Hardware("cpu", "float32", "CPU", 0, 1))
    shapes = layer_shapes(model.unet, (64, 64))
    assert [(shape.size, shape.heads) for shape in shapes] == [
        (shape.size, shape.heads) for shape in STABLE_DIFFUSION_1
    ]
    found = seen(model, replace(REQUEST, steps=2))
    assert sorted({layer.own for layer in found.layers}) == [(1, 1), (2, 2), (4, 4), (8, 8)]
    np.testing.assert_allclose(found.mean().sum(axis=0), 1, atol=2e-3)


def test_factor_one_changes_nothing_and_another_changes_the_picture(tiny_checkpoint: Any) -> None:
    plain = run_alone(tiny_checkpoint, REQUEST).picture
    same = edited(tiny_checkpoint, Reweight((2, 3), 1.0))
    assert np.abs(same.astype(int) - plain).max() <= 1
    assert np.abs(edited(tiny_checkpoint, Reweight((3,), 8.0)).astype(int) - plain).max() > 1


def test_reweighting_multiplies_the_words_values_in_the_prompts_half_alone(
    tiny_checkpoint: Any,
) -> None:
    expected = library_reweighted(tiny_checkpoint, (2, 3), 3.0)
    found = edited(tiny_checkpoint, Reweight((2, 3), 3.0))
    assert np.abs(found.astype(int) - expected).max() <= 1


def library_reweighted(checkpoint: Any, positions: tuple[int, ...], factor: float) -> np.ndarray:
    """The same edit made on the library's own attention: values times c are weights times c."""

    def scale(_module: Any, _inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        output = output.clone()
        output[-1, list(positions)] *= factor
        return output

    hooks = [
        layer.to_v.register_forward_hook(scale) for layer in cross_layers(checkpoint.unet).values()
    ]
    try:
        return run_alone(checkpoint, REQUEST).picture
    finally:
        for hook in hooks:
            hook.remove()


def test_swap_is_the_new_run_at_share_0_and_the_old_one_for_the_same_words(
    tiny_checkpoint: Any,
) -> None:
    new = replace(REQUEST, prompt="a green frog")
    plain, other = run_alone(tiny_checkpoint, REQUEST), run_alone(tiny_checkpoint, new)
    alone = edited(tiny_checkpoint, Swap(new.prompt, 0.0))
    assert np.abs(alone.astype(int) - other.picture).max() <= 1
    same = edited(tiny_checkpoint, Swap(REQUEST.prompt, 1.0))
    assert np.abs(same.astype(int) - plain.picture).max() <= 1
    swapped = edited(tiny_checkpoint, Swap(new.prompt, 1.0))
    assert np.abs(swapped.astype(int) - other.picture).max() > 1


def test_swapped_run_looks_where_the_first_one_looked(tiny_checkpoint: Any) -> None:
    """What the network is given equals the first run's weights, call by call."""
    from core.engine import capture

    told: list[dict[str, torch.Tensor]] = []
    real = capture.watched

    def noted(unet: Any, watch: Any) -> Any:
        told.append({})

        def note(name: str, weights: torch.Tensor) -> torch.Tensor:
            told[-1][name] = watch(name, weights)
            return told[-1][name]

        return real(unet, note)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capture, "watched", noted)
        edited(tiny_checkpoint, Swap("a green apple", 0.5), replace(REQUEST, steps=4))
    assert len(told) == 4  # two calls of both runs, then two of the new one, asked plainly
    for base, new in ((told[0], told[1]), (told[2], told[3])):
        for name, weights in base.items():  # as many tokens: every position stays where it is
            torch.testing.assert_close(new[name], weights)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Reweight((), 2.0), "No word is chosen"),
        (Reweight((1,), float("nan")), "factor"),
        (Reweight((1,), 99.0), "factor"),
        (Swap("a frog", 2.0), "share of the calls"),
        (Swap(7, 0.5), "not text"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_wrong_edits_are_refused_before_anything_runs(edit: Any, said: str) -> None:
    with pytest.raises(ExplainerError, match=said):
        EditedAttentionWork(REQUEST.model, REQUEST, edit).validated()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Reweight((80,), 2.0), "no position 80"),
        (Swap("", 0.5), "must have words"),
        (Swap("word " * 80, 0.5), "cut off"),
    ],
)
def test_edits_that_the_prompt_has_no_place_for_are_refused(
    tiny_checkpoint: Any, edit: Any, said: str
) -> None:
    with pytest.raises(ExplainerError, match=said):
        edited(tiny_checkpoint, edit)


def test_other_kinds_of_attention_are_refused_in_a_sentence(tiny_checkpoint: Any) -> None:
    with pytest.raises(ExplainerError, match="no cross-attention of the kind"):
        cross_layers(torch.nn.Linear(2, 2))
    layer = next(iter(cross_layers(tiny_checkpoint.unet).values()))
    kept = layer.processor

    class Other:
        def __call__(self, *_: Any, **__: Any) -> None: ...

    layer.set_processor(Other())
    try:
        with pytest.raises(ExplainerError, match="no cross-attention of the kind"):
            cross_layers(tiny_checkpoint.unet)
    finally:
        layer.set_processor(kept)


def test_another_models_run_is_refused() -> None:
    with pytest.raises(ExplainerError, match="another model"):
        AttentionWork("elsewhere/model", REQUEST).validated()


def test_means_are_taken_as_they_say() -> None:
    small = LayerMaps("a", (1, 1), 1, np.full((2, 1, 2, 1, 1), [[[[0.25]], [[0.75]]]], np.float16))
    large = LayerMaps("b", (2, 2), 1, np.zeros((2, 1, 2, 2, 2), np.float16))
    large.maps[0, :, 0] = 1
    large.maps[1, :, 1] = 1
    found = AttentionSeen(
        np.zeros(2, np.float32), (small, large), np.zeros((8, 8, 3), np.uint8), ()
    )
    np.testing.assert_allclose(found.mean()[:, 0, 0], [0.375, 0.625])
    np.testing.assert_allclose(found.mean([1], call=0)[:, 1, 1], [1, 0])
    np.testing.assert_allclose(found.mean([0]).shape, (2, 1, 1))
    np.testing.assert_allclose(found.over_time(), [[0.625, 0.375], [0.125, 0.875]])
