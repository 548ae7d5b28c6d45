"""The command line where only what denoises is installed: nothing of the extra `lessons`."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import soundfile
from command_line import assert_one_clear_line
from packaging.requirements import Requirement

import lstm_se

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
LACKING = [
    Requirement(text).name
    for extra in ("lessons", "scores", "train")
    for text in EXTRAS[extra]
    if not text.startswith("lstm-se")
]
BARE = f"""
import sys
sys.modules.update(dict.fromkeys({LACKING}))  # as if they were not there
from lstm_se.cli.main import main
main()
"""


def run_bare(*arguments):
    command = [sys.executable, "-c", BARE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """One pair, as two folders."""
    root = tmp_path_factory.mktemp("corpus")
    pair = lstm_se.mini().test[0]
    for folder, samples in zip(("clean", "noisy"), pair.load(), strict=True):
        (root / folder).mkdir()
        soundfile.write(root / folder / f"{pair.name}.wav", samples, 16_000)
    return root


def test_enhances(corpus, tmp_path):
    done = run_bare("enhance", corpus / "noisy", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.wav"))) == 1


def test_scores_what_needs_no_package(corpus):
    pairs = "--clean", corpus / "clean", "--noisy", corpus / "noisy"
    done = run_bare("evaluate", *pairs, "--metrics", "si_sdr,sdr", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "SI-SDR" in done.stdout


def test_other_scores_name_what_installs_them(corpus):
    done = run_bare("evaluate", "--clean", corpus / "clean", "--noisy", corpus / "noisy")
    assert_one_clear_line(done, "is not installed", 'pip install "lstm-se[scores]"')


def test_training_names_what_installs_it(tmp_path):
    done = run_bare("train", "--data", "mini", "--out", tmp_path / "run")
    assert_one_clear_line(done, "is not installed", 'pip install "lstm-se[train]"')
    assert not (tmp_path / "run").exists()


def test_recipe_names_what_its_report_takes_before_it_starts(tmp_path):
    done = run_bare("train", "--recipe", "tiny", "--data", tmp_path, "--out", tmp_path / "run")
    assert_one_clear_line(done, "is not installed", 'pip install "lstm-se[lessons]"')
