"""Mutants are killed by tests that notice them, and by nothing else."""

import time
from pathlib import Path

import commands
import programs
import pytest

from lstm_se.chip import toolchain

SOURCE = """#if WIDE
int width(void) { return 8; }
#else
int width(void) { return 4; }
#endif
"""


def test_timeout_ends_what_a_command_has_started(tmp_path):
    beats = tmp_path / "beats"
    command = "while :; do echo >> beats; sleep 0.02; done & wait"
    assert commands.exit_code(["sh", "-c", command], tmp_path, 1) is None
    time.sleep(0.1)  # a signal takes a moment
    seen = beats.stat().st_size
    time.sleep(0.1)
    assert beats.stat().st_size == seen > 0


def test_command_that_nobody_wants_any_more_ends_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "GLANCE", 0.05)
    commands.STOPPED.set()
    try:
        with pytest.raises(KeyboardInterrupt):
            commands.exit_code(["sleep", "60"], tmp_path)
    finally:
        commands.STOPPED.clear()


@pytest.mark.parametrize("does_nothing", ['"""Another."""', "pass"])
def test_docstring_is_no_part_of_a_program(does_nothing):
    whole = 'def f():\n    """One."""\n    return 1\n'
    found, other = (
        programs.program(Path("f.py"), text, [])
        for text in (whole.replace('"""One."""', does_nothing), whole.replace("return 1", "return"))
    )
    assert found == programs.program(Path("f.py"), whole, []) != other


@pytest.fixture
def compiled(tmp_path):
    """Two builds: each leaves out half of ``SOURCE``."""
    host = toolchain.host_compiler()
    return [(tmp_path, [*host, f"-DWIDE={wide}"]) for wide in (0, 1)]


@pytest.mark.parametrize("number", ["8", "4"])
def test_mutant_that_one_build_leaves_out_is_another_program_for_the_other(number, compiled):
    path = compiled[0][0] / "width.c"
    mutant = SOURCE.replace(number, "5")
    whole = programs.program(path, SOURCE, compiled)
    assert programs.program(path, mutant, compiled) not in (whole, None)
    left_out = [build for build in compiled if f"WIDE={int(number == '4')}" in build[1][-1]]
    assert programs.program(path, mutant, left_out) == programs.program(path, SOURCE, left_out)


def test_mutant_that_one_build_refuses_is_none(compiled):
    mutant = SOURCE.replace("8", "eight")
    assert programs.program(compiled[0][0] / "width.c", mutant, compiled) is None


@pytest.mark.slow
def test_builds_see_what_is_for_the_cortex_alone_and_not_where_a_line_stands(tmp_path):
    builds = programs.builds(tmp_path)
    path = toolchain.firmware() / "speech_denoiser/se_kernels.c"
    whole, acle = programs.bare(path), "upper_of(both[i], lower[i])"
    mutant = whole.replace(acle, "0").replace("\n\n", "\n\n\n")
    objects = (programs.program(path, text, builds) for text in (whole, mutant))
    changed = [one != other for one, other in zip(*objects, strict=True)]
    assert changed == [False, False, True] * 3


def test_header_is_what_the_files_that_include_it_make_of_it(compiled):
    folder = compiled[0][0]
    (folder / "main.c").write_text('#include "width.h"\nint main(void) { return width(); }\n')
    (folder / "other.c").write_text("#error this has nothing to do with it\n")
    whole, mutant = (
        programs.program(folder / "width.h", text, compiled)
        for text in (SOURCE, SOURCE.replace("8", "5"))
    )
    assert whole != mutant and len(whole) == len(mutant) == 2
