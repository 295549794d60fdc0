"""The first paint of a page imports none of the libraries that take seconds to import."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "diffusers", "transformers")
ONE = "assert len(at.get('bidi_component')) == 2"  # and the one that keeps places
FIRST = {
    "1_tokens.py": ONE,
    "2_latents.py": ONE,
    "3_timesteps.py": ONE,
    "4_schedulers.py": ONE,
    "5_noising.py": ONE,
    "8_unet.py": ONE,
    "9_training.py": "assert at.get('bidi_component')",
}  # what must be there by then
ALSO = {"4_schedulers.py": ("scipy",)}


@pytest.mark.parametrize("file", FIRST)
def test_first_paint_imports_no_heavy_library(file: str) -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"at = AppTest.from_file({f'pages/{file}'!r}, default_timeout=60).run(); "
        f"{FIRST[file]}; assert not at.exception; "
        f"sys.exit(', '.join({ {*HEAVY, *ALSO.get(file, ())}!r} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
