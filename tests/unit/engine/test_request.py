"""Requests: every bad value is refused with a plain sentence, every good one has one spelling."""

import dataclasses
import math
from dataclasses import replace

import pytest
import torch

from core.engine.request import (
    MAX_SEED,
    FilmRequest,
    Request,
    from_json,
    key,
    problems,
    to_json,
    usable,
    validated,
)
from core.errors import ExplainerError
from core.models.loras import Chosen

BAD: list[tuple[str, object]] = [
    *[("guidance", bad) for bad in (-5, -0.001, 1e6, math.nan, math.inf, -math.inf)],
    *[("guidance", bad) for bad in ("5", None, True, [5.0])],
    *[("height", bad) for bad in (0, -8, 7, 12, 33, 100, 40.5, "32", 100_000, math.nan, True)],
    *[("width", bad) for bad in (0, -8, 12, 100, "64", 1032, math.inf)],
    *[("seed", bad) for bad in (-1, 2**32, 2**63, 2**64, 1.5, "1", math.nan, None, True)],
    *[("steps", bad) for bad in (0, -1, 151, 999, 1000, 1001)],
    *[("steps", bad) for bad in (1.5, "3", math.nan, True, None, 10**400)],
    *[("clip_skip", bad) for bad in (-1, 99, 1.5, "1", math.nan, None)],
    *[("prompt", bad) for bad in (None, 3, ["a", "b"], b"bytes", "x" * 1_000_000)],
    ("prompt", "cat " * 10_000),
    *[("negative", bad) for bad in (None, ["a"], 0, "x" * 20_001)],
    *[("scheduler", bad) for bad in ("", "DDIN!", "__class__", "os.system", "ddimm", None, 3, [])],
    *[("model", bad) for bad in ("", "../../../etc/passwd", "/etc", "a/b/c", "-rf", "x\0y", None)],
    *[("params", bad) for bad in ("eta", 3, None, (("eta",),), ((3, 4),), (("eta", math.nan),))],
    *[("params", bad) for bad in ((("eta", math.inf),), (("eta", None),), (("eta", [1]),))],
    *[("loras", bad) for bad in ("a", 3, None, (("a",),), (("a", "1"),), (("not here", 1.0),))],
    *[("params", bad) for bad in ((("eta", 0.1), ("eta", 0.2)), (("a", 1),), (("eta", "x"),))],
]


@pytest.mark.parametrize(("field", "bad"), BAD, ids=lambda value: repr(value)[:30])
def test_a_bad_value_is_refused_with_one_sentence_and_what_to_do(field: str, bad: object) -> None:
    found = problems(replace(Request(prompt="a cat"), **{field: bad}))
    assert list(found) == [field]
    what, fix = found[field]
    assert what.endswith(".")
    assert what.count(". ") == 0
    assert len(what) <= 200
    assert fix.endswith(".")
    assert "Traceback" not in what + fix
    with pytest.raises(ExplainerError) as caught:
        validated(replace(Request(), **{field: bad}))
    assert caught.value.what == what


def test_each_bad_field_gets_its_own_sentence() -> None:
    bad = Request(steps=0, seed=-1, guidance=math.nan)
    assert set(problems(bad)) == {"steps", "seed", "guidance"}
    with pytest.raises(ExplainerError) as caught:
        validated(bad)
    for word in ("seed", "steps", "guidance"):
        assert word in caught.value.what


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "\u200b",
        "<script>alert(1)</script>",
        "x" * 10_000,
        "👩‍👩‍👧‍👦" * 20,
        "שלום",
        "e" + "\u0301" * 5000,
    ],
)
def test_any_text_is_a_prompt(prompt: str) -> None:
    assert validated(Request(prompt=prompt, negative=prompt)).prompt == prompt


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_joined() -> None:
    assert validated(Request(prompt="a\ud800b")).prompt == "a\ufffdb"
    assert validated(Request(prompt="\ud83d\ude00")).prompt == "😀"


def test_equal_requests_have_one_spelling() -> None:
    typed = Request(seed=3.0, guidance=5, steps=20.0, params=[["steps_offset", 1], ["eta", "1"]])  # type: ignore[arg-type]  # as it may come from a form
    same = Request(seed=3, guidance=5.0, params=(("eta", 1.0), ("steps_offset", 1)))
    assert validated(typed) == same
    assert to_json(validated(typed)) == to_json(same)
    assert to_json(validated(Request(guidance=-0.0))) == to_json(Request(guidance=0.0))
    assert hash(validated(typed)) == hash(same)


def test_a_second_prompt_without_a_share_is_the_same_picture_under_the_same_key() -> None:
    plain, unused = (validated(Request("emoji128", "a", blend=text)) for text in ("", "a dog"))
    assert unused == plain
    assert key(unused, "f") == key(plain, "f")
    assert validated(Request(blend="a dog", share=0.25)).blend == "a dog"
    assert list(problems(Request(blend=3))) == ["blend"]  # type: ignore[arg-type]  # on purpose


def test_the_limits_themselves_are_taken() -> None:
    for good in (
        Request(seed=0, steps=1, guidance=0, height=64, width=1024),
        Request(seed=MAX_SEED, steps=150, guidance=30),
        Request(scheduler="lcm", steps=50),
    ):
        assert problems(good) == {}


def test_steps_are_limited_by_the_scheduler() -> None:
    assert "LCM" in problems(Request(scheduler="lcm", steps=51))["steps"][0]


def test_the_library_s_names_of_schedulers_mean_the_same_everywhere() -> None:
    typed = Request(scheduler="eulerdiscretescheduler", params=(("use_karras_sigmas", True),))
    short = replace(typed, scheduler="euler")
    assert validated(typed) == validated(short)
    assert from_json('{"scheduler": "HeunDiscreteScheduler"}') == Request(scheduler="heun")
    assert "LCM" in problems(Request(scheduler="LCMScheduler", steps=51))["steps"][0]
    assert list(problems(replace(typed, scheduler="DDIMScheduler"))) == ["params"]


def test_what_can_be_used_is_kept_field_by_field() -> None:
    typed = Request(prompt="a\nb", seed=-1, scheduler="lcm", steps=150, params=(("eta", 1),))
    request, notes = usable(typed, Request(prompt="a red apple", steps=20))
    assert request == Request(prompt="a b", scheduler="lcm", steps=20)
    assert [what for what, _ in notes] == [
        "The seed is -1.", "The number of LCM steps is 150.",
        "LCM has no setting called 'eta'.",
    ]  # fmt: skip
    assert notes[0][1].endswith("Until then it is 0.")


def test_a_scheduler_that_is_put_back_has_its_own_settings_checked() -> None:
    typed = Request(scheduler="nothing", params=(("solver_order", 3),))
    request, notes = usable(typed, Request())
    assert request == Request()
    assert [what.split()[0] for what, _ in notes] == ["There", "DDIM"]


def test_options_are_those_of_the_scheduler() -> None:
    karras = (("use_karras_sigmas", True),)
    assert problems(Request(scheduler="euler", params=karras)) == {}
    assert list(problems(Request(scheduler="ddim", params=karras))) == ["params"]
    assert list(problems(Request(scheduler="nothing", params=karras))) == ["scheduler"]


def test_seeds_beyond_the_limit_would_repeat_earlier_noise() -> None:
    first, wrapped = (
        torch.randn(8, generator=torch.Generator().manual_seed(seed)) for seed in (7, MAX_SEED + 8)
    )
    assert torch.equal(first, wrapped)


def test_json_goes_there_and_back() -> None:
    request = validated(
        Request(prompt='"quotes" and \u202e', params=(("eta", 0.5), ("set_alpha_to_one", True)))
    )
    assert from_json(to_json(request)) == request
    assert to_json(request).isascii()
    assert from_json("{}") == Request()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{", '{"clip_skips": 1}', '{"seed": NaN}', '{"steps": 1e309}', "[" * 100_000],
)
def test_bad_json_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ExplainerError):
        from_json(text)


def test_the_key_changes_with_every_field_and_with_the_weights() -> None:
    base = Request(prompt="a cat")
    other: dict[str, object] = {
        "model": "segmind/tiny-sd", "prompt": "a dog", "negative": "x", "seed": 1, "steps": 21,
        "guidance": 5.5, "scheduler": "euler", "params": (("eta", 1.0),), "height": 64, "width": 64,
        "clip_skip": 1, "padding_mask": True, "blend": "a dog", "share": 0.5, "words": 0.5,
        "other_seed": 1, "turn": 0.5,
        "loras": (Chosen("a", 1.0, "0" * 64),),
    }  # fmt: skip
    assert set(other) == {field.name for field in dataclasses.fields(Request)}
    keys = {key(replace(base, **{field: value}), "f") for field, value in other.items()}
    keys |= {
        key(base, "f"),
        key(base, "g"),
        key(FilmRequest(base), "f"),
        key(FilmRequest(base, 9), "f"),
    }
    assert len(keys) == len(other) + 4
    assert all(len(name) == 64 and int(name, 16) >= 0 for name in keys)
    assert key(base, "f") == key(Request(prompt="a cat"), "f")


@pytest.mark.parametrize("frames", [0, 1, 257, "8", None, math.nan])
def test_a_film_of_a_bad_number_of_frames_is_refused(frames: object) -> None:
    with pytest.raises(ExplainerError):
        FilmRequest(Request(), frames).validated()  # type: ignore[arg-type]  # on purpose


def test_a_film_checks_its_run() -> None:
    with pytest.raises(ExplainerError, match="seed"):
        FilmRequest(Request(seed=-1)).validated()
    assert FilmRequest(Request(guidance=5)).validated().request == Request()
