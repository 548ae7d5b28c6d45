"""``lstm-se enhance``: noisy files in, denoised files out; or from pipe to pipe."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from .options import COUNT, ENGINE, FOLDER, JOBS, LIMIT, MODEL, refuse_given
from .terminal import bar, complain, minutes_bar

if TYPE_CHECKING:
    from ..network.denoiser import AnyRateDenoiser
    from ..sound.source import SoundSource

PIPE = Path("-")
SLASHES = ("/", os.sep)


@click.command("enhance")
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", required=True, type=click.Path(), help="File or folder, or '-'.")
@MODEL
@ENGINE
@LIMIT
@click.option(
    "--band",
    type=click.Choice(["full", "8000"]),
    default="full",
    show_default=True,
    help="At 44.1 and 48 kHz: keep what lies above 8 kHz, or not.",
)
@JOBS
@click.option("--resume", is_flag=True, help="Leave out what the output folder has already.")
@click.option("--raw", type=COUNT, metavar="RATE", help="The pipe carries int16 without header.")
@click.option("--channels", type=COUNT, default=1, show_default=True, help="Of a raw pipe.")
def enhance_command(
    sources: tuple[Path, ...],
    output: str,
    model: str,
    engine: str,
    limit: float | None,
    band: str,
    jobs: int | None,
    resume: bool,
    raw: int | None,
    channels: int,
) -> None:
    """Denoise files or whole folders of any length; names, rate, channels and length stay.

    A '-' in the place of a file is the standard input or output, a WAV or raw int16. Ctrl-C ends
    what goes from there into a file, and keeps it.

    \b
    Examples:
      lstm-se enhance noisy.wav -o enhanced.wav
      lstm-se enhance recordings/ -o enhanced/ --resume
      lstm-se enhance noisy.wav -o enhanced.wav --engine firmware --limit 12
      ffmpeg -i film.mkv -f wav - | lstm-se enhance - -o - | aplay
      arecord -f S16_LE -r 16000 - | lstm-se enhance - -o call.wav
      lstm-se enhance - -o - --raw 16000 < noisy.pcm > enhanced.pcm
    """
    work = _Work(model, engine, limit, band == "full")
    if not raw or PIPE not in sources:
        refuse_given(("channels",), "--channels is of a raw pipe at the input")
    if PIPE in (*sources, Path(output)):
        refuse_given(("resume",), "a pipe cannot be resumed")
        _through_pipe(work, sources, Path(output), raw, channels)
        return
    if raw:
        raise ValueError("--raw is for pipes: name '-' as the input")
    tasks = _tasks(sources, output)
    if resume:
        missing = [task for task in tasks if not task.target.exists()]
        click.echo(f"{len(tasks) - len(missing)} of {len(tasks)} files are there already", err=True)
        tasks = missing
    if not _enhance_all(work, tasks, jobs):
        sys.exit(2)


@dataclass(frozen=True)
class _Work:
    """What is done to each file; unlike a denoiser, it can be sent to another process."""

    model: str
    engine: str
    limit_db: float | None
    full_band: bool

    def denoiser(self) -> AnyRateDenoiser:
        """The denoiser, loaded once a process."""
        return _loaded(self.model, self.engine, self.limit_db)


@cache
def _loaded(model: str, engine: str, limit_db: float | None) -> AnyRateDenoiser:
    from ..chip.engines import load

    return load(model, engine, limit_db)


@dataclass(frozen=True)
class _Task:
    """A file to read and the file to write."""

    source: Path
    target: Path


def _enhance_all(work: _Work, tasks: list[_Task], jobs: int | None) -> bool:
    """Enhance files in several processes; tells whether all went well."""
    from loky import cpu_count

    from ..workers import in_order

    if not tasks:
        return True
    work.denoiser()  # what is wrong with it is wrong with all files
    jobs, told = min(jobs or cpu_count(), len(tasks)), set[str]()
    with TemporaryDirectory() as folder:
        stop = Path(folder) / "stop"
        run = partial(_enhance, work, stop, jobs == 1)
        results = in_order(run, tasks, jobs, hurry=stop.touch)
        for result in bar(results, "enhancing", "file", len(tasks)) if len(tasks) > 1 else results:
            if not isinstance(result, Exception):
                tqdm.write(result)
            elif str(result) not in told:  # a folder that cannot be made is that of many files
                complain(result)
                told.add(str(result))
    return not told


def _enhance(work: _Work, stop: Path, show: bool, task: _Task) -> str | Exception:
    """Enhance a file; tells where it is and what became of it, or what went wrong."""
    from ..network.recordings import enhance_file

    with minutes_bar(task.source.name, show) as minutes:

        def heard(done: float, total: float | None) -> None:
            if stop.exists():
                raise ValueError(f"{task.source}: nobody waits for it any more")
            minutes(done, total)

        try:
            note = enhance_file(work.denoiser(), task.source, task.target, work.full_band, heard)
        except (ValueError, OSError) as error:  # one bad file is no reason to leave the others
            return error
    return _told(task.target, note)


def _told(target: Path, note: str) -> str:
    """Where a file is, and what became of it."""
    return f"{target}" + (f" ({note})" if note else "")


def _tasks(sources: tuple[Path, ...], output: str) -> list[_Task]:
    """All that is to be done; refused before any work if a sound would be lost by it."""
    from ..sound import sink

    target = Path(output)
    single = len(sources) == 1 and not sources[0].is_dir()
    file = not target.is_dir() and not output.endswith(SLASHES)
    if single and file and target.suffix:
        return [_Task(sources[0], target)]
    if target.is_file():
        raise ValueError(f"{target} is a file: name a folder for the output")
    if file and sink.writes(target):
        raise ValueError(
            f"{target} names a file: name a folder for the output, or write {target}/ if it is one"
        )
    tasks: list[_Task] = []
    for source in sources:
        if source.is_dir():
            tasks += _in_folder(source, target)
        else:
            tasks.append(_Task(source, target / _writable(source.name)))
    _refuse_losses(tasks)
    return tasks


def _refuse_losses(tasks: list[_Task]) -> None:
    """Two files must not become one, nor one be written over another that is still to be read."""
    counts = Counter(task.target for task in tasks)
    if twice := next((target for target, count in counts.items() if count > 1), None):
        raise ValueError(f"two inputs would both be written to {twice}: enhance them separately")
    folder = cache(Path.resolve)  # few, and to resolve a path takes a while
    sources = {(folder(task.source.parent), task.source.name): task.source for task in tasks}
    for task in tasks:
        lost = sources.get((folder(task.target.parent), task.target.name), task.source)
        if lost != task.source:
            raise ValueError(
                f"{task.source} would be written over {lost}, which is an input, too: "
                "choose another output folder"
            )


def _in_folder(folder: Path, output: Path) -> list[_Task]:
    """The sound files of a folder, but for those that an earlier run has put there."""
    from ..sound import audio

    within = output.resolve()
    if within == folder.resolve():
        raise ValueError(f"{output} is the input itself: choose another output folder")
    found, others = audio.sounds_and_others(folder)
    sounds = found
    if within.is_relative_to(folder.resolve()):
        parents = {path.parent for path in found}  # few, and to resolve a path takes a while
        written = {parent for parent in parents if parent.resolve().is_relative_to(within)}
        sounds = [path for path in found if path.parent not in written]
    if len(sounds) < len(found):
        count = len(found) - len(sounds)
        complain(f"left out {count} in {output}: written by an earlier run", "note")
    if others:
        path, reason = others[0]
        complain(f"left out {len(others)} of {folder}, such as {path.name}: {reason}", "note")
    return [_Task(path, output / _writable(path.relative_to(folder))) for path in sounds]


def _writable(name: str | Path) -> Path:
    """The name of the output: the input's own, or a WAV's if its format cannot be written."""
    from ..sound import sink

    path = Path(name)
    return path if sink.writes(path) else path.with_suffix(".wav")


def _through_pipe(
    work: _Work, sources: tuple[Path, ...], output: Path, raw: int | None, channels: int
) -> None:
    """Enhance from a pipe, into a pipe, or both, hop by hop."""
    from ..network.recordings import enhance_into_pipe
    from ..sound.pipe import PipeSink
    from ..sound.source import open_source, open_stream

    if len(sources) > 1:
        raise ValueError("a pipe carries one sound: name a single input")
    (source,) = sources
    if output == PIPE and sys.stdout.isatty():
        raise ValueError("the output would go to the terminal: pipe it into a player or a file")
    with (
        open_stream(sys.stdin.buffer, "standard input", raw, channels)
        if source == PIPE
        else open_source(source)
    ) as sound:
        rate = sound.sample_rate
        if raw and raw != rate:
            raise ValueError(f"{source} has {rate} Hz: write --raw {rate}")
        if output != PIPE:
            _record(work, sound, output)
            return
        shape = sound.sample_rate, sound.channels
        sink = PipeSink(sys.stdout.buffer, *shape, header=not raw)
        if note := enhance_into_pipe(work.denoiser(), sound, sink, work.full_band):
            complain(f"{sound.path}: {note}", "note")


def _record(work: _Work, sound: SoundSource, target: Path) -> None:
    """Enhance the standard input into a file; Ctrl-C is the end of the input, and loses nothing."""
    from ..interrupts import ending
    from ..network.recordings import enhance_into_file

    with ending(sys.stdin.buffer) as interrupted:
        note = enhance_into_file(work.denoiser(), sound, target, work.full_band)
    if interrupted():
        raise KeyboardInterrupt(f"{_told(target, note)} holds what had come")
    click.echo(_told(target, note))
