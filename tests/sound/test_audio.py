"""Files come in and go out whole, and every refusal names the file and what to do."""

import os
import resource
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise

from lstm_se.sound import audio
from lstm_se.sound.audio import snr_db

STEP = {"PCM_U8": 2**-7, "PCM_S8": 2**-7, "PCM_16": 2**-15, "PCM_24": 2**-23, "FLOAT": 2**-24}
LOSSLESS = [
    (suffix, subtype)
    for suffix, subtypes in {
        ".wav": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
        ".flac": ("PCM_S8", "PCM_16", "PCM_24"),
        ".aiff": ("PCM_16", "PCM_24", "FLOAT"),
        ".aif": ("PCM_16",),
    }.items()
    for subtype in subtypes
]


def sine(hertz, sample_rate=16_000, seconds=1.0, amplitude=0.5):
    """A tone, float32."""
    time = np.arange(int(sample_rate * seconds)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def tone_db(samples, hertz, sample_rate):
    """Amplitude of a tone in dB, from the middle half, where no end disturbs."""
    quarter = len(samples) // 4
    middle = samples[quarter : len(samples) - quarter].astype(np.float64)
    window = np.hanning(len(middle))
    phasor = np.exp(-2j * np.pi * hertz * np.arange(len(middle)) / sample_rate)
    return 20 * np.log10(2 * np.abs(np.sum(middle * window * phasor)) / window.sum() + 1e-12)


@pytest.mark.parametrize(("suffix", "subtype"), LOSSLESS)
@pytest.mark.parametrize("shape", [(701,), (2, 701)])
def test_samples_come_back_within_a_step(suffix, subtype, shape, tmp_path):
    samples = 0.9 * noise(*shape)
    audio.write(tmp_path / f"a{suffix}", samples, 44_100, subtype)
    recording = audio.read(tmp_path / f"a{suffix}", None, mono=False)
    step = STEP.get(subtype, 2**-24)
    np.testing.assert_allclose(recording.samples.reshape(shape), samples, atol=1.01 * step)


@pytest.mark.parametrize(("suffix", "subtype"), LOSSLESS)
def test_subtype_asked_for_is_the_subtype_written(suffix, subtype, tmp_path):
    audio.write(tmp_path / f"a{suffix}", noise(100), subtype=subtype)
    assert audio.read(tmp_path / f"a{suffix}").subtype == subtype


def test_ogg_keeps_a_tone(tmp_path):
    audio.write(tmp_path / "a.ogg", sine(1000))
    assert snr_db(sine(1000), audio.read(tmp_path / "a.ogg").samples) > 20


def test_ogg_of_a_minute_is_written_whole(tmp_path):
    """Given at once, it crashes libsndfile's encoder, and the process with it."""
    audio.write(tmp_path / "a.ogg", np.zeros((2, 48_000 * 60), np.float32), 48_000)
    assert soundfile.info(tmp_path / "a.ogg").frames == 48_000 * 60


def test_subtype_that_the_format_lacks_gives_way_to_its_default(tmp_path):
    audio.write(tmp_path / "a.flac", noise(100), subtype="FLOAT")
    assert audio.read(tmp_path / "a.flac").subtype == "PCM_16"


@pytest.mark.parametrize("name", ["a.WAV", "Ä ö.wav", "a.b.wav", "a%20b.wav"])
def test_unusual_name_is_kept(name, tmp_path):
    audio.write(tmp_path / name, noise(100))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_loud_samples_are_clipped_and_do_not_wrap(tmp_path):
    audio.write(tmp_path / "a.wav", np.float32([1.5, -1.5]))
    assert audio.read(tmp_path / "a.wav").samples.tolist() == pytest.approx([1, -1], abs=1e-4)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.raw", "a.txt"])
def test_suffix_of_no_format_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=f"{name}: cannot write .*; use .wav"):
        audio.write(tmp_path / name, noise(100))


def test_rate_that_a_format_lacks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot write .*a.mp3: .*sample rate"):
        audio.write(tmp_path / "a.mp3", noise(100), 12_345)


def test_refused_file_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="a.mp3"):
        audio.write(tmp_path / "a.mp3", noise(100), 12_345)
    assert not list(tmp_path.iterdir())


@contextmanager
def full_disk():
    """No file of this process may grow beyond 4 kB, not even the log pytest itself may write to."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_full_disk_is_told(suffix, tmp_path):
    target = tmp_path / f"a{suffix}"
    with full_disk(), pytest.raises(OSError, match=f"cannot write {target}: File too large"):
        audio.write(target, noise(40_000))


def test_full_disk_leaves_neither_target_nor_part(tmp_path):
    with full_disk(), pytest.raises(OSError, match="File too large"):
        audio.write(tmp_path / "a.wav", noise(16_000))
    assert not list(tmp_path.iterdir())


def test_write_that_fails_keeps_the_old_file(tmp_path):
    audio.write(tmp_path / "a.wav", noise(100))
    before = (tmp_path / "a.wav").read_bytes()
    with full_disk(), pytest.raises(OSError, match="File too large"):
        audio.write(tmp_path / "a.wav", noise(16_000))
    assert (tmp_path / "a.wav").read_bytes() == before


def test_nothing_but_a_whole_file_ever_has_the_name(tmp_path, monkeypatch):
    states = []
    replace = os.replace

    def watch(part, target):
        states.append((os.path.exists(target), soundfile.info(part).frames))
        replace(part, target)

    monkeypatch.setattr(os, "replace", watch)
    audio.write(tmp_path / "a.wav", noise(777))
    assert states == [(False, 777)]


def test_missing_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"cannot write {tmp_path}/none/a.wav"):
        audio.write(tmp_path / "none" / "a.wav", noise(100))


def test_folder_in_place_of_the_target_is_told(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(OSError, match="cannot write .*a.wav: Is a directory"):
        audio.write(tmp_path / "a.wav", noise(100))


def not_finite(path):
    """A file whose samples are not all numbers."""
    soundfile.write(path, np.float32([0, np.nan, np.inf, 1]), 16_000, "FLOAT")


BAD = {
    "is empty": lambda path: path.write_bytes(b""),
    "is not a sound file": lambda path: path.write_text("just text\n" * 99),
    "is a folder": lambda path: path.mkdir(),
    "has 0 samples": lambda path: soundfile.write(path, np.zeros(0), 16_000),
    "has 2 samples that are NaN or infinite": not_finite,
    "does not exist": lambda path: None,
}


@pytest.mark.parametrize(("reason", "make"), BAD.items(), ids=BAD)
def test_bad_file_is_named_with_its_reason_in_one_line(reason, make, tmp_path):
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises((ValueError, FileNotFoundError), match=rf"^{path} {reason}.*\Z"):
        audio.read(path)


def test_raw_file_without_header_is_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(1000))
    with pytest.raises(ValueError, match="a.raw is not a sound file"):
        audio.read(tmp_path / "a.raw")


def test_channels_are_averaged(tmp_path):
    stereo = noise(2, 500) / 2
    audio.write(tmp_path / "a.wav", stereo, subtype="FLOAT")
    np.testing.assert_allclose(audio.read(tmp_path / "a.wav").samples, stereo.mean(0), atol=1e-7)


@pytest.mark.parametrize("mono", [True, False])
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_shape_follows_mono(mono, channels, tmp_path):
    audio.write(tmp_path / "a.wav", noise(channels, 300))
    expected = (300,) if mono else (channels, 300)
    assert audio.read(tmp_path / "a.wav", mono=mono).samples.shape == expected


@pytest.mark.parametrize(
    ("channels", "rate", "note"),
    [
        (1, 16_000, ""),
        (2, 16_000, "averaged 2 channels"),
        (1, 8_000, "resampled from 8000 to 16000 Hz"),
        (2, 48_000, "averaged 2 channels, resampled from 48000 to 16000 Hz"),
    ],
)
def test_note_says_what_was_done(channels, rate, note, tmp_path):
    audio.write(tmp_path / "a.wav", noise(channels, 300), rate)
    assert audio.read(tmp_path / "a.wav").note == note


def test_rate_of_none_keeps_the_file_s_own(tmp_path):
    audio.write(tmp_path / "a.wav", noise(300), 44_100)
    assert audio.read(tmp_path / "a.wav", None).sample_rate == 44_100


def test_source_is_remembered(tmp_path):
    audio.write(tmp_path / "a.wav", noise(2, 300), 48_000, "PCM_24")
    recording = audio.read(tmp_path / "a.wav")
    found = recording.source_rate, recording.source_channels, recording.subtype
    assert found == (48_000, 2, "PCM_24")


RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 5000), from_rate=RATES, to_rate=RATES)
def test_resampled_length_is_rounded_up(samples, from_rate, to_rate):
    expected = int(np.ceil(samples * to_rate / from_rate - 1e-9))
    assert audio.resample(noise(2, samples), from_rate, to_rate).shape == (2, expected)


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 5000), rate=RATES)
def test_way_to_16_khz_and_back_never_shortens(samples, rate):
    there = audio.resample(noise(samples), rate, 16_000)
    assert len(audio.resample(there, 16_000, rate)) >= samples


@pytest.mark.parametrize("to_rate", [8_000, 11_025, 44_100, 48_000])
def test_tone_keeps_its_amplitude(to_rate):
    resampled = audio.resample(sine(1000), 16_000, to_rate)
    assert tone_db(resampled, 1000, to_rate) == pytest.approx(20 * np.log10(0.5), abs=0.1)


@pytest.mark.parametrize("to_rate", [8_000, 44_100, 48_000])
def test_resampling_delays_nothing(to_rate):
    expected = sine(1000, to_rate)
    resampled = audio.resample(sine(1000), 16_000, to_rate)
    middle = slice(to_rate // 4, 3 * to_rate // 4)
    assert snr_db(expected[middle], resampled[middle]) > 80


@pytest.mark.parametrize("hertz", [8_500, 10_000, 15_000, 23_000])
def test_tone_above_the_new_range_is_gone(hertz):
    resampled = audio.resample(sine(hertz, 48_000, amplitude=1), 48_000, 16_000)
    assert audio.rms_dbfs(resampled[4000:-4000]) < -90


def test_equal_rates_change_no_sample():
    samples = noise(300)
    np.testing.assert_array_equal(audio.resample(samples, 16_000, 16_000), samples)


@pytest.mark.parametrize("level", [audio.rms_dbfs, audio.peak_dbfs, audio.active_level_dbfs])
def test_full_scale_square_wave_is_0_dbfs(level):
    square = np.sign(sine(1000) + 1e-4)
    assert level(square) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("level", [audio.rms_dbfs, audio.active_level_dbfs])
def test_full_scale_sine_is_3_db_lower(level):
    assert level(sine(1000, amplitude=1)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("level", [audio.rms_dbfs, audio.peak_dbfs, audio.active_level_dbfs])
@pytest.mark.parametrize("samples", [1, 319, 5000])
def test_silence_has_a_finite_level(level, samples):
    assert level(np.zeros(samples, np.float32)) == audio.SILENCE_DBFS


def test_pauses_do_not_lower_the_active_level():
    talk = sine(1000)
    paused = np.concatenate([talk, np.zeros(48_000, np.float32)])
    assert audio.active_level_dbfs(paused) == pytest.approx(audio.active_level_dbfs(talk))


def test_pauses_lower_the_rms():
    paused = np.concatenate([sine(1000), np.zeros(48_000, np.float32)])
    assert audio.rms_dbfs(paused) == pytest.approx(audio.rms_dbfs(sine(1000)) - 6.02, abs=0.01)


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_nothing_is_resampled_to_nothing(shape):
    found = audio.resample(np.zeros(shape), 44_100, 16_000)
    assert (found.shape, found.dtype) == (shape, np.float32)


@pytest.mark.parametrize(("channels", "note"), [(10, "averaged 10 channels"), (12, "")])
def test_one_channel_with_sound_among_many_is_not_said_to_cancel_out(channels, note, tmp_path):
    samples = np.zeros((channels, 1000), np.float32)
    samples[2] = 0.5 * noise(1000)
    audio.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    recording = audio.read(tmp_path / "a.wav")
    assert recording.note == (note or "no other has sound: took channel 3")
    np.testing.assert_allclose(recording.samples, samples[2] / (10 if note else 1), atol=1e-7)


def test_silence_is_trimmed_at_both_ends():
    silence = np.zeros(3200, np.float32)
    trimmed = audio.trim_silence(np.concatenate([silence, sine(1000), silence]))
    np.testing.assert_array_equal(trimmed, sine(1000))


def test_silence_within_speech_is_kept():
    paused = np.concatenate([sine(1000), np.zeros(3200, np.float32), sine(1000)])
    np.testing.assert_array_equal(audio.trim_silence(paused), paused)


@pytest.mark.parametrize(("top_db", "kept"), [(30, 16_000), (50, 32_000)])
def test_threshold_decides_what_is_silence(top_db, kept):
    quiet = np.concatenate([sine(1000), sine(1000, amplitude=0.005)])  # 40 dB below
    assert len(audio.trim_silence(quiet, top_db)) == kept


def test_nothing_remains_of_silence():
    assert len(audio.trim_silence(np.zeros(5000, np.float32))) == 0


def test_sound_files_are_found_in_order_below_a_folder(tmp_path):
    for name in ("b.wav", "a.FLAC", "sub/c.ogg", "notes.txt", ".hidden.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in audio.find(tmp_path)]
    assert found == ["a.FLAC", "b.wav", "sub/c.ogg"]


def test_hidden_folders_and_folders_named_like_sound_hold_no_sound_files(tmp_path):
    names = (".Trash-1000/files/old.wav", "sub/.git/b.wav", "take.wav/a.wav", "c.wav")
    for name in names:
        (tmp_path / ".kept" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".kept" / name).touch()
    found = audio.find(tmp_path / ".kept")  # named by its user, hidden or not
    assert [path.relative_to(tmp_path / ".kept").as_posix() for path in found] == [
        "c.wav",
        "take.wav/a.wav",
    ]


def test_folder_without_sound_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path} holds no sound"):
        audio.find(tmp_path)


def test_missing_folder_to_search_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="none is not a folder"):
        audio.find(tmp_path / "none")
