"""What the firmware costs on a Cortex-M7: instructions counted, bytes measured, time estimated."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..corpora.mini import mini
from ..network import in_numpy
from ..network.pretrained import load_float
from ..sound.audio import to_pcm
from . import cortex, toolchain
from .quantize import Quantized
from .stft import HOP

CLOCK_HZ = 216e6
# Published for int8 networks of 264,192 MAC on this very board (MLPerf Tiny 1.0): 1.70 ms, 2.30 ms.
CYCLES_PER_MAC = (1.39, 1.88)
CYCLES_PER_INSTRUCTION = (1.0, 2.0)  # of what is not the network: an assumption
NETWORK = {
    *("se_rows_c", "se_rows_acle", "se_rows_asm", "se_network", "step_unit", "step_layer"),
    *("local_share", "compute_mask", "copy", "se_sigmoid", "se_tanh", "se_requantise"),
    *("se_rounded_shift", "se_clamp", "se_saturate"),
}
Figures = dict[str, Any]


def measure(
    options: Sequence[str] = ("-O2",), frames: int = 50, model: Quantized | None = None
) -> Figures:
    """Run the firmware on an emulated Cortex-M7.

    Args:
        options: Of the compiler, which is zig's clang.
        frames: Frames of speech to count over; the most expensive one is reported.
        model: Whose sources to compile; the committed ones if ``None``.

    Raises:
        FileNotFoundError: If the extra ``firmware`` is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = _exported(model, Path(folder) / "firmware") if model else None
        elf = toolchain.build_elf(Path(folder) / "denoiser.elf", options=options, folder=own)
        cpu = cortex.Cortex(elf)
        sizes = _sizes(elf)
    state, into, out = cpu.allocate(1 << 14), cpu.allocate(2 * HOP), cpu.allocate(2 * HOP)
    cpu.call("se_init", state)
    counts: dict[str, int] = {}
    for hop in to_pcm(mini().test[0].load()[1])[: frames * HOP].reshape(-1, HOP):
        cpu.write(into, hop.tobytes())
        with cpu.counting() as found:
            cpu.call("se_process", state, into, out)
        counts = max(counts, found, key=lambda c: sum(c.values()))
    # the committed sources are the export of the shipped model
    macs = in_numpy.macs(model.config if model else load_float("tiny").config)
    stack = cpu.stack_used("se_process", state, into, out)
    network = sum(number for name, number in counts.items() if name in NETWORK)
    total = sum(counts.values())
    return {
        "options": " ".join(options),
        "instructions_per_frame": total,
        "instructions_network": network,
        "instructions_signal": total - network,
        "instructions_per_mac": network / macs,
        "macs_per_frame": macs,
        **sizes,
        "stack_bytes": stack,
        "estimated_ms": [
            1000 * (macs * per_mac + (total - network) * per_instruction) / CLOCK_HZ
            for per_mac, per_instruction in zip(CYCLES_PER_MAC, CYCLES_PER_INSTRUCTION, strict=True)
        ],
        "functions": dict(sorted(counts.items(), key=lambda item: -item[1])),
    }


def _exported(model: Quantized, folder: Path) -> Path:
    """A copy of the firmware with another model in it."""
    shutil.copytree(toolchain.firmware() / "port", folder / "port")
    toolchain.copy_denoiser(model, folder / "speech_denoiser")
    return folder


def _sizes(elf: Path) -> dict[str, int]:
    """Bytes of flash and of state that the denoiser takes, without start-up and self-test."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        symbols = [s for s in table.iter_symbols() if s["st_size"]]
        (state,) = (s["st_size"] for s in symbols if s.name == "state")
        own = {s["st_value"]: s["st_size"] for s in symbols if _belongs(s.name, s["st_value"])}
    return {"flash_bytes": sum(own.values()), "ram_bytes": state}


def _belongs(name: str, address: int) -> bool:
    """Whether a symbol is the denoiser's, in flash."""
    foreign = ("host_", "Reset", "fault", "vectors", "main", "kernels", "mem", "hop", "words")
    return address < cortex.RAM and not name.startswith((*foreign, "se_selftest", "crc32"))


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
