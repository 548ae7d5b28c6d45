"""Execute the pages of the book two at a time, ahead of its build, which takes them one by one.

What a page gives goes into the cache that the build reads. A page that fails is left to the build,
which executes it again and shows what went wrong.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution

AT_A_TIME = min(2, os.cpu_count() or 1)  # a kernel with TensorFlow takes a gigabyte
CELL_SECONDS = 1200


def execute_missing(pages: list[Path], cache: JupyterCacheBase) -> None:
    """Execute the pages that the cache does not hold as they are, and keep what they give."""
    missing = [page for page in pages if not _held(page, cache)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for page, result in zip(missing, pool.map(_execute, missing), strict=True):
            seconds = f"{result.time:.0f} s"
            print(f"{page}: {'failed after ' if result.err else ''}{seconds}", flush=True)
            if not result.err:
                kept = CacheBundleIn(result.nb, str(page), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(kept, check_validity=False, overwrite=True)


def _held(page: Path, cache: JupyterCacheBase) -> bool:
    """Whether the cache has outputs for the cells that the page has now."""
    try:
        cache.match_cache_notebook(nbformat.read(page, as_version=4))
    except KeyError:
        return False
    return True


def _execute(page: Path) -> ExecutionResult:
    """Run a page in its own folder."""
    notebook = nbformat.read(page, as_version=4)
    # no warning, page by page, of a connection that does not leave the machine
    quiet = {"extra_arguments": ["--log-level=ERROR"]}
    return single_nb_execution(notebook, str(page.parent), CELL_SECONDS, False, **quiet)


def main() -> None:
    """Execute the notebooks named on the command line into a cache."""
    parser = argparse.ArgumentParser(description="Execute pages ahead of the book's build.")
    parser.add_argument("--cache", required=True, type=Path)
    parser.add_argument("pages", nargs="+", type=Path, metavar="NOTEBOOK")
    asked = parser.parse_args()
    execute_missing([page.resolve() for page in asked.pages], get_cache(asked.cache))


if __name__ == "__main__":
    main()
