"""What a class shares is bounded, told apart by pupil, and forgotten with the process."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import core.classroom as it
from core.classroom import BOARD, EACH, HIDDEN, MOST_BYTES, NAMES, Classroom, Opening, digest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ABCD-EFGH-JKLM-NPQR-STUV"
OPENING = Opening("QRS234", digest(TOKEN), "http://127.0.0.1:1")


@pytest.fixture
def room() -> Classroom:
    return Classroom(OPENING)


def here() -> bool:
    return True


@pytest.mark.parametrize("given", ["QRS234", "qrs234", " qrs-234 ", "QRS 234"])
def test_a_code_is_taken_however_it_is_spelled(room: Classroom, given: str) -> None:
    assert room.admits(given)
    assert not room.knows(given)


@pytest.mark.parametrize("given", ["", "QRS23", "QRS2345", "QRS235", "é" * 9, "\0", "Q" * 10**6])
def test_no_other_is(room: Classroom, given: str) -> None:
    assert not room.admits(given)
    assert not room.knows(given)


def test_the_token_is_known_and_nowhere_to_be_read(room: Classroom) -> None:
    assert room.knows(TOKEN.lower().replace("-", ""))
    assert not room.knows(TOKEN[:-1])
    assert not room.admits(TOKEN)
    assert it.read_letters(TOKEN) not in OPENING.to_json() + OPENING.link


def test_codes_and_tokens_are_as_long_as_they_say_and_differ() -> None:
    drawn = {it.draw_letters(it.TOKEN) for _ in range(200)}
    assert len(drawn) == 200
    assert {len(it.read_letters(one)) for one in drawn} == {it.TOKEN}
    assert len(it.LETTERS) == len(set(it.LETTERS)) == 32


def test_names_differ_and_are_bounded(room: Classroom) -> None:
    names = [room.new_name(here) for _ in range(NAMES + 50)]
    assert len(set(names[:NAMES])) == NAMES
    assert all(len(name.split()) == 2 for name in names)
    assert room.present() == NAMES


def test_who_has_left_is_counted_no_more(room: Classroom) -> None:
    there = [True, False, True]
    for one in there:
        room.new_name(lambda one=one: one)
    assert room.present() == 2


def test_board_holds_the_newest_few_of_each_and_not_too_many(room: Classroom) -> None:
    names = [room.new_name(here) for _ in range(BOARD)]
    for run in range(EACH + 2):
        assert room.pin(names[0], str(run), "a cat", b"x")
    assert [one.run for one in room.state.board] == [str(EACH + 1 - run) for run in range(EACH)]
    for name in names:
        room.pin(name, "last", "a " * 10_000, b"x" * MOST_BYTES)
    board = room.state.board
    assert len(board) == BOARD
    assert {one.name for one in board} == set(names)  # the newest of each is there
    assert sum(len(one.picture) + len(one.prompt) for one in board) <= BOARD * (MOST_BYTES + 300)


def test_what_may_not_stand_on_the_board_does_not(room: Classroom) -> None:
    name = room.new_name(here)
    assert not room.pin("somebody else", "1", "a cat", b"x")
    assert not room.pin(name, "1", "a cat", b"x" * (MOST_BYTES + 1))
    assert room.state.board == ()


def test_hidden_stays_hidden_and_a_pupil_can_withdraw(room: Classroom) -> None:
    name, other = room.new_name(here), room.new_name(here)
    for pupil in (name, other):
        room.pin(pupil, "1", "a cat", b"x")
    (seen, *_) = [one for one in room.state.board if one.name == name]
    room.hide(seen.number)
    room.hide(seen.number)
    assert not room.pin(name, "1", "a cat", b"x")
    assert [one.name for one in room.state.board] == [other]
    assert room.pin(name, "2", "a dog", b"x")
    room.withdraw(name)
    assert [one.name for one in room.state.board] == [other]
    assert room.pin(name, "2", "a dog", b"x")  # the pupil's own choice, both times


def test_clear_leaves_nothing_set_and_nothing_comes_back(room: Classroom) -> None:
    name = room.new_name(here)
    room.set_rules((("steps", 4),), True, frozenset({"unet"}))
    room.point("unet", ())
    room.pin(name, "1", "a cat", b"x")
    turn = room.state.turn
    room.clear()
    state = room.state
    assert (state.settings, state.locked, state.closed, state.pointed, state.board) == (
        (), False, frozenset(), None, (),
    )  # fmt: skip
    assert state.turn > turn
    assert not room.pin(name, "1", "a cat", b"x")
    assert room.present() == 1


def test_hidden_ones_are_bounded(room: Classroom) -> None:
    name = room.new_name(here)
    for run in range(HIDDEN + 20):
        room.pin(name, str(run), "", b"x")
        room.clear_board()
    assert len(room.state.hidden) == HIDDEN


def test_nothing_is_lost_where_many_write_at_once(room: Classroom) -> None:
    names = [room.new_name(here) for _ in range(8)]

    def write(name: str) -> None:
        for run in range(200):
            room.pin(name, str(run), "", b"x")
            room.point("unet", ())
            room.set_rules((), False, frozenset())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, names))
    assert room.state.turn == 8 * 200
    assert {one.name for one in room.state.board} == set(names)
    assert len(room.state.board) == 8 * EACH
    numbers = [one.number for one in room.state.board]
    assert len(set(numbers)) == len(numbers)


def asked(told: str | None) -> subprocess.CompletedProcess[str]:
    """What a process finds that was told this."""
    code = (
        "import os; from core.classroom import *\n"
        "for _ in range(2):\n"
        "    try: print(classroom() and classroom().opening.code, VARIABLE in os.environ)\n"
        "    except ValueError as error: print(error)\n"
    )
    env = {name: value for name, value in os.environ.items() if name != it.VARIABLE}
    if told is not None:
        env[it.VARIABLE] = told
    return subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True
    )


def test_there_is_a_class_only_where_one_was_opened_and_children_are_not_told() -> None:
    assert asked(None).stdout.splitlines() == ["None False"] * 2
    assert asked(OPENING.to_json()).stdout.splitlines() == ["QRS234 False"] * 2


@pytest.mark.parametrize("told", ["", "{}", "[]", "x", json.dumps({"code": "A"})])
def test_where_it_cannot_be_read_nobody_is_let_in(told: str) -> None:
    assert asked(told).stdout.splitlines() == [f"{it.VARIABLE} cannot be read"] * 2
