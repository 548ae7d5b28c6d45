"""Lay the lessons where nothing else is: what pip would install, and the notebooks beside it.

Usage: ``alone.py FOLDER``. ``make test-pages`` runs the notebooks there, with ``FOLDER/site`` as
``PYTHONPATH``: they get the package, its data and its firmware from a wheel, as in Colab.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def lay_out(folder):
    """Put the wheel's content into ``folder/site``, the lessons into ``folder/notebooks``."""
    shutil.rmtree(folder, ignore_errors=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", str(ROOT)]
    subprocess.run([*build, "--wheel-dir", str(folder)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "notebooks").mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, folder / "notebooks")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
