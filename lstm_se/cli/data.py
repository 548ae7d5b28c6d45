"""``lstm-se data``: corpora, bundled, downloaded or mixed from one's own recordings."""

from __future__ import annotations

import os
import sys
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import COUNT, FOLDER, JOBS, numbers, refuse_given
from .terminal import bar, complain

if TYPE_CHECKING:
    from ..corpora.pairs import Corpus


@click.group("data")
def data_command() -> None:
    """Prepare corpora, and the material that they are mixed from."""


@data_command.command("mini")
@click.option("--out", type=FOLDER, help="Where to; the user's cache folder by default.")
def mini_command(out: Path | None) -> None:
    """Mix the bundled corpus, ten minutes of recorded speech, and print its folder.

    \b
    Example:
      lstm-se data mini --out corpora
    """
    from ..corpora.mini import mini as bundled

    _tell(bundled(out))


@data_command.command("voicebank")
@click.option("--root", required=True, type=FOLDER, help="Folder of the corpus.")
@click.option("--from", "source", type=FOLDER, help="Copy that is unpacked, instead of a download.")
@click.option("--url", default="", help="Mirror, with {id} or {name} in the address.")
@click.option("--keep-archives", is_flag=True, help="Keep the ZIP files.")
def voicebank_command(root: Path, source: Path | None, url: str, keep_archives: bool) -> None:
    """Download VoiceBank-DEMAND (6 GB), check it, and resample it once to 16 kHz.

    --from takes a copy that is on the disk already, at any rate. What is at 16 kHz and in 16 bits
    is linked, which takes no room. Interrupted, both continue where they stopped.

    \b
    Examples:
      lstm-se data voicebank --root voicebank
      lstm-se data voicebank --from downloads/DS_10283_2791 --root voicebank
    """
    from ..corpora.download import URL, download, prepare
    from ..corpora.pairs import voicebank_demand

    if source is not None:
        refuse_given(("url", "keep_archives"), "--from downloads nothing")
    made = prepare(source, root) if source else download(root, url or URL, keep_archives)
    corpus = voicebank_demand(made)
    click.echo(f"{root}: {len(corpus.train) + len(corpus.validation)} and {len(corpus.test)} pairs")


@data_command.command("open")
@click.option("--root", required=True, type=FOLDER, help="Folder of the material.")
@click.option("--from", "source", type=FOLDER, help="A copy on the disk, instead of the network.")
@click.option("--url", default="", help="Mirror: {repository}, {commit}, {path} in the address.")
@click.option("--connections", type=COUNT, default=8, show_default=True)
def open_command(root: Path, source: Path | None, url: str, connections: int) -> None:
    """Download speech and noise to train with (700 MB), check them, and convert them to 16 kHz.

    Recordings that anybody may use, from public repositories; CREDITS.md and SOURCES.csv in the
    folder say whose they are. Interrupted, it continues where it stopped.

    The copy may hold clones of the repositories, as OWNER/NAME/PATH, or the files converted to
    16 kHz with an ORIGINS.csv. The latter are not sample for sample what comes from the network.

    \b
    Examples:
      lstm-se data open --root material
      lstm-se data open --from copy --root material
    """
    from ..corpora.manifest import open_recordings
    from ..corpora.open_material import gather
    from ..corpora.supplies import FromServer, on_disk

    if source is not None:
        refuse_given(("url", "connections"), "--from downloads nothing")
    recordings = open_recordings()
    supply = (
        on_disk(source, recordings) if source else FromServer(root / ".under-way", url, connections)
    )
    made, failures = gather(root, supply, recordings, partial(bar, unit="file"))
    for folder, lines in groupby(made, lambda line: line["file"].split("/")[0]):
        click.echo(_heard(root / folder, list(lines)))
    for failure in failures:
        complain(failure)
    if failures:
        wanted = sum(bool(recording.part) for recording in recordings)
        missing = f"{len(failures):,} of {wanted:,} files did not come"
        raise ValueError(f"{missing}: the same command tries them again")


def _heard(folder: Path, lines: list[dict[str, str]]) -> str:
    """How much there is in a folder."""
    minutes = sum(float(line["seconds"]) for line in lines) / 60
    groups = len({line["file"].split("/")[1] for line in lines})
    return f"{folder}: {len(lines)} files, {minutes:.1f} min, {groups} groups"


@data_command.command("build")
@click.option("--speech", multiple=True, required=True, type=FOLDER, help="Clean; repeatable.")
@click.option("--noise", multiple=True, required=True, type=FOLDER, help="Noise; repeatable.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the corpus.")
@click.option("--pairs", type=COUNT, help="In all; each speech file once if not.")
@click.option("--seconds", type=float, help="Cut longer speech to this length.")
@click.option("--snr", default="0,5,10,15", show_default=True, help="In dB, with commas.")
@click.option("--test-snr", default="2.5,7.5,12.5,17.5", show_default=True, help="In dB.")
@click.option("--validation-share", type=float, default=0.1, show_default=True)
@click.option("--test-share", type=float, default=0.1, show_default=True)
@click.option("--test-speech", multiple=True, type=FOLDER, help="Instead of a share.")
@click.option("--test-noise", multiple=True, type=FOLDER, help="Instead of a share.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@JOBS
def build_command(**options: Any) -> None:
    """Mix a corpus from clean speech and noise.

    A folder in a speech folder is a speaker. A file in a noise folder is a recording, and so is a
    folder in it. No speaker and no recording is in two of training, validation and test: name at
    least three of each. The same seed gives the same bytes. Interrupted, the same command goes on
    where it stopped.

    \b
    Examples:
      lstm-se data build --speech voices --noise noises --out corpus
      lstm-se data build --speech voices --noise noises --out corpus --pairs 2000 --seconds 4
    """
    from ..corpora.build import build_corpus
    from ..corpora.plan import Settings

    folders = {key: options.pop(key) for key in ("speech", "noise", "test_speech", "test_noise")}
    out, jobs = options.pop("out"), options.pop("jobs")
    for key in ("snr", "test_snr"):
        text, form = options.pop(key), "numbers and commas, as in 0,5,10"
        options[f"{key}s_db"] = tuple(numbers(key.replace("_", "-"), text, float, form))
    files = partial(bar, unit="file")
    _tell(build_corpus(out=out, settings=Settings(**options), jobs=jobs, bar=files, **folders))


@data_command.command("check")
@click.argument("root", type=FOLDER)
@JOBS
def check_command(root: Path, jobs: int | None) -> None:
    """Tell whether a corpus is fit to train on.

    Reads every pair of a folder in VoiceBank-DEMAND's layout. One line for each kind of finding:
    how many, and the first. Faults are missing parts and partners, files that cannot be read, pairs
    that differ in length, are swapped, late or at another gain, and speakers or files on two sides
    of the split.
    Notes (other rates, clipping, files that are there twice) spoil no training run.

    The exit code is 0 if there is no fault, 1 if there is one, 2 if ROOT is no corpus.

    \b
    Example:
      lstm-se data check voicebank
    """
    from ..corpora.check import check_corpus

    found = check_corpus(
        root, jobs or os.cpu_count() or 1, partial(bar, name="checking", unit="pair")
    )
    for part, count in found.pairs.items():
        click.echo(f"{part}: {count} pairs, {found.seconds[part] / 3600:.2f} h")
    for line in found.lines():
        click.echo(line)
    click.echo("fit to train on" if found.fit else "not fit to train on")
    sys.exit(0 if found.fit else 1)


def _tell(corpus: Corpus) -> None:
    """Print the folder of a corpus, and how many pairs are in it."""
    parts = f"{len(corpus.train)} training, {len(corpus.validation)} validation"
    click.echo(f"{corpus.root}\n{parts} and {len(corpus.test)} test pairs")
