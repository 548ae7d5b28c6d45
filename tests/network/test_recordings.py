"""Files of any length, rate and number of channels are enhanced as the whole would be."""

import numpy as np
import pytest
import soundfile
from random_network import noise, random_denoiser, small

from lstm_se.chip.engines import load
from lstm_se.network.denoiser import AnyRateDenoiser
from lstm_se.network.recordings import enhance_file
from lstm_se.network.stream import BlockStream
from lstm_se.sound import audio

BACK = "enhanced at 16000 Hz and brought back"


@pytest.mark.parametrize(
    ("rate", "note"),
    [
        (16_000, ""),
        (8_000, f"8000 Hz, {BACK}"),
        (48_000, f"48000 Hz, {BACK}, turned down above 8 kHz as just below"),
    ],
)
def test_file_s_note_says_what_became_of_the_rate(rate, note, tmp_path):
    audio.write(tmp_path / "a.wav", 0.1 * noise(400), rate)
    found = enhance_file(random_denoiser(small()), tmp_path / "a.wav", tmp_path / "b.wav")
    assert found == note


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_file_keeps_rate_channels_length_and_subtype(rate, channels, tmp_path):
    audio.write(tmp_path / "a.wav", noise(channels, 1001), rate, "PCM_24")
    enhance_file(random_denoiser(small()), tmp_path / "a.wav", tmp_path / "b.wav")
    written = audio.read(tmp_path / "b.wav", None, mono=False)
    found = written.sample_rate, written.samples.shape, written.subtype
    assert found == (rate, (channels, 1001), "PCM_24")


def test_format_follows_the_suffix(tmp_path):
    audio.write(tmp_path / "a.ogg", 0.5 * noise(1001))
    enhance_file(random_denoiser(small()), tmp_path / "a.ogg", tmp_path / "b.wav")
    assert audio.read(tmp_path / "b.wav").subtype == "PCM_16"


@pytest.mark.parametrize("way", ["itself", "link", "roundabout"])
def test_input_is_never_overwritten(way, tmp_path):
    source = tmp_path / "a.wav"
    audio.write(source, noise(400))
    target = {"itself": source, "link": tmp_path / "b.wav", "roundabout": tmp_path / "x/../a.wav"}
    (tmp_path / "x").mkdir()
    (tmp_path / "b.wav").symlink_to(source)
    with pytest.raises(ValueError, match="is the input itself: choose another output"):
        enhance_file(random_denoiser(small()), source, target[way])


def test_file_without_the_upper_band_says_so(tmp_path):
    audio.write(tmp_path / "a.wav", 0.1 * noise(400), 44_100)
    note = enhance_file(random_denoiser(small()), tmp_path / "a.wav", tmp_path / "b.wav", False)
    assert note == f"44100 Hz, {BACK}, nothing above 8 kHz"


@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_file_holds_the_samples_of_the_whole(rate, tmp_path):
    waveform = 0.2 * noise(3, 5 * rate + 77)
    audio.write(tmp_path / "a.wav", waveform, rate, "FLOAT")
    denoiser = random_denoiser(small())
    enhance_file(denoiser, tmp_path / "a.wav", tmp_path / "b.wav")
    written = audio.read(tmp_path / "b.wav", None, mono=False).samples
    np.testing.assert_array_equal(written, denoiser.enhance(waveform, rate))


def test_floats_above_full_scale_are_kept_and_integers_say_that_they_are_clipped(tmp_path):
    audio.write(tmp_path / "a.wav", 3 * noise(400), subtype="FLOAT")
    assert enhance_file(Untouched(), tmp_path / "a.wav", tmp_path / "b.wav") == ""
    np.testing.assert_array_equal(audio.read(tmp_path / "b.wav").samples, 3 * noise(400))
    loud = np.count_nonzero(np.abs(3 * noise(400)) > 1)
    note = enhance_file(Untouched(), tmp_path / "a.wav", tmp_path / "b.flac")
    assert note == f"{loud} samples were above full scale and are clipped"


def test_integers_say_that_they_clip_what_comes_in(tmp_path):
    audio.write(tmp_path / "a.wav", 16 * noise(40_000), subtype="FLOAT")
    loud = np.count_nonzero(np.abs(16 * noise(40_000)) > 1)
    note = enhance_file(load("tiny", "int8"), tmp_path / "a.wav", tmp_path / "b.wav")
    assert note == f"{loud} samples were above full scale and are clipped"


def test_source_that_is_not_there_is_named_even_if_the_target_is(tmp_path):
    audio.write(tmp_path / "b.wav", noise(400))
    with pytest.raises(FileNotFoundError, match=r"a\.wav does not exist: check the name"):
        enhance_file(Untouched(), tmp_path / "a.wav", tmp_path / "b.wav")


@pytest.mark.parametrize("length", [249, 250, 255])
def test_names_as_long_as_a_disk_takes_are_written(length, tmp_path):
    (tmp_path / "in").mkdir()
    audio.write(tmp_path / "in" / "a.wav", noise(400))
    name = "é".encode().decode() * ((length - 4) // 2) + "x" * ((length - 4) % 2) + ".wav"
    enhance_file(Untouched(), tmp_path / "in" / "a.wav", tmp_path / "out" / name)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_tags_are_kept(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 16_000, 1) as file:
        file.title, file.artist = "Ein Titel", "李雷"
        file.write(0.1 * noise(400))
    enhance_file(random_denoiser(small()), tmp_path / "a.wav", tmp_path / "b.flac")
    with soundfile.SoundFile(tmp_path / "b.flac") as file:
        assert (file.title, file.artist) == ("Ein Titel", "李雷")


def test_file_that_breaks_off_leaves_nothing_behind(tmp_path):
    """Not even a folder, if there was nothing to read."""
    broken = noise(40_000)
    broken[35_000] = np.nan
    soundfile.write(tmp_path / "a.wav", broken, 16_000, "FLOAT")
    with pytest.raises(ValueError, match="a.wav"):
        enhance_file(random_denoiser(small()), tmp_path / "a.wav", tmp_path / "b.wav")
    with pytest.raises(FileNotFoundError, match="none.wav"):
        enhance_file(random_denoiser(small()), tmp_path / "none.wav", tmp_path / "x" / "b.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_listener_is_told_how_far_it_is(tmp_path):
    audio.write(tmp_path / "a.wav", 0.1 * noise(40_000))
    told = []
    names = tmp_path / "a.wav", tmp_path / "b.wav"
    enhance_file(random_denoiser(small()), *names, heard=lambda *now: told.append(now))
    assert told == [(1.0, 2.5), (2.0, 2.5), (2.5, 2.5)]


class Nothing(BlockStream):
    """Gives back what it gets."""

    latency = 0

    def __init__(self, config, channels):
        self.config, self.channels = config, channels

    def reset(self):
        pass

    def process(self, block):
        return block

    def flush(self):
        return np.zeros((self.channels, 0), np.float32)


class Untouched(AnyRateDenoiser):
    """Leaves all sound as it is."""

    config = small()

    def block_stream(self, channels):
        return Nothing(self.config, channels)
