"""Open the app to a class on your network, with a code for pupils and a page for the teacher."""

import argparse
import io
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import psutil
import segno

from core.classroom import CODE, TOKEN, VARIABLE, Opening, digest, draw_letters
from core.commands.arguments import whole
from core.errors import ExplainerError
from core.models.catalog import ROOT

PORT = 8501
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY = "0.0.0.0"
INSIDE = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "podman")  # of this machine
USUAL = ("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12")  # what schools and homes have, in order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where pupils find the app."""
    parser.add_argument("--port", type=whole, default=PORT, metavar="N", help=f"default {PORT}")
    parser.add_argument(
        "--address",
        metavar="NAME",
        help="what pupils type: an address or a name of this machine (default: found out)",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:  # Any: what JSON holds
    """Print the way in, then serve until it is stopped."""
    if not 1 <= arguments.port <= 65535:
        raise ExplainerError(f"There is no port {arguments.port}.", "Choose 1 to 65535.")
    names = [arguments.address] if arguments.address else find_addresses()
    if not names:
        raise ExplainerError(
            "This machine is on no network.", "Join one, or say --address 127.0.0.1 to try it."
        )
    token = draw_letters(TOKEN)
    opening = Opening(draw_letters(CODE), digest(token), _url(names[0], arguments.port))
    print(_say_way_in(opening, token, names, arguments.port), flush=True)
    if _serve(server(names, arguments.port), opening):
        raise ExplainerError(
            "The server ended by itself.",
            "The reason stands above; a port in use is the usual one.",
        )
    return {"address": opening.address, "ended": True}


def tell(answer: dict[str, Any]) -> list[str]:  # Any: as above
    """Say that it is over."""
    return [f"The class at {answer['address']} is over; nothing of it was kept."]


def find_addresses() -> list[str]:
    """Return this machine's IPv4 addresses that others may reach, the likeliest first."""
    running = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        ipaddress.IPv4Address(address.address)
        for name, addresses in psutil.net_if_addrs().items()
        if name in running and not name.startswith(INSIDE)
        for address in addresses
        if address.family == socket.AF_INET
    ]
    ranges = [ipaddress.IPv4Network(text) for text in USUAL]
    near = {one: next((at for at, some in enumerate(ranges) if one in some), 9) for one in found}
    outside = (one for one in found if not one.is_loopback and not one.is_link_local)
    return [str(one) for one in sorted(outside, key=near.__getitem__)]


def server(names: list[str], port: int) -> list[str]:
    """Return the command that serves the app under some names, and under no others.

    Args:
        names: what pupils may type; one that is an address of the loopback opens nothing else.
        port: to listen on.
    """
    inside = names[0] in LOOPBACK
    hosts = dict.fromkeys((*names, *LOOPBACK))
    return [
        sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port),
        "--server.address", "127.0.0.1" if inside else EVERY,
        "--browser.serverAddress", names[0],  # else Streamlit asks a host in the Internet for it
        *(part for host in hosts for part in ("--server.allowedHosts", host)),
    ]  # fmt: skip


def _serve(command: list[str], opening: Opening) -> int:
    """Serve until somebody ends it, here or by a signal; returns the server's status."""
    env = {**os.environ, VARIABLE: opening.to_json()}
    with subprocess.Popen(command, cwd=ROOT, env=env) as served:
        signal.signal(signal.SIGTERM, lambda *_: served.terminate())
        while True:
            try:
                return served.wait()
            except KeyboardInterrupt:  # the server got it as well, and ends
                continue


def _say_way_in(opening: Opening, token: str, names: list[str], port: int) -> str:
    others = [f"  or    {_url(name, port)}" for name in names[1:]]
    reached = (
        "Nothing but this machine can reach it."
        if names[0] in LOOPBACK
        else "Whoever is on this network can reach the page that asks for the code."
    )
    return "\n".join(
        [
            _square(opening.link),
            f"Pupils  {opening.address}",
            *others,
            f"Code    {opening.code}",
            "",
            f"Teacher {opening.address}/teacher",
            f"Token   {'-'.join(token[at : at + 4] for at in range(0, TOKEN, 4))}",
            "",
            f"{reached} Ctrl-C ends it.",
        ]
    )


def _square(link: str) -> str:
    """Draw a QR code for a dark terminal; "" where the terminal has no letters for it."""
    drawn = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawn, border=2, compact=True)
    square = drawn.getvalue()
    try:
        square.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return ""
    return square


def _url(name: str, port: int) -> str:
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"
