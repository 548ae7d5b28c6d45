"""Whatever a fuzzer has found once, and what it starts from, is read or refused as documented."""

import importlib
import subprocess
from pathlib import Path

import fuzz
import pytest
from promise import refused_as_documented
from seeds import SEEDS

from lstm_se.chip import toolchain

BY_SUFFIX = {suffix: [name for name in SEEDS if name.endswith(suffix)] for suffix in fuzz.TOOLS}


@pytest.fixture
def inputs(tmp_path):
    """Files that a target is to be run on."""

    def of(target):
        fuzz.sow(target, tmp_path / target)
        return sorted([*(tmp_path / target).iterdir(), *(fuzz.KEPT / target).glob("*")])

    return of


def test_every_target_has_seeds_and_a_tool():
    targets = {path.name for path in fuzz.TARGETS.iterdir() if path.is_file()}
    assert targets == SEEDS.keys() == {name for names in BY_SUFFIX.values() for name in names}
    assert {path.name for path in fuzz.KEPT.iterdir()} <= targets


@pytest.mark.parametrize("target", SEEDS)
def test_every_target_is_in_the_table_for_maintainers(target):
    page = (fuzz.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"| `{target}` | " in page


@pytest.mark.parametrize("target", BY_SUFFIX[".py"])
def test_what_was_found_in_python_is_mended(target, inputs, tmp_path):
    check = importlib.import_module(f"targets.{Path(target).stem}").check
    for path in inputs(target):
        check(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("target", BY_SUFFIX[".mjs"])
def test_what_was_found_in_javascript_is_mended(target, inputs):
    folder = inputs(target)[0].parent
    kept = fuzz.KEPT / target
    folders = [folder, *([kept] if kept.exists() else [])]
    command = [*fuzz.in_node(target, folder), "-max_total_time=0", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", BY_SUFFIX[".c"])
def test_what_was_found_in_c_is_mended(target, inputs, tmp_path):
    compiler = toolchain.host_compiler()
    program = fuzz.compiled(target, tmp_path / "program", compiler, fuzz.HERE / "replay.c")
    done = subprocess.run([program, *inputs(target)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("problem", ["of another file", "a.json\nof two lines"])
def test_error_that_names_no_file_or_has_two_lines_is_a_finding(problem):
    with (
        pytest.raises(AssertionError, match="not one line"),
        refused_as_documented("a.json", ValueError),
    ):
        raise ValueError(problem)


def test_error_of_another_kind_is_a_finding():
    with pytest.raises(TypeError), refused_as_documented("a.json", ValueError):
        raise TypeError("a.json")
