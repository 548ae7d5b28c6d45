"""VoiceBank-DEMAND from Edinburgh DataShare: fetched, checked, resampled once to 16 kHz.

Valentini-Botinhao, "Noisy speech database for training speech enhancement algorithms and TTS
models", 2017, https://doi.org/10.7488/ds/2117, CC BY 4.0. An interrupted run goes on where it
stopped: archives by HTTP range, sound files one by one.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import soundfile
from tqdm import tqdm

from ..files import claimed, make_folder, write_whole
from ..sound import audio
from ..workers import in_order
from .pairs import header_rate, pair_folders, paired
from .transfer import check_pattern, fetch, find_fault

URL = "https://datashare.ed.ac.uk/server/api/core/bitstreams/{id}/content"
DOI = "https://doi.org/10.7488/ds/2117"
_CHUNK = 64  # files that a worker does between two steps of the progress bar
_ORIGIN = ".origin"  # file in a folder under way: what its sound files are made from


@dataclass(frozen=True)
class Archive:
    """One ZIP of the corpus.

    Attributes:
        name: Its name without ``.zip``, which is also the folder it becomes.
        id: Its identifier on the server.
        md5: Its MD5 sum as the server states it; if empty the ZIP's own checksums must do.
        size: Its size in bytes, about.
        files: Number of files wanted from it, or ``None`` if unknown.
        suffix: Which files are wanted from it.
    """

    name: str
    id: str
    md5: str
    size: int
    files: int | None
    suffix: str = ".wav"


ARCHIVES = (
    Archive("logfiles", size=115_932, files=None, suffix=".txt",
            id="11185dc8-9cf1-405b-b858-35bd6a04aedd", md5="0d16f5b6afe12d64238d1e4a0e6ff6e8"),
    Archive("clean_testset_wav", size=154_300_000, files=824,
            id="dec213d3-bf57-4777-9663-c24bdce92d5e", md5="34eb1c0ba7ef667e9b966866c542fc16"),
    Archive("noisy_testset_wav", size=170_600_000, files=824,
            id="13c1bfbf-14a6-41db-9b41-8f7310f01ad5", md5="fb1b86caa31e8ba5b506c0c64da9aab5"),
    Archive("clean_trainset_28spk_wav", size=2_486_057_279, files=11_572,
            id="245452b6-6235-44b6-a6f9-e7eb19797769", md5="d2d5a45ec32f8fcbf201bde0447e20ba"),
    Archive("noisy_trainset_28spk_wav", size=2_830_205_201, files=11_572,
            id="ecb5a102-bb00-46d3-8af5-40c79823b837", md5="1fca9e8bafb8cd069f6653c6d92f9e9c"),
)  # fmt: skip


def download(
    root: str | Path,
    url: str = URL,
    keep_archives: bool = False,
    archives: Sequence[Archive] = ARCHIVES,
) -> Path:
    """Bring VoiceBank-DEMAND (28 speakers) to a folder, at 16 kHz.

    What is already there is not done again, so that calling it twice costs nothing. Archives
    that were fetched by other means are used if they lie in ``root`` under their own names.

    Args:
        root: The corpus folder; made if missing.
        url: Address of an archive, with ``{id}`` or ``{name}`` (with ``.zip``) in it: a mirror.
        keep_archives: Leave the ZIP files in ``root`` after they were unpacked.
        archives: What to fetch.

    Returns:
        ``root``.

    Raises:
        OSError: If the disk is too small, or the server cannot be reached or lacks the archive.
        ValueError: If an archive is not what it should be, or ``url`` has something else in braces.
    """
    check_pattern(url, "{id} or {name}")
    root = Path(root)
    make_folder(root)
    with claimed(root):
        left = [archive for archive in archives if not _is_done(root / archive.name, archive.files)]
        _check_space(root, left, keep_archives)
        for archive in left:
            zip_path = _obtain(root, archive, url)
            _unpack(zip_path, root / archive.name, archive)
            if not keep_archives:
                zip_path.unlink()
    return root


def prepare(source: str | Path, root: str | Path) -> Path:
    """Copy a corpus that was unpacked by hand to a new folder, at 16 kHz; goes on if interrupted.

    Files that are at 16 kHz and in 16 bits already are linked, not copied.

    Args:
        source: Folder with ``clean_testset_wav`` and so on, at any rate.
        root: Folder to write the same folders to.

    Returns:
        ``root``.

    Raises:
        FileNotFoundError: If ``source`` has no such folder, or the clean or noisy one alone.
        ValueError: If ``root`` is ``source``, files do not pair, or one cannot be read.
        OSError: If ``root`` cannot be written.
    """
    source, root = Path(source), Path(root)
    if root.resolve() == source.resolve():
        raise ValueError(f"{root} is the source itself: name another folder for the 16 kHz copy")
    make_folder(root)
    with claimed(root):
        for folder, files in _unpacked(source).items():
            if not _is_done(root / folder.name, len(files)):
                _run(_bring_files, files, root / folder.name, source)
    if (source / "logfiles").is_dir():
        shutil.copytree(source / "logfiles", root / "logfiles", dirs_exist_ok=True)
    return root


def _unpacked(source: Path) -> dict[Path, dict[str, str]]:
    """Folders of a corpus that was unpacked by hand, with the files to make of those in them."""
    sides = sorted([*source.glob("clean_*_wav"), *source.glob("noisy_*_wav")])
    folders = [path for path in sides if path.is_dir()]
    if not folders:
        problem = f"{source} holds no folder named like clean_testset_wav"
        if deeper := next((p for p in source.glob("*/**/clean_*_wav") if p.is_dir()), None):
            raise FileNotFoundError(f"{problem}, but {deeper.parent} does: name that one")
        if list(source.glob("*_wav.zip")):
            raise FileNotFoundError(f"{problem} but ZIP files: unpack them, or name it as --root")
        raise FileNotFoundError(f"{problem}: check it")
    for part in sorted({folder.name.split("_", 1)[1].removesuffix("_wav") for folder in folders}):
        paired(*pair_folders(source, part))
    found = {}
    for folder in folders:
        paths = audio.find(folder)
        found[folder] = {f"{path.stem}.wav": str(path) for path in paths}
        if len(found[folder]) < len(paths):
            raise ValueError(f"{folder} holds files of one name in two folders: rename one of them")
    return found


def _is_done(folder: Path, files: int | None) -> bool:
    """A folder of ours has its name only when it is complete; one of others is looked at."""
    if not folder.is_dir():
        return False
    visible = sorted(folder.glob("[!.]*"))
    if not visible:
        return False
    sounds = [path for path in visible if path.suffix.lower() == ".wav"]
    rate = header_rate(sounds[0]) if sounds else audio.SAMPLE_RATE
    if rate != audio.SAMPLE_RATE:
        raise ValueError(
            f"{folder} holds {rate} Hz files: choose another root, and copy them there "
            "with lstm-se data voicebank --from, or lstm_se.corpora.download.prepare"
        )
    if files is not None and len(sounds) != files:
        raise ValueError(
            f"{folder} holds {len(sounds)} of {files} files: move it away and start again"
        )
    return True


def _check_space(root: Path, archives: Sequence[Archive], keep_archives: bool) -> None:
    """Better now than after two hours; archives go one by one unless they are kept."""
    sizes = [archive.size for archive in archives]
    zipped = sum(sizes) if keep_archives else max(sizes, default=0)
    there = [path.stat().st_size for a in archives for path in root.glob(f"{a.name}.zip*")]
    # 16 kHz WAV files take about half of their 48 kHz archive
    needed = int(0.5 * sum(sizes)) + max(0, zipped - sum(there))
    free = shutil.disk_usage(root).free
    if needed > free:
        raise OSError(
            f"{root} has {free / 1e9:.1f} GB free but VoiceBank-DEMAND needs "
            f"{needed / 1e9:.1f} GB: choose a folder on a larger disk"
        )


def _obtain(root: Path, archive: Archive, url: str) -> Path:
    """The checked archive, fetched unless it is there."""
    target = root / f"{archive.name}.zip"
    if target.exists():
        if fault := find_fault(target, archive.md5):
            raise ValueError(f"{target} {fault}: delete it and start again")
        return target
    address = url.format(id=archive.id, name=target.name)
    hint = f"start again, or fetch {target.name} from {DOI} into {root}"
    part = fetch(address, root / f"{target.name}.part", hint)
    if fault := find_fault(part, archive.md5):
        part.unlink()
        raise ValueError(f"{address} {fault}, it was removed: {hint}")
    os.replace(part, target)
    return target


def _unpack(path: Path, folder: Path, archive: Archive) -> None:
    """Sound (or text) files of an archive to a flat folder."""
    with zipfile.ZipFile(path) as opened:
        members = [PurePosixPath(name) for name in opened.namelist()]
    # Macintosh archives carry a shadow of each file, __MACOSX/._NAME
    members = [m for m in members if m.suffix == archive.suffix and not m.name.startswith(".")]
    if not members or archive.files not in (None, len(members)):
        raise ValueError(
            f"{path} holds {len(members)} {archive.suffix} files, not {archive.files or 'some'}: "
            "delete it and start again"
        )
    _run(partial(_convert_members, path), {m.name: str(m) for m in members}, folder, path)


def _run(convert: Callable, sources: Mapping[str, str], folder: Path, origin: Path) -> None:
    """Make the files of a folder in processes, beside it first: it is complete or not there.

    ``convert`` gets a few pairs of a source and the file to make of it; all are from ``origin``.
    """
    part = folder.with_name(f"{folder.name}.part")
    _begin(part, str(origin.resolve()))
    left = [(sources[name], part / name) for name in sources if not (part / name).exists()]
    chunks = [left[start : start + _CHUNK] for start in range(0, len(left), _CHUNK)]
    jobs = max(1, min(os.cpu_count() or 1, len(chunks)))
    try:
        with tqdm(total=len(left), desc=folder.name, unit="file", disable=None) as bar:
            for chunk, _ in zip(chunks, in_order(convert, chunks, jobs), strict=True):
                bar.update(len(chunk))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from there") from None
    os.replace(part, folder)
    (folder / _ORIGIN).unlink()


def _begin(part: Path, origin: str) -> None:
    """Keep what an interrupted call has made from the same origin, and nothing else."""
    marker = part / _ORIGIN
    if marker.is_file() and marker.read_bytes() == os.fsencode(origin):
        return
    if part.exists():
        shutil.rmtree(part)
    part.mkdir()
    write_whole(marker, os.fsencode(origin))


def _bring_files(chunk: Sequence[tuple[str, Path]]) -> None:
    """Sound files at 16 kHz, 16 bits; those that are so already are linked."""
    for source, target in chunk:
        recording = audio.read(source, mono=False)
        form = recording.subtype, recording.source_rate, recording.note
        if form == ("PCM_16", audio.SAMPLE_RATE, "") and _is_wav(Path(source)):
            _link(Path(source).resolve(), target)
        else:
            audio.write(target, recording.samples, subtype="PCM_16")


def _is_wav(path: Path) -> bool:
    """Whether a file is a WAV, whatever its name says."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[:4] + head[8:] == b"RIFFWAVE"


def _link(source: Path, target: Path) -> None:
    """The same file under another name, by the lightest means that the disk knows."""
    for means in (os.link, os.symlink):
        with suppress(OSError):  # another disk, or one without links
            means(source, target)
            return
    write_whole(target, source.read_bytes())


def _convert_members(path: Path, chunk: Sequence[tuple[str, Path]]) -> None:
    """Files of an archive, sound at 16 kHz and 16 bits: its 48 kHz form never meets the disk."""
    with zipfile.ZipFile(path) as opened:
        for member, target in chunk:
            if target.suffix != ".wav":
                write_whole(target, opened.read(member))
                continue
            try:
                samples, rate = soundfile.read(io.BytesIO(opened.read(member)), dtype="float32")
            except (soundfile.LibsndfileError, zipfile.BadZipFile, zlib.error) as error:
                reason = str(getattr(error, "error_string", error)).rstrip(".")
                raise ValueError(f"{path}: {member} cannot be read: {reason}") from None
            resampled = audio.resample(samples.T, rate, audio.SAMPLE_RATE)
            audio.write(target, resampled, subtype="PCM_16")
