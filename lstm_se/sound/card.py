"""The sound card: from microphone to headphones through anything with ``process(block)``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import soxr

from .. import optional
from .bypass import Processor

Device = int | str | None
_SETTLED = 0.2  # seconds after which a resampler gives as much as it gets


class Cushion:
    """Samples between the clocks of two devices; what it had to add or to drop is counted.

    Attributes:
        flowing: Whether it gives samples, or gathers its stock.
        dropouts: Times that it ran dry, or dropped what came late.
    """

    def __init__(self, stock: int) -> None:
        """Gather ``stock`` samples before any is given."""
        self.flowing, self.dropouts, self._stock = False, 0, stock
        self._samples = np.zeros(0, np.float32)
        self._lock = Lock()

    def put(self, samples: np.ndarray) -> None:
        """Add samples; beyond twice the stock the oldest go, or they would be late for ever."""
        with self._lock:
            self._samples = np.append(self._samples, samples)
            if len(self._samples) > 2 * self._stock:
                self._samples = self._samples[-self._stock :]
                self.dropouts += self.flowing

    def take(self, count: int) -> np.ndarray:
        """Take ``count`` samples; silence stands for those that are not there."""
        with self._lock:
            if not self.flowing and len(self._samples) < max(self._stock, count):
                return np.zeros(count, np.float32)
            taken, self._samples = np.split(self._samples, [count])
            self.flowing = len(taken) == count
            self.dropouts += not self.flowing
        return np.pad(taken, (0, count - len(taken)))


class End(NamedTuple):
    """One of the two devices.

    Attributes:
        name: As the system calls it.
        number: As PortAudio counts it.
        channels: That it is opened with.
        rate: Likewise, in Hz.
    """

    name: str
    number: int
    channels: int
    rate: int

    @property
    def place(self) -> str:
        """Name and rate, for people."""
        return f"{self.name} ({self.rate} Hz)"

    def settings(self) -> dict[str, Any]:
        """What PortAudio takes to open it."""
        form = {"channels": self.channels, "samplerate": self.rate, "dtype": "float32"}
        return {"device": self.number, **form}


class SoundCard:
    """Microphone and headphones, each with a stream and a clock of its own.

    So the two may be different devices, and when the computer has held its breath the sound is soon
    in time again: one stream for both would play late ever after.

    Attributes:
        microphone: The one device.
        headphones: The other one.
        seconds: Of sound that came so far.
        worst_load: Largest :attr:`load` of a single block.
    """

    def __init__(
        self,
        processor: Processor,
        sample_rate: int,
        hop_length: int,
        buffer: float,
        microphone: Device = None,
        headphones: Device = None,
    ) -> None:
        """Choose the devices.

        Args:
            processor: What the sound goes through; a thread of PortAudio's calls it.
            sample_rate: Of the processor, in Hz; a device that does not take it is resampled.
            hop_length: Samples that the processor waits for.
            buffer: Seconds of sound that wait for the headphones, and again in their device, to be
                played while the computer does something else: two hops, or more.
            microphone: Number or part of the name of a device; the default one if ``None``.
            headphones: Likewise.

        Raises:
            ValueError: If the extra ``live`` is not installed.
            OSError: If PortAudio is missing, or there is no such device.
        """
        self._portaudio = portaudio()
        self._processor, self._hop = processor, hop_length / sample_rate
        with self._refusals():
            self.microphone = self._find("input", microphone, 1, sample_rate)
            # a single channel is heard on the left only where nothing spreads it
            self.headphones = self._find("output", headphones, 2, sample_rate)
        self._down, down_delay = _resampler(self.microphone.rate, sample_rate)
        self._up, up_delay = _resampler(sample_rate, self.headphones.rate)
        rates = self.microphone.rate, self.headphones.rate
        whole = all(hop_length * rate % sample_rate == 0 for rate in rates)
        # a block that is no whole hop brings sometimes none, and sometimes two
        stock = buffer if whole else buffer + self._hop
        self._cushion, self._buffer = Cushion(round(stock * self.headphones.rate)), buffer
        algorithm = (processor.latency + hop_length) / sample_rate
        self._delay = algorithm + down_delay + up_delay + stock
        self._flagged, self._ahead = 0, buffer
        self.seconds = self.worst_load = self._busy = 0.0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Let the sound flow until the ``with`` ends.

        Raises:
            OSError: If a device cannot be opened.
        """
        library = self._portaudio
        ends = (
            (library.OutputStream, self.headphones, self._play),  # first: it waits for the other
            (library.InputStream, self.microphone, self._hear),
        )
        with ExitStack() as opened:
            with self._refusals():
                self._streams = [
                    opened.enter_context(
                        stream(
                            **end.settings(),
                            blocksize=round(self._hop * end.rate),
                            latency=self._buffer,
                            callback=callback,
                        )
                    )
                    for stream, end, callback in ends
                ]
            self._ahead = self._streams[0].latency
            try:
                yield
            finally:
                self._streams[0].abort()  # first again: else it would run dry, and count that

    @property
    def active(self) -> bool:
        """Whether both devices still work; one may have been unplugged."""
        return all(stream.active for stream in self._streams)

    @property
    def dropouts(self) -> int:
        """Times that sound was lost or silence put in, by the devices' word and by our count."""
        return self._flagged + self._cushion.dropouts

    @property
    def latency(self) -> float:
        """Seconds from microphone to headphones, as far as the devices know theirs."""
        return self._delay + self._ahead

    @property
    def load(self) -> float:
        """Share of the time that the processing took so far."""
        return self._busy / self.seconds if self.seconds else 0.0

    def _hear(self, samples: np.ndarray, count: int, _: Any, status: Any) -> None:
        """PortAudio has a block of the microphone's."""
        begun = time.perf_counter()
        self._flagged += bool(status.input_overflow)
        self._cushion.put(self._up(self._processor.process(self._down(samples[:, 0].copy()))))
        busy, seconds = time.perf_counter() - begun, count / self.microphone.rate
        self._busy, self.seconds = self._busy + busy, self.seconds + seconds
        self.worst_load = max(self.worst_load, busy / seconds)

    def _play(self, samples: np.ndarray, count: int, when: Any, status: Any) -> None:
        """PortAudio wants a block for the headphones."""
        self._ahead = max(self._ahead, when.outputBufferDacTime - when.currentTime)
        self._flagged += bool(status.output_underflow and self._cushion.flowing)
        samples[:] = self._cushion.take(count)[:, None]

    def _find(self, kind: str, device: Device, channels: int, rate: int) -> End:
        """A device, and ``rate`` if it takes that, else its own."""
        if device is None and self._portaudio.default.device[kind] < 0:
            raise OSError(f"no sound {kind} was found: plug a device in, or name one by --{kind}")
        found = self._portaudio.query_devices(device, kind)
        channels = min(channels, found[f"max_{kind}_channels"])
        end = End(found["name"], found["index"], channels, rate)
        try:
            getattr(self._portaudio, f"check_{kind}_settings")(**end.settings())
        except self._portaudio.PortAudioError:
            return end._replace(rate=int(found["default_samplerate"]))
        return end

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """PortAudio's errors as one line."""
        try:
            yield
        except (ValueError, self._portaudio.PortAudioError) as error:
            reason = str(error).splitlines()[0].rstrip(":")  # it lists the devices in more lines
            raise OSError(f"{reason}: `lstm-se live --list-devices` lists what there is") from None


def portaudio() -> Any:
    """PortAudio, as the package ``sounddevice`` binds it.

    Raises:
        ValueError: If the extra ``live`` is not installed.
        OSError: If PortAudio is missing.
    """
    try:
        return optional.module("sounddevice", "sounddevice", "live")
    except OSError:  # its wheels for Linux leave PortAudio to the system
        reason = "PortAudio is not installed: on Debian and Ubuntu run apt install libportaudio2"
        raise OSError(reason) from None


def _resampler(rate: int, wanted: int) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Converter of blocks from one rate to another, and its delay in seconds."""
    if rate == wanted:
        return lambda block: block, 0.0
    # The engine for varying rates filters in time. The other one works on blocks of Fourier
    # transforms, and holds back three times as much.
    converter = soxr.ResampleStream(rate, wanted, 1, vr=True)
    given = converter.resample_chunk(np.zeros(int(_SETTLED * rate), np.float32))
    converter.clear()
    return converter.resample_chunk, _SETTLED - len(given) / wanted
