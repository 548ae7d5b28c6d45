"""The folder ``firmware/speech_denoiser`` fits other projects: their build systems, their lawyers."""

import shutil

import cmake_project
import numpy as np
import pytest

import lstm_se
from lstm_se.chip import builds, export, toolchain
from lstm_se.chip.stft import HOP
from lstm_se.chip.stream import IntegerStream
from lstm_se.sound.audio import to_pcm

FIRMWARE = toolchain.firmware()
FOLDER = FIRMWARE / "speech_denoiser"
SPDX = "SPDX-License-Identifier: MIT"


@pytest.fixture(scope="module")
def heard():
    """A second of recorded noisy speech as int16."""
    return to_pcm(lstm_se.mini().test[0].load()[1][: 62 * HOP])


@pytest.fixture(scope="module")
def expected(model, heard):
    return IntegerStream(model).process(heard)


def test_every_file_names_its_licence_which_lies_beside_it():
    assert (FOLDER / "LICENSE").read_text() == (FIRMWARE.parent / "LICENSE").read_text()
    assert SPDX in export.NOTICE
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.name not in ("LICENSE", "library.json"):
            assert any(SPDX in line for line in path.read_text().splitlines()[:2]), path.name


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["Debug", "Release"])
def test_cmake_project_has_it_as_a_subdirectory(preset, heard, expected, tmp_path):
    program = cmake_project.build(tmp_path, "zig", preset)
    np.testing.assert_array_equal(builds.CortexStream(program).process(heard), expected)


@pytest.mark.slow
def test_cmake_project_fetches_it(heard, expected, tmp_path):
    archive = shutil.make_archive(tmp_path / "denoiser", "gztar", FIRMWARE.parent, "firmware")
    program = cmake_project.build(tmp_path, "zig", "Release", DENOISER_ARCHIVE=archive)
    np.testing.assert_array_equal(builds.CortexStream(program).process(heard), expected)
