"""A board at a serial port: the lines that it says, and hops through its denoiser and back.

The twin of ``firmware/examples/stm32f746g-disco/link.c``; the header beside that says what goes
over the wire.
"""

from __future__ import annotations

import binascii
import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from .. import optional
from .stft import HOP

BAUD = 115_200
ASK, FRAME = b"T", b"\x02"
ASKS = 3  # times that the board is asked before it counts as deaf
POLL = 0.1  # seconds that a read waits at most
LONGEST_LINE = (
    60.0  # seconds more that a first line may take: of a board that is too slow for its sound
)
HOP_AND_CYCLES = 2 * HOP + 4  # bytes
_BUSY = "another program has it open, perhaps only for some seconds after it was plugged in"
REASONS = {
    errno.ENOENT: "there is no such serial port",
    errno.EACCES: "you may not open it: on Linux, join the group that owns it, mostly dialout",
    errno.EAGAIN: _BUSY,
    errno.EBUSY: _BUSY,
    None: "it is no serial port",
}
# on Windows the driver gives no number, but names the system's error in its text
ON_WINDOWS = {"FileNotFoundError": errno.ENOENT, "PermissionError": errno.EBUSY}


class Line(NamedTuple):
    """A line of the board.

    Attributes:
        kind: ``"health"``, ``"ready"`` or ``"stopped"``.
        words: The others, by name.
    """

    kind: str
    words: dict[str, str]


def crc16(content: bytes) -> int:
    """CRC-16 with the polynomial 0x1021, from 0xFFFF on."""
    return binascii.crc_hqx(content, 0xFFFF)


def read_line(text: bytes) -> Line | None:
    """A line from its text; ``None`` if it is none, or its checksum is wrong."""
    body, mark, crc = text.strip().rpartition(b"crc=")
    if not (mark and body.startswith(b"se ") and crc == b"%04X" % crc16(body)):
        return None
    _, *said = body.decode("ascii", "replace").split()
    if not said:
        return None
    kind, *words = said
    pairs = (word.partition("=") for word in words)
    return Line(kind, {key: value for key, _, value in pairs})


def frame(content: bytes) -> bytes:
    """A frame: its length and its checksum around the content."""
    counted = len(content).to_bytes(2, "little") + content
    return FRAME + counted + crc16(counted).to_bytes(2, "little")


class Link:
    """An open port with a board at its other end.

    Attributes:
        port: Its name.
        broken: Lines so far whose checksum was wrong.
    """

    def __init__(self, port: str, baud: int = BAUD, patience: float = 3.0) -> None:
        """Open a port.

        Args:
            port: Name, for instance ``/dev/ttyACM0``.
            baud: Bits a second, the same as in the example.
            patience: Seconds that the board may take to answer.

        Raises:
            ValueError: If the extra ``board`` is not installed.
            OSError: If there is no such port, or it cannot be used.
        """
        self.port, self.broken = port, 0
        self._baud, self._patience = baud, patience
        self._heard = bytearray()
        serial = optional.module("serial", "pyserial", "board")
        try:
            self._serial = serial.Serial(
                port, baud, timeout=POLL, write_timeout=patience, exclusive=True
            )
        except OSError as error:
            raise OSError(f"{port}: {_reason(error)}; {_ports()}") from None

    def __enter__(self) -> Link:
        """Use it in a ``with`` block, which closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._serial.close()

    def lines(self, seconds: float) -> Iterator[Line]:
        """Listen for so many seconds, or longer while a first line is on its way, byte by byte.

        What comes before the first end of a line does not count.

        Raises:
            ValueError: If nothing comes in that time, or nothing that is a line, or the board has
                given up.
            OSError: If the port is gone.
        """
        end, heard, good, begun = time.monotonic() + seconds, bytearray(), 0, False
        while (late := time.monotonic() - end) < 0 or (
            late < LONGEST_LINE and not good and self._is_on_its_way(heard)
        ):
            heard += self._listen()
            for text in self._whole_lines():
                if line := self._understand(text):
                    good += 1
                    yield line
                elif begun and text.strip():
                    self.broken += 1
                begun = True
        if not good:
            raise self._trouble(self._why_no_line(heard, seconds))

    def ask(self) -> None:
        """Ask for the exchange of hops, and wait until the board is ready.

        Raises:
            ValueError: If it does not answer, or has given up.
            OSError: If the port is gone.
        """
        for _ in range(ASKS):
            self._write(ASK)
            end = time.monotonic() + self._patience
            while time.monotonic() < end:
                self._listen()
                lines = filter(None, map(self._understand, self._whole_lines()))
                if any(line.kind == "ready" for line in lines):
                    return
        raise self._trouble("the board speaks, and does not hear: does PB7 receive?")

    def denoise(self, hop: np.ndarray) -> tuple[np.ndarray, int]:
        """Send a hop through the board's denoiser.

        Args:
            hop: int16 ``(256,)``.

        Returns:
            int16 ``(256,)``, and the processor's cycles.

        Raises:
            ValueError: If the hop or the answer is damaged, or no answer comes, or the board has
                given up.
            OSError: If the port is gone.
        """
        self._write(frame(hop.astype("<i2").tobytes()))
        content = self._content()
        if len(content) != HOP_AND_CYCLES:
            raise self._trouble("a hop was damaged on its way: try again, or another cable")
        samples = np.frombuffer(content, "<i2", HOP).astype(np.int16)
        return samples, int.from_bytes(content[2 * HOP :], "little")

    def end(self) -> None:
        """Let the board go on with its own microphones.

        Raises:
            OSError: If the port is gone.
        """
        self._write(frame(b""))

    def _content(self) -> bytes:
        """Content of the next frame; nothing if it is damaged."""
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            self._listen()
            text, _, rest = self._heard.partition(FRAME)
            for line in text.split(b"\n"):
                self._understand(bytes(line))
            if b"se health" in text:
                raise self._trouble("the board began anew amid the sound: was it reset?")
            size = int.from_bytes(rest[:2], "little") + 4
            if len(rest) >= size:
                counted, crc = bytes(rest[: size - 2]), bytes(rest[size - 2 : size])
                self._heard = rest[size:]
                return counted[2:] if crc == crc16(counted).to_bytes(2, "little") else b""
        raise self._trouble(f"no answer within {self._patience:g} s: was the board reset?")

    def _understand(self, text: bytes) -> Line | None:
        """A line from its text, or none.

        Raises:
            ValueError: If it says that the board has given up.
        """
        line = read_line(text)
        if line and line.kind == "stopped":
            cause = line.words.get("cause", "")
            raise self._trouble(f"the board gave up: {cause}; see firmware/README.md")
        return line

    def _is_on_its_way(self, heard: bytearray) -> bool:
        """Whether what was heard is text, without a whole line so far."""
        return b"=" in heard and heard.isascii() and not self.broken

    def _why_no_line(self, heard: bytearray, seconds: float) -> str:
        if not heard:
            return f"nothing heard in {seconds:g} s: does the example run there?"
        if self._is_on_its_way(heard):
            slow = "is the processor too slow for its sound? see firmware/README.md"
            return f"{len(heard)} bytes in {seconds + LONGEST_LINE:g} s, and no whole line: {slow}"
        both = f"do both ends have {self._baud} baud?"
        return f"{len(heard)} bytes, but no line with a right checksum: {both}"

    def _listen(self) -> bytes:
        """Take what has come, or wait a little for it."""
        with self._plugged_in():
            came = self._serial.read(self._serial.in_waiting or 1)
        self._heard += came
        return bytes(came)

    def _write(self, content: bytes) -> None:
        with self._plugged_in():
            self._serial.write(content)

    def _whole_lines(self) -> list[bytes]:
        """Take all lines that have ended."""
        *whole, self._heard = self._heard.split(b"\n")
        return [bytes(line) for line in whole]

    def _trouble(self, what: str) -> ValueError:
        return ValueError(f"{self.port}: {what}")

    @contextmanager
    def _plugged_in(self) -> Iterator[None]:
        """Raises one kind of error, whatever the driver says of a port that is gone."""
        try:
            yield
        except OSError:
            raise OSError(f"{self.port}: the port is gone: was the board unplugged?") from None


def _reason(error: OSError) -> str:
    """Why a port was not opened, in words."""
    by_name = (number for name, number in ON_WINDOWS.items() if name in str(error))
    number = error.errno or next(by_name, None)
    return REASONS.get(number) or str(error.strerror)


def _ports() -> str:
    """The ports that there are, in words."""
    tools = optional.module("serial.tools.list_ports", "pyserial", "board")
    names = ", ".join(f"{port.device} ({port.description})" for port in tools.comports())
    return f"there are: {names}" if names else "no other is there: plug the board's ST-LINK in"
