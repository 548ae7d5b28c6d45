"""Compilers that build the firmware: the host's own, and zig for the Cortex-M7 and WebAssembly.

zig comes by pip and brings clang with all its targets: nothing has to be installed beside it.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import optional
from ..files import shipped
from . import export
from .quantize import Quantized

# every product and every sum is rounded: a fused one would give other bits
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Wundef")
STRICT = ("-std=c99", *WARNINGS, "-Werror", "-ffp-contract=off")
# every instruction of the processor that compiles: a PC's C is made where it runs
NATIVE = ("-march=native",) if platform.machine() in ("x86_64", "AMD64") else ()
FAST = ("-O3", *NATIVE)
M7 = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7+fp_armv8d16sp-fp64")
# zig adds checks to what it does not optimise, and takes the names from what it makes small
UNCHECKED = ("-fno-sanitize=all", "-fno-stack-protector")
PLAIN = (*UNCHECKED, "-g")
# as STM32CubeIDE calls gcc, whose default for this dialect is to fuse; clang has another, and takes
# "fast" as an order that no source may contradict
CUBE = ("-std=gnu11", "-ffunction-sections", "-fdata-sections")
GCC_FUSES, CLANG_FUSES = "-ffp-contract=fast", "-ffp-contract=on"
GCC_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")
GCC_BARE = ("-nostartfiles", "--specs=nosys.specs")
# names and paths are left out: the same sources give the same bytes in every folder
NAMELESS = ("-Wl,--no-entry", "-Wl,--strip-all", "-DSE_EXAMPLE_WASM")
WASM = ("-target", "wasm32-freestanding", "-ffreestanding", *UNCHECKED, *NAMELESS)


def firmware() -> Path:
    """Folder ``firmware/`` of the checkout, or its copy in the installed package."""
    return shipped("firmware")


def denoiser_sources(folder: Path | None = None) -> list[Path]:
    """Files of the denoiser to compile, C and assembler: in ``folder``, or as they come."""
    return sorted((folder or firmware() / "speech_denoiser").glob("*.[cS]"))


def copy_denoiser(model: Quantized, folder: Path) -> list[Path]:
    """The denoiser with a model of one's own, in a new folder: its files to compile."""
    shutil.copytree(firmware() / "speech_denoiser", folder)
    export.write_sources(model, folder)
    return denoiser_sources(folder)


def copy_firmware(folder: Path, model: Quantized | None = None) -> Path:
    """The whole firmware, ports and examples too, in a new folder: with a model of one's own."""
    shutil.copytree(firmware(), folder)
    if model:
        export.write_sources(model, folder / "speech_denoiser")
    return folder


def host_compiler() -> list[str]:
    """Command of the host's C compiler, or of zig where there is none.

    Raises:
        ValueError: If there is neither.
    """
    name = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    return [name] if name else zig()


def zig() -> list[str]:
    """Command of zig's clang.

    Raises:
        ValueError: If the package is not installed.
    """
    optional.module("ziglang", "ziglang", "firmware")
    return [sys.executable, "-m", "ziglang", "cc"]


def arm_gcc() -> list[str]:
    """Command of Arm's gcc, as STM32CubeIDE calls it, for programs without a system.

    Raises:
        ValueError: If it is not installed.
    """
    if not shutil.which("arm-none-eabi-gcc"):
        raise ValueError(
            "there is no arm-none-eabi-gcc: install it (Debian, Ubuntu: apt install"
            " gcc-arm-none-eabi libnewlib-arm-none-eabi)"
        )
    return ["arm-none-eabi-gcc", *GCC_M7, *GCC_BARE]


def version(compiler: Sequence[str]) -> str:
    """What a compiler says of itself, in one line."""
    said = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.splitlines()[0]


def build_library(
    target: Path,
    sources: Sequence[Path] | None = None,
    compiler: Sequence[str] | None = None,
    options: Sequence[str] = FAST,
) -> Path:
    """Compile the denoiser into a shared library for this machine.

    Args:
        target: File to write.
        sources: Files to compile; the denoiser's own if ``None``.
        compiler: Command; see :func:`host_compiler`.
        options: Of the optimiser.

    Raises:
        ValueError: If there is no compiler, or it complains: with its first complaint.
    """
    command = [*(compiler or host_compiler()), *STRICT, *options, "-shared", "-fPIC"]
    return _run([*command, "-o", target, *(sources or denoiser_sources())], target)


def build_elf(
    target: Path,
    sources: Sequence[Path] = (),
    options: Sequence[str] = ("-O2",),
    compiler: Sequence[str] | None = None,
    folder: Path | None = None,
) -> Path:
    """Compile the denoiser for a bare Cortex-M7.

    Args:
        target: ELF file to write.
        sources: More files, among them one with ``main``; one that does nothing if none.
        options: Of the optimiser, and others.
        compiler: Command; zig with its target if ``None``.
        folder: Holds ``speech_denoiser`` and ``port``; :func:`firmware` if ``None``.

    Raises:
        ValueError: If zig is not installed, or the compiler complains.
    """
    folder = folder or firmware()
    port = folder / "port" / "mps2_an500"
    files = [*denoiser_sources(folder / "speech_denoiser"), port / "start.c"]
    files += sources or [port / "main.c"]
    command = [*(compiler or [*zig(), *M7, *PLAIN]), *STRICT, *options]
    command += ["-ffreestanding", "-DSE_EXAMPLE_MPS2_AN500", "-Wl,-e,Reset_Handler"]
    command += [f"-Wl,-T,{port / 'mps2_an500.ld'}", "-o", str(target)]
    return _run([*command, *files], target)


def build_wasm(target: Path, sources: Sequence[Path]) -> Path:
    """Compile the denoiser to WebAssembly: the same bytes whenever and wherever it is done.

    Args:
        target: File to write.
        sources: Files to compile, all in one folder.

    Raises:
        ValueError: If zig is not installed, or the compiler complains.
    """
    command = [*zig(), *WASM, *STRICT, "-O2", f"-I{sources[0].parent}", "-o", str(target)]
    return _run([*command, *sources, firmware() / "port" / "wasm" / "se_wasm.c"], target)


def _run(command: Sequence[str | Path], target: Path) -> Path:
    """Run a compiler."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        complaint = next((line for line in done.stderr.splitlines() if "error" in line), "")
        raise ValueError(f"{Path(target).name} could not be compiled: {complaint or done.stderr}")
    return target
