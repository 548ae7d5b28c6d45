"""What surrounds the processor of the board: time, two rings of sound, a light, a counter.

A program reaches it by a block of registers that no real chip has: ``tests/cube/stand_in.c`` turns
calls of ST's drivers into loads and stores of it.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable

import numpy as np

from .data_cache import DataCache
from .usart import RXNE, Usart, Wire

CYCLES_PER_US = 216
CYCLES_PER_SAMPLE = 216_000_000 / 16_000
STALE = 4  # frames of before the start that wait in the microphones' FIFO
STOPS_AFTER = 5 * 256  # frames after which a ring stops that does so
PREFETCH = 5  # frames that the headphones' FIFO fetches before they play
REGISTERS = (
    "wait_us",
    "tick_us",
    "in_address",
    "in_length",
    "out_address",
    "out_length",
    "events",
    "clean_address",
    "clean_size",
    "invalidate_address",
    "invalidate_size",
    "light",
    "button",
    "character",
    "slots",
    "volume",
    "faults",
    "control",
    "cycles",
    "lock",
    "serial_divider",
    "serial_state",
    "serial_clear",
    "serial_received",
    "serial_send",
)
KEY = 0xC5AC_CE55  # opens the cycle counter
IN_EVENTS, OUT_EVENTS = (1, 2), (4, 8)  # ends of the two halves
HARD_FAULT, SYSTICK, OUT_STREAM, IN_STREAM = 3, 15, 16 + 60, 16 + 70  # places of vectors
POLL_US = 1000  # that a read of a register takes in a loop of nothing else:
PATIENCE, AT_ONCE = 4, 100  # so many reads, at most so many cycles apart


class Defect(enum.IntFlag):
    """What is broken on the board, or configured by somebody else."""

    NONE = 0
    CRYSTAL = 1
    OVER_DRIVE = 2
    CODEC = 4
    WORDS = 8  # the DMA moves words in place of half-words
    DEAF = 16  # the microphones' ring does not start
    MUTE = 32  # the headphones' ring does not start
    DEAF_LATER = 64  # the microphones' ring stops after a while
    MUTE_LATER = 128  # the headphones' ring does


class Ring:
    """A ring of frames, left and right, that a DMA goes round in.

    Attributes:
        count: Frames that were moved so far.
        due: Cycle at which the next one moves.
    """

    def __init__(
        self, address: int, samples: int, first: float, events: tuple[int, int], stops: bool
    ) -> None:
        """Start.

        Args:
            address: Where the ring lies.
            samples: Its length, left and right counted apart.
            first: Cycle at which the first frame moves.
            events: What is reported at the end of either half.
            stops: Whether it does so after a while.
        """
        self._stops = stops
        self._address, self._frames = address, samples // 2
        self._events = {self._frames // 2: events[0], 0: events[1]}
        self.count, self.due = 0, first

    @property
    def place(self) -> int:
        """Address of the next frame."""
        return self._address + 4 * (self.count % self._frames)

    def advance(self) -> int:
        """Count a frame; returns what is reported then, or 0."""
        self.count += 1
        stopped = self._stops and self.count >= STOPS_AFTER
        self.due = float("inf") if stopped else self.due + CYCLES_PER_SAMPLE
        return self._events.get(self.count % self._frames, 0)


class Devices:
    """Time passes, sound comes and goes.

    Attributes:
        now: Cycles since the start.
        registers: Name to value.
        rings: ``"in"`` and ``"out"``, once they run.
        tick: Whether SysTick waits to be served.
        next_step: Cycle at which something may happen next.
        played: Frames so far, left and right.
        usart: The serial port.
        light: Each change of the light: cycle, and whether it is on.
        text: What went to the debugger's console.
    """

    def __init__(
        self,
        cache: DataCache,
        heard: np.ndarray,
        defects: Defect,
        prefetch: int = PREFETCH,
        wire: Wire | None = None,
    ) -> None:
        """Begin at time 0, all registers 0.

        Args:
            cache: Between the rings and the processor.
            heard: int16 ``(frames, 2)``, what the microphones hear; it begins again at its end.
            defects: What is broken.
            prefetch: Frames that the headphones' FIFO fetches before they play.
            wire: At the serial port; one that nobody looks at if ``None``.
        """
        self.usart = Usart(wire or Wire())
        self.now, self.text, self.tick = 0.0, "", False
        self.registers = dict.fromkeys(REGISTERS, 0) | {"faults": int(defects)}
        self.rings: dict[str, Ring] = {}
        self.played: list[tuple[int, int]] = []
        self.light: list[tuple[float, bool]] = []
        self._cache, self._heard, self._prefetch = cache, heard, prefetch
        self._step = CYCLES_PER_SAMPLE / 2
        self.next_step, self._next_tick, self._counter_began = 0.0, float("inf"), 0.0
        self._reads: dict[str, tuple[float, int]] = {}
        self._answers: dict[str, Callable[[int], None]] = {
            "wait_us": lambda microseconds: self.elapse(microseconds * CYCLES_PER_US),
            "tick_us": self._start_ticks,
            "in_length": self._record,
            "out_length": self._play,
            "clean_size": lambda size: cache.clean(self.registers["clean_address"], size),
            "invalidate_size": self._invalidate,
            "light": lambda on: self.light.append((self.now, bool(on))),
            "character": self._print,
            "cycles": self._set_counter,
            "serial_divider": self._open_port,
            "serial_clear": self.usart.clear,
            "serial_send": self._send,
        }
        self._questions: dict[str, Callable[[], int]] = {
            "cycles": self._count,
            "serial_state": self._port_state,
            "serial_received": self.usart.take,
        }

    def elapse(self, cycles: float) -> None:
        """Let time pass, in steps of half a sample, so that all things have their order."""
        self.now += cycles
        if self.next_step > self.now:
            return
        while self.next_step <= self.now:
            for ring in self.rings.values():
                while ring.due <= self.next_step:
                    self._move(ring)
            self._cache.evict()
            if self._next_tick <= self.next_step:
                self.tick = True
                self._next_tick += self.registers["tick_us"] * CYCLES_PER_US
            self.next_step += self._step
        self.usart.listen(self.now)

    def request(self) -> int:
        """Place of the vector of what interrupts, the most urgent first, or 0."""
        events = self.registers["events"]
        if not events:
            return SYSTICK if self.tick else 0
        return IN_STREAM if events & sum(IN_EVENTS) else OUT_STREAM

    def load(self, offset: int) -> int:
        """A register, by its place in the block."""
        name = REGISTERS[offset // 4]
        return self._questions[name]() if name in self._questions else self.registers[name]

    def store(self, offset: int, value: int) -> None:
        """Write a register, and do what that means."""
        name = REGISTERS[offset // 4]
        if name == "events":
            self.registers[name] &= ~value
            return
        self.registers[name] = value
        self._answers.get(name, lambda value: None)(value)

    def _record(self, samples: int) -> None:
        """Start the microphones' ring: its FIFO is full of what came before."""
        first = self.now - STALE * CYCLES_PER_SAMPLE
        stops = bool(self.registers["faults"] & Defect.DEAF_LATER)
        self.rings["in"] = Ring(self.registers["in_address"], samples, first, IN_EVENTS, stops)

    def _play(self, samples: int) -> None:
        """Start the headphones' ring: its FIFO fetches ahead."""
        first = self.now - self._prefetch * CYCLES_PER_SAMPLE
        stops = bool(self.registers["faults"] & Defect.MUTE_LATER)
        self.rings["out"] = Ring(self.registers["out_address"], samples, first, OUT_EVENTS, stops)

    def _move(self, ring: Ring) -> None:
        """Let the DMA move a frame."""
        if ring is self.rings.get("in"):
            frame = self._heard[ring.count % len(self._heard)]
            self._cache.dma_write(ring.place, struct.pack("<2h", *frame))
        else:
            self.played.append(struct.unpack("<2h", self._cache.dma_read(ring.place, 4)))
        self.registers["events"] |= ring.advance()

    def _invalidate(self, size: int) -> None:
        self._cache.invalidate(self.registers["invalidate_address"], size)

    def _print(self, character: int) -> None:
        self.text += chr(character)

    def _start_ticks(self, microseconds: int) -> None:
        self._next_tick = self.now + microseconds * CYCLES_PER_US

    def _set_counter(self, value: int) -> None:
        self._counter_began = self.now - value

    def _open_port(self, divider: int) -> None:
        self.usart.divider = divider

    def _port_state(self) -> int:
        """The state of the serial port; where it has changed, the program may have work to do."""
        before = self.usart.state(self.now)
        if not before & RXNE:
            self._poll("serial_state")
        if (state := self.usart.state(self.now)) != before:
            self._reads.pop("serial_state", None)
        return state

    def _send(self, byte: int) -> None:
        self._reads.pop("serial_state", None)
        self.usart.send(byte, self.now)

    def _count(self) -> int:
        """The cycle counter."""
        self._poll("cycles")
        if self.registers["lock"] != KEY or not self.registers["control"] & 1:
            return 0
        return int(self.now - self._counter_began) & 0xFFFF_FFFF

    def _poll(self, name: str) -> None:
        """A program reads a register; where it does nothing else, time flies."""
        last, quick_reads = self._reads.get(name, (0.0, 0))
        quick_reads = quick_reads + 1 if self.now - last < AT_ONCE else 0
        if quick_reads > PATIENCE:
            self._fly(self.now + POLL_US * CYCLES_PER_US)
        self._reads[name] = self.now, quick_reads

    def _fly(self, end: float) -> None:
        """Let time pass, until the serial port has news at the latest."""
        usart = self.usart
        if not usart.under_way:
            usart.wire.wait(POLL_US / 1e6)
        while self.now < end and (change := usart.next_change(self.now)) > self.now:
            news = usart.under_way
            self.elapse(min(end, change) - self.now)
            if news:
                return
