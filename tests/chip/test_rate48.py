"""The example for 48 kHz: its filters, its bits, and the delay that it tells."""

import importlib.util
import re
import subprocess

import numpy as np
import pytest
import soxr
from scipy.signal import freqz, upfirdn

import lstm_se
from lstm_se.chip import toolchain
from lstm_se.chip.stream import IntegerStream
from lstm_se.sound.audio import to_pcm

EXAMPLE = toolchain.firmware() / "examples/rate48"
BLOCK = 768


def load_writer():
    spec = importlib.util.spec_from_file_location("write_taps", EXAMPLE / "write_taps.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write_taps = load_writer()
TAPS = write_taps.design()


def test_taps_are_those_that_the_script_writes():
    assert write_taps.HEADER.read_text(encoding="utf-8") == write_taps.text()


def test_filter_passes_speech_and_lets_nothing_fold_into_it():
    frequency, response = freqz(TAPS / (1 << write_taps.BITS), worN=4096, fs=48_000)
    level = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(level[frequency < 6400]).max() < 0.1
    assert level[frequency > 8600].max() < -60


@pytest.fixture(scope="module")
def heard():
    """Two seconds of noisy speech at 48 kHz, overdriven in the middle, not a whole block."""
    speech = soxr.resample(lstm_se.mini().test[0].load()[1][:32_000], 16_000, 48_000)
    speech[40_000:41_000] *= 40
    return to_pcm(speech)[: 100 * BLOCK - 100]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The example, built with the sanitizers of the host's compiler."""
    program = tmp_path_factory.mktemp("rate48") / "rate48"
    sanitizers = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    command = [*toolchain.host_compiler(), *toolchain.STRICT, *sanitizers, "-DSE_EXAMPLE_RATE48"]
    sources = [EXAMPLE / "main.c", *toolchain.denoiser_sources()]
    subprocess.run([*command, "-o", program, *sources], check=True)
    return program


@pytest.fixture(scope="module")
def done(heard, program):
    """What it gives and says."""
    return subprocess.run([program], input=heard.tobytes(), capture_output=True, check=True)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 1000])
def test_output_that_cannot_be_written_is_told(blocks, program):
    """Also where all of it fits into a buffer."""
    with open("/dev/full", "wb") as full:
        silence = bytes(2 * BLOCK * blocks)
        told = subprocess.run([program], input=silence, stdout=full, stderr=subprocess.PIPE)
    assert told.returncode == 2 and b"error: the output cannot be written" in told.stderr


def rounded(sums):
    bits = write_taps.BITS
    return np.clip((sums.astype(np.int64) + (1 << (bits - 1))) >> bits, -32768, 32767).astype(
        np.int16
    )


@pytest.mark.slow
def test_bits_are_those_of_filters_by_scipy_around_the_denoiser(model, heard, done):
    whole = np.pad(heard, (0, -len(heard) % BLOCK)).astype(np.int64)
    slow = rounded(upfirdn(TAPS, whole, down=3)[: len(whole) // 3])
    denoised = IntegerStream(model).process(slow).astype(np.int64)
    expected = rounded(3 * upfirdn(TAPS, denoised, up=3)[: len(whole)])
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.int16), expected[: len(heard)])


@pytest.mark.slow
def test_output_lags_as_it_says(heard, done):
    told = int(re.search(rb"lags by (\d+) samples", done.stderr)[1])
    found = np.frombuffer(done.stdout, np.int16).astype(float)
    spectrum = np.fft.rfft(found, 2**18) * np.conj(np.fft.rfft(heard.astype(float), 2**18))
    assert np.fft.irfft(spectrum).argmax() == told == 864
