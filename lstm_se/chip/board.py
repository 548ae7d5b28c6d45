"""The Discovery board without a board: the machine code of its example on an emulated Cortex-M7.

The program is ``firmware/examples/stm32f746g-disco/main.c``, linked with a stand-in for ST's
drivers. Here are the processor's interrupts and its sleep; :mod:`lstm_se.chip.devices` is the world
around it. Nothing of it was measured on a board: an instruction takes 1.5 cycles, by assumption.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .cortex import RETURN, TOP, Cortex
from .data_cache import DataCache
from .devices import (
    CYCLES_PER_SAMPLE,
    CYCLES_PER_US,
    HARD_FAULT,
    PREFETCH,
    SYSTICK,
    Defect,
    Devices,
)
from .usart import Wire

PACE = 1.5  # cycles an instruction: assumed
REGISTER_BLOCK = 0x4000_0000
EXCEPTION_FRAME = 104  # bytes that the processor pushes
IF_THEN = 0x0600_FC00  # of the status: how the next four instructions depend on a condition


class Board(Cortex):
    """A program, what it hears and what it plays.

    Attributes:
        devices: What surrounds the processor.
        hops: Cycle at which each call of ``se_process`` began, once sound came.
    """

    def __init__(
        self,
        elf: str | Path,
        heard: np.ndarray,
        cache: str = "none",
        defects: Defect = Defect.NONE,
        prefetch: int = PREFETCH,
        wire: Wire | None = None,
    ) -> None:
        """Load a program.

        Args:
            elf: As :func:`lstm_se.chip.disco.build_example` makes it.
            heard: int16 ``(frames, 2)``, what the microphones hear; it begins again at its end.
            cache: One of :data:`lstm_se.chip.data_cache.CACHES`.
            defects: What is broken.
            prefetch: Frames that the headphones' FIFO fetches before they play.
            wire: At the serial port; one that nobody looks at if ``None``.

        Raises:
            ValueError: If there is no such cache, or the extra ``firmware`` is not installed.
        """
        super().__init__(elf, sources=False)
        cached = () if cache == "none" else ("heard", "said")
        rings = [self.symbols[name] for name in cached]
        self.devices = Devices(DataCache(self, cache, rings), heard, defects, prefetch, wire)
        self._se_process = self.symbols["se_process"].address
        self.hops: list[float] = []
        self._block, self._costs = 0, dict[tuple[int, int], float]()
        self._interrupted: list[tuple[Any, int]] = []
        self._uc.mmio_map(REGISTER_BLOCK, 0x1000, self._load_register, None, self._store, None)
        self._uc.hook_add(self._unicorn.UC_HOOK_BLOCK, self._enter)

    def stub(self, name: str, result: int) -> None:
        """Let a function do nothing but return a number from 0 to 255."""
        self.write(self.symbols[name].address, bytes([result, 0x20, 0x70, 0x47]))

    def power_on(self, frames: int, seconds: float = 5.0) -> np.ndarray:
        """Run ``main`` until so many frames were played, or so much time has passed.

        Returns:
            What was played, int16 ``(frames, 2)``.
        """
        self._frames, self._end, self._on = frames, seconds * 1e6 * CYCLES_PER_US, True
        self._uc.reg_write(self._reg.UC_ARM_REG_SP, TOP)
        place = self.symbols["main"].address
        while not self._over():
            vector = self._vector()
            place = self._run(self._interrupt(vector, place) if vector else place)
        return np.array(self.devices.played[:frames], np.int16).reshape(-1, 2)

    def power_off(self) -> None:
        """End :meth:`power_on`, which runs in another thread."""
        self._on = False

    def entered(self, address: int) -> None:
        """A block of code begins there: for subclasses that interfere."""

    def suspend(self) -> None:
        """Stop before the block of code that was just entered; what interrupts comes first."""
        self._suspended = True
        self._uc.emu_stop()

    def _over(self) -> bool:
        ended = len(self.devices.played) >= self._frames or self.devices.now > self._end
        return ended or not self._on

    def _run(self, place: int) -> int:
        """Run from an address until an interrupt waits; returns where to go on."""
        self._suspended = False
        try:
            self._uc.emu_start(place | 1, RETURN)
        except self._unicorn.UcError:
            return self._interrupt(HARD_FAULT, place)
        place = self._uc.reg_read(self._reg.UC_ARM_REG_PC) & ~1
        if place == RETURN:
            context, place = self._interrupted.pop()
            self._uc.context_restore(context)
        elif not self._suspended:
            self._sleep()
        return place

    def _sleep(self) -> None:
        """Wait for an interrupt; one that is masked wakes the processor, too."""
        while not self._vector(masked=False) and not self._over():
            self.devices.elapse(max(1.0, self.devices.next_step - self.devices.now))

    def _vector(self, masked: bool = True) -> int:
        """Place of the vector whose turn it is, or 0; here no interrupt interrupts another one."""
        vector = self.devices.request()
        if not vector or self._interrupted:
            return 0
        return 0 if masked and self._uc.reg_read(self._reg.UC_ARM_REG_PRIMASK) & 1 else vector

    def _interrupt(self, vector: int, place: int) -> int:
        """Leave the program at a place for a handler; returns where that begins."""
        uc, reg = self._uc, self._reg
        if vector == SYSTICK:
            self.devices.tick = False
        self._interrupted.append((uc.context_save(), place))
        stack = (uc.reg_read(reg.UC_ARM_REG_SP) - EXCEPTION_FRAME) & ~7
        uc.reg_write(reg.UC_ARM_REG_SP, stack)
        uc.reg_write(reg.UC_ARM_REG_LR, RETURN | 1)
        uc.reg_write(reg.UC_ARM_REG_XPSR, uc.reg_read(reg.UC_ARM_REG_XPSR) & ~IF_THEN)
        entry = self.symbols["interrupt_vectors"].address + 4 * vector
        return int.from_bytes(self.read(entry, 4), "little") & ~1

    def _enter(self, uc: Any, address: int, size: int, data: Any) -> None:
        """A block of code begins."""
        if self._vector() or self._over():
            self.suspend()
            return
        if address == self._block and size <= 4:  # `for (;;) {}`: only an interrupt ends it
            self.devices.elapse(CYCLES_PER_SAMPLE)
        self._block = address
        cycles = self._costs.get((address, size))
        if cycles is None:
            cycles = self._costs[address, size] = PACE * self.instructions(address, size)
        self.devices.elapse(cycles)
        if address == self._se_process and self.devices.rings:
            self.hops.append(self.devices.now)
        self.entered(address)

    def _load_register(self, uc: Any, offset: int, size: int, data: Any) -> int:
        return self.devices.load(offset)

    def _store(self, uc: Any, offset: int, size: int, value: int, data: Any) -> None:
        self.devices.store(offset, value)
