"""Several processes start, find each other, and end together."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from lstm_se.files import claimed
from lstm_se.training import cluster

PROGRAM = """
import json, os, signal, sys, time
task = json.loads(os.environ["TF_CONFIG"])
number = task["task"]["index"]
with open(f"{sys.argv[1]}/{number}.json", "w") as file:
    json.dump({"config": task, "pid": os.getpid(), "gpu": os.environ["CUDA_VISIBLE_DEVICES"]}, file)
"""


def run(folder, then, count=2):
    """Launch the program, with more for each process to do at its end."""
    return cluster.launch([sys.executable, "-c", PROGRAM + then, str(folder)], count)


def written(folder):
    """What the processes wrote about themselves, in order."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def gone(pid):
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def taken(path):
    """Whether a process has a file."""
    try:
        with claimed(path):
            return False
    except BlockingIOError:
        return True


WAIT_FOR_OTHERS = """
while len([name for name in os.listdir(sys.argv[1]) if name.endswith(".json")]) < 2:
    time.sleep(0.02)
"""
FOR_EVER = "time.sleep(600)\n"


def test_each_process_knows_its_number_and_the_addresses_of_all(tmp_path):
    assert run(tmp_path, WAIT_FOR_OTHERS) == 0
    tasks = [process["config"] for process in written(tmp_path)]
    assert [task["task"]["index"] for task in tasks] == [0, 1]
    addresses = tasks[0]["cluster"]["worker"]
    assert addresses == tasks[1]["cluster"]["worker"]
    assert len(set(addresses)) == 2
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_no_process_takes_the_graphics_card(tmp_path):
    run(tmp_path, WAIT_FOR_OTHERS)
    assert {process["gpu"] for process in written(tmp_path)} == {"-1"}


def test_code_of_the_chief_is_handed_on(tmp_path):
    assert run(tmp_path, WAIT_FOR_OTHERS + f"if number: {FOR_EVER}\nsys.exit(7)") == 7


def test_others_end_with_the_chief(tmp_path):
    run(tmp_path, WAIT_FOR_OTHERS + f"if number: {FOR_EVER}")
    assert all(gone(process["pid"]) for process in written(tmp_path))


def test_last_words_of_a_worker_that_failed_are_told(tmp_path):
    fails = f"if number: raise ValueError('no such thing')\n{FOR_EVER}"
    with pytest.raises(ChildProcessError, match="^worker 1 failed: ValueError: no such thing$"):
        run(tmp_path, WAIT_FOR_OTHERS + fails)
    assert all(gone(process["pid"]) for process in written(tmp_path))


def test_worker_that_was_killed_ends_the_others(tmp_path):
    dies = f"if number: os.kill(os.getpid(), signal.SIGKILL)\n{FOR_EVER}"
    with pytest.raises(ChildProcessError, match="^worker 1 failed: signal 9$"):
        run(tmp_path, WAIT_FOR_OTHERS + dies)
    assert all(gone(process["pid"]) for process in written(tmp_path))


def test_interrupt_reaches_the_chief_alone(tmp_path):
    """It finishes its step and says so; the others cannot go on without it."""
    chief = """
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    sys.exit(9)
"""
    waits = f"if number: {FOR_EVER}\n{chief}"
    launcher = (
        "import sys; from lstm_se.training import cluster; "
        "sys.exit(cluster.launch(sys.argv[1:], 2))"
    )
    command = [sys.executable, "-c", PROGRAM + WAIT_FOR_OTHERS + waits, str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", launcher, *command], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait() == 9
    while not all(gone(worker["pid"]) for worker in written(tmp_path)):
        time.sleep(0.02)


@pytest.fixture
def launched(tmp_path):
    """Starts a launcher of two workers, which heeds SIGTERM as the command line does."""
    launcher = """
import signal, sys
from lstm_se.training import cluster
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
sys.exit(cluster.launch(sys.argv[1:], 2))
"""
    processes = []

    def start(then):
        command = [sys.executable, "-c", PROGRAM + then, str(tmp_path)]
        command = [sys.executable, "-c", launcher, *command]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert processes[0].stdout.readline() == "ready\n"
        return processes[0]

    yield start
    for process in [processes[0].pid, *(worker["pid"] for worker in written(tmp_path))]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    processes[0].communicate()


def test_terminated_launcher_waits_for_what_the_chief_saves(launched, tmp_path):
    saves = f"""
def save(*_):
    time.sleep(0.3)
    open(sys.argv[1] + "/saved", "w")
    sys.exit(9)
if not number:
    signal.signal(signal.SIGTERM, save)
    {WAIT_FOR_OTHERS.strip().replace("    ", "        ")}
    print("ready", flush=True)
{FOR_EVER}"""
    process = launched(saves)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    assert (tmp_path / "saved").exists()
    assert all(gone(worker["pid"]) for worker in written(tmp_path))


def test_workers_of_a_killed_launcher_train_no_longer(launched, tmp_path):
    follows = f"""
import fcntl
from lstm_se.training import cluster
cluster.follow_launcher()
own = open(f"{{sys.argv[1]}}/{{number}}", "w")
fcntl.flock(own, fcntl.LOCK_EX)
os.rename(own.name, own.name + ".held")
{WAIT_FOR_OTHERS.replace(".json", ".held")}
if not number: print("ready", flush=True)
{FOR_EVER}"""
    launched(follows).kill()
    latest = time.monotonic() + 10
    while any(map(taken, tmp_path.glob("*.held"))):
        assert time.monotonic() < latest, "a worker is still at it"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("text", "found"), [("mirrored:2", ("mirrored", 2)), ("workers:12", ("workers", 12))]
)
def test_kind_and_number_are_read(text, found):
    assert cluster.parse(text) == found


@pytest.mark.parametrize("text", ["mirrored", "workers:1", "workers:x", "horovod:2", ":2"])
def test_other_ways_are_refused(text):
    with pytest.raises(ValueError, match=f"distribute is '{text}': write mirrored:2 or workers:2"):
        cluster.parse(text)


def test_process_of_its_own_has_no_number(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster.rank() is None


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[]",
        '{"cluster": {"worker": ["127.0.0.1:1"]}}',
        '{"task": {"type": "worker"}}',
        '{"task": {"type": "chief", "index": 0}}',
    ],
)
def test_cluster_that_names_no_worker_is_told_in_one_line(config, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match="^TF_CONFIG is .*say which worker this is"):
        cluster.rank()
