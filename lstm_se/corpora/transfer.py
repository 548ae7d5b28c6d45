"""Files over HTTP: a cut connection is continued, not begun again."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
import zipfile
import zlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from ..files import write_all, writing

# The standard library, because pooch's downloader starts again from the first byte: it sends no
# Range header, and an archive here has up to 2.8 GB.
ATTEMPTS = 5  # in a row that brought not one byte more
LONGEST_WAIT = 600  # seconds that a server may ask for
MOST_TIMES = 20  # its own length that an archive may unpack to: speech becomes twice as long
_PASSING = {408, 429, 500, 502, 503, 504}  # HTTP answers that may be different in a moment
_CUTS = (URLError, ConnectionError, TimeoutError, HTTPException, ssl.SSLError)


def fetch(
    url: str,
    part: Path,
    hint: str,
    show: bool = True,
    pause: Callable[[float], object] | None = None,
) -> Path:
    """Download to a file, or continue the download that left the file.

    Args:
        url: Address.
        part: File to write; what it holds is taken to be the beginning of the download.
        hint: What the reader of an error should do.
        show: Whether there is a bar.
        pause: Waits for so many seconds before the next attempt; ``time.sleep`` if ``None``.

    Returns:
        ``part``, complete if the server stated a length; its content is not checked.

    Raises:
        OSError: If the server cannot be reached, refuses, or cuts every connection.
        ValueError: If the server answers with a web page.
    """
    failures = 0
    while True:
        before, asked = _size(part), 0
        try:
            _continue(url, part, hint, show)
            return part
        except HTTPError as error:
            problem, asked = f"{error.code} {error.reason}", _seconds_asked(error)
            if error.code not in _PASSING:
                raise OSError(f"{url} answers {problem}: {hint}") from None
        except _CUTS as error:
            problem = str(getattr(error, "reason", "") or error)
        failures = failures + 1 if _size(part) <= before else 0
        if failures == ATTEMPTS:
            raise ConnectionError(f"{url} failed {ATTEMPTS} times ({problem}): {hint}")
        (pause or time.sleep)(asked or min(2**failures, 30))


def check_pattern(url: str, places: str) -> None:
    """Refuse a pattern of addresses that cannot be filled in.

    Args:
        url: The pattern.
        places: What may stand in it, in words: ``"{id} or {name}"``.

    Raises:
        ValueError: If the pattern has something else in braces.
    """
    try:
        url.format(**dict.fromkeys(re.findall(r"{(\w+)}", places), ""))
    except (LookupError, ValueError, AttributeError, TypeError):
        raise ValueError(f"{url} is no pattern of an address: put {places} in it") from None


def find_fault(path: Path, md5: str = "") -> str:
    """Check a ZIP archive.

    Args:
        path: The archive.
        md5: Its MD5 sum; if empty the CRC of every file in it is checked instead.

    Returns:
        What is wrong with it, as the end of a sentence; empty if nothing.
    """
    if md5:
        with open(path, "rb") as file:
            actual = hashlib.file_digest(file, "md5").hexdigest()
        return "" if actual == md5.lower() else f"has MD5 sum {actual}, not {md5.lower()}"
    try:
        with zipfile.ZipFile(path) as opened:
            unpacked = sum(member.file_size for member in opened.infolist())
            if unpacked > MOST_TIMES * path.stat().st_size:
                return f"would become {unpacked:,} bytes, which no archive of sound does"
            bad = opened.testzip()  # a RuntimeError, if it wants a password
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        return f"is no sound ZIP archive ({error})"
    return f"is damaged at {bad}" if bad else ""


def _seconds_asked(error: HTTPError) -> int:
    """How long a busy server asks to be left alone; 0 if it does not say, or gives a date."""
    asked = error.headers.get("Retry-After", "")
    return min(int(asked), LONGEST_WAIT) if asked.isdecimal() else 0


def _continue(url: str, part: Path, hint: str, show: bool) -> None:
    """One connection: append what is missing; a server that ignores the range starts over."""
    start = _size(part)
    headers = {"User-Agent": "lstm-se"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=60)
    except HTTPError as error:
        error.close()  # an answer, too: left open, it may complain when Python ends
        if error.code != 416 or not start:
            raise
        if error.headers.get("Content-Range") == f"bytes */{start}":
            return  # the whole file was there already
        part.unlink()
        raise ConnectionError("the file on the server has changed") from None
    with response:
        if response.headers.get_content_type() == "text/html":
            raise ValueError(f"{url} is a web page, not an archive: {hint}")
        start = start if response.status == 206 else 0
        length, label = response.headers.get("Content-Length"), part.name.removesuffix(".part")
        total = start + int(length) if length and length.isdecimal() else None
        look: dict[str, Any] = {"unit": "B", "unit_scale": True, "disable": None if show else True}
        with (
            open(part, "ab" if start else "wb", buffering=0) as file,
            tqdm(None, label, total, initial=start, **look) as bar,
        ):
            while block := response.read(1 << 18):
                with writing(part):
                    write_all(file.write, block)
                bar.update(len(block))
    if total is not None and _size(part) != total:
        raise ConnectionError(f"cut after {_size(part)} of {total} bytes")


def _size(path: Path) -> int:
    """Bytes of a file; 0 if it is not there."""
    return path.stat().st_size if path.exists() else 0
