"""A process that computes can be left at any moment: nothing aborts, nothing is printed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

# What is imported once serves all cases: each is a child that begins with what its parent knows.
LEAVE = """
import os, signal, sys, time
from core.engine.client import engine
from core.engine.request import Request
from core.models.loading import load_checkpoint

load_checkpoint()
def end(number, frame):
    sys.exit(128 + number)

for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        break
    print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
number = {"term": signal.SIGTERM, "int": signal.SIGINT}.get(name)
if number:
    signal.signal(number, end)
ticket = engine().submit(Request(prompt="a cat", steps=150))
while (status := ticket.status()).step < 2:
    assert status.state not in ("done", "failed"), status
    time.sleep(0.01)
if number:
    os.kill(os.getpid(), number)
    time.sleep(60)
"""


def test_process_ends_orderly_in_the_middle_of_a_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LEAVE, "leave", "term", "int"]
    env = {**os.environ, "GLASSBOX_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "leave 0",
        f"term {128 + signal.SIGTERM}",
        f"int {128 + signal.SIGINT}",
    ]
