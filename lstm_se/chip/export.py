"""C sources of a quantized model: tables, weights and the sizes that the compiler checks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..files import make_folder, write_whole
from ..network.in_numpy import beside
from ..sound.features import FLOOR, level_decay
from . import fft, selftest, stft
from .bandwise_export import bandwise_sizes, bandwise_weights, gains_together, mask_size
from .c_arrays import c_array, c_entry, c_float, c_packed
from .fixed import SIGMOID
from .kernels import filled_rows, in_whole_tiles
from .matrices import Dense
from .quantize import Quantized, refuse_undeployable

NOTICE = (
    "/* SPDX-License-Identifier: MIT */\n"
    "/* Written by `lstm-se export --to c`; edits are lost at the next one. */\n"
)


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
    make_folder(folder)
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
    tiled = sum(filled_rows(len(gains)) for gains in gains_together(model.config))
    defined = {
        "SE_BANDS": model.config.bands,
        "SE_LAYERS": len(widths),
        "SE_INPUTS": sum(widths) + model.layers[-1].units,
        "SE_CELLS": sum(layer.units for layer in model.layers),
        "SE_CELL_CLIP": model.layers[0].clip,
        "SE_MOST_INPUTS": max(*widths, mask_inputs),
        "SE_MASK_INPUTS": mask_inputs,
        "SE_MASK_OUTPUTS": outputs,
        "SE_MASK_ROWS": tiled,
        "SE_MASK_SIZE": mask_size(model.config),
        **bandwise_sizes(model.config),
        "SE_LOCAL": int(model.output.local is not None),
        "SE_EXCHANGES": len(fft.EXCHANGED),
        "SE_BAND_WEIGHTS": len(stft.bands_of(model.config).weights),
        "SE_FLOOR": c_float(FLOOR),
        "SE_LOG_SCALE": c_float(stft.LOG_UNIT),
        "SE_LOG2_TERMS": stft.LOG2_TERMS,
        "SE_LEVEL_DECAY": c_float(level_decay(model.config)),
        "SE_BAND_SHARE": c_float(1 / model.config.bands),
        "SE_FEATURE_UNIT": c_float(stft.FEATURE_UNIT),
        "SE_MASK_STEP": c_float(stft.MASK_STEP),
        "SE_OUTPUT_UNIT": c_float(stft.OUTPUT_UNIT),
        "SE_MODEL_SHA256": f'"{sha256(model)[:12]}"',
        "SE_SELFTEST_HOPS": selftest.HOPS,
        "SE_SELFTEST_CRC": f"0x{selftest.crc(model):08x}u",
    }
    lines = "\n".join(f"#define {name} {value}" for name, value in defined.items())
    return f"#ifndef SE_WEIGHTS_H\n#define SE_WEIGHTS_H\n\n{lines}\n\n#endif\n"


def _tables(model: Quantized) -> str:
    """``se_tables.c``: what does not depend on the weights."""
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
    texts = [c_array(*array, section="SE_FAST_DATA") for array in arrays]
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
        parts += c_packed(f"layer{i}", [layer], "static ")
        entries.append(f"    {c_entry(f'layer{i}', layer)},\n")
    # a list of addresses, which in a shared library is no constant: no SE_RODATA
    parts.append(f"const se_layer se_layers[SE_LAYERS] = {{\n{''.join(entries)}}};\n")
    if model.bandwise:
        parts += bandwise_weights(model.bandwise, model.config)
    parts += c_packed("se_mask", _mask_parts(model))
    if local := model.output.local:
        # C has the bins, which a gain sees where there are sub-bands, in an array of their own
        first = model.config.bands if model.bandwise else 0
        features = beside(model.output.band - first).T
        views = np.hstack([local.multipliers[:, None], local.weights, features])
        filled = [in_whole_tiles(views[gains]) for gains in gains_together(model.config)]
        parts.append(c_array("se_local", "se_mask_local[SE_MASK_ROWS]", np.concatenate(filled)))
    return "\n".join(parts)


def _mask_parts(model: Quantized) -> list[Dense]:
    """Rows of gains that read the same numbers: tiles of their own."""
    rows, bias, *_ = model.output
    return [
        Dense(
            rows._replace(weights=rows.weights[gains], multipliers=rows.multipliers[gains]),
            bias[gains],
        )
        for gains in gains_together(model.config)
    ]
