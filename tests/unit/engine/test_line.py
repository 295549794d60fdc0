"""The waiting line: turns between sessions, order within one."""

from core.engine.line import FairLine


def taken(line: FairLine[str]) -> list[str]:
    order = []
    while (turn := line.first()) is not None:
        line.take(*turn)
        order.append(turn[1])
    return order


def test_sessions_take_turns_whoever_asks_most() -> None:
    line: FairLine[str] = FairLine()
    for number in range(5):
        line.push("spammer", f"s{number}")
    line.push("ann", "a0")
    line.push("bob", "b0")
    line.push("ann", "a1")
    assert line.order() == ["s0", "a0", "b0", "s1", "a1", "s2", "s3", "s4"]
    assert len(line) == 8
    assert taken(line) == ["s0", "a0", "b0", "s1", "a1", "s2", "s3", "s4"]
    assert len(line) == 0
    assert line.first() is None


def test_whoever_comes_back_waits_for_the_others_turn() -> None:
    line: FairLine[str] = FairLine()
    line.push("ann", "a0")
    line.push("ann", "a1")
    line.push("bob", "b0")
    line.take(*(line.first() or ("", "")))
    line.push("ann", "a2")
    assert line.order() == ["b0", "a1", "a2"]


def test_an_item_of_two_sessions_is_taken_in_the_earlier_turn_for_both() -> None:
    line: FairLine[str] = FairLine()
    for number in range(3):
        line.push("spammer", f"s{number}")
    line.push("ann", "s2")
    assert line.order() == ["s0", "s2", "s1"]
    assert taken(line) == ["s0", "s2", "s1"]


def test_removing_for_one_session_leaves_it_for_the_other() -> None:
    line: FairLine[str] = FairLine()
    line.push("ann", "x")
    line.push("bob", "x")
    line.remove("x", "ann")
    assert line.first() == ("bob", "x")
    line.remove("x")
    assert len(line) == 0
    line.remove("x")
    line.remove("x", "nobody")


def test_sessions_that_may_not_are_passed_over_and_keep_their_place() -> None:
    line: FairLine[str] = FairLine()
    line.push("ann", "a0")
    line.push("bob", "b0")
    assert line.first(lambda session: session != "ann") == ("bob", "b0")
    assert line.first(lambda _: False) is None
    assert line.order() == ["a0", "b0"]


def test_pushing_twice_for_one_session_waits_once() -> None:
    line: FairLine[str] = FairLine()
    line.push("ann", "x")
    line.push("ann", "x")
    assert taken(line) == ["x"]
