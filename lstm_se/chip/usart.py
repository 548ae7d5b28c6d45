"""The serial port of the simulated board: one byte at a time, and the cable it goes through."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

RXNE, TXE, OVERRUN = 0x20, 0x80, 0x08  # of the register ISR, as are the errors of a byte
FRAMING = 0x02
FRAME_BITS = 10  # start, eight bits, stop


class Wire:
    """A cable with a computer at its other end: here one that a test plays.

    Attributes:
        said: What came from the board so far.
        asked: What waits to go to the board; a byte with 256 added has no stop bit.
    """

    def __init__(self) -> None:
        """Begin in silence."""
        self.said = bytearray()
        self.asked: deque[int] = deque()

    def write(self, byte: int, divider: int) -> None:
        """Take a byte of the board, sent at the rate of its clock divided so."""
        self.said.append(byte)

    def read(self, divider: int) -> Iterable[int]:
        """Give the board all that the computer sends by now."""
        sent, self.asked = self.asked, deque()
        return sent

    @property
    def silent(self) -> bool:
        """Whether nothing will come before the board says something."""
        return not self.asked

    def wait(self, seconds: float) -> None:
        """The board does nothing but wait, for so long: let the computer do something meanwhile."""


class Usart:
    """Registers of one byte in each direction, and the time that a byte needs.

    Attributes:
        wire: The cable.
        divider: Of the clock, 108 MHz; 0 while the port is closed.
    """

    def __init__(self, wire: Wire) -> None:
        """Start closed."""
        self.wire, self.divider = wire, 0
        self._room_from = self._sent_at = 0.0  # when the next byte has room; when the last has gone
        self._coming: deque[tuple[float, int]] = deque()  # cycle of its end, and byte
        self._going: deque[tuple[float, int]] = deque()
        self._last_came = 0.0
        self._received, self._flags = 0, 0

    @property
    def under_way(self) -> bool:
        """Whether a byte is on its way, there or back."""
        return bool(self._coming or self._going)

    def listen(self, now: float) -> None:
        """Let come and go what is on its way; what finds the last byte still there is lost."""
        if not self.divider:
            return
        while self._going and self._going[0][0] <= now:
            self.wire.write(self._going.popleft()[1], self.divider)
        for byte in self.wire.read(self.divider):
            self._last_came = max(now, self._last_came) + self._byte_cycles
            self._coming.append((self._last_came, byte))
        while self._coming and self._coming[0][0] <= now:
            _, byte = self._coming.popleft()
            if self._flags & RXNE:
                self._flags |= OVERRUN
            else:
                self._received = byte & 0xFF
                self._flags |= RXNE | (FRAMING if byte > 0xFF else 0)

    def state(self, now: float) -> int:
        """The register ISR."""
        self.listen(now)
        return self._flags | (TXE if self.divider and now >= self._room_from else 0)

    def next_change(self, now: float) -> float:
        """Cycle before which the state does not change.

        If a byte waits and another one comes, that is now: to be late would lose one.
        """
        if self._flags & RXNE and self._coming:
            return now
        if self.under_way:
            return min(queue[0][0] for queue in (self._coming, self._going) if queue)
        nothing = self.wire.silent or not self.divider
        return float("inf") if nothing else now + self._byte_cycles  # none comes sooner

    def clear(self, flags: int) -> None:
        """The register ICR: forget errors."""
        self._flags &= ~flags | RXNE

    def take(self) -> int:
        """The register RDR: the byte that came."""
        self._flags &= ~RXNE
        return self._received

    def send(self, byte: int, now: float) -> None:
        """The register TDR: a byte to send; without room it is lost."""
        if now >= self._room_from:
            self._room_from, begins = self._sent_at, max(now, self._sent_at)
            self._sent_at = begins + self._byte_cycles
            self._going.append((self._sent_at, byte & 0xFF))

    @property
    def _byte_cycles(self) -> int:
        return FRAME_BITS * self.divider * 2  # the processor's clock is twice the port's
