"""Refuses what would leave this machine: in the tests, and in every Python that they start.

Python imports a module of this name by itself where it finds one; ``conftest.py`` tells it where.
"""

import sys


def refuse(event, arguments):
    """Raise where a socket, or the name of a host, leads elsewhere."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # else a path
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if isinstance(host, str) and host not in ("", "localhost", "::1") and host[:4] != "127.":
        # No OSError, which a program that can do without a network would catch.
        raise RuntimeError(f"a test asks for {host}: tests have no network, start a server")


sys.addaudithook(refuse)
