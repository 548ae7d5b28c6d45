"""Wheel and sdist in empty environments, without a compiler. Needs the index that pip asks."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command_line import assert_one_clear_line

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ["3.11", "3.12", "3.13"]
KINDS = ["*.whl", "*.tar.gz"]
TIMEOUT = 1200


def interpreter(version):
    """Path of a Python of this version, if there is one: a shim may promise what is not there."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable  # so one of them is always tried
    name = f"python{version}"
    if shutil.which(name):
        show = [name, "-c", "import ensurepip, sys; print(sys.executable)"]
        done = subprocess.run(show, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
    pytest.skip(f"no {name} here")


def run(folder, *command, **options):
    """A program of an environment, which finds neither a compiler nor this clone."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PATH": str(folder / "bin"), "CC": "no-compiler"}
    program, *arguments = command
    command = [str(folder / "bin" / program), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, **options
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with the wheel and the sdist of this clone."""
    folder = tmp_path_factory.mktemp("built")
    venv.create(folder / "tools", with_pip=True)
    for command in (
        ["python", "-m", "pip", "install", "--quiet", "hatchling"],
        ["python", "-m", "hatchling", "build", "-d", folder, "-t", "wheel", "-t", "sdist"],
    ):
        done = run(folder / "tools", *command, cwd=ROOT)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=[(version, kind) for version in VERSIONS for kind in KINDS], ids="-".join)
def installed(request, built, tmp_path):
    """An environment with nothing but what pip installs without compiling."""
    version, kind = request.param
    folder = tmp_path / "environment"
    subprocess.run([interpreter(version), "-m", "venv", folder], check=True)
    (file,) = built.glob(kind)
    install = "install", "--quiet", "--only-binary", ":all:"
    done = run(folder, "python", "-m", "pip", *install, file)
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


def test_enhances_and_names_what_scores_need(installed, tmp_path):
    noisy = tmp_path / "noisy" / "noise.wav"
    noisy.parent.mkdir()
    soundfile.write(noisy, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    done = run(installed, "lstm-se", "enhance", noisy, "-o", "out.wav", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "out.wav").frames == 16_000
    pairs = "--clean", noisy.parent, "--noisy", noisy.parent
    done = run(installed, "lstm-se", "evaluate", *pairs, cwd=tmp_path)
    assert_one_clear_line(done, 'pip install "lstm-se[scores]"')
