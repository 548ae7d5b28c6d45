"""Execute notebooks in place and leave in them only what a reader of the repository needs.

Run by ``make notebooks``. Every notebook runs from top to bottom in a fresh kernel on at most
two processor cores; its opening table says how long that took and how long the page takes to read.
After a change of prose alone ``--reading`` executes nothing and counts the time to read again.
Sound, stderr and the traces of the machine are removed: the built book computes its sound again.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from measure_lessons import reading_minutes

CORES = 2
CELL_SECONDS = 1200
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = {"tags", "mystnb"}


def execute(path: Path) -> float:
    """Execute one notebook in its own folder, clean it and write it back.

    Args:
        path: The notebook; replaced only when every cell has run.

    Returns:
        Seconds from the start of the kernel to the end of the last cell.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails; the file stays as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        coalesce_streams=True,  # where the kernel cuts a text differs from run to run
        extra_arguments=["--log-level=ERROR"],  # as execute_ahead.py
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.monotonic()
    client.execute()
    seconds = time.monotonic() - start
    clean(notebook)
    write_head(notebook, "runs in", running_time(seconds))
    write_head(notebook, "reads in", reading_time(notebook))
    _write_whole(notebook, path)
    return seconds


def count_again(path: Path) -> None:
    """Write how long a notebook takes to read, as it is now, into its opening table."""
    notebook = nbformat.read(path, as_version=4)
    write_head(notebook, "reads in", reading_time(notebook))
    _write_whole(notebook, path)


def _write_whole(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Replace a file by a notebook, or leave it as it was."""
    part = path.with_name(path.name + ".part")
    nbformat.write(notebook, part)
    os.replace(part, path)


def clean(notebook: nbformat.NotebookNode) -> None:
    """Remove sound, stderr and every trace of the machine and the moment from a notebook."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        kept = {key: value for key, value in cell.metadata.items() if key in KEPT_CELL_METADATA}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_volatile(output)]


def running_time(seconds: float) -> str:
    """A measured time, rounded up to 10 s."""
    cores = min(CORES, os.cpu_count() or 1)
    return f"{math.ceil(seconds / 10) * 10} s on {cores} CPU core{'s' if cores > 1 else ''}"


def reading_time(notebook: nbformat.NotebookNode) -> str:
    """What the model of ``measure_lessons.py`` says of a notebook with its outputs."""
    return f"{reading_minutes(notebook.cells)} min"


def write_head(notebook: nbformat.NotebookNode, column: str, text: str) -> None:
    """Write a time into the opening table of a notebook, if that has such a column."""
    for cell in notebook.cells:
        lines = cell.source.splitlines()
        heads = [number for number, line in enumerate(lines) if column in _columns(line)]
        if cell.cell_type == "markdown" and heads:
            head = heads[0]
            row = _columns(lines[head + 2])
            row[_columns(lines[head]).index(column)] = text
            lines[head + 2] = "| " + " | ".join(row) + " |"
            cell.source = "\n".join(lines)
            return


def _columns(line: str) -> list[str]:
    """Cells of one row of a Markdown table."""
    return [column.strip() for column in line.strip().strip("|").split("|")]


def _is_volatile(output: nbformat.NotebookNode) -> bool:
    """Tell whether an output is sound, or what a library wrote to stderr."""
    if output.output_type == "stream":
        return output.name == "stderr"
    data = output.get("data", {})
    html = "".join(data.get("text/html", ""))
    return "data:audio" in html or any(kind.startswith("audio/") for kind in data)


def _use_cores(count: int) -> None:
    """Keep this process and its kernels on the first cores, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def main() -> None:
    """Execute the notebooks named on the command line, one after the other."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place and clean them.")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "--reading", action="store_true", help="only count again how long they take to read"
    )
    asked = parser.parse_args()
    if asked.reading:
        for path in asked.notebooks:
            count_again(path)
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _use_cores(CORES)
    for path in asked.notebooks:
        print(f"{path}: {execute(path):.0f} s", flush=True)


if __name__ == "__main__":
    main()
