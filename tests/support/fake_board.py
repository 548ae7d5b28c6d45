"""A board that Python plays at the other end of a pseudo-terminal, with whatever may go wrong."""

import os
import threading
import tty
from contextlib import contextmanager, suppress

from lstm_se.chip import link

TICK = 0.02  # seconds between two things that it says


def line(kind, **words):
    """A line with its checksum."""
    body = f"se {kind} {' '.join(f'{key}={value}' for key, value in words.items())} ".encode()
    return b"\n" + body + b"crc=%04X\n" % link.crc16(body)


@contextmanager
def fake_board(says, answer=None):
    """A board for the length of a test.

    Args:
        says: Number of a tick to the bytes that it sends then.
        answer: Content of a frame to the bytes that it sends back; deaf if ``None``. What it
            raises as ``OSError`` unplugs the board.

    Yields:
        Name of the port.
    """
    board, computer = os.openpty()
    tty.setraw(computer)
    os.set_blocking(board, False)
    ends, off = [board, computer], threading.Event()
    thread = threading.Thread(target=_serve, args=(ends, off, says, answer))
    thread.start()
    try:
        yield os.ttyname(computer)
    finally:
        off.set()
        thread.join()
        for end in ends:
            os.close(end)


def _serve(ends, off, says, answer):
    came, live, tick = b"", True, 0
    while not off.wait(TICK):
        with suppress(BlockingIOError):
            came += os.read(ends[0], 4096)
        if live:
            _send(ends[0], says(tick))
            tick += 1
        if answer and live and link.ASK in came:
            came, live = b"", False
            _send(ends[0], line("ready", samples=256))
        _, mark, rest = came.partition(link.FRAME)
        size = int.from_bytes(rest[:2], "little") + 4
        if mark and len(rest) >= size:
            came, content = rest[size:], rest[2 : size - 2]
            assert link.frame(content) == mark + rest[:size]
            live = not content
            try:
                _send(ends[0], answer(content) if content else b"")
            except OSError:
                while ends:
                    os.close(ends.pop())
                return


def _send(end, content):
    with suppress(BlockingIOError):
        os.write(end, content)
