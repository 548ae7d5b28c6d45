"""C sources of a quantized model: tables, weights and the sizes that the compiler checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..files import write_whole
from ..network.in_numpy import beside
from ..sound.features import FLOOR, level_decay
from . import fft, selftest, stft
from .fixed import SIGMOID
from .kernels import filled_rows, pack
from .matrices import Rows
from .quantize import Quantized, refuse_undeployable

NOTICE = (
    "/* SPDX-License-Identifier: MIT */\n"
    "/* Written by `lstm-se export --to c`; edits are lost at the next one. */\n"
)
LINE = 100


def write_sources(model: Quantized, folder: str | Path) -> list[Path]:
    """Write what the firmware needs to know of a model.

    Args:
        model: Quantized network.
        folder: Where the other sources lie, or will.

    Returns:
        The files: ``se_tables.c``, ``se_weights.h`` and ``se_weights.c``.

    Raises:
        ValueError: If the firmware has no code for such a network.
    """
    texts = sources(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_whole(folder / name, NOTICE + text)
    return [folder / name for name in texts]


def sources(model: Quantized) -> dict[str, str]:
    """File name to C source.

    Raises:
        ValueError: If the firmware has no code for such a network.
    """
    refuse_undeployable(model.config)
    return {
        "se_tables.c": _tables(model),
        "se_weights.h": _sizes(model),
        "se_weights.c": _weights(model),
    }


def sha256(model: Quantized) -> str:
    """Fingerprint of every integer of a model."""
    between = model.bandwise.layers if model.bandwise else []
    layers = [*model.layers, *between, model.output]
    parts = [part for m in layers for part in (m.rows.weights, m.rows.multipliers, m.bias)]
    if local := model.output.local:
        parts += [local.weights, local.multipliers]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _sizes(model: Quantized) -> str:
    """``se_weights.h``: the sizes of a model, on which the state depends, and its constants."""
    widths = [layer.rows.weights.shape[1] for layer in model.layers]
    outputs, mask_inputs = model.output.rows.weights.shape
    defined = {
        "SE_BANDS": model.config.bands,
        "SE_LAYERS": len(widths),
        "SE_INPUTS": sum(widths) + mask_inputs,
        "SE_CELLS": sum(layer.units for layer in model.layers),
        "SE_CELL_CLIP": model.layers[0].clip,
        "SE_MOST_INPUTS": max(*widths, mask_inputs),
        "SE_MASK_INPUTS": mask_inputs,
        "SE_MASK_OUTPUTS": outputs,
        "SE_MASK_ROWS": filled_rows(outputs),
        "SE_LOCAL": int(model.output.local is not None),
        "SE_EXCHANGES": len(fft.EXCHANGED),
        "SE_BAND_WEIGHTS": len(stft.bands_of(model.config).weights),
        "SE_FLOOR": _float(FLOOR),
        "SE_LOG_SCALE": _float(stft.LOG_UNIT),
        "SE_LOG2_TERMS": stft.LOG2_TERMS,
        "SE_LEVEL_DECAY": _float(level_decay(model.config)),
        "SE_BAND_SHARE": _float(1 / model.config.bands),
        "SE_FEATURE_UNIT": _float(stft.FEATURE_UNIT),
        "SE_MASK_STEP": _float(stft.MASK_STEP),
        "SE_OUTPUT_UNIT": _float(stft.OUTPUT_UNIT),
        "SE_MODEL_SHA256": f'"{sha256(model)[:12]}"',
        "SE_SELFTEST_HOPS": selftest.HOPS,
        "SE_SELFTEST_CRC": f"0x{selftest.crc(model):08x}u",
    }
    lines = "\n".join(f"#define {name} {value}" for name, value in defined.items())
    return f"#ifndef SE_WEIGHTS_H\n#define SE_WEIGHTS_H\n\n{lines}\n\n#endif\n"


def _tables(model: Quantized) -> str:
    """``se_tables.c``: what depends on the bands only."""
    bands = stft.bands_of(model.config)
    arrays = [
        ("float", "se_window[512]", stft.WINDOW),
        ("float", "se_twiddles[504]", _twiddles()),
        ("float", "se_half_twiddles[256]", fft.HALF_TWIDDLES.ravel()),
        ("uint8_t", "se_exchanged[2 * SE_EXCHANGES]", fft.EXCHANGED.ravel()),
        ("float", "se_log2_polynomial[SE_LOG2_TERMS]", stft.log2_polynomial()),
        ("float", "se_band_weights[SE_BAND_WEIGHTS]", bands.weights),
        ("uint8_t", "se_band_first[SE_BANDS]", bands.first),
        ("uint8_t", "se_band_bins[SE_BANDS]", bands.bins),
        ("se_piece", "se_sigmoid_pieces[256]", _pieces()),
    ]
    texts = [_array(*array, section="SE_FAST_DATA") for array in arrays]
    return "\n".join(['#include "se_tables.h"\n', *texts])


def _twiddles() -> np.ndarray:
    """The transform's, in the order in which its stages of 4, 16 and 64 points read them."""
    first = np.concatenate([np.arange(size) * (64 // size) for size in (4, 16, 64)])
    return fft.TWIDDLES[np.outer(first, [1, 2, 3])].ravel()


def _pieces() -> np.ndarray:
    """Each piece of the sigmoid, times 256, as a line: rounded value at 0 and slope."""
    begin, slope = 256 * np.arange(-128, 128), np.diff(SIGMOID)
    return np.stack([256 * SIGMOID[:-1] - slope * begin + 128, slope], axis=-1)


def _weights(model: Quantized) -> str:
    """``se_weights.c``: everything that was learnt."""
    parts, entries = ['#include "se_tables.h"\n'], []
    for i, layer in enumerate(model.layers):
        parts += _matrix(f"layer{i}", layer.rows, layer.bias, "static ")
        sizes = f"{layer.rows.weights.shape[1] - layer.units}, {layer.units}"
        entries.append(f"    {{layer{i}_tiles, layer{i}_multipliers, {sizes}}},\n")
    # a list of addresses, which in a shared library is no constant: no SE_RODATA
    parts.append(f"const se_layer se_layers[SE_LAYERS] = {{\n{''.join(entries)}}};\n")
    parts += _matrix("se_mask", model.output.rows, model.output.bias)
    if local := model.output.local:
        bands = beside(model.output.band).T
        views = np.hstack([local.multipliers[:, None], local.weights, bands])
        parts.append(_array("se_local", "se_mask_local[SE_MASK_ROWS]", views))
    return "\n".join(parts)


def _matrix(name: str, rows: Rows, bias: np.ndarray, storage: str = "") -> list[str]:
    """Tiles of rows, and the multiplier of each row."""
    words, number = pack(rows.weights, bias), filled_rows(len(bias))
    return [
        _array("uint32_t", f"{name}_tiles[{len(words)}]", words, storage),
        _array("int32_t", f"{name}_multipliers[{number}]", rows.multipliers, storage),
    ]


def _array(
    kind: str, name: str, values: np.ndarray, storage: str = "", section: str = "SE_RODATA"
) -> str:
    """A constant array, in lines of bounded length."""
    write: dict[str, Callable[..., str]] = {
        "float": _float,
        "uint32_t": "0x{:08x}u".format,
        "se_piece": "{{{0[0]}, {0[1]}}}".format,
        "se_local": "{{{0[0]}, {{{0[1]}, {0[2]}, {0[3]}}}, {{{0[4]}, {0[5]}, {0[6]}}}}}".format,
    }
    lines = ["   "]
    for item in map(write.get(kind, str), values):
        if len(lines[-1]) + len(item) + 2 > LINE:
            lines.append("   ")
        lines[-1] += f" {item},"
    return "\n".join([f"{storage}{section} const {kind} {name} = {{", *lines, "};\n"])


def _float(value: float | np.floating) -> str:
    """A float32 that reads back as the same bits."""
    return f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f"
