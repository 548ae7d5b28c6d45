"""A data cache between a processor and a DMA: two extremes of what a real one may do, or none."""

from __future__ import annotations

from collections.abc import Sequence

from .cortex import Cortex, Symbol

CACHES = ("none", "sticky", "leaky")
CACHE_LINE = 32  # bytes


class DataCache:
    """What the processor and the DMA see of the same arrays.

    The processor sees the emulator's memory. The DMA sees that of the chip, which is the same if
    there is no cache. A real cache keeps a line until it needs the place, and that depends on all
    else that the program touches. A program that is right must be right with any cache, so with:

    - ``"none"``: what is written is heard at once, be it too early;
    - ``"sticky"``: a line stays until the program invalidates it. What is forgotten shows;
    - ``"leaky"``: :meth:`evict`, called often, writes lines back behind the program's back.
    """

    def __init__(self, cpu: Cortex, kind: str, arrays: Sequence[Symbol]) -> None:
        """Start with no line in the cache.

        Args:
            cpu: The processor.
            kind: One of :data:`CACHES`.
            arrays: What the DMA reads or writes, in whole lines.

        Raises:
            ValueError: If there is no such kind, or an array begins or ends within a line.
        """
        if kind not in CACHES:
            raise ValueError(f"there is no cache {kind!r}: take one of {', '.join(CACHES)}")
        self._cpu, self._leaks = cpu, kind == "leaky"
        self._chip: dict[int, bytes] = {}  # line to what the chip's memory holds
        self._dirty: dict[int, bool] = {}  # line in the cache: was it written?
        if kind == "none":
            return
        for begin, size, _ in arrays:
            if begin % CACHE_LINE or size % CACHE_LINE:
                raise ValueError(f"array at {begin:#x} of {size} bytes: lines have {CACHE_LINE}")
            self._chip |= dict.fromkeys(range(begin, begin + size, CACHE_LINE), bytes(CACHE_LINE))
            cpu.watch(begin, size, self._touch)

    def clean(self, address: int, size: int) -> None:
        """Write changed lines to the chip's memory; the copies stay."""
        for line in _lines(address, size):
            if self._dirty.get(line):
                self._chip[line] = self._cpu.read(line, CACHE_LINE)
                self._dirty[line] = False

    def invalidate(self, address: int, size: int) -> None:
        """Forget the copies, and with them what was written into them."""
        for line in _lines(address, size):
            self._dirty.pop(line, None)

    def evict(self) -> None:
        """Make room, if the cache leaks: each line goes, the changed ones to the chip's memory."""
        if self._leaks:
            for line in list(self._dirty):
                self.clean(line, CACHE_LINE)
            self._dirty.clear()

    def dma_read(self, address: int, size: int) -> bytes:
        """What the DMA finds at a place, within one line."""
        line, place = address & -CACHE_LINE, address % CACHE_LINE
        if line not in self._chip:
            return self._cpu.read(address, size)
        return self._chip[line][place : place + size]

    def dma_write(self, address: int, content: bytes) -> None:
        """Let the DMA write to a place, within one line."""
        line, place = address & -CACHE_LINE, address % CACHE_LINE
        if line not in self._chip:
            self._cpu.write(address, content)
            return
        old = self._chip[line]
        self._chip[line] = old[:place] + content + old[place + len(content) :]

    def _touch(self, address: int, size: int, writes: bool) -> None:
        """Fetch the lines that the processor is about to read or write."""
        for line in _lines(address, size):
            if line not in self._dirty:
                self._cpu.write(line, self._chip[line])
                self._dirty[line] = False
            self._dirty[line] |= writes


def _lines(address: int, size: int) -> range:
    """Addresses of the lines that some bytes lie in."""
    return range(address & -CACHE_LINE, address + size, CACHE_LINE)
