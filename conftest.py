"""Settings of the test processes and of the kernels they start.

At the root, so that nbval has them, too: the notebooks do not lie below ``tests``.
"""

import os
import runpy
import signal
from pathlib import Path

# Set before TensorFlow is imported: the same rounding on every processor, and no log lines
# on stderr, which nbval would compare with the notebook's.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# The matrices are small: on a busy machine more threads only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No test leaves this machine, nor does a Python that it starts.
NO_NETWORK = Path(__file__).parent / "tests" / "support" / "no_network"
runpy.run_path(str(NO_NETWORK / "sitecustomize.py"))
inherited = filter(None, [os.environ.get("PYTHONPATH")])
os.environ["PYTHONPATH"] = os.pathsep.join([str(NO_NETWORK), *inherited])

# A shell makes what it starts in the background deaf to Ctrl-C, and children inherit that: tests
# that interrupt a child would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
