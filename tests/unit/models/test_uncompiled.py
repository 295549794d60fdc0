"""torch's compiler is not in memory where pictures are computed, and works where it is wanted."""

import subprocess
import sys

from core.models.uncompiled import NAME, compiler_left_out

COMPUTES = f"""
import sys
from core.engine.alone import run_alone
from core.engine.request import Request
from core.models.loading import load_checkpoint
run_alone(load_checkpoint(), Request(prompt="a red apple", steps=1))
assert "{NAME}" not in sys.modules
import torch
double = torch.compile(lambda x: 2 * x, backend="eager")
assert double(torch.ones(1)).item() == 2
assert "{NAME}.eval_frame" in sys.modules
"""


def test_a_picture_needs_no_compiler_and_leaves_the_real_one_to_others() -> None:
    done = subprocess.run([sys.executable, "-c", COMPUTES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_is_there_already_stays() -> None:
    import torch._dynamo as there

    with compiler_left_out():
        assert sys.modules[NAME] is there
    assert sys.modules[NAME] is there
