"""How far a denoiser may turn a frequency down."""

from __future__ import annotations


def least_gain(limit_db: float | None) -> float:
    """The gain that no frequency may fall below.

    Args:
        limit_db: Most that a frequency is turned down, in dB, from 0 up; ``None`` for no limit.

    Returns:
        From 0 to 1: ``10 ** (-limit_db / 20)``, or 0 without a limit.

    Raises:
        ValueError: If the limit is negative or no number.
    """
    if limit_db is None:
        return 0.0
    if not limit_db >= 0:
        raise ValueError(
            f"a limit of {limit_db} dB: give 0 or more, such as 12, or None for no limit"
        )
    return float(10 ** (-limit_db / 20))
