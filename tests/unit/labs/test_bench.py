"""The bench is shared out by session, and gives back the place of a training that hangs."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from core.errors import ExplainerError
from core.host import SMALL
from core.labs import bench as it
from core.labs.autoencoder_settings import LabSettings
from core.labs.bench import CEILING, WAITING, Bench, Training

Tell = Callable[[str], Bench]


@pytest.fixture
def tell() -> Iterator[Tell]:
    """Benches whose trainings run a line of Python."""
    made: list[Bench] = []

    def make(code: str) -> Bench:
        def start(_: Training) -> subprocess.Popen[str]:
            line = [sys.executable, "-c", f"import time; {code}"]
            return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)

        made.append(Bench(start))
        return made[-1]

    yield make
    for one in made:
        one.close()


def seed(number: int) -> LabSettings:
    return LabSettings(seed=number)


def test_a_small_host_trains_one_at_a_time(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(it, "host", lambda: SMALL)
    bench = tell("time.sleep(60)")
    asked = [bench.join(seed(number), session=str(number)) for number in range(3)]
    assert [one.state for one in asked] == ["running", "waiting", "waiting"]
    bench.join(seed(9), session="0")  # which ends what it had
    ends = time.monotonic() + 10
    while asked[1].state == "waiting" and time.monotonic() < ends:
        time.sleep(0.01)
    assert [one.state for one in asked] == ["stopped", "running", "waiting"]


def test_tabs_of_one_browser_do_not_fill_the_line(tell: Tell) -> None:
    bench = tell("time.sleep(60)")
    for number in range(2 + WAITING):
        bench.join(seed(number), session=f"ann {number}/0")
    with pytest.raises(ExplainerError, match="The lab is full"):
        bench.join(seed(90), session="ann 0/1")
    bench.join(seed(91), session="ben/0")


def test_a_session_has_one_training_at_a_time(tell: Tell) -> None:
    bench = tell("time.sleep(60)")
    first = bench.join(seed(1), session="ann")
    assert bench.join(seed(1), session="ann") is first  # a page that is drawn again
    second = bench.join(seed(2), session="ann")
    assert [first.state, second.state] == ["stopped", "running"]
    theirs = bench.join(seed(2), session="ben")
    assert theirs is second
    bench.join(seed(3), session="ann")
    assert second.state == "running"  # somebody else has joined it
    bench.join(seed(4), session="ben")
    assert second.state == "stopped"


def test_a_full_line_lets_in_who_has_none(tell: Tell) -> None:
    bench = tell("time.sleep(60)")
    for number in range(2 + WAITING):
        bench.join(seed(number), session=f"tab {number}")
    late = bench.join(seed(100), session="late")
    assert late.state == "waiting"
    assert bench.ahead(late) == WAITING
    with pytest.raises(ExplainerError, match="The lab is full"):
        bench.join(seed(101), session="tab 5")
    with pytest.raises(ExplainerError, match="The lab is full"):
        bench.join(seed(101))
    bench.join(seed(0), session="tab 5")  # what somebody else is training
    for number in range(200, 200 + WAITING * CEILING):
        with suppress(ExplainerError):
            bench.join(seed(number), session=f"tab {number}")
    assert len(bench._line) <= WAITING * CEILING


def test_one_that_tells_nothing_gives_its_place_back(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(it, "QUIET_S", 1.5)
    silent = tell("time.sleep(60)").join(seed(1))
    telling = tell(
        '[(print(\'{"kind": "step"}\', flush=True), time.sleep(0.3)) for _ in range(14)]; '
        'print(\'{"kind": "done"}\')'
    ).join(seed(1))
    begun = time.monotonic()
    while not (silent.ended and telling.ended):
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    assert silent.state == "failed"
    assert telling.state == "done"  # longer in all than a silent one may take
