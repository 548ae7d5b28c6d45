"""Whatever a fuzzer has found once, and what it starts from, is read or refused as documented."""

import importlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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


READER = """
echo "#3 NEW cov: 4 ft: 5"
for path; do test -f "$path" && grep -q 7 "$path" && exit 77; done
echo "stat::number_of_executed_units: 6"
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Lets a script of the shell be the fuzzer; what is recorded of it."""
    monkeypatch.setattr(fuzz, "BUILD", tmp_path / "build")
    monkeypatch.setattr(fuzz, "RECORD", tmp_path / "fuzz.json")
    monkeypatch.setitem(SEEDS, "own.sh", lambda: [b""])

    def recorded(script, run=lambda: fuzz.fuzz("own.sh", 0)):
        monkeypatch.setitem(fuzz.TOOLS, ".sh", ("sh", lambda *_: ["sh", "-c", script, "sh"]))
        run()
        return json.loads(fuzz.RECORD.read_text())["own.sh"]

    return recorded


@pytest.fixture
def of_javascript(start, tmp_path, monkeypatch):
    """Fuzzes a function of JavaScript for some seconds; what is recorded of it."""
    monkeypatch.setattr(fuzz, "TARGETS", tmp_path)
    monkeypatch.setattr(fuzz, "LIMITS", ("-timeout=1", "-max_len=9"))
    path = tmp_path / "book/live/own.mjs"  # a place whose coverage counts
    path.parent.mkdir(parents=True)
    monkeypatch.setitem(SEEDS, "book/live/own.mjs", lambda: [b"6", b"7"])

    def recorded(code, seconds):
        path.write_text(f"export function fuzz(data) {{ {code} }}")
        fuzz.fuzz("book/live/own.mjs", seconds)
        return json.loads(fuzz.RECORD.read_text())["book/live/own.mjs"]

    return recorded


def test_what_was_found_stays_until_it_is_mended(start):
    found = fuzz.BUILD / "own.sh/found"
    found.mkdir(parents=True)
    (found / "crash-a").write_text("7")
    (found / "crash-b").write_text("8")
    assert start(READER)["findings"] == 1
    assert [path.name for path in found.iterdir()] == ["crash-a"]
    assert (found.parent / "corpus/crash-b").read_text() == "8"
    (found / "crash-a").write_text("mended")
    assert start(READER)["findings"] == 0


def test_runs_add_up_and_coverage_is_that_of_the_last(start):
    before = {"seconds": 62, "executions": 9, "edges": 90, "features": 91, "findings": 1}
    fuzz.RECORD.write_text(json.dumps({"own.sh": before}))
    done = start(READER)
    assert done["seconds"] >= 62
    assert (done["executions"], done["edges"], done["features"]) == (9 + 6, 4, 5)
    assert done["findings"] == 0


def test_fuzzer_that_hangs_is_a_finding_and_tells_how_far_it_came(start, monkeypatch):
    monkeypatch.setattr(fuzz, "PATIENCE", 0.5)
    monkeypatch.setattr(fuzz, "FAREWELL", 0.1)
    done = start("trap '' TERM; echo '#8 pulse cov: 4 ft: 5'; exec sleep 9")
    assert (done["findings"], done["executions"]) == (1, 8)


@pytest.mark.parametrize("stop", fuzz.STOPS)
def test_what_a_fuzzer_did_until_it_was_interrupted_is_recorded(stop, start, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "own.sh"])
    says = "trap 'echo stat::number_of_executed_units: 5; exit 72' TERM; "
    script = says + f"sleep 0.2; kill -{stop} {os.getpid()}; sleep 9 & wait"

    def run():
        with pytest.raises(SystemExit, match=str(128 + stop)):
            fuzz.main()

    before = {number: signal.getsignal(number) for number in fuzz.STOPS}
    try:
        done = start(script, run)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert (done["findings"], done["executions"]) == (0, 5)


def test_processes_that_record_at_once_lose_nothing(start):
    fuzz.BUILD.mkdir()
    names = [f"{number % 9}.c" for number in range(45)]
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(partial(fuzz.record, done=dict.fromkeys(fuzz.SUMS, 1)), names))
    content = json.loads(fuzz.RECORD.read_text())
    assert {name: line["seconds"] for name, line in content.items()} == dict.fromkeys(names, 5)


def test_input_on_which_javascript_hangs_is_kept(of_javascript):
    assert of_javascript("while (data == 7);", 0)["findings"] == 1
    (path,) = (fuzz.BUILD / "book/live/own.mjs/found").iterdir()
    assert (path.name[:8], path.read_bytes()) == ("timeout-", b"7")


def test_fuzzer_of_javascript_that_has_to_end_tells_how_far_it_came(of_javascript):
    done = of_javascript("process.kill(process.pid)", 9)
    assert done["findings"] == 0
    assert done["executions"] >= 3
