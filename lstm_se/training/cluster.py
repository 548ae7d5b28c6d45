"""Processes on this machine that train one model together, and what tells each which it is."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import IO, Any

from ..workers import follow

HOST = "127.0.0.1"
LAUNCHER = "LSTM_SE_LAUNCHER"  # environment variable: the process that launched this worker


def parse(text: str) -> tuple[str, int]:
    """Kind and number of replicas: ``"workers:2"`` is ``("workers", 2)``.

    Raises:
        ValueError: If it is neither ``mirrored:N`` nor ``workers:N``, with N of at least 2.
    """
    match = re.fullmatch(r"(mirrored|workers):([2-9]|[1-9]\d+)", text)
    if not match:
        raise ValueError(f"distribute is {text!r}: write mirrored:2 or workers:2")
    return match[1], int(match[2])


def rank() -> int | None:
    """Number of this process among the workers, 0 for the chief; ``None`` if it is not one.

    Raises:
        ValueError: If ``TF_CONFIG`` is there and does not say.
    """
    config = os.environ.get("TF_CONFIG")
    if config is None:
        return None
    try:
        task = json.loads(config)["task"]
        if task["type"] == "worker":  # of another type, number 0 would be a second chief
            return int(task["index"])
    except (ValueError, LookupError, TypeError):
        pass
    form = '"task": {"type": "worker", "index": 0}'
    raise ValueError(f"TF_CONFIG is {config!r}: unset it, or say which worker this is, as {form}")


def follow_launcher() -> None:
    """Let a worker that :func:`launch` started end when the one that did so was killed."""
    if launcher := os.environ.pop(LAUNCHER, ""):
        follow(int(launcher))


def launch(command: Sequence[str], count: int) -> int:
    """Run a command in several processes that find each other through ``TF_CONFIG``.

    The first one is the chief: its output is shown, what interrupts this process goes to it alone,
    and when it has ended, the others, which wait for its next step, are ended too.

    Args:
        command: The same for all.
        count: Number of processes.

    Returns:
        Exit code of the chief.

    Raises:
        ChildProcessError: If another process failed; its last words are in the message.
    """
    addresses = _free_addresses(count)
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in addresses]
        workers = [_start(command, addresses, number, log) for number, log in enumerate(logs)]
        try:
            return _watch(workers, logs)
        except KeyboardInterrupt:
            workers[0].send_signal(signal.SIGINT)
            return workers[0].wait()
        except SystemExit:  # what SIGTERM becomes, and a terminal that closes
            workers[0].terminate()
            workers[0].wait()
            raise
        finally:  # end what still runs
            for worker in workers:
                worker.kill()
                worker.wait()


def _free_addresses(count: int) -> list[str]:
    """Addresses that nobody listens to."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [f"{HOST}:{one.getsockname()[1]}" for one in sockets]


def _start(
    command: Sequence[str], addresses: Sequence[str], number: int, log: IO[str]
) -> subprocess.Popen[str]:
    """One worker; all but the chief are silent."""
    config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
    environment = {
        "TF_NUM_INTRAOP_THREADS": str(max(1, (os.cpu_count() or 1) // len(addresses))),
        **os.environ,
        "TF_CONFIG": json.dumps(config),
        LAUNCHER: str(os.getpid()),
        "CUDA_VISIBLE_DEVICES": "-1",  # they would all take the whole of the same card
    }
    out: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": log} if number else {}
    # in sessions of their own, or Ctrl-C would reach all of them, each in another step
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, text=True, start_new_session=True, **out
    )


def _watch(workers: Sequence[subprocess.Popen[str]], logs: Sequence[IO[str]]) -> int:
    """Wait for the chief, or for another one that failed."""
    chief, *others = workers
    while chief.poll() is None:
        time.sleep(0.05)
        for number, worker in enumerate(others, 1):
            if not (code := worker.poll()):
                continue
            if code > 0:  # when the chief fails, the others hear of it, and may end before it has
                with suppress(subprocess.TimeoutExpired):
                    return chief.wait(5)
            reason = _last_line(logs[number]) if code > 0 else f"signal {-code}"
            raise ChildProcessError(f"worker {number} failed: {reason}")
    return chief.returncode


def _last_line(log: IO[str]) -> str:
    """The last line that a process wrote."""
    log.seek(0)
    return log.read().rstrip().rpartition("\n")[2].strip() or "it said nothing"
