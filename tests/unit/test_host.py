"""What a host lets the app hold and do is read from one variable."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from core.host import SMALL, VARIABLE, Host, host


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    host.cache_clear()
    yield
    host.cache_clear()


@pytest.mark.parametrize(
    ("told", "expected"),
    [(None, Host()), ("", Host()), ("0", Host()), ("1", SMALL), ("yes", SMALL), ("00", SMALL)],
)
def test_a_small_host_is_said_by_one_variable(
    monkeypatch: pytest.MonkeyPatch, told: str | None, expected: Host
) -> None:
    if told is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, told)
    assert host() == expected


def test_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = host()
    monkeypatch.setenv(VARIABLE, "0" if first.shared else "1")
    assert host() is first


def test_a_small_host_has_less_of_everything_and_says_so() -> None:
    own = Host()
    for field in fields(Host):
        small, usual = getattr(SMALL, field.name), getattr(own, field.name)
        assert small > usual if field.name in ("shared", "narrower") else small < usual, field.name
