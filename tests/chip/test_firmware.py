"""The firmware gives the bits of the model: on this machine and on an emulated Cortex-M7."""

import ctypes
import platform
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import tcm
import torture
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lstm_se
from lstm_se.chip import builds, cortex, export, quantize, selftest, stft, toolchain
from lstm_se.chip.kernels import pack
from lstm_se.chip.stream import LATENCY, IntegerStream
from lstm_se.config import Config
from lstm_se.sound.audio import to_pcm

pytestmark = pytest.mark.slow  # compiles the firmware, and emulates a processor

FIRMWARE = toolchain.firmware()
HOP = stft.HOP
SECONDS = 60
OPTIONS = ["-O0", "-Os", "-O2"]
KERNELS = ["se_rows_c", "se_rows_acle", "se_rows_asm"]


def hops(samples):
    return samples[: len(samples) // HOP * HOP].astype(np.int16)


def speech():
    """A minute of recorded noisy speech."""
    pairs = [*lstm_se.mini().test, *lstm_se.mini().train]
    noisy, length = [], 0
    for pair in pairs:
        noisy.append(pair.load()[1])
        length += len(noisy[-1])
        if length >= SECONDS * 16000:
            break
    assert length >= SECONDS * 16000
    return hops(np.round(np.concatenate(noisy)[: SECONDS * 16000] * 32767))


def extremes():
    """Silence, a full-scale square wave, a constant, impulses, and all bits at random."""
    n = np.arange(40 * HOP)
    impulses = np.where(n % 1000 == 0, 32767, 0)
    square = np.where(n // 40 % 2, 32767, -32768)
    noise = np.random.default_rng(0).choice([-32767, 32767], len(n))
    silence, constant = np.zeros(len(n)), np.full(len(n), 32767)
    return hops(np.concatenate([silence, square, constant, silence, impulses, noise, silence]))


@pytest.fixture(scope="module")
def heard():
    return np.concatenate([speech(), extremes()])


@pytest.fixture(scope="module")
def expected(model, heard):
    """What NumPy computes."""
    return IntegerStream(model).process(heard)


def test_committed_sources_are_the_export_of_the_shipped_model(model):
    for name, text in export.sources(model).items():
        assert (FIRMWARE / "speech_denoiser" / name).read_text() == export.NOTICE + text, name


@pytest.mark.parametrize("options", [("-O0",), ("-O3",), ("-O3", "-DSE_KERNEL=SE_KERNEL_C")])
@pytest.mark.parametrize("compiler", ["host", "zig"])
def test_library_gives_the_bits_of_numpy(compiler, options, heard, expected, tmp_path):
    command = toolchain.host_compiler() if compiler == "host" else toolchain.zig()
    library = toolchain.build_library(tmp_path / "se.so", compiler=command, options=options)
    np.testing.assert_array_equal(builds.NativeStream(library).process(heard), expected)


ON_A_PC = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="this processor is of another make"
)


@ON_A_PC
def test_instructions_that_fuse_products_and_sums_are_not_used(heard, expected, tmp_path):
    library = toolchain.build_library(tmp_path / "se.so", options=("-O3", "-march=native"))
    np.testing.assert_array_equal(builds.NativeStream(library).process(heard), expected)


SECTIONS = ('-DSE_FAST_SECTION=".itcm"', '-DSE_RODATA_SECTION=".tables"')


def section_of(path, names):
    """Sections of an ELF file that hold some symbols."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        found = {s.name: s["st_shndx"] for s in symbols.iter_symbols() if s.name in names}
        assert set(found) == set(names)
        return {elf.get_section(index).name for index in found.values()}


def test_code_and_tables_go_where_the_linker_script_wants_them(heard, expected, tmp_path):
    path = toolchain.build_elf(tmp_path / "se.elf", options=("-O2", *SECTIONS))
    assert section_of(path, {"se_process", "transform", "se_network", "se_rows_asm"}) == {".itcm"}
    tables = {"se_window", "layer1_tiles", "se_mask_multipliers", "se_mask_local"}
    assert section_of(path, tables) == {".tables"}
    assert section_of(path, {"se_init", "se_selftest"}) == {".text"}
    part = slice(20 * HOP)
    np.testing.assert_array_equal(builds.CortexStream(path).process(heard[part]), expected[part])


IN_DTCM = {"se_window", "se_band_weights", "se_sigmoid_pieces", "tcm_denoiser"}


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
def test_fast_memories_of_the_chip_give_the_same_bits(level, heard, expected, tmp_path):
    stream = tcm.start(tmp_path, (level,))
    places = stream.cpu.symbols
    assert tcm.begins_with_vectors(stream.cpu)
    assert not tcm.outside(stream, heard[:HOP])
    assert all(places[name].address in tcm.DTCM for name in IN_DTCM)
    part = slice(20 * HOP)
    np.testing.assert_array_equal(stream.process(heard[part]), expected[part])
    stream.cpu.write(tcm.DTCM.start, bytes(8192))  # and it reads them there
    assert (stream.process(heard[part]) != expected[part]).any()


def test_library_may_have_such_sections_too(heard, expected, tmp_path):
    library = toolchain.build_library(tmp_path / "se.so", options=("-O2", *SECTIONS))
    assert section_of(library, {"se_network"}) == {".itcm"}
    np.testing.assert_array_equal(builds.NativeStream(library).process(heard), expected)


def test_makefile_is_as_strict_as_the_tests():
    makefile = (FIRMWARE / "Makefile").read_text(encoding="utf-8")
    strict = re.search(r"^STRICT := (.*?[^\\])$", makefile, re.MULTILINE | re.DOTALL)[1]
    assert set(strict.replace("\\", "").split()) == set(toolchain.STRICT)


def test_fast_math_is_refused(tmp_path):
    with pytest.raises(ValueError, match="-ffast-math"):
        toolchain.build_library(tmp_path / "se.so", options=("-O2", "-ffast-math"))


def test_version_of_the_code_is_that_of_the_project(model):
    project = tomllib.loads((FIRMWARE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    stream = builds.compiled_stream(model)
    assert stream.version == f"{version} model {export.sha256(model)[:12]}"
    assert stream.selftest()


def build_wav(folder, *options):
    """The command-line example with the sanitizers of the host's compiler."""
    sources = [FIRMWARE / "examples/wav/main.c", *toolchain.denoiser_sources()]
    program = folder / "denoise"
    command = [*toolchain.host_compiler(), *toolchain.STRICT, "-DSE_EXAMPLE_WAV", *options]
    subprocess.run([*command, "-o", program, *sources], check=True)
    return program


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    sanitizers = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    return build_wav(tmp_path_factory.mktemp("wav"), *sanitizers)


def test_sanitizers_find_nothing_and_the_file_is_aligned(checked, heard, expected, tmp_path):
    sf.write(tmp_path / "in.wav", heard, 16000, "PCM_16")
    subprocess.run([checked, tmp_path / "in.wav", tmp_path / "out.wav"], check=True)
    found, rate = sf.read(tmp_path / "out.wav", dtype="int16")
    assert rate == 16000 and len(found) == len(heard)
    np.testing.assert_array_equal(found[:-LATENCY], expected[LATENCY:])


def test_sanitizers_find_nothing_in_ten_minutes_from_faint_to_overdriven(checked, tmp_path):
    """All recordings, each over another one played backwards; every minute is 6 dB louder."""
    corpus = lstm_se.mini()
    every = [pair.load()[1] for pair in (*corpus.train, *corpus.validation, *corpus.test)]
    sound = np.resize(np.concatenate(every), 600 * 16000)
    gain = np.repeat(2.0 ** np.arange(-6, 4), 60 * 16000)
    pcm = hops(to_pcm(gain * (sound + sound[::-1])))
    assert np.mean(np.abs(pcm[-60 * 16000 :].astype(int)) >= 32767) > 0.01
    sf.write(tmp_path / "in.wav", pcm, 16000, "PCM_16")
    subprocess.run([checked, tmp_path / "in.wav", tmp_path / "out.wav"], check=True)
    found, _ = sf.read(tmp_path / "out.wav", dtype="int16")
    plain = builds.NativeStream(toolchain.build_library(tmp_path / "se.so")).process(pcm)
    np.testing.assert_array_equal(found[:-LATENCY], plain[LATENCY:])


def build_fuzz(target, *options, compiler=None, folder=FIRMWARE):
    """Random sound through two denoisers, one of them in place."""
    sources = [
        folder / "examples/fuzz/main.c",
        *toolchain.denoiser_sources(folder / "speech_denoiser"),
    ]
    command = [*(compiler or toolchain.host_compiler()), *toolchain.STRICT, *options]
    subprocess.run([*command, "-DSE_EXAMPLE_FUZZ", "-o", target, *sources], check=True)
    return target


def fuzz(program, seconds):
    return subprocess.run([program, str(seconds * 16000 // HOP)], capture_output=True, text=True)


def test_sanitizers_find_nothing_in_two_minutes_of_random_sound(tmp_path):
    """`make -C firmware fuzz` does an hour of the same."""
    sanitizers = ("-O2", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    checked = fuzz(build_fuzz(tmp_path / "checked", *sanitizers), 120)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    plain = fuzz(build_fuzz(tmp_path / "plain", "-O3", compiler=toolchain.zig()), 120)
    assert checked.stdout == plain.stdout and checked.stdout.startswith("7500 hops, the same")


def test_fuzz_notices_a_variable_that_two_denoisers_share(tmp_path):
    for part in ("speech_denoiser", "examples/fuzz"):
        shutil.copytree(FIRMWARE / part, tmp_path / part)
    source = tmp_path / "speech_denoiser/se.c"
    whole = source.read_text()
    shared = "static int16_t last;\nstate->heard[99] = last;\nlast = in[99];\nse_analyse("
    source.write_text(whole.replace("se_analyse(", shared, 1))
    done = fuzz(build_fuzz(tmp_path / "fuzz", "-O2", folder=tmp_path), 1)
    assert done.returncode == 1 and "differs between two denoisers" in done.stdout


def test_example_reads_a_pipe(checked, heard, tmp_path):
    sf.write(tmp_path / "in.wav", heard, 16000, "PCM_16")
    for source, name in ((None, "in.wav"), ((tmp_path / "in.wav").open("rb"), "/dev/stdin")):
        command = [checked, name, f"{source is None}.wav"]
        subprocess.run(command, cwd=tmp_path, stdin=source and cat(source), check=True)
    assert (tmp_path / "True.wav").read_bytes() == (tmp_path / "False.wav").read_bytes()


def cat(file):
    """A pipe that brings a file."""
    return subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE).stdout


def test_recording_is_never_written_over(checked, heard, tmp_path):
    sf.write(tmp_path / "in.wav", heard, 16000, "PCM_16")
    before = (tmp_path / "in.wav").read_bytes()
    command = [checked, tmp_path / "in.wav", tmp_path / "in.wav"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "in.wav is the input: choose another output" in done.stderr
    assert (tmp_path / "in.wav").read_bytes() == before


def test_disk_that_is_full_is_told(checked, tmp_path):
    """At every length, also where the last bytes fit into a buffer."""
    (tmp_path / "full.wav").symlink_to("/dev/full")
    for samples in (1, 4096, 8320, 16_000):
        sf.write(tmp_path / "in.wav", np.full(samples, 99, np.int16), 16000, "PCM_16")
        command = [checked, tmp_path / "in.wav", tmp_path / "full.wav"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and "is the disk full?" in done.stderr, samples


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 1000])
def test_file_of_any_length_keeps_it(checked, samples, tmp_path):
    sf.write(tmp_path / "in.wav", np.full(samples, 99, np.int16), 16000, "PCM_16")
    subprocess.run([checked, tmp_path / "in.wav", tmp_path / "out.wav"], check=True)
    assert sf.info(tmp_path / "out.wav").frames == samples


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no WAV file"),
        (b"RIFF....WAVEdata....", "has no format"),
        (b"RIFF....WAVEfmt \x10\0\0\0" + b"\1\0\2\0" + bytes(12), "is not 16 kHz, mono"),
        (b"RIFF....WAVE", "has no samples"),
        (b"RIFF....WAVELIST\xff\xff\xff\xff", "has no samples"),
        (b"RIFF....WAVELIST\xf8\xff\xff\xff", "has no samples"),
    ],
)
def test_file_that_is_no_such_sound_is_refused(checked, content, message, tmp_path):
    (tmp_path / "in.wav").write_bytes(content)
    done = subprocess.run(
        [checked, tmp_path / "in.wav", tmp_path / "out.wav"], capture_output=True, text=True
    )
    assert done.returncode == 2 and message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def denoised(checked, tmp_path_factory):
    """What the example makes of samples in a file about which nothing is odd."""
    folder = tmp_path_factory.mktemp("plain")

    def run(samples):
        sf.write(folder / "in.wav", to_pcm(samples), 16000, "PCM_16")
        done = subprocess.run(
            [checked, "in.wav", "out.wav"], cwd=folder, capture_output=True, check=True
        )
        assert not done.stderr
        return (folder / "out.wav").read_bytes()

    return run


@pytest.mark.parametrize("odd", torture.pack(), ids=lambda odd: odd.name)
def test_odd_file_gives_its_samples_or_the_reason(odd, checked, denoised, tmp_path):
    """And never an empty file: see tests/support/torture.py."""
    (tmp_path / odd.name).write_bytes(odd.content)
    command = [checked, odd.name, "out.wav"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "c" in odd.refused:
        assert done.returncode == 2 and f"error: {odd.name} {odd.refused['c']}" in done.stderr
        assert done.stderr.count("\n") == 1 and not (tmp_path / "out.wav").exists()
        return
    assert done.returncode == 0
    assert done.stderr == (f"{odd.name}: {odd.note}\n" if odd.note else "")
    assert (tmp_path / "out.wav").read_bytes() == denoised(odd.samples[0])


def test_sanitizers_find_nothing_in_damaged_headers(checked, tmp_path):
    codes = set()
    for content in torture.damaged(400):
        (tmp_path / "in.wav").write_bytes(content)
        command = [checked, "in.wav", "out.wav"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        codes.add(done.returncode)
        assert done.stderr.count("\n") <= 1, done.stderr
    assert codes == {0, 2}


def test_header_can_be_used_from_cpp(tmp_path):
    compiler = shutil.which("c++") or shutil.which("g++")
    command = [compiler] if compiler else [*toolchain.zig()[:-1], "c++"]
    source = tmp_path / "main.cpp"
    source.write_text('#include "se.h"\nint main() { se_state s; se_init(&s); return 0; }\n')
    include = FIRMWARE / "speech_denoiser"
    options = ["-Wall", "-Wextra", "-Werror", f"-I{include}", "-c", "-o", tmp_path / "main.o"]
    subprocess.run([*command, *options, source], check=True)


@pytest.mark.parametrize("name", ["main", "link", "port"])
def test_example_for_the_board_compiles_against_its_packages_declarations(name, tmp_path):
    options = ["-Wall", "-Wextra", "-Wconversion", "-Werror", "-c", "-o", tmp_path / "example.o"]
    options += ["-DSE_EXAMPLE_STM32F746G_DISCO", f"-I{FIRMWARE.parent / 'tests/cube'}"]
    example = FIRMWARE / f"examples/stm32f746g-disco/{name}.c"
    subprocess.run([*toolchain.zig(), *toolchain.M7, "-std=c99", *options, example], check=True)


@pytest.mark.parametrize(
    "path", sorted(FIRMWARE.rglob("*.c")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_example_is_inert_until_its_macro_is_set(path, tmp_path):
    """Beside the denoiser itself, no file defines anything that a foreign project could have."""
    if path.parent.name == "speech_denoiser":
        assert "SE_EXAMPLE" not in path.read_text()
        return
    compiler = [*toolchain.host_compiler(), "-Wall", "-Wextra", "-Werror", "-c"]
    subprocess.run([*compiler, path, "-o", tmp_path / "inert.o"], check=True)
    names = subprocess.run(["nm", tmp_path / "inert.o"], capture_output=True, text=True, check=True)
    assert not names.stdout.strip(), "put all of it between #ifdef SE_EXAMPLE_… and #else"


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    """Images for the Cortex-M7, one for each level of optimisation."""
    folder = tmp_path_factory.mktemp("elf")
    return {
        level: toolchain.build_elf(folder / f"denoiser{level}.elf", options=(level,))
        for level in OPTIONS
    }


@pytest.mark.parametrize("level", OPTIONS)
def test_machine_code_of_the_cortex_gives_the_bits_of_numpy(level, elf, heard, expected):
    np.testing.assert_array_equal(builds.CortexStream(elf[level]).process(heard), expected)


def test_two_states_do_not_disturb_each_other(elf, heard, expected):
    one = builds.CortexStream(elf["-O2"])
    other = one.cpu.allocate(builds.STATE_BYTES)
    one.cpu.call("se_init", other)
    loud = np.full(HOP, 30000, np.int16).tobytes()
    for k in range(20):
        hop = heard[k * HOP : (k + 1) * HOP]
        np.testing.assert_array_equal(one.process(hop), expected[k * HOP : (k + 1) * HOP])
        one.cpu.write(one.input, loud)
        one.cpu.call("se_process", other, one.input, one.output)


def test_input_and_output_may_be_the_same_array(elf, heard, expected):
    one = builds.CortexStream(elf["-O2"])
    one.output = one.input
    np.testing.assert_array_equal(one.process(heard[: 40 * HOP]), expected[: 40 * HOP])


@pytest.mark.parametrize("level", OPTIONS)
def test_selftest_passes_on_the_emulated_processor(level, elf):
    assert builds.CortexStream(elf[level]).selftest()


def test_selftest_notices_one_wrong_bit(elf):
    one = builds.CortexStream(elf["-O2"])
    place = one.cpu.symbols["se_mask_tiles"].address + 40
    (word,) = one.cpu.read(place, 1)
    one.cpu.write(place, bytes([word ^ 4]))
    assert not one.selftest()


def test_sound_of_the_selftest_is_within_range_and_not_silent():
    sound = selftest.sound()
    assert sound.dtype == np.int16 and 3000 < np.abs(sound.astype(int)).max() < 32768


@pytest.fixture(scope="module")
def cpu(elf):
    return cortex.Cortex(elf["-O2"])


def four_rows(eights, seed, extreme):
    """Four rows as the kernels take them: tile, inputs, and the sums that are right."""
    rng, columns = np.random.default_rng(seed), 8 * eights
    weights = rng.integers(-127, 128, (4, columns))
    x, bias = rng.integers(-32768, 32768, columns), rng.integers(-(2**20), 2**20, 4)
    if extreme:
        weights, x = 127 * np.sign(weights), np.where(x < 0, -32768, 32767)
    tile = pack(weights.astype(np.int8), bias).astype("<u4")
    return tile, x.astype("<i2"), bias + weights @ x


any_four_rows = given(
    eights=st.integers(1, 64), seed=st.integers(0, 2**32 - 1), extreme=st.booleans()
)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@any_four_rows
def test_kernels_agree_with_a_product_of_matrices(cpu, kernel, eights, seed, extreme):
    tile, x, expected = four_rows(eights, seed, extreme)
    place, sums = 0x2020_0000, 0x2020_8000
    cpu.write(place, tile.tobytes())
    cpu.write(place + 0x4000, x.tobytes())
    cpu.call(kernel, place, place + 0x4000, len(x), sums)
    np.testing.assert_array_equal(np.frombuffer(cpu.read(sums, 16), "<i4"), expected)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The denoiser for this machine, with the kernels that its processor has."""
    return ctypes.CDLL(toolchain.build_library(tmp_path_factory.mktemp("library") / "se.so"))


CPUINFO = Path("/proc/cpuinfo")
WITH_AVX2 = pytest.mark.skipif(
    not CPUINFO.exists() or " avx2 " not in CPUINFO.read_text(), reason="a processor without AVX2"
)


@pytest.mark.parametrize(
    "kernel",
    [
        "se_rows_c",
        pytest.param("se_rows_sse2", marks=ON_A_PC),
        pytest.param("se_rows_avx2", marks=WITH_AVX2),
    ],
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@any_four_rows
def test_kernels_of_this_machine_agree_with_it_too(library, kernel, eights, seed, extreme):
    tile, x, expected = four_rows(eights, seed, extreme)
    sums = np.zeros(4, np.int32)
    library[kernel](tile.ctypes, x.ctypes, len(x), sums.ctypes)
    np.testing.assert_array_equal(sums, expected)


def test_model_without_local_view_and_with_one_compile_and_agree():
    """Small networks of random weights: every branch of the generated code."""
    rng = np.random.default_rng(3)
    for local in (False, True):
        config = Config.preset("plain", bands=32, units=(16, 24), local=local)
        shapes = lstm_se.network.in_numpy.shapes(config).items()
        weights = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes}
        other = quantize.quantize(weights, config)
        stream = builds.compiled_stream(other)
        pcm = rng.integers(-9000, 9000, 50 * HOP).astype(np.int16)
        expected = IntegerStream(other).process(pcm)
        np.testing.assert_array_equal(stream.process(pcm), expected)
        assert export.sha256(other)[:12] in stream.version
