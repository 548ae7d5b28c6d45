"""The memory of this process."""

from __future__ import annotations

import ctypes
import sys

# Parameters of glibc's mallopt, from its malloc.h, and what a training run wants of them.
_HOARD = {
    -8: 1,  # M_ARENA_MAX: one heap for all threads; others cannot hold arrays of this size
    -4: 0,  # M_MMAP_MAX: no mapping of its own for a large array
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: nothing goes back before 2 GB are free
    -2: 2**28,  # M_TOP_PAD: grow by 256 MB
}


def hoard() -> bool:
    """Keep freed memory for the next array, instead of giving it back to the operating system.

    Each training step makes and frees the same hundreds of megabytes. As glibc comes, they are
    mapped, cleared page by page and unmapped each time, which takes as long as the arithmetic.
    Works best early, before other threads have allocated.

    Returns:
        Whether this C library can do it; others are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and all(mallopt(what, value) for what, value in _HOARD.items())
