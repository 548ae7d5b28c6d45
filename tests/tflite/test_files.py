"""TensorFlow Lite files: real conversions, what is in them, and what they compute."""

import sys

import numpy as np
import pytest
from random_network import random_weights

import lstm_se
from lstm_se.cli.export import export_command
from lstm_se.config import Config
from lstm_se.network import in_numpy
from lstm_se.network.denoiser import Denoiser
from lstm_se.sound.audio import snr_db
from lstm_se.tflite import interpreters
from lstm_se.tflite.files import (
    FORMS,
    OPERATORS,
    Tensor,
    contents,
    refuse_unconvertible,
    run_guarded,
    streams,
    tflite_bytes,
    verify,
    write_tflite,
)

SMALL = Config.preset("plain", name="small", bands=16, units=(8, 16), local=True)
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def small():
    """A network that converts as fast as TensorFlow starts."""
    return Denoiser(SMALL, random_weights(SMALL, size=0.3))


@pytest.fixture(scope="module")
def noise():
    return (0.1 * np.random.default_rng(0).standard_normal(8 * 16_000)).astype(np.float32)


@pytest.fixture(scope="module")
def seen(small, noise):
    return streams(small, [noise])


@pytest.fixture(scope="module")
def files(small, noise, tmp_path_factory):
    """Every form, by name."""
    folder = tmp_path_factory.mktemp("files") / "tflite"
    written = write_tflite(small, folder, [noise])
    assert sorted(folder.iterdir()) == sorted(written.values())
    return {form: path.read_bytes() for form, path in written.items()}


@pytest.fixture(scope="module")
def shipped():
    """The shipped network, fused, in int8, with ranges from one validation recording."""
    trained = lstm_se.load("tiny")
    noisy = lstm_se.mini().validation[0].load()[1]
    return tflite_bytes(trained, "fused_int8", streams(trained, [noisy]))


def masks(run, seen, frames=60):
    return np.concatenate([run(frame[None]) for frame in seen["features"][:frames]])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["fused_float", "step_float"])
@pytest.mark.parametrize("interpreter", ["litert", "tflm"] if LINUX else ["litert"])
def test_float_file_computes_what_the_network_does(form, interpreter, files, small, seen):
    exact = in_numpy.MaskNetwork(small.weights, SMALL)
    run = interpreters.LiteNetwork(SMALL, files[form], interpreter)
    np.testing.assert_allclose(masks(run, seen), masks(exact, seen), atol=2e-6)


@pytest.mark.slow
def test_16_bit_states_follow_the_float_ones(files, small, seen):
    exact = masks(in_numpy.MaskNetwork(small.weights, SMALL), seen)
    run = interpreters.LiteNetwork(SMALL, files["step_16x8"])
    assert snr_db(exact, masks(run, seen)) > 35


@pytest.mark.slow
def test_every_form_is_written(files):
    assert tuple(files) == FORMS
    assert len(files["step_int8"]) < len(files["step_float"])


def test_export_refuses_before_it_computes(tmp_path):
    config = Config.preset("plain", name="free", bands=16, units=(8,), cell_clip=None)
    config.save(tmp_path / "config.json")
    in_numpy.save_weights(tmp_path / "weights.npz", random_weights(config))
    with pytest.raises(ValueError, match="cell_clip is None"):
        export_command.callback(str(tmp_path), "tflite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_reset_forgets(files, seen):
    for form in ("fused_float", "step_16x8"):
        run = interpreters.LiteNetwork(SMALL, files[form])
        first = masks(run, seen, 10)
        assert (masks(run, seen, 10) != first).any()
        run.reset()
        np.testing.assert_array_equal(masks(run, seen, 10), first)


@pytest.mark.slow
def test_step_has_its_state_outside(files):
    found = contents(files["step_16x8"])
    assert set(found.inputs) == {"features", "h0", "c0", "h1", "c1"}
    assert set(found.outputs) == {"mask", "new_h0", "new_c0", "new_h1", "new_c1"}
    assert {t.dtype for t in (found.inputs | found.outputs).values()} == {"int16"}
    assert found.operators.keys() <= OPERATORS["step"]


def test_streams_are_what_the_network_saw(small, seen):
    exact = in_numpy.MaskNetwork(small.weights, SMALL)
    for t in range(4):
        exact(seen["features"][t][None])
        h, c = exact.states[1]
        np.testing.assert_array_equal(seen["h1"][t + 1], h[0])
        np.testing.assert_array_equal(seen["c1"][t + 1], c[0])


@pytest.mark.slow
def test_shipped_network_has_one_operator_a_layer_and_no_float(shipped):
    found = contents(shipped)
    assert found.operators == {
        "UNIDIRECTIONAL_SEQUENCE_LSTM": 2,
        "FULLY_CONNECTED": 2,
        "ADD": 1,
        "LOGISTIC": 1,
    }
    assert found.clips == (10.0, 10.0)
    assert found.types == {"INT8", "INT16", "INT32"}
    assert found.inputs["features"].dtype == found.outputs["mask"].dtype == "int8"
    assert len(shipped) < 340 * 1024


@pytest.mark.slow
def test_shipped_network_in_int8_is_near_the_float_one(shipped):
    trained = lstm_se.load("tiny")
    noisy = lstm_se.mini().validation[1].load()[1][: 2 * 16_000]
    exact = trained(noisy)
    found = interpreters.lite_denoiser(trained.config, shipped)(noisy)
    assert found.shape == noisy.shape
    assert snr_db(exact, found) > 25


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="TFLM's package is made for Linux only")
def test_arena_is_enough_and_no_more(files):
    small = interpreters.smallest_arena(files["fused_float"])
    assert 500 < small < 20_000
    assert small % interpreters.ARENA_STEP == 0


def test_integers_are_rounded_and_saturated():
    tensor = Tensor(0, (1, 4), "int8", 0.5, 3)
    steps = interpreters.to_steps(np.array([0, 0.3, 100, -100.0]), tensor)
    np.testing.assert_array_equal(steps, [[3, 4, 127, -128]])
    np.testing.assert_array_equal(interpreters.from_steps(steps, tensor), [[0, 0.5, 62, -65.5]])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cell": "gru"}, "cell is 'gru'"),
        ({"cell_clip": None}, "cell_clip is None, it must be 10.0: the converter bakes it"),
        ({"batch_norm": True}, "batch_norm"),
        ({"smoothing": 0.5}, "smoothing"),
        ({"subbands": (128, 128)}, "subbands"),
        ({"center": True}, "future"),
    ],
)
def test_network_without_a_form_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        refuse_unconvertible(Config(**changes))


def test_unknown_form_is_refused(small):
    with pytest.raises(ValueError, match="no form 'int4': choose one of fused_float"):
        tflite_bytes(small, "int4", {})


@pytest.mark.slow
def test_unknown_interpreter_is_refused(files):
    with pytest.raises(ValueError, match="choose litert or tflm"):
        interpreters.LiteNetwork(SMALL, files["step_float"], "tpu")


def test_what_is_no_file_is_refused():
    with pytest.raises(ValueError, match="TFL3"):
        contents(b"RIFF....WAVE")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("step_float", "operator UNIDIRECTIONAL_SEQUENCE_LSTM"),
        ("fused_int8", "numbers of type FLOAT32"),
    ],
)
def test_file_that_is_not_what_it_says_is_refused(form, words, files):
    with pytest.raises(ValueError, match=words):
        verify(files["fused_float"], form, SMALL)


@pytest.mark.slow
def test_file_of_fewer_layers_is_refused(files):
    three = Config.preset("plain", name="three", bands=16, units=(8, 16, 8))
    with pytest.raises(ValueError, match="not one UNIDIRECTIONAL_SEQUENCE_LSTM a layer"):
        verify(files["fused_float"], "fused_float", three)


def test_crash_of_the_converter_is_one_line():
    crash = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
    with pytest.raises(ChildProcessError, match=r"^converting to x: .*crashed \(signal 11\)"):
        run_guarded(crash, "converting to x")


def test_complaint_of_the_converter_is_told():
    complain = [sys.executable, "-c", "raise SystemExit('no such thing')"]
    with pytest.raises(ChildProcessError, match=r"converter failed: no such thing$"):
        run_guarded(complain, "converting to x")
