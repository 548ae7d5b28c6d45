"""Mutants are killed by tests that notice them, and by nothing else."""

import time
from pathlib import Path

import commands
import mutants
import programs
import pytest

from lstm_se.chip import toolchain

SOURCE = """#if WIDE
int width(void) { return 8; }
#else
int width(void) { return 4; }
#endif
"""


@pytest.mark.parametrize("name", mutants.HELD)
def test_what_holds_a_file_is_there(name):
    for part in (name, *mutants.HELD[name]):
        assert (mutants.ROOT / part).is_file()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """One with a file, a test that holds it, and three mutants."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "code.py").write_text("x = 0\n")
    (root / "test_code.py").write_text("import code\n\ndef test_x():\n    assert code.x == 0\n")
    monkeypatch.setattr(mutants, "ROOT", root)
    monkeypatch.setattr(mutants, "RECORD", root / "record.json")
    monkeypatch.setattr(mutants, "CODE", ("code.py", "test_code.py"))
    monkeypatch.setattr(mutants, "HELD", {"code.py": ("test_code.py",)})
    monkeypatch.setattr(mutants, "seconds_as_it_is", lambda name, copy: 1)
    monkeypatch.setattr(programs, "drawn", lambda *_: iter(f"x = {n}\n" for n in (1, 2, 3)))
    return root


@pytest.fixture
def ends(monkeypatch):
    """Says how each run of the tests is to end; those that nobody asked for are left."""

    def said(*codes):
        left = list(codes)
        monkeypatch.setattr(mutants, "exit_code", lambda *_: left.pop(0))
        return left

    return said


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((0,), "lives on"),
        ((1,), "killed"),
        ((None,), "killed: out of time"),
        ((-11,), "killed: SIGSEGV"),
        ((2, 2), "not judged: exit code 2"),
        ((-9, -9), "not judged: exit code -9"),
        ((-9, 1), "killed"),
        ((5, 0), "lives on"),
    ],
)
def test_only_failure_crash_and_timeout_kill(codes, verdict, ends, tmp_path):
    left = ends(*codes)
    assert mutants.verdict(("test_code.py",), tmp_path, 1) == verdict
    assert not left


@pytest.mark.parametrize(
    ("body", "code"), [("import os; os._exit(2)", 2), ("import time; time.sleep(0.3)", 0)]
)
def test_pytest_ends_as_its_test_does_however_slow(body, code, tmp_path):
    """Hypothesis would call a fifth of a second a failure."""
    given = "from hypothesis import given, strategies\n@given(strategies.just(0))\n"
    (tmp_path / "test_body.py").write_text(f"{given}def test_body(x):\n    {body}\n")
    assert mutants.pytest(("test_body.py",), tmp_path, 60) == code


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


def test_what_was_recorded_before_an_interruption_is_not_tried_again(repository, ends):
    ends(1, 0)
    with pytest.raises(IndexError):  # stands for an interruption
        mutants.try_mutants("code.py", 3, 0)
    left = ends(1)
    for _ in range(2):
        mutants.try_mutants("code.py", 3, 0)
        assert not left
    entry = mutants.recorded()["code.py"]
    assert (entry["seed"], entry["each"]) == (0, 3)
    assert [mutant["becomes"] for mutant in entry["mutants"]] == ["x = 1", "x = 2", "x = 3"]
    assert mutants.summary("code.py") == (
        "code.py: 3 tried, 2 killed (67%), 1 live on, 0 do the same, 0 not judged"
    )


@pytest.mark.parametrize("changed", ["code.py", "test_code.py", "seed"])
def test_change_begins_anew(changed, repository, ends):
    ends(1, 1, 1)
    mutants.try_mutants("code.py", 3, 0)
    if changed != "seed":
        with (repository / changed).open("a") as file:
            file.write("\n")
    left = ends(0, 0, 0)
    mutants.try_mutants("code.py", 3, int(changed == "seed"))
    assert not left and "0 killed" in mutants.summary("code.py")


def test_tests_that_fail_without_a_mutant_are_told(tmp_path, monkeypatch):
    (tmp_path / "test_body.py").write_text("def test_body():\n    assert False\n")
    monkeypatch.setattr(mutants, "HELD", {"code.py": ("test_body.py",)})
    with pytest.raises(ChildProcessError, match="^code.py: its tests end with 1 as it is"):
        mutants.seconds_as_it_is("code.py", tmp_path)
