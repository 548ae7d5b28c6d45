"""A process that hoards its memory gets it from the system once, and not again for each array."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
from lstm_se import memory
{hoard}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.ones(2**26, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def faults(hoard):
    """Pages that the system hands out for ten arrays of 64 MB, after ten others."""
    program = PROGRAM.format(hoard=hoard)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no glibc")
def test_hoarded_memory_is_used_again():
    assert faults("assert memory.hoard()") < 100 < faults("")
