"""Whom to thank for open recordings, and under which licences."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from .manifest import OpenRecording

LICENCES = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
_HEAD = """# Credits

Recordings by others, each under the licence that stands beside it. They were changed: mixed down
to one channel, resampled to 16 kHz, stored as FLAC of 16 bits. `SOURCES.csv` has a line for each
file. Who passes a file on passes these lines on with it.
"""


def credits_of(recordings: Iterable[OpenRecording]) -> str:
    """A page in Markdown: authors and licences, by collection.

    Args:
        recordings: Grouped by collection.
    """
    parts = [_HEAD]
    for name, group in groupby(recordings, lambda recording: recording.collection):
        members = list(group)
        first = members[0]
        where = f"{first.repository} at {first.commit[:12]}; licences: {first.evidence}"
        thanked: dict[tuple[str, str], list[str]] = {}
        for each in members:
            thanked.setdefault((each.author, each.licence), []).append(each.target)
        lines = [f"* {_line(*key, files)}" for key, files in sorted(thanked.items())]
        parts.append("\n".join([f"## {name}\n\n{where}\n", *lines]) + "\n")
    return "\n".join(parts)


def _line(author: str, licence: str, files: list[str]) -> str:
    """One author under one licence."""
    address = LICENCES.get(licence)
    named = f"[{licence}]({address})" if address else licence
    return f"{author}, {named}: " + (files[0] if len(files) == 1 else f"{len(files)} files")
