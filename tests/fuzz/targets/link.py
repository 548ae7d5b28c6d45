"""``Link`` and ``hear``: whatever a board says, its words, or one line about the port."""

from collections import deque
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
from promise import refused_as_documented

from lstm_se.chip import link, silicon

PIECE = 64  # bytes that one read gives


def said(data: bytes) -> bytes:
    """A byte of what to do, then what is said; a sum is added to what should have one.

    Two random bytes are hardly ever the sum of what stands before them.
    """
    parts = []
    for piece in data.split(b"\n\n"):
        how, content = piece[:1], piece[1:]
        if how == b"l":
            content = b"\nse " + content + b"crc=%04X\n" % link.crc16(b"se " + content)
        parts.append(link.frame(content) if how == b"f" else content)
    return b"".join(parts)


class Port:
    """What pyserial would open."""

    def __init__(self, data: bytes) -> None:
        places = range(0, len(data), PIECE)
        self._pieces = deque(data[place : place + PIECE] for place in places)
        self.in_waiting = PIECE

    def read(self, _: int) -> bytes:
        return self._pieces.popleft() if self._pieces else b""

    def write(self, _: bytes) -> None:
        pass


def check(data: bytes, _: Path) -> None:
    serial = SimpleNamespace(Serial=lambda *_, **__: Port(said(data[1:])))
    clock = SimpleNamespace(monotonic=count().__next__)  # every look at it takes a second
    module = mock.patch.object(link.optional, "module", lambda *_: serial)
    refused = refused_as_documented("board", ValueError, OSError)
    with module, mock.patch.object(link, "time", clock), refused:
        opened = link.Link("board", patience=9)
        if data[:1] == b"h":
            silicon.hear(opened, 9)
        elif data[:1] == b"a":
            opened.ask()
        else:
            samples, cycles = opened.denoise(np.zeros(link.HOP, np.int16))
            assert samples.shape == (link.HOP,) and 0 <= cycles < 2**32
