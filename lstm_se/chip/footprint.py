"""What the firmware costs on a Cortex-M7: instructions counted, bytes measured, time estimated."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..corpora.mini import mini
from ..network import in_numpy
from ..network.pretrained import load_float
from ..sound.audio import to_pcm
from . import toolchain
from .builds import CortexStream
from .cortex import RAM, Symbol
from .quantize import Quantized
from .stft import HOP

CLOCK_HZ = 216e6
# Published for int8 networks of 264,192 MAC on this very board (MLPerf Tiny 1.0): 1.70 ms, 2.30 ms.
CYCLES_PER_MAC = (1.39, 1.88)
CYCLES_PER_INSTRUCTION = (1.0, 2.0)  # of what is not the network: an assumption
# the rest is signal processing
NETWORK = {"se_network.c", "se_bandwise.c", "se_kernels.c", "se_rows_asm.S"}
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
        ValueError: If the extra ``firmware`` is not installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = toolchain.copy_firmware(Path(name) / "firmware", model)
        elf = toolchain.build_elf(
            Path(name) / "denoiser.elf", options=options, compiler=compiler, folder=folder
        )
        stream = CortexStream(elf)
    cpu = stream.cpu
    counts: Counter[str] = Counter()
    for hop in to_pcm(mini().test[0].load()[1])[: frames * HOP].reshape(-1, HOP):
        with cpu.counting() as of_this_frame:
            stream.process(hop)
        counts = max(counts, of_this_frame, key=Counter.total)
    # the committed sources are the export of the shipped model
    macs = in_numpy.macs(model.config if model else load_float("tiny").config)
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


def _flash(symbols: dict[str, Symbol]) -> int:
    """Bytes of flash that the denoiser takes, without start-up and self-test."""
    foreign = ("host_", "Reset", "fault", "vectors", "main", "kernels", "mem", "hop", "words")
    sizes = {
        symbol.address: symbol.size
        for name, symbol in symbols.items()
        if symbol.address < RAM and not name.startswith((*foreign, "se_selftest", "crc32"))
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
