"""Constant arrays, and matrices made of them, as C source."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .kernels import in_whole_tiles, pack, pack_wide
from .matrices import Dense, Recurrent

LINE = 100
STRUCTURES = {
    "se_piece": "{{{0[0]}, {0[1]}}}",
    "se_sight": "{{{0[0]}, {0[1]}}}",
    "se_step": "{{{0[0]}, {0[1]}}}",
    "se_local": "{{{0[0]}, {{{0[1]}, {0[2]}, {0[3]}}}, {{{0[4]}, {0[5]}, {0[6]}}}}}",
}


def c_array(
    kind: str, name: str, values: np.ndarray, storage: str = "", section: str = "SE_RODATA"
) -> str:
    """A constant array, in lines of bounded length.

    Args:
        kind: Type of an element.
        name: With its size in brackets.
        values: The elements; members of a structure lie along the second axis.
        storage: ``"static "`` or nothing.
        section: Macro that says where it lies.
    """
    write: dict[str, Callable[..., str]] = {
        "float": c_float,
        "uint32_t": "0x{:08x}u".format,
        **{kind: form.format for kind, form in STRUCTURES.items()},
    }
    lines = ["   "]
    for item in map(write.get(kind, str), values):
        if len(lines[-1]) + len(item) + 2 > LINE:
            lines.append("   ")
        lines[-1] += f" {item},"
    return "\n".join([f"{storage}{section} const {kind} {name} = {{", *lines, "};\n"])


def c_float(value: float | np.floating) -> str:
    """A float32 that reads back as the same bits."""
    return f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f"


def c_packed(name: str, parts: Sequence[Dense | Recurrent], storage: str = "") -> list[str]:
    """Packed tiles of one matrix after the other, and the multiplier of each of their rows."""
    words = np.concatenate([pack(part.rows.weights, part.bias) for part in parts])
    filled = [in_whole_tiles(part.rows.multipliers) for part in parts]
    return _tiles_and_multipliers(name, words, np.concatenate(filled), storage, "SE_RODATA")


def c_wide(name: str, layer: Dense | Recurrent, section: str = "SE_RODATA") -> list[str]:
    """Wide tiles of a matrix, and the multiplier of each row."""
    words = pack_wide(layer.rows.weights, layer.bias)
    return _tiles_and_multipliers(name, words, layer.rows.multipliers, "static ", section)


def _tiles_and_multipliers(
    name: str, words: np.ndarray, multipliers: np.ndarray, storage: str, section: str
) -> list[str]:
    return [
        c_array("uint32_t", f"{name}_tiles[{len(words)}]", words, storage, section),
        c_array(
            "int32_t", f"{name}_multipliers[{len(multipliers)}]", multipliers, storage, section
        ),
    ]


def c_entry(name: str, layer: Dense | Recurrent) -> str:
    """The structure that says where the arrays of a layer lie, and how large a recurrent one is."""
    arrays = f"{name}_tiles, {name}_multipliers"
    if isinstance(layer, Dense):
        return f"{{{arrays}}}"
    return f"{{{arrays}, {layer.rows.weights.shape[1] - layer.units}, {layer.units}}}"
