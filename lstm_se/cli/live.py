"""``lstm-se live``: the microphone into the headphones, denoised while you speak."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from .options import ENGINE, FOLDER, LIMIT, MODEL
from .terminal import ctrl_c, keyboard

if TYPE_CHECKING:
    from ..sound.bypass import Bypass, Heard
    from ..sound.card import SoundCard

UPDATE = 0.2  # seconds between two lines
SWITCH, END = ("a", " "), "q"

Keys = Callable[[float], str]
Recorder = Callable[["Heard"], None]


@click.command("live")
@MODEL
@ENGINE
@LIMIT
@click.option("--input", "microphone", metavar="DEVICE", help="Number, or part of its name.")
@click.option("--output", "headphones", metavar="DEVICE", help="Number, or part of its name.")
@click.option("--list-devices", is_flag=True, help="List the devices, and do no more.")
@click.option(
    "--buffer",
    "milliseconds",
    type=click.IntRange(16, 2000),
    default=32,
    show_default=True,
    help="Milliseconds of sound in store: fewer dropouts, but later.",
)
@click.option("--record", type=FOLDER, help="Folder for noisy.wav and enhanced.wav.")
def live_command(
    model: str,
    engine: str,
    limit: float | None,
    microphone: str | None,
    headphones: str | None,
    list_devices: bool,
    milliseconds: int,
    record: Path | None,
) -> None:
    """Denoise the microphone into the headphones, until q or Ctrl-C.

    The key a, or the space bar, switches to the sound as it came, equally late, and back. Wear
    headphones: a loudspeaker would feed back into the microphone.

    \b
    Examples:
      lstm-se live
      lstm-se live --list-devices
      lstm-se live --input USB --output 3 --engine firmware
      lstm-se live --buffer 100 --record take1/
    """
    from ..chip.engines import load
    from ..sound.bypass import Bypass
    from ..sound.card import SoundCard, portaudio

    if list_devices:
        click.echo(portaudio().query_devices() or "no devices")
        return
    denoiser = load(model, engine, limit)
    bypass, config = Bypass(denoiser.stream()), denoiser.config
    card = SoundCard(
        bypass,
        config.sample_rate,
        config.hop_length,
        milliseconds / 1000,
        _device(microphone),
        _device(headphones),
    )
    with _recorder(record, config.sample_rate) as keep:
        with card.run(), keyboard() as pressed:
            click.echo(f"{card.microphone.place} to {card.headphones.place}; a: compare, q: end")
            _follow(card, bypass, pressed, keep)
        keep(bypass.heard())
    click.echo(f"{card.seconds:.1f} s, {_tally(card)}")


def _device(name: str | None) -> int | str | None:
    """A device by its number, or by its name."""
    return int(name) if name and name.isdigit() else name


def _follow(card: SoundCard, bypass: Bypass, pressed: Keys, keep: Recorder) -> None:
    """Show one line, obey the keys and keep what is heard, until the end.

    Raises:
        OSError: If a device is gone.
    """
    from ..sound.audio import rms_dbfs

    with (
        ctrl_c() as interrupted,
        tqdm(bar_format="{desc}", disable=None, dynamic_ncols=True) as line,
    ):
        while (key := pressed(UPDATE)) != END and not interrupted():
            if not card.active:
                raise OSError("the sound card has stopped: was a device unplugged?")
            bypass.on ^= key in SWITCH
            heard = bypass.heard()
            keep(heard)
            if len(heard.noisy):
                playing = "as it came" if bypass.on else "denoised"
                levels = f"in {rms_dbfs(heard.noisy):.0f}, out {rms_dbfs(heard.played):.0f} dBFS"
                line.set_description_str(f"{playing}: {levels}, {_tally(card)}")


def _tally(card: SoundCard) -> str:
    """How well the computer keeps up."""
    load = f"load {card.load:.0%}, top {card.worst_load:.0%}"
    return f"dropouts {card.dropouts}, {load}, {1000 * card.latency:.0f} ms late"


@contextmanager
def _recorder(folder: Path | None, sample_rate: int) -> Iterator[Recorder]:
    """Writes what is heard into two files, in time with each other; nothing without a folder."""
    if folder is None:
        yield lambda heard: None
        return
    from ..files import make_folder
    from ..sound.audio import to_pcm

    paths = [folder / name for name in ("noisy.wav", "enhanced.wav")]
    if old := next((path for path in paths if path.exists()), None):
        raise FileExistsError(f"{old} is there already: record into another folder")
    make_folder(folder)
    with ExitStack() as opened:
        # wave puts the header right after every write: whatever ends the command, it can be read
        noisy, enhanced = (opened.enter_context(wave.open(str(path), "wb")) for path in paths)
        for file in (noisy, enhanced):
            file.setparams((1, 2, sample_rate, 0, "NONE", ""))

        def keep(heard: Heard) -> None:
            noisy.writeframes(to_pcm(heard.noisy).tobytes())
            enhanced.writeframes(to_pcm(heard.processed).tobytes())

        yield keep
