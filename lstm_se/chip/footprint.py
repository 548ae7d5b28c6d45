"""What the firmware costs on a Cortex-M7: instructions counted, bytes measured, time estimated."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..corpora.mini import mini
from ..network import in_numpy
from ..network.pretrained import load_float
from ..sound.audio import to_pcm
from . import export, toolchain
from .builds import CortexStream
from .cortex import RAM, Symbol
from .quantize import Quantized, quantize
from .stft import HOP
from .stream import IntegerStream

CLOCK_HZ = 216e6
# Published for int8 networks of 264,192 MAC on this very board (MLPerf Tiny 1.0): 1.70 ms, 2.30 ms.
CYCLES_PER_MAC = (1.39, 1.88)
CYCLES_PER_INSTRUCTION = (1.0, 2.0)  # of what is not the network: an assumption
LEVELS = (("-O0",), ("-Os",), ("-O2",), ("-O3",), ("-O2", "-flto"))
# as CubeIDE, the linker takes away what nobody calls; of the denoiser the emulator calls these
_CALLED = ("process", "reset", "selftest", "set_limit", "version")
KEPT = ("-Wl,--gc-sections", *(f"-Wl,-u,se_{name}" for name in _CALLED))
# the rest is signal processing
NETWORK = {"se_network.c", "se_bandwise.c", "se_kernels.c", "se_rows_asm.S"}
LEVEL_COLUMNS = ("instructions_per_frame", "flash_bytes", "ram_bytes", "stack_bytes")
Figures = dict[str, Any]


def measure(
    options: Sequence[str] = ("-O2",),
    frames: int = 50,
    model: Quantized | None = None,
    compiler: Sequence[str] | None = None,
) -> Figures:
    """Run the firmware on an emulated Cortex-M7.

    Args:
        options: Of the compiler.
        frames: Frames of speech to count over; the most expensive one is reported.
        model: Whose sources to compile; the committed ones if ``None``.
        compiler: Command; zig's clang if ``None``.

    Raises:
        ValueError: If the extra ``firmware`` is not installed, or the bits are not those of Python.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = toolchain.copy_firmware(Path(name) / "firmware", model)
        elf = toolchain.build_elf(
            Path(name) / "denoiser.elf", options=options, compiler=compiler, folder=folder
        )
        stream = CortexStream(elf)
    if model is None:  # the committed sources are the export of the shipped one
        shipped = load_float("tiny")
        model = quantize(shipped.weights, shipped.config)
    cpu = stream.cpu
    counts = _dearest_frame(stream, model, frames)
    macs = in_numpy.macs(model.config)
    functions = [name for name, symbol in cpu.symbols.items() if symbol.source in NETWORK]
    network, total = sum(counts[name] for name in functions), counts.total()
    each = zip(CYCLES_PER_MAC, CYCLES_PER_INSTRUCTION, strict=True)
    cycles = [macs * of_mac + (total - network) * of_other for of_mac, of_other in each]
    return {
        "options": " ".join(options),
        "instructions_per_frame": total,
        "instructions_network": network,
        "instructions_signal": total - network,
        "instructions_per_mac": network / macs,
        "macs_per_frame": macs,
        "flash_bytes": _flash(cpu.symbols),
        "ram_bytes": cpu.symbols["state"].size,
        "stack_bytes": cpu.stack_used("se_process", stream.state, stream.input, stream.output),
        "estimated_ms": [1000 * number / CLOCK_HZ for number in cycles],
        "functions": dict(counts.most_common()),
    }


def measure_levels(frames: int = 20) -> Figures:
    """What the shipped model costs by zig's clang and Arm's gcc, with CubeIDE's options.

    Args:
        frames: Frames of speech to count over, and to compare with Python.

    Raises:
        ValueError: If a compiler is missing, or a build gives other bits than Python.
    """
    trained, gcc = load_float("tiny"), toolchain.arm_gcc()
    compilers = (
        ("clang", None, (*toolchain.CUBE, toolchain.CLANG_FUSES)),
        ("gcc", gcc, (*toolchain.CUBE, toolchain.GCC_FUSES)),
    )
    rows = []
    for name, compiler, options in compilers:
        for level in LEVELS:
            found = measure((*options, *level, "-g", *KEPT), frames, compiler=compiler)
            row = {key: found[key] for key in LEVEL_COLUMNS}
            rows.append({"compiler": name, "level": " ".join(level), **row})
    return {
        "command": "lstm-se bench builds --json notebooks/results/builds.json",
        "sha256": export.sha256(quantize(trained.weights, trained.config)),
        "versions": [toolchain.version(toolchain.zig()), toolchain.version(gcc)],
        "options": " ".join(toolchain.CUBE),
        "frames": frames,
        "builds": rows,
    }


def levels_table(figures: Figures) -> list[list[str]]:
    """Rows of a table: compiler, level, and the figures of each build."""
    return [
        [row["compiler"], row["level"], *(f"{row[key]:,}" for key in LEVEL_COLUMNS)]
        for row in figures["builds"]
    ]


def _dearest_frame(stream: CortexStream, model: Quantized, frames: int) -> Counter[str]:
    """Instructions of the most expensive frame, by function; all must have Python's bits."""
    counts: Counter[str] = Counter()
    integers = IntegerStream(model)
    for hop in to_pcm(mini().test[0].load()[1])[: frames * HOP].reshape(-1, HOP):
        with stream.cpu.counting() as of_this_frame:
            found = stream.process(hop)
        if not np.array_equal(found, integers.process(hop)):
            raise ValueError("this build gives other bits than Python: look at its options")
        counts = max(counts, of_this_frame, key=Counter.total)
    return counts


def _flash(symbols: dict[str, Symbol]) -> int:
    """Bytes of flash that the denoiser takes, without start-up and self-test."""
    start = "host", "Reset", "fault", "vectors", "main", "kernels", "tile", "mem"
    foreign = *start, "se_selftest", "crc32", "next_sample"
    sizes = {
        symbol.address: symbol.size
        for name, symbol in symbols.items()
        if symbol.address < RAM and not name.startswith(foreign)
    }
    return sum(sizes.values())


def footprint_table(figures: Figures) -> str:
    """The figures as text."""
    low, high = figures["estimated_ms"]
    rows = [
        ("instructions a frame", f"{figures['instructions_per_frame']:,}"),
        ("  network", f"{figures['instructions_network']:,}"),
        ("  a MAC", f"{figures['instructions_per_mac']:.3f} ({figures['macs_per_frame']:,} MAC)"),
        ("  transforms, features, mask", f"{figures['instructions_signal']:,}"),
        ("flash", f"{figures['flash_bytes']:,} bytes"),
        ("memory of one state", f"{figures['ram_bytes']:,} bytes"),
        ("stack", f"{figures['stack_bytes']:,} bytes"),
        ("time of 16 ms, estimate", f"{low:.1f} to {high:.1f} ms at 216 MHz"),
    ]
    lines = [f"zig cc {figures['options']}, emulated Cortex-M7, dearest of the frames"]
    lines += [f"  {name:30s} {value}" for name, value in rows]
    lines.append("Counted on an emulator; never run on a board. The time is no measurement.")
    return "\n".join(lines)
