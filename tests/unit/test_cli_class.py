"""``python -m core class`` says how to come in, and serves under this machine's names alone."""

import importlib
import io
import json
import re
import socket
from collections import namedtuple
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
import segno

from core.__main__ import main
from core.classroom import VARIABLE, Classroom, Opening

command: Any = importlib.import_module("core.commands.class")  # no name for an import statement
Address = namedtuple("Address", "family address")
Stats = namedtuple("Stats", "isup")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Opening]]:
    """What was to be served, in place of a server."""
    asked: list[tuple[list[str], Opening]] = []
    monkeypatch.setattr(command, "_serve", lambda *told: asked.append(told) or 0)
    return asked


def test_way_in_is_said_and_the_token_to_nobody_else(
    served: list[tuple[list[str], Opening]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["class", "--address", "127.0.0.1", "--port", "8600", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    [(started, opening)] = served
    token = re.search(r"Token +([A-Z2-9-]+)$", said, re.MULTILINE)
    assert token is not None
    assert len(token[1]) == 24
    assert Classroom(opening).knows(token[1])
    assert re.search(rf"Code +{opening.code}$", said, re.MULTILINE)
    assert "http://127.0.0.1:8600/teacher" in said
    assert "Nothing but this machine can reach it." in said
    for told in (" ".join(started), opening.to_json(), (tmp_path / "class.json").read_text()):
        assert token[1] not in told
        assert token[1].replace("-", "") not in told
    square = io.StringIO()
    segno.make(f"http://127.0.0.1:8600/?join={opening.code}", error="m", micro=False).terminal(
        square, border=2, compact=True
    )
    assert square.getvalue() in said
    assert json.loads((tmp_path / "class.json").read_text())["ended"] is True


def test_two_classes_have_different_codes(served: list[tuple[list[str], Opening]]) -> None:
    for _ in range(2):
        main(["class", "--address", "127.0.0.1"])
    assert served[0][1].code != served[1][1].code
    assert served[0][1].digest != served[1][1].digest


def test_only_names_of_this_machine_are_served() -> None:
    inside = command.server(["127.0.0.1"], 8501)
    assert inside[inside.index("--server.address") + 1] == "127.0.0.1"
    outside = command.server(["192.168.1.5", "10.0.0.7"], 8501)
    assert outside[outside.index("--server.address") + 1] == "0.0.0.0"
    assert outside[outside.index("--browser.serverAddress") + 1] == "192.168.1.5"
    hosts = [after for before, after in pairwise(outside)
             if before == "--server.allowedHosts"]  # fmt: skip
    assert hosts == ["192.168.1.5", "10.0.0.7", "127.0.0.1", "localhost", "::1"]


def test_the_likeliest_address_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "lo": "127.0.0.1", "docker0": "172.17.0.1", "vpn": "100.64.3.2", "wlan0": "10.4.5.6",
        "eth0": "192.168.7.8", "off": "192.168.9.9", "auto": "169.254.1.1",
    }  # fmt: skip
    monkeypatch.setattr(
        psutil, "net_if_addrs",
        lambda: {name: [Address(socket.AF_INET, one), Address(socket.AF_INET6, "fe80::1")]
                 for name, one in found.items()},
    )  # fmt: skip
    monkeypatch.setattr(
        psutil, "net_if_stats", lambda: {name: Stats(name != "off") for name in found}
    )
    assert command.find_addresses() == ["192.168.7.8", "10.4.5.6", "100.64.3.2"]


def test_a_machine_without_a_network_is_told_so(
    served: list[tuple[list[str], Opening]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "find_addresses", list)
    assert main(["class"]) == 1
    assert "on no network" in capsys.readouterr().err
    assert main(["class", "--address", "127.0.0.1", "--port", "99999"]) == 1
    assert served == []


def test_server_is_told_the_class_and_its_end_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = f"import os, sys; print(os.environ[{VARIABLE!r}]); sys.exit(3)"
    monkeypatch.setattr(command, "server", lambda *_: [command.sys.executable, "-c", code])
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    assert main(["class", "--address", "127.0.0.1"]) == 1
    assert "ended by itself" in capsys.readouterr().err


def test_a_terminal_without_the_letters_gets_no_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    assert command._square("http://127.0.0.1") == ""
