"""Weights in the order in which the firmware's kernels read them; see ``se_kernels.h``."""

from __future__ import annotations

import numpy as np

ROWS = 4  # of a tile
HEAD = 6  # words with which a packed tile begins
COLUMNS = 8  # that are read at once
UPPER = 256  # an upper row's weight counts so many times as much as the lower one's


def pack(weights: np.ndarray, bias: np.ndarray | int = 0) -> np.ndarray:
    """Tiles of four rows: two rows in a halfword, two columns in a word.

    Args:
        weights: int8, shape ``(rows, columns)``; rows are filled up to a multiple of four with
            zeros.
        bias: What each row's sum begins with, shape ``(rows,)``.

    Returns:
        Words of one tile after the other, uint32: three of each pair of rows with which its sums
        begin, then the weights in column pairs; shape ``(rows / 4 * (6 + columns),)``.

    Raises:
        ValueError: If a weight is -128, or the columns are no multiple of 8.
    """
    rows, columns = weights.shape
    if columns % COLUMNS or (rows and weights.min() < -127):
        raise ValueError("columns must be multiples of 8, and weights lie between -127 and 127")
    filled = np.zeros((filled_rows(rows), 1 + columns), np.int64)
    filled[:rows, 0], filled[:rows, 1:] = bias, weights
    lower, both = filled[0::2], filled[0::2] + UPPER * filled[1::2]
    begin = np.stack([lower[:, 0], both[:, 0], both[:, 0] >> 32], axis=-1)
    words = (both[:, 1::2] & 0xFFFF) | (both[:, 2::2] & 0xFFFF) << 16  # (row pairs, column pairs)
    by_column = np.swapaxes(words.reshape(-1, 2, columns // 2), 1, 2)
    tiles = [part.reshape(len(filled) // ROWS, -1) for part in (begin, by_column)]
    return np.concatenate(tiles, axis=1).ravel().astype(np.uint32)


def pack_wide(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Wide tiles of four rows: one weight in a halfword, two columns in a word.

    Args:
        weights: int8, shape ``(rows, columns)``, whole tiles.
        bias: What each row's sum begins with, shape ``(rows,)``.

    Returns:
        Words of one tile after the other, uint32: four biases, then for each pair of columns a word
        of each row; shape ``(rows / 4 * (4 + 2 * columns),)``.
    """
    rows, columns = weights.shape
    pairs = np.ascontiguousarray(weights, "<i2").view("<u4").reshape(-1, ROWS, columns // 2)
    by_column = np.swapaxes(pairs, 1, 2).reshape(rows // ROWS, -1)
    begin = bias.astype("<i4").view("<u4").reshape(-1, ROWS)
    return np.concatenate([begin, by_column], axis=1).ravel()


def filled_rows(rows: int) -> int:
    """Rows of whole tiles."""
    return -(-rows // ROWS) * ROWS


def in_whole_tiles(values: np.ndarray) -> np.ndarray:
    """What belongs to rows, with zeros for the rows that fill the last tile."""
    padding = [(0, filled_rows(len(values)) - len(values)), *[(0, 0)] * (values.ndim - 1)]
    return np.pad(values, padding)
