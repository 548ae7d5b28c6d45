"""The simulated board's serial port as a terminal of this machine, for programs that open one."""

import os
import select
import termios
import threading
import time
import tty
from contextlib import contextmanager, suppress

from lstm_se.chip.usart import Wire

CLOCK = 108_000_000  # of the board's port
RATES = {termios.B9600: 9_600, termios.B38400: 38_400, termios.B115200: 115_200}
SLOW = 10  # a busy machine may need so many times longer than the board waits


class Misread:
    """Bytes as a port takes them that listens at another rate than they are sent at."""

    def __init__(self, sent, read):
        self.step, self.levels, self.place = sent / read, [], 0

    def __call__(self, byte):
        self.levels += [0, *(byte >> bit & 1 for bit in range(8)), 1]
        read = bytearray()
        while 0 in self.levels[self.place :]:
            begin = self.levels.index(0, self.place)
            places = [begin + int((bit + 1.5) * self.step) for bit in range(9)]
            if places[-1] >= len(self.levels):
                break
            read.append(sum(self.levels[place] << bit for bit, place in enumerate(places[:8])))
            self.place = places[-1]
        return bytes(read)


class PtyWire(Wire):
    """A pseudo-terminal.

    Attributes:
        port: Its name.
    """

    def __init__(self):
        super().__init__()
        self._board, computer = os.openpty()
        self.port, self._misread = os.ttyname(computer), None
        tty.setraw(computer)
        os.close(computer)
        os.set_blocking(self._board, False)

    def until_opened(self):
        """Wait for a program that opens the port."""
        end = time.monotonic() + 60
        while self._closed() and time.monotonic() < end:
            time.sleep(0.01)

    def write(self, byte, divider):
        super().write(byte, divider)
        content = self._as_read(byte, CLOCK / divider)
        with suppress(BlockingIOError):  # nobody listens: it goes nowhere
            os.write(self._board, content)

    def read(self, divider):
        try:
            return os.read(self._board, 4096)
        except OSError:  # nothing has come, or nobody is there
            return b""

    @property
    def silent(self):
        return False

    def wait(self, seconds):
        select.select([self._board], [], [], SLOW * seconds)

    def _closed(self):
        poll = select.poll()
        poll.register(self._board, 0)
        return any(event & select.POLLHUP for _, event in poll.poll(0))

    def _as_read(self, byte, rate):
        theirs = RATES[termios.tcgetattr(self._board)[4]]
        if abs(rate / theirs - 1) < 0.03:
            return bytes([byte])
        self._misread = self._misread or Misread(rate, theirs)
        return self._misread(byte)


@contextmanager
def running(board):
    """Let a simulated board run beside the test, as soon as a program listens."""

    def run():
        board.devices.usart.wire.until_opened()
        board.power_on(10**9, 1e9)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield board
    finally:
        board.power_off()
        thread.join()
