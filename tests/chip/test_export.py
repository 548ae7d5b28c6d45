"""Networks of every kind that ``Config`` makes: their C gives the same bits, or there is none."""

from typing import Literal, get_args, get_origin

import command_line
import exportable
import numpy as np
import pytest
from random_network import random_weights

from lstm_se.chip import builds, export, quantize, toolchain
from lstm_se.chip.stft import HOP
from lstm_se.chip.stream import IntegerStream
from lstm_se.config import FIELDS, Config
from lstm_se.network.in_numpy import save_weights

NETWORKS = list(exportable.networks())
REFUSALS = list(exportable.refusals())


def every_build(model, folder):
    """A stream of each build: of this machine, of a Cortex-M7, of WebAssembly."""
    firmware = toolchain.copy_firmware(folder / "firmware", model)
    sources = toolchain.denoiser_sources(firmware / "speech_denoiser")
    yield builds.NativeStream(toolchain.build_library(folder / "denoiser.so", sources))
    yield builds.CortexStream(toolchain.build_elf(folder / "denoiser.elf", folder=firmware))
    yield builds.WasmStream(toolchain.build_wasm(folder / "denoiser.wasm", sources))


@pytest.mark.slow
@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: f"{config.bands}-{config.units}")
def test_every_build_of_a_network_that_runs_gives_the_bits_of_numpy(config, tmp_path):
    model = quantize.quantize(random_weights(config, size=0.3), config)
    pcm = np.random.default_rng(0).integers(-9000, 9000, 30 * HOP).astype(np.int16)
    expected = IntegerStream(model).process(pcm)
    assert np.ptp(expected) > 1000
    for stream in every_build(model, tmp_path):
        assert export.sha256(model)[:12] in stream.version
        np.testing.assert_array_equal(stream.process(pcm), expected)


@pytest.mark.parametrize("field", exportable.RUNS)
def test_every_value_that_runs_is_in_a_network(field):
    assert {getattr(config, field) for config in NETWORKS} == set(exportable.RUNS[field])


def test_every_field_of_a_network_is_in_the_table():
    named = [*exportable.RUNS, *exportable.OF_TRAINING, *exportable.UNUSED]
    assert sorted(named) == sorted(FIELDS)
    for field in exportable.RUNS:
        if get_origin(FIELDS[field]) is Literal:
            listed = [*exportable.RUNS[field], *exportable.REFUSED.get(field, [])]
            assert sorted(listed) == sorted(get_args(FIELDS[field])), field


@pytest.mark.parametrize(
    ("field", "config"),
    [(field, config) for field, _, config in REFUSALS],
    ids=[f"{field}-{value}"[:24] for field, value, _ in REFUSALS],
)
def test_every_other_network_is_refused_for_a_reason(field, config):
    assert [refused for refused, _ in quantize.undeployable(config)][0] == field
    with pytest.raises(ValueError, match=f"^cannot export 'tiny': {field} is [^\n]+, [^\n]+$"):
        quantize.refuse_undeployable(config)


def test_readme_has_the_table_of_today():
    page = exportable.README.read_text(encoding="utf-8")
    assert exportable.table() in page, "run tests/support/exportable.py"


def test_refusal_on_the_command_line_is_one_clear_line(tmp_path):
    config = Config.preset("plain", cell="gru")
    config.save(tmp_path / "config.json")
    save_weights(tmp_path / "weights.npz", random_weights(config))
    done = command_line.run("export", tmp_path, "--to", "c", "--out", tmp_path / "c")
    command_line.assert_one_clear_line(done, "cell is 'gru', the firmware computes 'lstm' only")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("form", ["c", "wasm"])
def test_network_of_the_int8_engine_alone_is_refused_before_anything_is_written(form, tmp_path):
    config = Config.preset("bandwise", subbands=(1,) * 256)
    model = quantize.quantize(random_weights(config, size=0.2), config)
    write = {"c": export.write_sources, "wasm": builds.write_module}[form]
    with pytest.raises(ValueError, match=r"^cannot export 'bandwise': subbands is .* of them$"):
        write(model, tmp_path / "out.wasm")
    assert not list(tmp_path.iterdir())
