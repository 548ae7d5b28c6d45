"""What goes into a pipe is there at once, and readers of WAV understand it."""

import io

import numpy as np
import soundfile
from random_network import noise

from lstm_se.sound import audio
from lstm_se.sound.pipe import PipeSink


def test_wav_without_end_is_read_to_its_end():
    pipe = io.BytesIO()
    sink = PipeSink(pipe, 44_100, 2, header=True)
    for block in np.split(0.1 * noise(2, 1000), [300], axis=1):
        sink.write(block)
    pipe.seek(0)
    sound, rate = soundfile.read(pipe, dtype="int16")
    assert (rate, sound.shape) == (44_100, (1000, 2))


def test_samples_above_full_scale_are_counted():
    sink = PipeSink(io.BytesIO(), 16_000, 2, header=True)
    for block in ([[0, 1], [1.01, -1]], [[-7, 0], [0, 0]]):
        sink.write(np.float32(block))
    assert sink.clipped == 2


def test_pipe_carries_what_a_file_would_hold(tmp_path):
    pipe, loud = io.BytesIO(), 0.5 * noise(1, 5000)
    PipeSink(pipe, 16_000, 1, header=False).write(loud)
    audio.write(tmp_path / "a.wav", loud)
    stored = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    np.testing.assert_array_equal(np.frombuffer(pipe.getvalue(), "<i2"), stored)
