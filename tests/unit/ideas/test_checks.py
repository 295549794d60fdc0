"""What people type: the value, or one plain sentence; and pages that need no network load none."""

import math
import subprocess
import sys

import numpy as np
import pytest

from core.errors import ExplainerError
from core.ideas.checks import check_choice, check_real, check_switch, check_whole


@pytest.mark.parametrize("good", [1, 1.0, 150, np.int64(7), np.float32(3)])
def test_whole_numbers_are_taken(good: object) -> None:
    answer = check_whole(good, "number of steps", 1, 150)
    assert answer == good
    assert type(answer) is int


@pytest.mark.parametrize(
    "bad", [0, -1, 151, 1.5, "3", None, True, math.nan, math.inf, 10**400, [1], np.bool_(True)]
)
def test_all_else_gets_one_sentence_with_the_limits(bad: object) -> None:
    with pytest.raises(ExplainerError) as caught:
        check_whole(bad, "number of steps", 1, 150)
    assert caught.value.what.startswith("The number of steps is ")
    assert caught.value.fix == "Give a whole number from 1 to 150."
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("bad", [-0.1, 1.1, "0.5", None, False, math.nan, -math.inf])
def test_real_numbers_keep_their_limits(bad: object) -> None:
    assert check_real(0, "strength", 0, 1) == 0.0
    with pytest.raises(ExplainerError, match=r"Give a number from 0 to 1\."):
        check_real(bad, "strength", 0, 1)


def test_choices_name_what_there_is() -> None:
    assert check_choice("leading", "spacing", ["leading", "trailing"]) == "leading"
    with pytest.raises(ExplainerError, match="Choose one of: leading, trailing"):
        check_choice("__class__", "spacing", ["trailing", "leading"])


@pytest.mark.parametrize("bad", [0, 1, "true", None])
def test_switches_are_true_or_false(bad: object) -> None:
    assert check_switch(True, "switch") is True
    with pytest.raises(ExplainerError, match="Give true or false"):
        check_switch(bad, "switch")


def test_time_and_noise_need_no_torch() -> None:
    modules = [
        "timestep_presets",
        "schedule_config",
        "beta_spacing",
        "interpolation",
        "spacings",
        "forward",
        "closed_form",
        *(
            f"samplers.{name}"
            for name in ("ddim", "multistep", "euler_ancestral", "heun", "levels")
        ),
    ]
    lines = [f"import core.ideas.{name}" for name in modules]
    check = "import sys; print({'torch', 'diffusers', 'scipy', 'transformers'} & set(sys.modules))"
    program = "\n".join([*lines, check])
    answer = subprocess.run(  # a fresh process: this one has torch already
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"
