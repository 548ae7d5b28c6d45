"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file under a hidden name beside it, then rename: a reader never meets half of it.

    Args:
        path: Where to; what was there is replaced.
        content: Bytes, or text that is written as UTF-8.

    Raises:
        OSError: If it cannot be written; what was there stays.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(part, path)
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink()
