"""A training's process leaves the cores to pictures that people wait for."""

import json
import os
import subprocess
import sys

import pytest

from core.labs.process import NICENESS

TELLS = """
import os, torch
from core.labs.process import serve
serve(lambda settings, saved: iter([{"nice": os.nice(0), "threads": torch.get_num_threads()}]))
"""


@pytest.mark.skipif(not hasattr(os, "nice"), reason="Windows has no such thing")
def test_it_is_nice_and_has_one_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TELLS],
        input=json.dumps({"settings": {}, "saved": None}),
        capture_output=True,
        text=True,
        check=True,
    )
    own = os.nice(0)
    assert json.loads(done.stdout) == {"nice": min(19, own + NICENESS), "threads": 1}
