"""What goes into a pipe is there at once, and readers of WAV understand it."""

import io

import numpy as np
import soundfile
from random_network import noise

from lstm_se.sound.audio import to_pcm
from lstm_se.sound.pipe import PipeSink


def test_wav_without_end_is_read_to_its_end():
    pipe = io.BytesIO()
    sink = PipeSink(pipe, 44_100, 2, header=True)
    for block in np.split(0.1 * noise(2, 1000), [300], axis=1):
        sink.write(block)
    pipe.seek(0)
    sound, rate = soundfile.read(pipe, dtype="int16")
    assert rate == 44_100
    np.testing.assert_array_equal(sound.T, to_pcm(0.1 * noise(2, 1000)))


def test_raw_sound_has_no_header():
    pipe = io.BytesIO()
    PipeSink(pipe, 16_000, 1, header=False).write(0.1 * noise(1, 50))
    np.testing.assert_array_equal(np.frombuffer(pipe.getvalue(), "<i2"), to_pcm(0.1 * noise(50)))
