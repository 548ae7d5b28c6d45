"""Processes on this machine that train one model together, and what tells each which it is."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import IO

HOST = "127.0.0.1"
REPLICA_KINDS = ("mirrored", "workers")


def parse(text: str) -> tuple[str, int]:
    """Kind and number of replicas: ``"workers:2"`` is ``("workers", 2)``.

    Raises:
        ValueError: If it is neither ``mirrored:N`` nor ``workers:N``, with N of at least 2.
    """
    kind, _, count = text.partition(":")
    if kind not in REPLICA_KINDS or not re.fullmatch(r"[2-9]|[1-9]\d+", count):
        raise ValueError(f"distribute is {text!r}: write mirrored:2 or workers:2")
    return kind, int(count)


def rank() -> int | None:
    """Number of this process among the workers, 0 for the chief; ``None`` if it is not one."""
    found = os.environ.get("TF_CONFIG")
    return None if found is None else int(json.loads(found)["task"]["index"])


def launch(command: Sequence[str], count: int) -> int:
    """Run a command in several processes that find each other through ``TF_CONFIG``.

    The first one is the chief: its output is shown, Ctrl-C goes to it alone, and when it has ended,
    the others, which wait for its next step, are ended too.

    Args:
        command: The same for all.
        count: Number of processes.

    Returns:
        Exit code of the chief.

    Raises:
        ChildProcessError: If another process failed; its last words are in the message.
    """
    ports = _free_ports(count)
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count)]
        workers = [_start(command, ports, number, said[number]) for number in range(count)]
        stack.callback(_end, workers)
        try:
            return _watch(workers, said)
        except KeyboardInterrupt:
            workers[0].send_signal(signal.SIGINT)
            return workers[0].wait()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens to."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _start(
    command: Sequence[str], ports: Sequence[int], number: int, said: IO[str]
) -> subprocess.Popen[str]:
    """One worker; all but the chief are silent."""
    cluster = {"worker": [f"{HOST}:{port}" for port in ports]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": number}}
    threads = str(max(1, (os.cpu_count() or 1) // len(ports)))
    return subprocess.Popen(
        command,
        # they would all take the whole of the same graphics card
        env={
            "TF_NUM_INTRAOP_THREADS": threads,
            **os.environ,
            "TF_CONFIG": json.dumps(config),
            "CUDA_VISIBLE_DEVICES": "-1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if number else None,
        stderr=said if number else None,
        text=True,
        start_new_session=True,  # or Ctrl-C would reach all of them, each in another step
    )


def _watch(workers: Sequence[subprocess.Popen[str]], said: Sequence[IO[str]]) -> int:
    """Wait for the chief, or for another one that failed."""
    pool = ThreadPoolExecutor(len(workers))
    try:
        waiting = {pool.submit(worker.wait): number for number, worker in enumerate(workers)}
        while True:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for number, code in sorted((waiting.pop(one), one.result()) for one in done):
                if number == 0:
                    return code
                # when the chief fails, the others hear of it, and may end before it has
                if code < 0 or (code and not _ends(workers[0])):
                    reason = f"signal {-code}" if code < 0 else _last(said[number])
                    raise ChildProcessError(f"worker {number} failed: {reason}")
    finally:
        pool.shutdown(wait=False)


def _ends(worker: subprocess.Popen[str], seconds: float = 5.0) -> bool:
    """Whether a process ends by itself within some seconds."""
    try:
        worker.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _last(said: IO[str]) -> str:
    """The last line that a process wrote."""
    said.seek(0)
    lines = [line.strip() for line in said if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _end(workers: Sequence[subprocess.Popen[str]]) -> None:
    """End what still runs."""
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()
