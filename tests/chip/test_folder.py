"""The folder ``firmware/speech_denoiser`` fits other projects and their build systems."""

import json
import re
import shutil
import tomllib
from xml.etree import ElementTree

import cmake_project
import numpy as np
import pytest
import yaml

import lstm_se
from lstm_se.chip import builds, export, toolchain
from lstm_se.chip.stft import HOP
from lstm_se.chip.stream import IntegerStream
from lstm_se.sound.audio import to_pcm

FIRMWARE = toolchain.firmware()
FOLDER = FIRMWARE / "speech_denoiser"
PACK = FOLDER / "lstm-se.speech_denoiser.pdsc"
SPDX = "SPDX-License-Identifier: MIT"


def manifest():
    """What ``library.json`` tells PlatformIO."""
    return json.loads((FOLDER / "library.json").read_text())


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


def versions():
    """What each build system is told, by file."""
    pack = ElementTree.parse(PACK).getroot()
    cmake = (FOLDER / "CMakeLists.txt").read_text()
    header = (FOLDER / "se.h").read_text()
    return {
        "se.h": ".".join(re.findall(r"^#define SE_VERSION_[A-Z]+ (\d+)$", header, re.MULTILINE)),
        "CMakeLists.txt": re.search(r"^project\(.* VERSION (\S+)", cmake, re.MULTILINE)[1],
        "library.json": manifest()["version"],
        PACK.name: pack.find("releases/release").get("version"),
        "component": pack.find("components/component").get("Cversion"),
    }


def test_every_build_system_is_told_the_version_of_the_project():
    project = tomllib.loads((FIRMWARE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(versions().values()) == {project["project"]["version"]}, versions()


def sources_of_cmake():
    return re.findall(r"^    (\S+\.[cS])$", (FOLDER / "CMakeLists.txt").read_text(), re.MULTILINE)


def sources_of_pack():
    files = ElementTree.parse(PACK).getroot().iterfind("components/component/files/file")
    return [file.get("name") for file in files if file.get("category") == "source"]


@pytest.mark.parametrize("listed", [sources_of_cmake, sources_of_pack])
def test_every_source_is_compiled(listed):
    assert listed() == [path.name for path in toolchain.denoiser_sources()]


def test_file_of_the_pack_bears_its_name_and_what_it_lists_exists():
    pack = ElementTree.parse(PACK).getroot()
    assert PACK.name == f"{pack.findtext('vendor')}.{pack.findtext('name')}.pdsc"
    named = [pack.findtext("license"), *(file.get("name") for file in pack.iter("file"))]
    assert "se.h" in named and all((FOLDER / name).is_file() for name in named)


def test_headers_in_the_manifest_for_platformio_exist():
    library = manifest()
    assert re.fullmatch(r"[a-z_]+", library["name"]) and library["license"] == "MIT"
    assert all((FOLDER / header).is_file() for header in library["headers"])


def test_files_in_the_module_for_zephyr_exist():
    module = yaml.safe_load((FOLDER / "zephyr/module.yml").read_text())
    build = module["build"]
    assert (FOLDER / build["cmake"] / "CMakeLists.txt").is_file()
    assert "config SPEECH_DENOISER\n" in (FOLDER / build["kconfig"]).read_text()


def test_every_test_that_the_readme_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (FIRMWARE / "README.md").read_text(encoding="utf-8")))
    tests = FIRMWARE.parent / "tests"
    code = "\n".join(path.read_text(encoding="utf-8") for path in tests.rglob("test_*.py"))
    assert len(named) > 9 and named <= set(re.findall(r"^def (test_\w+)\(", code, re.MULTILINE))


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


@pytest.mark.slow
def test_cmake_project_has_it_as_a_module_of_zephyr(heard, expected, tmp_path):
    """With stand-ins for Zephyr's functions: Zephyr is no package that could be installed."""
    program = cmake_project.build(tmp_path, "zig", "Release", CONFIG_SPEECH_DENOISER="y")
    np.testing.assert_array_equal(builds.CortexStream(program).process(heard), expected)
