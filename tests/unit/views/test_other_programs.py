"""Settings of other programs: what can be kept is kept, and all else is told."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from core.engine.request import MAX_SEED, Request, validated
from core.models.loras import LORAS
from core.models.schedulers.table import SCHEDULERS
from core.views.other_programs import (
    Theirs,
    read_json_settings,
    read_parameters,
    take_over,
    write_parameters,
)

LINE = "Steps: 12, Sampler: Euler, CFG scale: 7, Seed: 42"
KEPT = Request(steps=12, scheduler="euler", guidance=7.0, seed=42)


def opened(text: str) -> tuple[Request, str]:
    """Take over a text of settings; the notes as one text."""
    theirs = read_parameters(text)
    assert theirs is not None
    request, notes = take_over(theirs)
    return request, "\n".join(f"{what} {fix}" for what, fix in notes)


def quoted(value: str) -> str:
    """Quote as AUTOMATIC1111's web UI does."""
    return json.dumps(value, ensure_ascii=False) if any(c in value for c in ",:\n") else value


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        (f"two dogs\nNegative prompt: blurry\n{LINE}", "two dogs", "blurry"),
        (f"two dogs\n{LINE}", "two dogs", ""),
        (f"Negative prompt: blurry\n{LINE}", "", "blurry"),
        (f"\nNegative prompt: blurry\n{LINE}", "", "blurry"),
        (f"Negative prompt:blurry\r\n{LINE}", "", "blurry"),
        (LINE, "", ""),
        (f"two\n\ndogs\nNegative prompt: blurry,\nugly\n{LINE}\n", "two  dogs", "blurry, ugly"),
        (f"a sign: Steps: 5, Seed: 3\n{LINE}", "a sign: Steps: 5, Seed: 3", ""),
        (f"Steps: 5, Seed: 3, Sampler: LMS\n{LINE}", "Steps: 5, Seed: 3, Sampler: LMS", ""),
        (f"a\nNegative prompt: Steps: 5, Seed: 3\n{LINE}", "a", "Steps: 5, Seed: 3"),
        (f'a "red" dog, {{x}}\n{LINE}', 'a "red" dog, {x}', ""),
        (f"two dogs\rNegative prompt: blurry\r{LINE}", "two dogs", "blurry"),
        (f"two dogs Negative prompt: blurry {LINE}", "two dogs", "blurry"),
        (f"\ufefftwo dogs\nNegative prompt: blurry\n{LINE}\0\0", "two dogs", "blurry"),
        (f"two dogs\nnegative prompt: blurry\n{LINE.lower()}", "two dogs", "blurry"),
        (f"two dogs\n{LINE.replace('CFG scale', 'CFG Scale')},", "two dogs", ""),
        (f"Model: x, Size: 1, Version: 2\n{LINE}", "Model: x, Size: 1, Version: 2", ""),
    ],
)
def test_words_are_told_from_settings(text: str, prompt: str, negative: str) -> None:
    request, notes = opened(text)
    assert request == validated(
        Request(**{**_fields(KEPT), "prompt": prompt, "negative": negative})
    )
    assert notes == ""


def _fields(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in ("steps", "scheduler", "guidance", "seed")}


@pytest.mark.parametrize(
    "part",
    [
        'ControlNet 0: "Module: canny, Steps: 5, Seed: 3, Weight: 1"',
        'Hires prompt: "a sign, CFG scale: 2, Sampler: DDIM"',
        'Hires prompt: "a \\"sign\\", Steps: 5\\nSeed: 3, Steps: 4"',
        'Hires prompt: "a sign,\nSteps: 5, Sampler: DDIM, Seed: 3\nSteps: 5, Seed: 3, Size: 8x8"',
        'Hires prompt: "a \\d, Steps: 5"',
        'Tiled Diffusion: {"Method": "M", "Steps": 5, "Seed": 3}',
        "Hires steps: 5, Variation seed: 3",
    ],
)
def test_settings_inside_another_part_are_its_own(part: str) -> None:
    for line in (f"{part}, {LINE}", f"{LINE}, {part}, Version: v1.6.0"):
        request, notes = opened(f"two dogs\n{line}")
        assert request == Request(prompt="two dogs", **_fields(KEPT))  # type: ignore[arg-type]
        assert "Left out" in notes


def test_lines_below_the_settings_are_no_words() -> None:
    below = "Template: a {red|green} dog\n\nNegative Template: none"
    request, notes = opened(f"two dogs\nNegative prompt: blurry\n{LINE}, Version: v1\n{below}")
    assert request == Request(prompt="two dogs", negative="blurry", **_fields(KEPT))  # type: ignore[arg-type]
    assert "Left out: Template, Version." in notes
    request, _ = opened(f"two dogs\n{LINE}\n\nSteps: 3")
    assert request.steps == 12


@pytest.mark.parametrize("part", ["a part without a name", 'Template: "one, Seed: 3 and a quote'])
def test_a_part_that_is_no_name_and_value_costs_itself_alone(part: str) -> None:
    request, notes = opened(f"two dogs\n{LINE}, {part}, Version: v1.6.0")
    assert request == Request(prompt="two dogs", **_fields(KEPT))  # type: ignore[arg-type]
    assert part.partition(":")[0] in notes


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)


@settings(deadline=None)
@given(texts, texts, st.dictionaries(st.sampled_from(["Hires prompt", "TI", "Mask"]), texts),
       st.integers(0, 9))  # fmt: skip
def test_any_order_and_any_other_value(
    prompt: str, other: str, more: dict[str, str], order: int
) -> None:
    said = {"Steps": "12", "Sampler": "Euler", "CFG scale": "7", "Seed": "42"}
    said |= {name: f"{value}, Steps: 3\n{other}" for name, value in more.items()}
    pairs = [f"{name}: {quoted(value)}" for name, value in said.items()]
    random.Random(order).shuffle(pairs)
    request, notes = opened(f"a dog {prompt}\n" + ", ".join(pairs))
    assert _fields(request) == _fields(KEPT)
    assert request.prompt == f"a dog {prompt}".strip()
    assert all(name in notes for name in more)


requests = st.builds(
    Request,
    prompt=st.just("a dog"),
    negative=st.sampled_from(["", "a worm"]),
    steps=st.integers(1, 50),
    seed=st.integers(0, MAX_SEED),
    guidance=st.sampled_from([0.0, 7.5, 12.25]),
    clip_skip=st.integers(0, 5),
    scheduler=st.sampled_from(list(SCHEDULERS)),
)


@settings(deadline=None)
@given(requests)
def test_what_is_written_for_others_reads_back(request: Request) -> None:
    again, notes = opened(write_parameters(request, 128, 128))
    assert again == replace(request, height=128, width=128)
    assert notes == ""


@pytest.mark.parametrize(
    ("option", "told"),
    [("use_karras_sigmas", "Karras"), ("use_exponential_sigmas", "Exponential"),
     ("use_beta_sigmas", "Beta")],
)  # fmt: skip
def test_spacings_are_written_as_others_name_them(option: str, told: str) -> None:
    request = Request(scheduler="dpmpp-2m", params=((option, True),))
    text = write_parameters(request, 128, 128)
    assert f"Sampler: DPM++ 2M, Schedule type: {told}," in text
    assert opened(text)[0].params == ((option, True),)


@pytest.mark.parametrize(
    ("line", "field", "kept", "note"),
    [
        ("Steps: 12, Seed: -1", "seed", 0, "The seed is -1."),
        ("Steps: 12, Seed: 99999999999999", "seed", 0, "The seed is 99999999999999"),
        ("Steps: 99999, Seed: 42", "steps", 20, "99999"),
        ("Steps: many, Seed: 42", "steps", 20, "'many'"),
        ("Steps: 12, Seed: 42, CFG scale: 99", "guidance", 5.0, "The guidance is 99."),
        ("Steps: 12, Sampler: Restart", "scheduler", "ddim", "no scheduler called 'Restart'"),
        ("Steps: 12, Sampler: DPM++ 2S a", "scheduler", "ddim", "dpmpp-2s"),
        ("Steps: 12, Sampler: Euler a Karras", "params", (), "Euler ancestral has no setting"),
        ("Steps: 12, Sampler: Euler, Schedule type: KL", "params", (), "called 'KL'"),
        ("Steps: 12, Seed: 4, Model: some-model", "model", "emoji128", "'some-model'"),
        ("Steps: 12, Seed: 4, Model: a/b", "model", "emoji128", "'a/b'"),
        ("Steps: 12, Seed: 4, Size: 512x768", "height", None, "512x768"),
        ("Steps: 12, Seed: 4, Clip skip: 40", "clip_skip", 0, "clip skip"),
        ("Steps: 12, Seed: 4, Clip skip: -2", "clip_skip", 0, "The clip skip is -2."),
        ("Steps: 12, CFG scale: 7,5, Seed: 42", "guidance", 7.0, "Left out: 5."),
        ("Steps: 12, Sampler: Euler", "seed", 0, "does not say its seed, guidance."),
        ("Steps: 12, Seed: 4, Denoising strength: 0.4", "seed", 4, "Denoising strength"),
        ("Steps: 12, Seed: 4, Model hash: 6ce0161689", "seed", 4, "Model hash"),
    ],
)
def test_what_cannot_be_kept_is_told_and_the_rest_is_kept(
    line: str, field: str, kept: object, note: str
) -> None:
    request, notes = opened(f"two dogs\nNegative prompt: blurry\n{line}")
    assert (request.prompt, request.negative) == ("two dogs", "blurry")
    assert getattr(request, field) == kept
    assert note in notes
    if "Steps: 12" in line:
        assert request.steps == 12


def test_weights_of_words_are_told() -> None:
    for words in ("(shiny:1.2)", "<lora:style>", "[a:b:0.5]", "a BREAK b"):
        assert "They are read as words." in opened(f"{words}\n{LINE}")[1]


def test_loras_are_taken_where_they_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = {f"unet.x.lora_{side}.weight": np.ones((2, 2), np.float32) for side in "AB"}
    save_file(tensors, tmp_path / "style.safetensors")
    monkeypatch.setenv(LORAS, str(tmp_path))
    words = "two <lora:style:0.8> dogs, <lora:gone:1> <lora:style:9>"
    request, notes = opened(f'{words}\n{LINE}, Lora hashes: "style: 0a"')
    assert request.prompt == "two dogs,"
    assert [one[:2] for one in request.loras] == [("style", 0.8)]
    assert "There is no LoRA called 'gone' here." in notes
    assert "The strength of a LoRA is 9." in notes
    assert "Lora hashes" not in notes
    again = read_parameters(write_parameters(request, 64, 64))
    assert again is not None
    assert take_over(again)[0].loras == request.loras


def test_the_size_is_kept_where_the_model_is_ours() -> None:
    request, notes = opened(f"a dog\n{LINE}, Size: 128x64, Model: emoji128")
    assert (request.width, request.height, notes) == (128, 64, "")


def test_words_alone_with_a_negative_prompt() -> None:
    assert opened("two dogs\nNegative prompt: blurry")[0] == Request(
        prompt="two dogs", negative="blurry"
    )
    assert read_parameters("two dogs") is None


GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 42, "steps": 12, "cfg": 7.0, "sampler_name": "dpmpp_2m", "scheduler": "karras",
        "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
        "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "some.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768,
                                                       "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "two dogs", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
}  # fmt: skip
LINKS = {"links": [[1, 4, 0, 3, 0, "MODEL"], [2, 6, 0, 3, 1, "CONDITIONING"]]}
FOOOCUS = {
    "base_model": "some", "base_model_hash": "ab", "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras", "guidance_scale": 7, "seed": "42", "steps": 12, "prompt": "two dogs",
    "negative_prompt": "blurry", "resolution": "(512, 768)", "version": "Fooocus v2.5.0",
    "sharpness": 2.0,
}  # fmt: skip
INVOKE = {
    "positive_prompt": "two dogs", "negative_prompt": "blurry", "steps": 12, "cfg_scale": 7.0,
    "scheduler": "dpmpp_2m_k", "seed": 42, "width": 512, "height": 768,
    "model": {"model_name": "some"},
}  # fmt: skip
NOVEL = {"steps": 12, "sampler": "k_dpmpp_2m", "noise_schedule": "karras", "seed": 42, "scale": 7.0,
         "strength": 0.7, "noise": 0.2, "uc": "blurry", "width": 512, "height": 768}  # fmt: skip


@pytest.mark.parametrize(
    "chunks",
    [
        {"prompt": json.dumps(GRAPH), "workflow": json.dumps(LINKS)},
        {"prompt": json.dumps(GRAPH)},
        {"parameters": json.dumps(FOOOCUS)},
        {"invokeai_metadata": json.dumps(INVOKE)},
        {"Comment": json.dumps(NOVEL), "Description": "two dogs", "Source": "some 0AB",
         "Software": "NovelAI"},
    ],
    ids=["comfy", "comfy without workflow", "fooocus", "invoke", "novel"],
)  # fmt: skip
def test_other_programs_with_json(chunks: dict[str, str]) -> None:
    theirs = read_json_settings(chunks)
    assert theirs is not None
    request, notes = take_over(theirs)
    assert _fields(request) == {**_fields(KEPT), "scheduler": "dpmpp-2m"}
    assert (request.prompt, request.negative) == ("two dogs", "blurry")
    assert ("use_karras_sigmas", True) in request.params
    told = "\n".join(f"{what} {fix}" for what, fix in notes)
    assert "512x768" in told
    assert "'some" in told


@pytest.mark.parametrize("value", [-1, 2**64, None, [], {}, "x", 1.5, True])
def test_a_wrong_number_costs_that_field_alone(value: object) -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["3"]["inputs"]["seed"] = value
    theirs = read_json_settings({"prompt": json.dumps(graph)})
    assert theirs is not None
    request, notes = take_over(theirs)
    assert (request.seed, request.steps, request.scheduler) == (0, 12, "dpmpp-2m")
    assert any("seed" in what for what, _ in notes) or value in (None, [], {})


def told_of(graph: dict[str, object]) -> tuple[Request, str]:
    theirs = read_json_settings({"prompt": json.dumps(graph)})
    assert theirs is not None
    request, notes = take_over(theirs)
    return request, "\n".join(f"{what} {fix}" for what, fix in notes)


def test_values_from_other_nodes_are_found() -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["20"] = {"class_type": "PrimitiveInt", "inputs": {"value": 30}}
    graph["21"] = {"class_type": "Seed", "inputs": {"seed": 7, "after": "randomize"}}
    graph["22"] = {"class_type": "Text", "inputs": {"string": "a cat"}}
    graph["3"]["inputs"] |= {"steps": ["20", 0], "seed": ["21", 0]}
    graph["6"]["inputs"]["text"] = ["22", 0]
    request, _ = told_of(graph)
    assert (request.steps, request.seed, request.prompt) == (30, 7, "a cat")
    graph["3"]["inputs"] |= {"steps": ["nowhere", 0]}
    request, notes = told_of(graph)
    assert request.seed == 7
    assert "The picture does not say its steps." in notes


def test_a_model_behind_another_node_is_named_and_the_other_told() -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["3"]["inputs"]["model"] = ["10", 0]
    graph["10"] = {"class_type": "LoraLoader", "inputs": {"lora_name": "style", "model": ["4", 0],
                                                          "strength_model": 0.8}}  # fmt: skip
    _, notes = told_of(graph)
    assert "The model was 'some.safetensors'" in notes
    assert "Left out: lora_name, strength_model." in notes


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["3", "4", "Euler", 10**400, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner,
                                                                max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None)
@given(values, st.sampled_from(["steps", "seed", "cfg", "sampler_name", "scheduler", "positive",
                                "negative", "model", "latent_image", "denoise"]))  # fmt: skip
def test_no_graph_breaks_the_reading(value: object, name: str) -> None:
    graph = json.loads(json.dumps(GRAPH))
    graph["3"]["inputs"][name] = value
    theirs = read_json_settings({"prompt": json.dumps(graph)})
    if theirs is not None:
        request, _ = take_over(theirs)
        assert validated(request) == request


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["Steps", "Seed", "CFG scale", "Sampler", "Schedule type",
                                        "Model", "Size", "Clip skip", "x"]), values),
       st.text(), st.text())  # fmt: skip
def test_no_value_breaks_what_is_taken_over(
    said: dict[str, object], prompt: str, negative: str
) -> None:
    request, notes = take_over(Theirs(prompt, negative, said))
    assert validated(request) == request
    assert all(isinstance(text, str) for note in notes for text in note)
