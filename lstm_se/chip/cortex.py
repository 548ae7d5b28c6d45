"""A Cortex-M7 in the Python process: runs functions of an ELF file and counts their instructions.

The processor is unicorn's (the one of qemu). It executes the real machine code, instruction by
instruction, and knows nothing of caches, wait states or dual issue: counts are exact, times are not
to be had from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .. import optional

RAM, RAM_SIZE = 0x2000_0000, 0x40_0000
# the MPS2's flash, and an STM32's, which has its fast memory for code where the other has flash
FLASHES, FLASH_SIZE = (0, 0x0800_0000), 0x40_0000
RETURN = 0x1FF0_0000  # a call is over when it gets here; higher addresses mean other things
PAINT = 0xA5  # what the stack is filled with to see how much of it was used
TOP = RAM + RAM_SIZE - 64  # of the stack
STACK = 0x1_0000  # bytes below it that are painted


class Symbol(NamedTuple):
    """A function or an object of the ELF file.

    Attributes:
        address: Where it lies.
        size: In bytes.
        source: Name of the file that a function was compiled from, if the ELF file tells.
    """

    address: int
    size: int
    source: str


class Cortex:
    """One emulated Cortex-M7 with the program of an ELF file in its flash."""

    def __init__(self, elf: str | Path, sources: bool = True) -> None:
        """Load a program.

        Args:
            elf: An ELF file for Thumb-2, linked to addresses of the MPS2's memory or an STM32F7's.
            sources: Whether to read the source of each function, too, which takes most of the time.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no ELF file, or the extra ``firmware`` is not installed.
        """
        self._unicorn = unicorn = optional.module("unicorn", "unicorn", "firmware")
        self._reg = optional.module("unicorn.arm_const", "unicorn", "firmware")
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(self._reg.UC_CPU_ARM_CORTEX_M7)
        for flash in FLASHES:
            self._uc.mem_map(flash, FLASH_SIZE)
        self._uc.mem_map(RAM, RAM_SIZE)
        self._uc.mem_map(RETURN, 0x1000)
        self.symbols = self._load(Path(elf), sources)
        ends = [s.address + s.size for s in self.symbols.values() if RAM <= s.address < TOP]
        self._free = max(ends, default=RAM)

    def allocate(self, size: int) -> int:
        """Address of ``size`` bytes of memory that the program does not use, aligned to 8."""
        address = (self._free + 7) & ~7
        self._free = address + size
        return address

    def write(self, address: int, content: bytes) -> None:
        """Write into memory."""
        self._uc.mem_write(address, bytes(content))

    def read(self, address: int, size: int) -> bytes:
        """Read from memory."""
        return bytes(self._uc.mem_read(address, size))

    def call(self, name: str, *arguments: int) -> int:
        """Run a function to its end.

        Args:
            name: Of the function.
            *arguments: At most four whole numbers or addresses.

        Returns:
            What it leaves in r0.

        Raises:
            KeyError: If the program has no such function.
        """
        uc, reg = self._uc, self._reg
        for number, value in enumerate(arguments):
            uc.reg_write(reg.UC_ARM_REG_R0 + number, value & 0xFFFF_FFFF)
        uc.reg_write(reg.UC_ARM_REG_SP, TOP)
        uc.reg_write(reg.UC_ARM_REG_LR, RETURN | 1)
        uc.emu_start(self.symbols[name].address | 1, RETURN)
        return int(uc.reg_read(reg.UC_ARM_REG_R0))

    @contextmanager
    def tracing(self) -> Iterator[Counter[tuple[int, int]]]:
        """Count blocks of code: address and size in bytes to how often each was entered."""
        blocks: Counter[tuple[int, int]] = Counter()

        def enter(uc: Any, address: int, size: int, data: Any) -> None:
            blocks[address, size] += 1

        self._uc.ctl_flush_tb()  # what was translated before would not call the hook
        hook = self._uc.hook_add(self._unicorn.UC_HOOK_BLOCK, enter)
        try:
            yield blocks
        finally:
            self._uc.hook_del(hook)

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Count instructions: function name to number, complete when the block is left.

        Instructions of a function that the compiler has merged into another count for the other.
        """
        counts: Counter[str] = Counter()
        with self.tracing() as blocks:
            yield counts
        for (address, size), times in blocks.items():
            counts[self._function_at(address)] += times * self.instructions(address, size)

    def watch(self, begin: int, size: int, touched: Callable[[int, int, bool], None]) -> None:
        """Hear of each access of the program to a part of memory, just before it.

        Args:
            begin: Address of the part.
            size: In bytes.
            touched: Called with the address, the size in bytes, and whether it is a write.
        """

        def touch(uc: Any, access: int, address: int, size: int, value: int, data: Any) -> None:
            touched(address, size, access == self._unicorn.UC_MEM_WRITE)

        kinds = self._unicorn.UC_HOOK_MEM_READ | self._unicorn.UC_HOOK_MEM_WRITE
        self._uc.hook_add(kinds, touch, begin=begin, end=begin + size - 1)

    def instructions(self, address: int, size: int) -> int:
        """Number of instructions in a block of code, which has ``size`` bytes."""
        return _instructions(self.read(address, size))

    def stack_used(self, name: str, *arguments: int) -> int:
        """Bytes of stack that a call uses, by paint: what is no longer as it was painted."""
        self.write(TOP - STACK, bytes([PAINT]) * STACK)
        self.call(name, *arguments)
        return len(self.read(TOP - STACK, STACK).lstrip(bytes([PAINT])))

    def _load(self, path: Path, with_sources: bool) -> dict[str, Symbol]:
        """Put the segments in their places and read the names."""
        elffile = optional.module("elftools.elf.elffile", "pyelftools", "firmware")
        with path.open("rb") as file:
            try:
                return self._placed(path, elffile.ELFFile(file), with_sources)
            except elffile.ELFError as error:
                raise ValueError(f"{path} is no ELF file, or damaged: {error}") from None

    def _placed(self, path: Path, elf: Any, with_sources: bool) -> dict[str, Symbol]:
        for segment in elf.iter_segments("PT_LOAD"):
            if segment["p_filesz"]:
                for place in {segment["p_paddr"], segment["p_vaddr"]}:
                    self.write(place, segment.data())
        table = elf.get_section_by_name(".symtab")
        if table is None:
            raise ValueError(f"{path} has no names: link it without -s")
        sources, symbols = _sources(elf) if with_sources else {}, {}
        for symbol in table.iter_symbols():
            if symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT"):
                address = symbol["st_value"] & ~1
                source = sources.get(address, "")
                symbols[symbol.name] = Symbol(address, symbol["st_size"], source)
        return symbols

    def _function_at(self, address: int) -> str:
        """Name of the function that an address lies in."""
        around = (n for n, s in self.symbols.items() if s.address <= address < s.address + s.size)
        return next(around, "?")


@cache
def _instructions(code: bytes) -> int:
    """Number of instructions of a block: Thumb-2 has them of two and of four bytes."""
    place = number = 0
    while place < len(code):
        place += 4 if code[place + 1] >> 3 in (0x1D, 0x1E, 0x1F) else 2
        number += 1
    return number


def _sources(elf: Any) -> dict[int, str]:
    """Address of each function to the name of its source file, from what ``-g`` adds for debuggers.

    A function in assembler is a label there.
    """
    if not elf.has_dwarf_info():
        return {}
    units = (unit.get_top_DIE() for unit in elf.get_dwarf_info().iter_CUs())
    return {
        entry.attributes["DW_AT_low_pc"].value & ~1: Path(unit.get_full_path()).name
        for unit in units
        for entry in unit.iter_children()
        if "DW_AT_low_pc" in entry.attributes
    }
