"""The C of sub-bands gives the bits of NumPy, and costs no more than it may."""

import subprocess

import numpy as np
import pytest
import tcm
from random_network import balanced_weights

import lstm_se
from lstm_se.chip import builds, disco, footprint, quantize, toolchain
from lstm_se.chip.board import Board
from lstm_se.chip.stft import HOP
from lstm_se.chip.stream import IntegerStream
from lstm_se.config import Config
from lstm_se.network.bandwise import uses
from lstm_se.network.in_numpy import shapes
from lstm_se.sound.audio import to_pcm

pytestmark = pytest.mark.slow  # compiles the firmware, and emulates a processor

CONFIG = Config.preset("bandwise")
HOPS = 40
KIB = 1024


@pytest.fixture(scope="module")
def model():
    return quantize.quantize(balanced_weights(CONFIG), CONFIG)


@pytest.fixture(scope="module")
def heard():
    """Recorded noisy speech, then all bits at random."""
    noise = np.random.default_rng(0).integers(-32768, 32768, HOPS // 4 * HOP)
    speech = to_pcm(lstm_se.mini().test[0].load()[1])[: (HOPS - HOPS // 4) * HOP]
    return np.concatenate([speech, noise.astype(np.int16)])


@pytest.fixture(scope="module")
def expected(model, heard):
    return IntegerStream(model).process(heard)


@pytest.fixture(scope="module")
def firmware(model, tmp_path_factory):
    """A copy with the model in it."""
    return toolchain.copy_firmware(tmp_path_factory.mktemp("bandwise") / "firmware", model)


@pytest.mark.parametrize(
    ("compiler", "options"),
    [
        (toolchain.host_compiler, ("-O3",)),
        (toolchain.host_compiler, ("-O0", "-DSE_KERNEL=SE_KERNEL_C")),
        (toolchain.zig, ("-O2",)),
    ],
)
def test_library_gives_the_bits_of_numpy(compiler, options, firmware, heard, expected, tmp_path):
    sources = toolchain.denoiser_sources(firmware / "speech_denoiser")
    library = toolchain.build_library(tmp_path / "se.so", sources, compiler(), options)
    np.testing.assert_array_equal(builds.NativeStream(library).process(heard), expected)


@pytest.mark.parametrize(
    "options", [("-O0",), ("-Os",), ("-O2",), ("-O2", "-DSE_KERNEL=SE_KERNEL_C")]
)
def test_machine_code_of_the_cortex_gives_them(options, firmware, heard, expected, tmp_path):
    elf = toolchain.build_elf(tmp_path / "se.elf", options=options, folder=firmware)
    np.testing.assert_array_equal(builds.CortexStream(elf).process(heard), expected)


@pytest.fixture(scope="module")
def streams(model, firmware, tmp_path_factory):
    """Of every build."""
    folder = tmp_path_factory.mktemp("builds")
    elf = toolchain.build_elf(folder / "se.elf", folder=firmware)
    module = builds.write_module(model, folder / "se.wasm")
    return [builds.compiled_stream(model), builds.WasmStream(module), builds.CortexStream(elf)]


def test_every_build_gives_them_with_a_limit_and_after_it(model, streams, heard, expected):
    limited = IntegerStream(model, 6).process(heard)
    assert (limited != expected).any()
    for stream in streams:
        for limit_db, wanted in ((6, limited), (None, expected)):
            stream.set_limit(limit_db)
            stream.reset()
            np.testing.assert_array_equal(stream.process(heard), wanted)


def test_selftest_passes_and_notices_one_wrong_bit(streams):
    assert all(stream.selftest() for stream in streams)
    cpu = streams[-1].cpu
    for name in ("se_split_tiles", "down1_tiles"):
        place = cpu.symbols[name].address + 40
        (byte,) = cpu.read(place, 1)
        cpu.write(place, bytes([byte ^ 4]))
        assert not streams[-1].selftest(), name
        cpu.write(place, bytes([byte]))


def test_fast_memories_of_the_chip_hold_what_is_read_again_and_again(
    model, heard, expected, tmp_path
):
    stream = tcm.start(tmp_path, ("-O2",), model=model)
    places = stream.cpu.symbols
    for name in ("se_bandwise", "se_wide_rows_asm", "se_lstm_units_asm"):
        assert places[name].address in tcm.ITCM, name
    for name in ("up0_tiles", "down1_tiles", "up1_multipliers", "tcm_denoiser"):
        assert places[name].address in tcm.DTCM, name
    np.testing.assert_array_equal(stream.process(heard), expected)


def test_sanitizers_find_nothing_and_two_states_share_nothing(firmware):
    done = subprocess.run(
        ["make", "-C", firmware, "fuzz", "HOPS=300"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "300 hops, the same" in done.stdout, done.stdout + done.stderr


def test_example_for_the_board_plays_it(firmware, heard, expected, tmp_path):
    elf = disco.build_example(tmp_path / "example.elf", folder=firmware)
    board = Board(elf, np.stack([heard, heard], axis=1))
    board.stub("se_selftest", 1)
    played = board.power_on(8 * HOP)
    np.testing.assert_array_equal(played[2 * HOP :, 0], expected[: 6 * HOP])


@pytest.fixture(scope="module")
def figures(model):
    return footprint.measure(frames=3, model=model)


def test_frame_costs_at_most_a_million_instructions(figures):
    assert figures["instructions_per_frame"] <= 970_000
    assert figures["instructions_signal"] <= 67_000


def test_product_in_the_layers_that_sub_bands_share_costs_less_than_an_instruction(figures):
    used = {name: uses(name, CONFIG) for name in shapes(CONFIG) if name.endswith("kernel")}
    macs = sum(n * np.prod(shapes(CONFIG)[name]) for name, n in used.items() if n > 1)
    assert figures["functions"]["se_wide_rows_asm"] <= 0.76 * macs


def test_memory_is_within_its_budget(figures):
    assert figures["flash_bytes"] <= 152 * KIB
    assert figures["ram_bytes"] <= 16 * KIB
    assert figures["stack_bytes"] <= 1 * KIB
