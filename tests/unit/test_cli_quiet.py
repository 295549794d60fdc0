"""What other libraries have to say does not reach the terminal of whoever runs a command."""

import subprocess
import sys
from pathlib import Path

RUN = """
import io, sys
from core.__main__ import main

for line in sys.stdin.read().splitlines():
    told, sys.stdout = sys.stdout, io.StringIO()
    status = main(line.split("\\t"))
    sys.stdout = told
    print(status, flush=True)
"""


def test_every_command_is_quiet(tmp_path: Path, tiny_folder: Path) -> None:
    image, out = Path("assets/favicon.png"), tmp_path / "out"
    draw = ["--prompt", "a cat", "--model", tiny_folder, "--steps", "3", "--out", out]
    commands: list[list[object]] = [
        ["schedulers"],
        ["models"],
        ["doctor"],
        ["sigmas", "--scheduler", "dpmpp-sde"],
        ["embed-timestep", "--t", "5"],
        ["tokens", "a cat", "--out", out],
        ["encode", "--image", image, "--out", out],
        ["noise", "--image", image, "--t", "500", "--out", out],
        ["attention", *draw],
        ["film", *draw],
        *(["generate", *draw, "--scheduler", name] for name in ("dpmpp-sde", "lms")),
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input="\n".join("\t".join(str(part) for part in command) for command in commands),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["0"] * len(commands)
