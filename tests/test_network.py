"""Nothing asks the network: no module when it is imported, and no test."""

import importlib
import pkgutil
import socket
import subprocess
import sys

import pytest

import lstm_se


@pytest.mark.parametrize(
    "ask",
    [
        lambda: socket.create_connection(("192.0.2.1", 9), timeout=1),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 9)),
        lambda: socket.getaddrinfo("192.0.2.1", 9),
    ],
    ids=["connect", "send", "look up"],
)
def test_tests_are_kept_on_this_machine(ask):
    with pytest.raises(RuntimeError, match=r"asks for 192\.0\.2\.1"):
        ask()


def test_what_a_test_starts_is_kept_there_too():
    code = "import urllib.request as r; r.urlopen('http://192.0.2.1', timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "asks for 192.0.2.1" in done.stderr


def test_this_machine_can_be_asked():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()


@pytest.mark.slow
def test_no_module_asks_the_network_when_it_is_imported():
    """Refused above: here it is enough that each of them is imported."""
    names = {part.name for part in pkgutil.walk_packages(lstm_se.__path__, "lstm_se.")}
    for name in names - {"lstm_se.__main__"}:  # runs the command line
        importlib.import_module(name)
