"""Whole recordings and streams give the same samples; neither knows the future or the level."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise, random_denoiser, random_weights, small

from lstm_se.config import Config
from lstm_se.network import in_numpy, pretrained
from lstm_se.network.denoiser import Denoiser
from lstm_se.sound.audio import snr_db

STREAMING = {
    "lstm": small(),
    "gru, smoothing": small(cell="gru", smoothing=0.7),
    "rnn, quarter hop": small(cell="rnn", hop_length=16),
    "bands, no level": small(mask="bands", normalisation="none", compression="power"),
    "batch norm, dense": small(batch_norm=True, dense=(6,)),
    "eighth hop": small(hop_length=8),
}
any_streaming = st.sampled_from(sorted(STREAMING))
every_streaming = pytest.mark.parametrize("config", STREAMING.values(), ids=STREAMING)


def streamed(stream, waveform, cuts=()):
    """What a stream makes of a waveform that arrives in pieces, aligned and of the same length."""
    silence = np.zeros((*waveform.shape[:-1], stream.latency + stream.config.hop_length))
    whole = np.concatenate([waveform, silence.astype(np.float32)], axis=-1)
    pieces = np.split(whole, sorted(cuts), axis=-1)
    enhanced = np.concatenate([stream.process(piece) for piece in pieces], axis=-1)
    return enhanced[..., stream.latency : stream.latency + waveform.shape[-1]]


@settings(deadline=None, max_examples=60)
@given(
    variant=any_streaming,
    samples=st.integers(1, 600),
    cuts=st.lists(st.integers(0, 600), max_size=8),
    channels=st.sampled_from([None, 1, 2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_stream_gives_the_samples_of_the_whole(variant, samples, cuts, channels, seed):
    denoiser = random_denoiser(STREAMING[variant])
    waveform = noise(*([channels] if channels else []), samples, seed=seed)
    stream = denoiser.stream(channels or 1)
    np.testing.assert_array_equal(streamed(stream, waveform, cuts), denoiser.enhance(waveform))


def test_stream_of_tiny_gives_the_samples_of_the_whole():
    denoiser = random_denoiser(Config())
    waveform = noise(16_000)
    cuts = np.random.default_rng(0).integers(0, 16_000, 50)
    enhanced = streamed(denoiser.stream(), waveform, cuts)
    np.testing.assert_array_equal(enhanced, denoiser.enhance(waveform))


def first_difference(denoiser, at, samples=1000):
    """First output sample that another future from ``at`` on changes."""
    waveform = noise(samples)
    changed = waveform.copy()
    changed[at:] = -changed[at:] / 2
    return int(np.flatnonzero(denoiser.enhance(waveform) != denoiser.enhance(changed))[0])


def first_heard(config, at):
    """Where the first window that sees sample ``at`` begins to sound: its first weight is zero."""
    return at // config.hop_length * config.hop_length - (config.n_fft - config.hop_length) + 1


@settings(deadline=None, max_examples=60)
@given(variant=any_streaming, at=st.integers(64, 900))
def test_future_changes_no_past_sample(variant, at):
    config = STREAMING[variant]
    assert first_difference(random_denoiser(config), at) >= first_heard(config, at)


@every_streaming
@pytest.mark.parametrize("at", [320, 321, 351, 352])
def test_future_is_heard_as_soon_as_its_first_window_begins(config, at):
    """The bound above is tight: at most ``n_fft - 2`` samples before the change."""
    assert first_difference(random_denoiser(config), at) == first_heard(config, at)


def test_reset_forgets():
    stream = random_denoiser(small(smoothing=0.5)).stream()
    first = stream.process(noise(1000))
    stream.reset()
    np.testing.assert_array_equal(stream.process(noise(1000)), first)


def test_stream_remembers_without_reset():
    stream = random_denoiser(small()).stream()
    first = stream.process(noise(1024))
    assert not np.array_equal(stream.process(noise(1024)), first)


@pytest.mark.parametrize("shape", [(1,), (700,), (1024,), (2, 999)])
def test_flush_gives_what_the_latency_held_back(shape):
    denoiser = random_denoiser(small())
    waveform = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    stream = denoiser.stream(1 if len(shape) == 1 else shape[0])
    parts = [stream.process(waveform), stream.flush()]
    whole = np.concatenate(parts, axis=-1)[..., stream.latency :]
    np.testing.assert_array_equal(whole, denoiser.enhance(waveform))
    np.testing.assert_array_equal(stream.process(waveform), parts[0])


def test_two_streams_do_not_disturb_each_other():
    denoiser = random_denoiser(small())
    one, other = denoiser.stream(), denoiser.stream()
    mixed = []
    for block, strange in zip(noise(10, 100), noise(10, 100, seed=1), strict=True):
        mixed.append(one.process(block))
        other.process(strange)
    alone = denoiser.stream().process(noise(10, 100).ravel())
    np.testing.assert_array_equal(np.concatenate(mixed), alone)


def test_enhancing_does_not_disturb_a_stream():
    denoiser = random_denoiser(small())
    stream = denoiser.stream()
    first = stream.process(noise(320))
    denoiser.enhance(noise(500, seed=1))
    rest = stream.process(noise(320))
    again = denoiser.stream().process(np.tile(noise(320), 2))
    np.testing.assert_array_equal(np.concatenate([first, rest]), again)


@pytest.mark.parametrize("samples", [0, 1, 31])
def test_block_shorter_than_a_hop_gives_nothing_yet(samples):
    assert random_denoiser(small()).stream().process(noise(samples)).shape == (0,)


def test_block_of_other_channels_is_refused():
    with pytest.raises(ValueError, match=r"block of shape \(3, 100\): this stream has 2"):
        random_denoiser(small()).stream(2).process(noise(3, 100))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"center": True}, "centre padding looks into the future"),
        ({"normalisation": "zscore"}, "normalisation 'zscore' looks into the future"),
        ({"normalisation": "minmax"}, "normalisation 'minmax' looks into the future"),
    ],
)
def test_model_that_needs_the_future_refuses_to_stream(changes, reason):
    with pytest.raises(ValueError, match=f"^model 'small' cannot stream: {reason}$"):
        random_denoiser(small(**changes)).stream()


EVERY = {
    **STREAMING,
    "centre, zscore": small(center=True, normalisation="zscore"),
    "minmax of segments": small(
        normalisation="minmax", normalisation_scope="segment", segment_seconds=0.01
    ),
}
every_config = pytest.mark.parametrize("config", EVERY.values(), ids=EVERY)


def transparent(config):
    """A denoiser whose masks are one."""
    weights = random_weights(config, size=0.1)
    weights[f"dense_{len(config.dense)}/bias"][:] = 100
    return Denoiser(config, weights)


@every_config
@pytest.mark.parametrize("samples", [1, 2, 33, 1000])
def test_mask_of_ones_changes_nothing(config, samples):
    """Aligned to the sample, and every normalisation undone."""
    waveform = 0.4 * noise(2, samples) + 0.1
    np.testing.assert_allclose(transparent(config).enhance(waveform), waveform, atol=1e-5)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("shape", [(1,), (2, 1), (1000,), (1, 1001), (2, 4410)])
def test_shape_is_kept_at_any_rate(rate, shape):
    assert random_denoiser(small()).enhance(noise(*shape), rate).shape == shape


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_other_rate_stays_aligned(rate):
    time = np.arange(rate) / rate
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    enhanced = transparent(small()).enhance(tone, rate)
    middle = slice(rate // 4, 3 * rate // 4)
    assert snr_db(tone[middle], enhanced[middle]) > 60


@every_config
@pytest.mark.parametrize("rate", [None, 48_000])
def test_output_is_float32(config, rate):
    """Whatever the input is: soundfile.read gives float64."""
    denoised = random_denoiser(config).enhance(noise(100).astype(np.float64), rate)
    assert denoised.dtype == np.float32 and denoised.shape == (100,)


@every_config
def test_silence_stays_silence(config):
    assert not random_denoiser(config).enhance(np.zeros(1000, np.float32)).any()


@pytest.mark.parametrize("value", [1e-30, 1.0, -1.0, 100.0])
@every_config
def test_extreme_input_gives_finite_output(config, value):
    assert np.isfinite(random_denoiser(config).enhance(np.full(500, value, np.float32))).all()


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_empty_recording_is_refused(rate):
    with pytest.raises(ValueError, match="empty recording: it has 0 samples"):
        random_denoiser(small()).enhance(np.zeros(0, np.float32), rate)


def test_channels_are_denoised_on_their_own():
    denoiser = random_denoiser(small())
    stereo = noise(2, 1000)
    alone = np.stack([denoiser.enhance(row) for row in stereo])
    np.testing.assert_allclose(denoiser.enhance(stereo), alone, atol=1e-6)


def test_call_is_enhance():
    denoiser = random_denoiser(small())
    np.testing.assert_array_equal(denoiser(noise(500)), denoiser.enhance(noise(500)))


@pytest.mark.parametrize("level_db", [-45, -30, -15])
def test_level_does_not_matter_with_a_running_level(level_db):
    """What is left is rounding, and the floor under the logarithm."""
    denoiser = Denoiser(Config(), random_weights(Config(), size=0.1))
    loud = noise(16_000)
    gain = np.float32(10 ** (level_db / 20))
    assert snr_db(denoiser.enhance(loud), denoiser.enhance(loud * gain) / gain) > 90


def test_level_would_matter_without_it():
    config = Config(normalisation="none")
    denoiser = Denoiser(config, random_weights(config, size=0.1))
    loud = noise(16_000)
    gain = np.float32(10 ** (-30 / 20))
    assert snr_db(denoiser.enhance(loud), denoiser.enhance(loud * gain) / gain) < 30


def test_progress_sees_every_second():
    seen = []
    random_denoiser(small()).enhance(noise(40_000), progress=lambda f: seen.extend(f) or iter(f))
    assert seen == [0, 16_000, 32_000]


@pytest.mark.parametrize("limit_db", [0, 6, 12.5])
@every_streaming
def test_nothing_is_turned_down_by_more_than_the_limit(config, limit_db):
    """A network that wants silence has a mask of zeros."""
    weights = random_weights(config, size=0.1)
    weights[f"dense_{len(config.dense)}/bias"][:] = -100
    waveform = 0.4 * noise(1000)
    assert np.abs(Denoiser(config, weights).enhance(waveform)).max() < 1e-5
    limited = Denoiser(config, weights, limit_db=limit_db).enhance(waveform)
    np.testing.assert_allclose(limited, waveform * 10 ** (-limit_db / 20), atol=1e-5)


@pytest.mark.parametrize("limit_db", [-1, float("nan")])
def test_limit_below_zero_is_refused(limit_db):
    with pytest.raises(ValueError, match="limit .* dB: give a number from 0 up"):
        Denoiser(small(), random_weights(small()), limit_db=limit_db)


def write_model(folder, config, weights=None):
    """A run folder as training leaves it."""
    folder.mkdir()
    config.save(folder / "config.json")
    in_numpy.save_weights(folder / "weights.npz", weights or random_weights(config))
    return folder


def test_run_folder_is_loaded(tmp_path):
    denoiser = pretrained.load_float(write_model(tmp_path / "run", small()))
    expected = random_denoiser(small()).enhance(noise(500))
    np.testing.assert_array_equal(denoiser.enhance(noise(500)), expected)


def test_model_of_the_package_is_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "PRETRAINED", tmp_path)
    write_model(tmp_path / "mine", small())
    assert pretrained.load_float("mine").config == small()


def test_folder_of_the_same_name_does_not_hide_the_model(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "PRETRAINED", tmp_path / "package")
    (tmp_path / "package").mkdir()
    write_model(tmp_path / "package" / "mine", small())
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert pretrained.load_float("mine").config == small()


def test_name_with_a_folder_is_no_model_of_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no model './tiny': name the folder of a run"):
        pretrained.load_float("./tiny")


def test_unknown_model_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model 'nothing': name"):
        pretrained.load_float("nothing")


def test_truncated_weights_are_told(tmp_path):
    folder = write_model(tmp_path / "run", small())
    content = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="weights.npz is damaged"):
        pretrained.load_float(folder)


def test_weights_of_another_configuration_are_told(tmp_path):
    folder = write_model(tmp_path / "run", small(), random_weights(small(cell="gru")))
    with pytest.raises(ValueError, match="rnn_0/kernel has shape"):
        pretrained.load_float(folder)


def test_model_is_not_tied_to_its_place(tmp_path):
    folder = write_model(tmp_path / "run", small())
    moved = shutil.move(folder, tmp_path / "elsewhere")
    assert pretrained.load_float(moved).config == small()
