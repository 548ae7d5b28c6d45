"""The open training material in a folder: every file checked, and converted once to 16 kHz.

What the folder holds, and what each file in it was made from, stands in its ``SOURCES.csv``:
another run does only what is missing, wrong, or made from something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ..files import claimed, make_folder, read_csv, sha256_of, write_csv, write_whole
from ..sound import audio
from .build import Bar
from .credits import credits_of
from .manifest import OpenRecording, open_recordings
from .supplies import FromClones, FromCopy, Supply

MADE_COLUMNS = (
    "file", "seconds", "sha256", "made_from", "author", "licence", "repository", "commit", "path",
)  # fmt: skip
_SAVED_EVERY = 200  # files; a killed run does the last of them again
Made = dict[str, str]  # a line of SOURCES.csv


def gather(
    root: str | Path,
    supply: Supply,
    recordings: Sequence[OpenRecording],
    bar: Bar = lambda items, name: items,
) -> tuple[list[Made], list[Exception]]:
    """Bring the material to a folder; interrupted, the same call goes on where it stopped.

    Below ``root`` come ``speech``, ``noise``, ``validation_speech`` and ``validation_noise``, with
    a folder in them for each talker and each kind of noise, and beside them ``SOURCES.csv`` and
    ``CREDITS.md``. The same supply gives the same bytes: FLAC of 16 bits, 16 kHz, one channel.

    Args:
        root: Folder of the material.
        supply: Where the files come from; it is closed at the end.
        recordings: What is wanted.
        bar: Wraps what takes long, with a name for it.

    Returns:
        Lines of ``SOURCES.csv``, sorted, and what went wrong with the files that did not come. One
        that was there before, made from something else, stays with its line.

    Raises:
        FileExistsError: If ``root`` holds the ``SOURCES.csv`` of something else.
        OSError: If ``root`` cannot be written to, or nothing comes any more.
        ValueError: If that ``SOURCES.csv`` is damaged, or names a file outside ``root``, or the
            files would be written over those that they are made from.
    """
    root = Path(root)
    on_disk = supply.folder if isinstance(supply, FromClones | FromCopy) else None
    if on_disk and root.resolve() == on_disk.resolve():
        raise ValueError(f"{root} is the source itself: name another folder for the 16 kHz copy")
    make_folder(root)
    with claimed(root):
        wanted, before = [r for r in recordings if r.part], _read_made(root)
        _remove(root, before, before.keys() - {recording.target for recording in wanted})
        try:
            made, failures = _bring_all(root, supply, wanted, before, bar)
        finally:
            supply.close()
        _save(root, made)
        write_whole(root / "CREDITS.md", credits_of(r for r in wanted if r.target in made))
    return [made[name] for name in sorted(made)], failures


def count(root: Path) -> tuple[int, int]:
    """How many files the material has, and how many of them a folder lacks.

    Raises:
        FileExistsError: If ``root`` holds the ``SOURCES.csv`` of something else.
        OSError: If it cannot be read.
        ValueError: If it is damaged.
    """
    wanted = {recording.target for recording in open_recordings() if recording.part}
    made = _read_made(root)
    return len(wanted), sum(name not in made or not (root / name).exists() for name in wanted)


def _bring_all(
    root: Path,
    supply: Supply,
    wanted: Sequence[OpenRecording],
    before: dict[str, Made],
    bar: Bar,
) -> tuple[dict[str, Made], list[Exception]]:
    """Several files at a time; when it is interrupted, what is there is written down."""
    bring = partial(_bring, root, supply, before)  # takes out of before what it finds damaged
    with ThreadPoolExecutor(supply.threads) as pool:
        outcomes = [pool.submit(bring, recording) for recording in wanted]
        try:
            failures = _await(outcomes, root, supply, before, bar)
        except BaseException:
            supply.hurry()
            pool.shutdown(cancel_futures=True)
            _save(root, before | _finished(outcomes))
            raise
    return before | _finished(outcomes), failures


def _remove(root: Path, before: dict[str, Made], names: Iterable[str]) -> None:
    """Forget files that an older manifest had, perhaps elsewhere: first their lines, then them."""
    lines = [before.pop(name) for name in sorted(names)]
    if lines:
        _save(root, before)
    for line in lines:
        (root / line["file"]).unlink(missing_ok=True)


def _await(
    outcomes: Sequence[Future], root: Path, supply: Supply, before: dict[str, Made], bar: Bar
) -> list[Exception]:
    """Wait for all files; what went wrong with those that do not come."""
    failures: list[Exception] = []
    came, lost = 0, 0
    for outcome in bar(outcomes, "gathering"):
        error = outcome.result()
        if not isinstance(error, Exception):
            came, lost = came + 1, 0
            if came % _SAVED_EVERY == 0:
                _save(root, before | _finished(outcomes))
            continue
        failures.append(error)
        lost += 1
        if isinstance(error, ConnectionError) and not _finished(outcomes):
            raise error
        if lost >= supply.patience:
            raise ConnectionError(f"{lost} files in a row did not come; the last one: {error}")
    return failures


def _bring(
    root: Path, supply: Supply, before: dict[str, Made], recording: OpenRecording
) -> Made | Exception:
    """One file, unless it is there and right; the error if it cannot be had."""
    target, line = root / recording.target, before.get(recording.target)
    if line and _is_whole(target, line):
        if line["made_from"] == supply.sum_of(recording):
            return line
    else:  # what is made from something else stays until the other one is there
        before.pop(recording.target, None)
        target.unlink(missing_ok=True)
    try:
        with supply.opened(recording) as path:
            samples = audio.read(path).samples
    except (ValueError, OSError) as error:  # one bad file is no reason to leave the others
        return error
    make_folder(target.parent)
    audio.write(target, samples, subtype="PCM_16")
    seconds, sha256 = f"{len(samples) / audio.SAMPLE_RATE:.2f}", sha256_of(target)
    facts = recording.target, seconds, sha256, supply.sum_of(recording)
    origin = recording.repository, recording.commit, recording.path
    values = *facts, recording.author, recording.licence, *origin
    return dict(zip(MADE_COLUMNS, values, strict=True))


def _is_whole(target: Path, line: Made) -> bool:
    """Whether a file is as it was written."""
    return target.exists() and line["sha256"] == sha256_of(target)


def _finished(outcomes: Iterable[Future]) -> dict[str, Made]:
    """Lines of the files that are there, by file."""
    done = (o for o in outcomes if o.done() and not o.cancelled() and not o.exception())
    lines = (outcome.result() for outcome in done)
    return {line["file"]: line for line in lines if isinstance(line, dict)}


def _read_made(root: Path) -> dict[str, Made]:
    """What ``SOURCES.csv`` says of a folder, by file; nothing if there is none."""
    path = root / "SOURCES.csv"
    if not path.exists():
        return {}
    columns, lines = read_csv(path)
    if tuple(columns) != MADE_COLUMNS:
        raise FileExistsError(f"{path} is that of another corpus: choose another folder")
    made = {line["file"]: line for line in lines}
    for name in made:  # it may be removed: a table from elsewhere must not choose what
        if not (root / name).resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{path} names {name}, which is outside: choose another folder")
    return made


def _save(root: Path, made: dict[str, Made]) -> None:
    """Write ``SOURCES.csv``."""
    write_csv(
        root / "SOURCES.csv", MADE_COLUMNS, (list(made[name].values()) for name in sorted(made))
    )
