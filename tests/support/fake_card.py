"""A sound card without sound: what ``sounddevice`` offers, and a test that is its clock."""

from types import SimpleNamespace

import numpy as np

DEVICES = {"input": "Microphone", "output": "Headphones"}


class PortAudioError(Exception):
    """As ``sounddevice`` raises it."""


class FakeStream:
    """A stream that waits for the test to call it."""

    def __init__(self, callback, samplerate, blocksize, channels, latency, device, dtype):
        self.callback, self.block, self.channels = callback, blocksize, channels
        self.rate, self.latency, self.active = samplerate, latency, False

    def __enter__(self):
        self.active = True
        return self

    def abort(self):
        self.active = False

    def __exit__(self, *_):
        self.abort()

    def turn(self, samples, flag):
        """Let PortAudio come with, or for, ``(frames, channels)``."""
        assert self.active
        flags = {"input_overflow": flag, "output_underflow": flag}
        when = SimpleNamespace(currentTime=0.0, outputBufferDacTime=0.0)
        self.callback(samples, len(samples), when, SimpleNamespace(**flags))


class FakeCard:
    """Two devices, in place of the module ``sounddevice``.

    Attributes:
        rates: That the devices take, ``{"input": Hz, "output": Hz}``; the processor's if empty.
    """

    PortAudioError = PortAudioError

    def __init__(self, **rates):
        self.rates = rates
        self.default = SimpleNamespace(device={"input": 0, "output": 1})
        self.streams = {}

    def query_devices(self, device, kind):
        if device not in (None, DEVICES[kind]):
            raise ValueError(f"No {kind} device matching {device!r}")
        form = {"max_input_channels": 2, "max_output_channels": 2}
        rate = {"default_samplerate": float(self.rates.get(kind, 48_000))}
        return {"name": DEVICES[kind], "index": list(DEVICES).index(kind), **form, **rate}

    def _check(self, kind, samplerate):
        if self.rates.get(kind, samplerate) != samplerate:
            raise PortAudioError("Invalid sample rate")

    def check_input_settings(self, samplerate, **_):
        self._check("input", samplerate)

    def check_output_settings(self, samplerate, **_):
        self._check("output", samplerate)

    def InputStream(self, **settings):
        self.streams["input"] = FakeStream(**settings)
        return self.streams["input"]

    def OutputStream(self, **settings):
        self.streams["output"] = FakeStream(**settings)
        return self.streams["output"]

    def speak(self, samples, flag=False):
        """Samples of one channel reach the microphone, in one block."""
        self.streams["input"].turn(np.asarray(samples, np.float32)[:, None], flag)

    def listen(self, count=None, flag=False):
        """What the headphones play next, ``(count,)``: alike in both ears."""
        stream = self.streams["output"]
        samples = np.full((count or stream.block, stream.channels), np.nan, np.float32)
        stream.turn(samples, flag)
        left, right = samples.T
        np.testing.assert_array_equal(left, right)
        return left
