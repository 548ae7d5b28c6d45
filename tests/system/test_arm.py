"""The firmware by Arm's gcc, as STM32CubeIDE calls it, and in qemu. Run by ``make test-system``."""

import re
import subprocess

import cmake_project
import exportable
import numpy as np
import pytest
import tcm
from random_network import balanced_weights, random_weights

import lstm_se
from lstm_se.chip import (
    builds,
    disco,
    footprint,
    link,
    quantize,
    silicon,
    stft,
    stream,
    toolchain,
)
from lstm_se.chip.board import Board
from lstm_se.config import Config
from lstm_se.sound import audio

FIRMWARE = toolchain.firmware()
HOP = stft.HOP
SECONDS = 60
GCC = ["arm-none-eabi-gcc", *toolchain.GCC_M7]
CUBE = [*toolchain.CUBE, toolchain.GCC_FUSES, "-fstack-usage"]
BUILDS = {
    "O0": ["-O0"],
    "Og": ["-Og"],
    "Os": ["-Os"],
    "O2": ["-O2"],
    "O3": ["-O3"],
    "cube-debug": [*CUBE, "-g3", "-DDEBUG", "-O0"],
    "cube-release": [*CUBE, "-Os"],
}
LINK = [*toolchain.GCC_BARE]


def build_selftest(path, name, folder=None):
    """The denoiser and the self-test for the board that qemu emulates."""
    main = (folder or FIRMWARE) / "examples/selftest/main.c"
    options = (*BUILDS[name], "-DSE_EXAMPLE_SELFTEST", *LINK)
    return toolchain.build_elf(path, [main], options, GCC, folder)


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    """The denoiser and the self-test for the board that qemu emulates, by each set of options."""
    folder = tmp_path_factory.mktemp("arm")
    return {name: build_selftest(folder / f"{name}.elf", name) for name in BUILDS}


@pytest.fixture(scope="module")
def heard():
    """A minute of recorded noisy speech as int16."""
    pairs = [*lstm_se.mini().test, *lstm_se.mini().train]
    noisy = np.concatenate([pair.load()[1] for pair in pairs])
    assert len(noisy) >= SECONDS * 16_000
    return audio.to_pcm(noisy[: SECONDS * 16_000 // HOP * HOP])


@pytest.fixture(scope="module")
def expected(model, heard):
    return stream.IntegerStream(model).process(heard)


@pytest.fixture(scope="module")
def bandwise():
    """A network with sub-bands."""
    config = Config.preset("bandwise")
    return quantize.quantize(balanced_weights(config), config)


def assert_selftest_passes(elf):
    board = ["qemu-system-arm", "-M", "mps2-an500", "-icount", "shift=0", "-nographic"]
    board += ["-monitor", "none", "-serial", "none"]
    board += ["-semihosting-config", "enable=on,target=native", "-kernel", elf]
    done = subprocess.run(board, capture_output=True, text=True, timeout=300)
    assert "self-test passed" in done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("name", BUILDS)
def test_selftest_passes_in_qemu(name, elf):
    assert_selftest_passes(elf[name])


@pytest.mark.parametrize("name", ["O0", "O2", "cube-release"])
def test_selftest_of_sub_bands_passes_in_qemu(name, bandwise, tmp_path):
    firmware = toolchain.copy_firmware(tmp_path / "firmware", bandwise)
    assert_selftest_passes(build_selftest(tmp_path / "selftest.elf", name, firmware))


@pytest.mark.parametrize("name", ["O2", "cube-debug", "cube-release"])
def test_link_brings_every_bit_through_the_serial_port_of_qemu(
    name, model, heard, expected, tmp_path
):
    link_file = disco.example_file().with_name("link.c")
    sources = [FIRMWARE.parent / "tests/system/speaker.c", link_file]
    options = (*BUILDS[name], "-DSE_EXAMPLE_STM32F746G_DISCO", *LINK)
    elf = toolchain.build_elf(tmp_path / "speaker.elf", sources, options, GCC)
    board = ["qemu-system-arm", "-M", "mps2-an500", "-display", "none", "-monitor", "none"]
    board += ["-serial", "pty", "-kernel", elf]
    with subprocess.Popen(board, stdout=subprocess.PIPE, text=True) as qemu:
        try:
            port = re.search(r"redirected to (\S+)", qemu.stdout.readline())[1]
            with link.Link(port, patience=20) as opened:
                report, enhanced = silicon.board_report(
                    opened, model, "heard", heard[: 50 * HOP], 2
                )
        finally:
            qemu.kill()
    said = report.health
    assert said.board == "mps2-an500" and said.compiler.startswith("gcc-")
    assert 0 < said.cycles <= said.most and said.hops > 0 and report.cycles_mean > 0
    # not the lines that were heard before: qemu's terminal may drop some of what nobody reads yet
    assert (report.wrong_samples, report.samples) == (0, 51 * HOP)
    np.testing.assert_array_equal(enhanced[: 49 * HOP], expected[HOP : 50 * HOP])


@pytest.mark.parametrize("name", ["O0", "Os", "O2", "cube-debug", "cube-release"])
def test_every_sample_of_a_minute_is_that_of_numpy(name, elf, heard, expected):
    np.testing.assert_array_equal(builds.CortexStream(elf[name]).process(heard), expected)


@pytest.mark.parametrize("preset", ["Debug", "Release"])
def test_cmake_project_gives_the_same_bits(preset, heard, expected, tmp_path):
    program = cmake_project.build(tmp_path, "gcc-arm-none-eabi", preset)
    part = slice(60 * HOP)
    found = builds.CortexStream(program).process(heard[part])
    np.testing.assert_array_equal(found, expected[part])


@pytest.mark.parametrize("name", ["cube-debug", "cube-release", "O3"])
def test_fast_memories_hold_all_that_runs_in_a_frame(name, heard, expected, tmp_path):
    part = slice(60 * HOP)
    stream = tcm.start(tmp_path, (*BUILDS[name], *LINK), GCC)
    assert tcm.begins_with_vectors(stream.cpu)
    assert not tcm.outside(stream, heard[:HOP])
    np.testing.assert_array_equal(stream.process(heard[part]), expected[part])


@pytest.mark.parametrize("name", ["cube-debug", "cube-release", "O3"])
def test_example_by_gcc_plays_every_sample(name, heard, expected, tmp_path):
    """The left microphone in both ears, two hops later, on the simulated board."""
    options = (*BUILDS[name], *LINK)
    elf = disco.build_example(tmp_path / "example.elf", options=options, compiler=GCC)
    board = Board(elf, np.stack([heard, heard], axis=1), cache="sticky")
    board.stub("se_selftest", 1)
    played = board.power_on(8 * HOP, seconds=1)
    assert not played[: 2 * HOP].any()
    np.testing.assert_array_equal(played[2 * HOP :], np.stack([expected[: 6 * HOP]] * 2, axis=1))


@pytest.mark.parametrize(
    "config", list(exportable.networks()), ids=lambda c: f"{c.bands}-{c.units}"
)
def test_every_network_that_runs_gives_the_same_bits(config, tmp_path):
    model = quantize.quantize(random_weights(config, size=0.3), config)
    pcm = np.random.default_rng(0).integers(-9000, 9000, 30 * HOP).astype(np.int16)
    folder = toolchain.copy_firmware(tmp_path / "firmware", model)
    elf = toolchain.build_elf(
        tmp_path / "own.elf", options=(*CUBE, "-Os"), compiler=toolchain.arm_gcc(), folder=folder
    )
    found = builds.CortexStream(elf).process(pcm)
    np.testing.assert_array_equal(found, stream.IntegerStream(model).process(pcm))


def instructions_by_gcc(model=None):
    options = [*CUBE, "-O2", "-g"]
    return footprint.measure(options, 8, model, toolchain.arm_gcc())["instructions_per_frame"]


def test_frame_costs_at_most_360_thousand_instructions_by_gcc_as_cubeide_calls_it():
    assert instructions_by_gcc() <= 360_000


def test_frame_of_sub_bands_costs_at_most_a_million_instructions_by_gcc(bandwise):
    assert instructions_by_gcc(bandwise) <= 1_000_000


@pytest.mark.parametrize("options", [BUILDS["cube-debug"], BUILDS["cube-release"]])
def test_whole_folder_lies_in_a_foreign_project(options, tmp_path):
    """Every source below firmware/ beside a ``main`` of somebody else's, linked for the chip."""
    main = tmp_path / "main.c"
    main.write_text(
        '#include "se.h"\nstatic se_state state;\nstatic short x[SE_HOP];\n'
        "int main(void) { se_init(&state); for (;;) se_process(&state, x, x); }\n"
        "void Reset_Handler(void) { main(); }\n"
        'const void *vectors[] __attribute__((section(".isr_vector"))) = {0, Reset_Handler};\n'
    )
    sources = sorted(FIRMWARE.rglob("*.[cS]"))
    assert len(sources) > 10
    script = tmp_path.parent / "script.ld"
    script.write_text((FIRMWARE.parent / "tests/system/stm32f746ng.ld").read_text())
    command = [*GCC, *options, "-Wall", "-Wextra", "-Werror", f"-I{FIRMWARE / 'speech_denoiser'}"]
    command += [*LINK, "-Wl,--gc-sections", "-T", script, "-o", tmp_path / "project.elf"]
    subprocess.run([*command, main, *sources], check=True, cwd=tmp_path)
    size = subprocess.run(
        ["arm-none-eabi-size", tmp_path / "project.elf"], capture_output=True, text=True, check=True
    )
    text, data, bss = (int(word) for word in size.stdout.splitlines()[1].split()[:3])
    assert text + data <= 330_000 and data + bss <= 20_000
