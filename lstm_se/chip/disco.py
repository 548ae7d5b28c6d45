"""The example for the Discovery board: its text, its build beside a stand-in, and what it plays."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files import shipped
from . import toolchain
from .board import Board


def example_file(folder: Path | None = None) -> Path:
    """The C file of the example, in a copy of the firmware or as it comes."""
    return (folder or toolchain.firmware()) / "examples" / "stm32f746g-disco" / "main.c"


def build_example(
    target: Path,
    main: Path | None = None,
    options: Sequence[str] = ("-O2",),
    start_up_first: bool = True,
    folder: Path | None = None,
    compiler: Sequence[str] | None = None,
) -> Path:
    """Compile the example, with a stand-in for ST's drivers in place of them.

    Args:
        target: ELF file to write.
        main: A changed or compiled example; :func:`example_file` if ``None``.
        options: Of the compiler.
        start_up_first: Whether the linker meets the start-up code, whose handlers are weak, before
            the example's.
        folder: Firmware with a model of one's own, as ``toolchain.copy_firmware`` leaves it.
        compiler: Command; zig with its target if ``None``.

    Raises:
        ValueError: If zig is not installed, or the compiler complains.
    """
    cube, example = shipped("cube"), example_file(folder).parent
    sources = [main or example / "main.c", example / "link.c", example / "port.c"]
    sources.append(cube / "stand_in.c")
    sources.insert(0 if start_up_first else len(sources), cube / "start_up.c")
    # a copy finds the headers where the example finds them
    places = (f"-I{cube}", f"-I{example}")
    options = ("-DSE_EXAMPLE_STM32F746G_DISCO", *places, *options)
    return toolchain.build_elf(target, sources, options, compiler, folder)


def play_example(heard: np.ndarray, text: str | None = None, cache: str = "none") -> np.ndarray:
    """What the example plays while it hears a sound.

    Its self-test is left out here: it would cost as much time as a second of sound.

    Args:
        heard: int16 ``(frames, 2)``, left and right microphone.
        text: Of the example, if you have changed it.
        cache: One of :data:`lstm_se.chip.data_cache.CACHES`.

    Returns:
        int16 ``(frames, 2)``, left and right ear.

    Raises:
        ValueError: If the extra ``firmware`` is not installed, or the compiler complains.
    """
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder) / "main.c"
        main.write_text(text or example_file().read_text(encoding="utf-8"), encoding="utf-8")
        board = Board(build_example(Path(folder) / "example.elf", main), heard, cache)
    board.stub("se_selftest", 1)
    return board.power_on(len(heard))
