"""C sources of a quantized model: tables, weights and the sizes that the compiler checks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..files import write_whole
from ..sound.features import FLOOR, level_decay
from . import fft, selftest, stft
from .fixed import SIGMOID
from .kernels import pack
from .quantize import Quantized, Recurrent, Rows

NOTICE = "/* Written by `lstm-se export --to c`; edits are lost at the next one. */\n"
LINE = 100


def write_sources(model: Quantized, folder: str | Path) -> list[Path]:
    """Write what the firmware needs to know of a model.

    Args:
        model: Quantized network.
        folder: Where the other sources lie, or will.

    Returns:
        The files: ``se_tables.h``, ``se_tables.c``, ``se_weights.h`` and ``se_weights.c``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in sources(model).items():
        path = folder / name
        write_whole(path, NOTICE + text)
        written.append(path)
    return written


def sources(model: Quantized) -> dict[str, str]:
    """File name to C source."""
    return {
        "se_tables.h": _tables_header(model),
        "se_tables.c": _tables(model),
        "se_weights.h": _sizes(model),
        "se_weights.c": _weights(model),
    }


def sha256(model: Quantized) -> str:
    """Fingerprint of every integer of a model."""
    digest = hashlib.sha256()
    for rows, bias in _matrices(model):
        for part in (rows.weights, rows.multipliers, bias):
            digest.update(part.tobytes())
    if model.output.local:
        digest.update(model.output.local.weights.tobytes())
        digest.update(model.output.local.multipliers.tobytes())
    return digest.hexdigest()


def _matrices(model: Quantized) -> list[tuple[Rows, np.ndarray]]:
    layers = [(layer.rows, layer.bias) for layer in model.layers]
    return [*layers, (model.output.rows, model.output.bias)]


def _sizes(model: Quantized) -> str:
    """``se_weights.h``: the sizes of a model, on which the state depends."""
    widths = [layer.rows.weights.shape[1] for layer in model.layers]
    units = [layer.units for layer in model.layers]
    outputs, mask_inputs = model.output.rows.weights.shape
    defined = {
        "SE_BANDS": model.config.bands,
        "SE_LAYERS": len(units),
        "SE_INPUTS": sum(widths),
        "SE_CELLS": sum(units),
        "SE_WIDEST": max(units),
        "SE_MOST_INPUTS": max(*widths, mask_inputs),
        "SE_MASK_INPUTS": mask_inputs,
        "SE_MASK_OUTPUTS": outputs,
        "SE_MASK_ROWS": -(-outputs // 4) * 4,
        "SE_LOCAL": int(model.output.local is not None),
        "SE_MODEL_SHA256": f'"{sha256(model)[:12]}"',
        "SE_SELFTEST_HOPS": selftest.HOPS,
        "SE_SELFTEST_CRC": f"0x{selftest.crc(model):08x}u",
    }
    lines = [f"#define {name} {value}" for name, value in defined.items()]
    return _guarded("SE_WEIGHTS_H", lines)


def _tables_header(model: Quantized) -> str:
    """``se_tables.h``: what ``se_tables.c`` and ``se_weights.c`` define."""
    bands = stft.bands_of(model.config)
    lines = [
        "#include <stdint.h>",
        "",
        '#include "se_weights.h"',
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* Constants of the float part. */",
        f"#define SE_FLOOR {_float(FLOOR)}",
        f"#define SE_LOG_SCALE {_float(stft.LOG_UNIT)}",
        f"#define SE_LOG2_TERMS {stft.LOG2_TERMS}",
        f"#define SE_LEVEL_DECAY {_float(level_decay(model.config))}",
        f"#define SE_BAND_SHARE {_float(1 / model.config.bands)}",
        f"#define SE_FEATURE_UNIT {_float(stft.FEATURE_UNIT)}",
        f"#define SE_MASK_STEP {_float(stft.MASK_STEP)}",
        f"#define SE_OUTPUT_UNIT {_float(stft.OUTPUT_UNIT)}",
        "",
        "extern const float se_window[512];             /* square root of Hann, over 32768 */",
        "extern const float se_twiddles[512];           /* exp(-2 pi i k / 256) */",
        "extern const float se_half_twiddles[256];      /* exp(-2 pi i k / 512) */",
        "extern const float se_log2_polynomial[SE_LOG2_TERMS];",
        f"extern const float se_band_weights[{len(bands.weights)}];",
        "extern const uint8_t se_band_first[SE_BANDS];  /* lowest bin of each band */",
        "extern const uint8_t se_band_bins[SE_BANDS];   /* number of its bins */",
        "extern const int16_t se_sigmoid_table[257];    /* Q0.15, from -8 to 8 */",
        "",
        "/* A row's bias, in units of its accumulator, and the way from there to Q3.12. */",
        "typedef struct {",
        "    int32_t bias, multiplier;",
        "} se_row;",
        "",
        "/* A recurrent layer; rows i, f, g, o of each unit stand together. */",
        "typedef struct {",
        "    const uint32_t *weights;",
        "    const se_row *rows;",
        "    int32_t inputs, units, clip;",
        "} se_layer;",
        "",
        "extern const se_layer se_layers[SE_LAYERS];",
        "extern const uint32_t se_mask_weights[SE_MASK_ROWS * SE_MASK_INPUTS / 4];",
        "extern const se_row se_mask_rows[SE_MASK_OUTPUTS];",
        "#if SE_LOCAL",
        "extern const int8_t se_local_weights[3 * SE_MASK_OUTPUTS];",
        "extern const int32_t se_local_multipliers[SE_MASK_OUTPUTS];",
        "extern const uint8_t se_band_of_output[SE_MASK_OUTPUTS];",
        "#endif",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
    ]
    return _guarded("SE_TABLES_H", lines)


def _tables(model: Quantized) -> str:
    """``se_tables.c``: what depends on the bands only."""
    bands = stft.bands_of(model.config)
    arrays = [
        _array("float", "se_window[512]", stft.window()),
        _array("float", "se_twiddles[512]", fft.TWIDDLES),
        _array("float", "se_half_twiddles[256]", fft.HALF_TWIDDLES),
        _array("float", "se_log2_polynomial[SE_LOG2_TERMS]", stft.log2_polynomial()),
        _array("float", f"se_band_weights[{len(bands.weights)}]", bands.weights),
        _array("uint8_t", "se_band_first[SE_BANDS]", bands.first),
        _array("uint8_t", "se_band_bins[SE_BANDS]", bands.bins),
        _array("int16_t", "se_sigmoid_table[257]", SIGMOID),
    ]
    return "\n".join(['#include "se_tables.h"\n', *arrays])


def _weights(model: Quantized) -> str:
    """``se_weights.c``: everything that was learnt."""
    parts = ['#include "se_tables.h"\n']
    entries = []
    for i, layer in enumerate(model.layers):
        parts += [*_matrix("static ", f"layer{i}", layer.rows, layer.bias)]
        entries.append(_entry(i, layer))
    rows = ",\n    ".join(entries)
    parts.append(f"const se_layer se_layers[SE_LAYERS] = {{\n    {rows},\n}};\n")
    parts += _matrix("", "se_mask", model.output.rows, model.output.bias)
    local, band = model.output.local, model.output.band
    if local:
        outputs = "[SE_MASK_OUTPUTS]"
        parts += [
            _array("int8_t", "se_local_weights[3 * SE_MASK_OUTPUTS]", local.weights),
            _array("int32_t", f"se_local_multipliers{outputs}", local.multipliers),
            _array("uint8_t", f"se_band_of_output{outputs}", band),
        ]
    return "\n".join(parts)


def _entry(i: int, layer: Recurrent) -> str:
    """One layer in the list of layers."""
    inputs = layer.rows.weights.shape[1] - layer.units
    return f"{{layer{i}_weights, layer{i}_rows, {inputs}, {layer.units}, {layer.clip}}}"


def _matrix(storage: str, name: str, rows: Rows, bias: np.ndarray) -> list[str]:
    """Packed weights, and bias and multiplier of each row."""
    words = pack(rows.weights)
    pairs = np.stack([bias, rows.multipliers], axis=-1)
    listed = (f"{{{b}, {m}}}" for b, m in pairs)
    return [
        _array("uint32_t", f"{name}_weights[{len(words)}]", words, storage),
        f"{storage}const se_row {name}_rows[{len(pairs)}] = {_braced(listed)};\n",
    ]


def _array(kind: str, name: str, values: np.ndarray, storage: str = "") -> str:
    """A constant array."""
    write = {"float": _float, "uint32_t": "0x{:08x}u".format}.get(kind, str)
    return f"{storage}const {kind} {name} = {_braced(map(write, values.ravel()))};\n"


def _braced(items: Iterable[str]) -> str:
    """Items in braces, in lines of bounded length."""
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > LINE:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join(["{", *lines, line, "}"])


def _float(value: float | np.floating) -> str:
    """A float32 that reads back as the same bits."""
    return f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f"


def _guarded(guard: str, lines: list[str]) -> str:
    """A header."""
    body = "\n".join(lines)
    return f"#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif\n"
