"""The integer engines from files to files: aligned, level-true, and the same bits."""

import numpy as np
import pytest

import lstm_se
from lstm_se.chip import engines, fidelity, selftest
from lstm_se.chip.stream import IntegerStream
from lstm_se.network import pretrained
from lstm_se.scoring import metrics
from lstm_se.sound.audio import to_pcm


@pytest.fixture(scope="module")
def shipped():
    return pretrained.load_float("tiny")


@pytest.fixture(scope="module")
def noisy():
    return lstm_se.mini().test[0].load()[1]


@pytest.fixture(scope="module")
def whole():
    return engines.load("tiny", "int8")


def test_int8_is_the_float_model_but_for_little(noisy, whole):
    found, exact = whole(noisy), engines.load("tiny")(noisy)
    assert found.shape == noisy.shape and found.dtype == np.float32
    assert metrics.si_sdr(exact, found) > 30


def test_firmware_gives_the_bits_of_int8(noisy, whole):
    np.testing.assert_array_equal(engines.load("tiny", "firmware")(noisy), whole(noisy))


def test_second_recording_does_not_hear_the_first(noisy, whole):
    first = whole(noisy)
    whole(noisy[::-1].copy())
    np.testing.assert_array_equal(whole(noisy), first)


@pytest.mark.parametrize("engine", ["int8", "firmware"])
def test_stream_gives_the_samples_of_the_recording(noisy, engine):
    denoiser, noisy = engines.load("tiny", engine), noisy[:20_000]
    stream, cuts = denoiser.stream(), [0, 1, 255, 300, 900, 5000]
    played = np.concatenate([stream.process(block) for block in np.split(noisy, cuts)])
    assert len(played) == len(noisy) // 256 * 256
    late = stream.latency
    np.testing.assert_array_equal(played[late:], denoiser(noisy)[: len(played) - late])


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 70_000])
def test_length_is_kept(samples, whole):
    assert whole(np.full(samples, 0.01, np.float32)).shape == (samples,)


def test_channels_and_rates_are_kept(noisy, whole):
    both = np.stack([noisy, noisy[::-1]])
    found = whole.enhance(both, 16_000)
    np.testing.assert_array_equal(found[0], whole(noisy))
    assert whole.enhance(noisy[:8000], 48_000).shape == (8000,)


def test_empty_recording_is_refused(whole):
    with pytest.raises(ValueError, match="0 samples"):
        whole(np.zeros(0, np.float32))


def test_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="no engine 'int4': choose one of float, int8, firmware"):
        engines.load("tiny", "int4")


@pytest.mark.parametrize("pcm", [np.zeros(257, np.int16), np.zeros(256, np.float32)])
def test_stream_takes_whole_hops_of_int16(pcm, model):
    with pytest.raises(ValueError, match="give int16 in hops of 256"):
        IntegerStream(model).process(pcm)


def test_blocks_do_not_matter(noisy, model):
    pcm = to_pcm(noisy[: 40 * 256])
    at_once, in_parts = IntegerStream(model), IntegerStream(model)
    parts = [
        in_parts.process(pcm[:256]),
        in_parts.process(pcm[256:256]),
        in_parts.process(pcm[256:]),
    ]
    np.testing.assert_array_equal(at_once.process(pcm), np.concatenate(parts))


def test_loudest_sound_is_saturated_not_wrapped():
    np.testing.assert_array_equal(
        to_pcm(np.array([-2, -1, 1, 2.0])), [-32768, -32768, 32767, 32767]
    )


def test_each_stage_is_faithful(noisy, shipped, model):
    found = fidelity.stage_snr_db(shipped, model, noisy)
    assert found["features"] > 70
    assert min(found.values()) > 25 and found["sound"] > 30


def test_stages_of_a_sound_too_short_are_refused(shipped, model):
    with pytest.raises(ValueError, match="too few"):
        fidelity.stage_snr_db(shipped, model, np.zeros(100, np.float32))


def test_golden_vectors_lead_from_input_to_output(tmp_path, model):
    selftest.write_golden_vectors(model, tmp_path / "golden.npz")
    with np.load(tmp_path / "golden.npz") as found:
        frames = len(found["input"]) // 256
        np.testing.assert_array_equal(IntegerStream(model).process(found["input"]), found["output"])
        assert found["mask"].shape == (frames, 257) and found["mask"].dtype == np.int16
        assert found["features"].shape == (frames, model.config.bands)
        assert found["h1"].shape == found["c0"].shape == (frames, 128)
