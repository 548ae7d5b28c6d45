"""What the C of sub-bands has to know: sizes, and weights in the order of its kernels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..config import Config
from ..network.bandwise import sights
from .bandwise import Bandwise
from .c_arrays import c_array, c_entry, c_packed, c_wide
from .kernels import COLUMNS, HEAD, ROWS, filled_rows
from .matrices import Dense

ANEW = ("up", "down")


def bandwise_sizes(config: Config) -> dict[str, int]:
    """Names for ``se_weights.h``."""
    if not config.subbands:
        return {"SE_SUBBANDS": 0}
    words = sum(config.channels // ROWS * (HEAD + columns) for _, columns in _seen(config))
    return {
        "SE_SUBBANDS": len(config.subbands),
        "SE_CHANNELS": config.channels,
        "SE_BLOCKS": config.blocks,
        "SE_ACROSS": config.across,
        "SE_CONTEXT": config.context,
        "SE_HEARD": config.units[-1],
        "SE_ROW": _row(config),
        "SE_SPLIT_WORDS": words,
    }


def mask_size(config: Config) -> int:
    """Numbers in the state's mask, which is scratch memory of other layers before it is a mask."""
    scratch = [(len(config.subbands) + 1) * config.across, config.context]
    return max([filled_rows(config.bins), *(scratch if config.subbands else [])])


def gains_together(config: Config) -> list[np.ndarray]:
    """Gains that read the same numbers: all, or those of a sub-band, with 0 Hz in the lowest."""
    return np.split(np.arange(config.bins), 1 + np.cumsum(config.subbands[:-1], dtype=int))


def bandwise_weights(layers: Bandwise, config: Config) -> Iterator[str]:
    """Arrays for ``se_weights.c``."""
    seen = _seen(config)
    yield c_array("se_sight", "se_sights[SE_SUBBANDS]", np.array(seen))
    own = zip(layers.split, sights(config.subbands), seen, strict=True)
    yield from c_packed("se_split", [_placed(dense, sight, *at) for dense, sight, at in own])
    yield from c_packed("se_context", [layers.context])
    yield from c_wide("inject", layers.inject)
    yield f"const se_dense se_inject = {c_entry('inject', layers.inject)};\n"
    blocks = [
        {f"{name}{i}": layer for name, layer in block._asdict().items()}
        for i, block in enumerate(layers.blocks)
    ]
    for name, layer in (pair for block in blocks for pair in block.items()):
        # these are read anew in each sub-band; a cache keeps the others until all have read them
        section = "SE_SHARED_DATA" if name.startswith(ANEW) else "SE_RODATA"
        yield from c_wide(name, layer, section)
    entries = [", ".join(c_entry(*pair) for pair in block.items()) for block in blocks]
    listed = "".join(f"    {{{entry}}},\n" for entry in entries)
    yield f"const se_block se_blocks[SE_BLOCKS] = {{\n{listed}}};\n"
    yield c_array("se_step", "se_mask_steps[SE_MASK_ROWS / 4]", _steps(config))


def _seen(config: Config) -> list[tuple[int, int]]:
    """First column and number of columns of each sub-band: kernels read words, and eights."""
    firsts = [(sight[0] // 2 * 2, sight[-1] + 1) for sight in sights(config.subbands)]
    return [(first, -(-(end - first) // COLUMNS) * COLUMNS) for first, end in firsts]


def _placed(dense: Dense, sight: np.ndarray, first: int, columns: int) -> Dense:
    """A sub-band's own matrix with zeros for what it does not see of these columns."""
    weights = np.zeros((len(dense.bias), columns), np.int8)
    weights[:, sight - first] = dense.rows.weights
    return dense._replace(rows=dense.rows._replace(weights=weights))


def _row(config: Config) -> int:
    """Numbers that the layers of a sub-band read: its channels, then an LSTM's last outputs."""
    return config.channels + max(config.channels, config.across)


def _steps(config: Config) -> np.ndarray:
    """Of each of the mask's tiles, rows that only fill it, and the way to what the next reads."""
    steps = []
    for gains in gains_together(config):
        within, last = (0, 0), (-len(gains) % ROWS, _row(config))
        steps += [within] * (filled_rows(len(gains)) // ROWS - 1) + [last]
    return np.array(steps)
