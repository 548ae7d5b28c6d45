"""``lstm-se evaluate --check`` as its users meet it."""

import json
import shutil

import pytest
from command_line import assert_one_clear_line, run

import lstm_se


@pytest.fixture
def folders(tmp_path):
    """Two recordings of the bundled corpus below a name of the test set and one of the training."""
    for name, pair in zip(("p232_001", "p287_001"), lstm_se.mini().test, strict=False):
        for side in ("clean", "noisy"):
            (tmp_path / side).mkdir(exist_ok=True)
            shutil.copy(getattr(pair, side), tmp_path / side / f"{name}.wav")
    return ["--clean", tmp_path / "clean", "--noisy", tmp_path / "noisy"]


def test_check_names_what_is_wrong(folders, tmp_path):
    path = tmp_path / "scores.json"
    result = run("evaluate", "--check", *folders, "--jobs", 1, "--json", path)
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    assert any(line.startswith("found: pairs of other talkers (p287): 1") for line in lines)
    assert any(line.startswith("found: missing pairs: 823 of 824") for line in lines)
    assert lines[-1].startswith("not to be compared")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["check"]["published"]["pesq_wb"]["mean"] == 1.97
    assert not content["check"]["agrees"]
    assert [f"found: {mistake}" for mistake in content["check"]["mistakes"]] == [
        line for line in lines if line.startswith("found: ")
    ]


@pytest.mark.parametrize("given", [["--model", "tiny"], ["--with", "ideal"], ["--metrics", "stoi"]])
def test_check_takes_no_denoiser(folders, given):
    result = run("evaluate", "--check", *folders, *given)
    assert_one_clear_line(result, f"leave {given[0]} out")


@pytest.mark.parametrize("given", [["--model", "tiny"], ["--engine", "int8"], ["--limit", 12]])
def test_what_is_enhanced_already_takes_no_denoiser(folders, given):
    result = run("evaluate", *folders, "--enhanced", folders[1], *given)
    assert_one_clear_line(result, f"--enhanced is scored as it is: leave {given[0]} out")


def test_check_needs_the_clean_files(folders):
    assert_one_clear_line(run("evaluate", "--check", *folders[2:]), "--check needs --clean")
