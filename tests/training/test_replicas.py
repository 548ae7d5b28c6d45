"""Replicas and worker processes train what one process trains."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import distributed_training as program
import numpy as np
import pytest
import tensorflow as tf

from lstm_se.network import in_keras, in_numpy
from lstm_se.training import cluster, fit, replicas, runs

pytestmark = pytest.mark.slow  # trains in several processes

# Parts of a batch are added up in another order than the whole: float32 rounds differently,
# and Adam divides small differences by small gradients. After 12 steps of up to 1e-3 that is some
# 1e-6. A hundredth of a single step is far above it, and far below any error of the method.
TOLERANCE = 1e-5
WAYS = ["mirrored:2", "mirrored:3", "workers:2", "workers:3", "by hand"]
PATHS = [str(Path(program.__file__).parent), os.environ.get("PYTHONPATH", "")]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(PATHS),
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_NUM_INTRAOP_THREADS": "1",  # however many cores there are: more could round differently
}


def start(folder, way, *more):
    """Run the program in processes of its own; exit code and what it printed."""
    command = [sys.executable, program.__file__, str(folder), way, *more]
    if way.startswith("workers"):
        launcher = (
            "import sys; from lstm_se.training import cluster; "
            f"sys.exit(cluster.launch(sys.argv[1:], {way[-1]}))"
        )
        command = [sys.executable, "-c", launcher, *command]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    return done.returncode, done.stdout, done.stderr


def start_by_hand(folder, *more):
    """Run two workers as on two machines, each with its address and its disk; codes and errors."""
    if sys.platform != "linux":
        pytest.skip("127.0.0.2 is this machine on Linux only")
    with ExitStack() as stack:
        hosts = "127.0.0.1", "127.0.0.2"
        sockets = [stack.enter_context(socket.create_server((host, 0))) for host in hosts]
        addresses = ["{}:{}".format(*one.getsockname()) for one in sockets]
    command = [sys.executable, program.__file__, "run", "workers:2", *more]
    workers = []
    for number, disk in enumerate((folder, folder / "elsewhere")):
        disk.mkdir(exist_ok=True)
        task = {"type": "worker", "index": number}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        own = {**ENVIRONMENT, "TF_CONFIG": config}
        workers.append(
            subprocess.Popen(command, cwd=disk, env=own, stderr=subprocess.PIPE, text=True)
        )
    errors = [worker.communicate()[1] for worker in workers]
    return [worker.returncode for worker in workers], errors


def states_of(run):
    """What each process held when a run ended, by its number: all arrays one after the other."""
    paths = sorted(run.parent.rglob(f"{run.name}.*.npz"), key=lambda path: path.name)
    states = [np.load(path) for path in paths]
    return [np.concatenate([state[name].ravel() for name in state.files]) for state in states]


def weights_of(folder):
    """Weights that a run kept, one after the other."""
    weights = in_numpy.load_weights(runs.Run(folder).weights, program.CONFIG)
    return np.concatenate([weights[name].ravel() for name in sorted(weights)])


def losses_of(folder):
    """Training and validation losses of a run."""
    return [(row["loss"], row["val_loss"]) for row in runs.Run(folder).history()]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The run of a single process with all of each batch."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    program.train(folder)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A function that gives the run of one of the ways."""

    @cache
    def train(way):
        folder = tmp_path_factory.mktemp("shared")
        if way == "by hand":
            codes, errors = start_by_hand(folder)
            assert codes == [0, 0], errors
        else:
            code, _, errors = start(folder / "run", way)
            assert code == 0, errors
        return folder / "run"

    return train


@pytest.fixture(params=WAYS)
def shared(request, trained):
    """The run of several replicas."""
    return trained(request.param)


def test_replicas_train_the_same_weights(shared, alone):
    np.testing.assert_allclose(weights_of(shared), weights_of(alone), rtol=0, atol=TOLERANCE)


def test_replicas_see_the_same_losses(shared, alone):
    np.testing.assert_allclose(losses_of(shared), losses_of(alone), rtol=1e-4)


def test_training_moved_the_weights_far_beyond_the_tolerance(alone):
    first = fit.compile_model(program.CONFIG, program.SCHEDULE)
    begin = in_keras.get_weights(first.network)
    begin = np.concatenate([begin[name].ravel() for name in sorted(begin)])
    assert np.abs(weights_of(alone) - begin).max() > 100 * TOLERANCE


@pytest.mark.parametrize("way", WAYS[2:])
def test_workers_end_in_one_state(way, trained):
    """Bit for bit, the optimizer included: they add up the same sums."""
    chief, *others = states_of(trained(way))
    assert len(others) == (2 if way == "workers:3" else 1)
    for other in others:
        np.testing.assert_array_equal(other, chief)


def test_two_workers_are_the_same_bits_at_one_address_and_at_two(trained):
    """The sums are the same, and added in the same order."""
    found, expected = (states_of(trained(way))[0] for way in ("by hand", "workers:2"))
    np.testing.assert_array_equal(found, expected)


def test_run_of_replicas_has_the_files_of_any_run(shared, alone):
    names = [{path.name for path in folder.iterdir()} for folder in (shared, alone)]
    assert names[0] == names[1]


def test_run_of_replicas_goes_on_alone(shared, tmp_path):
    """It has ended: what is left to do is to read its state."""
    shutil.copytree(shared, tmp_path / "run")
    program.train(tmp_path / "run", resume=True)
    np.testing.assert_array_equal(weights_of(tmp_path / "run"), weights_of(shared))


def test_replicas_of_keras_clip_before_they_add_up(alone, tmp_path):
    """Should this fail, Keras has changed its order, and ``train_step`` may be its own again."""
    code, _, errors = start(tmp_path / "run", "keras")
    assert code == 0, errors
    assert np.abs(weights_of(tmp_path / "run") - weights_of(alone)).max() > 3 * TOLERANCE


@pytest.mark.parametrize("way", ["mirrored:2", "workers:2"])
def test_interrupted_replicas_resume_to_the_same_weights(way, alone, tmp_path):
    code, said, _ = start(tmp_path / "run", way, "6")
    assert (code, said) == (130, "stopped after step 6 of 12; --resume goes on from there\n")
    code, _, errors = start(tmp_path / "run", way, "resume")
    assert code == 0, errors
    np.testing.assert_allclose(
        weights_of(tmp_path / "run"), weights_of(alone), rtol=0, atol=TOLERANCE
    )


def test_killed_worker_ends_the_training_with_its_name(tmp_path):
    code, _, errors = start(tmp_path / "run", "workers:2", "99", "6")
    assert code == 1
    assert errors.splitlines()[-1] == f"ChildProcessError: worker 1 failed: signal {signal.SIGKILL}"


def test_killed_worker_of_two_machines_costs_its_epoch_and_nothing_else(trained, tmp_path):
    """The other one has no copy of the run on its disk, and gets it from the chief."""
    codes, errors = start_by_hand(tmp_path, "99", "6")
    assert codes == [1, -signal.SIGKILL]
    assert errors[0].splitlines()[-1].startswith("ConnectionError: another worker is gone, or too")
    codes, errors = start_by_hand(tmp_path, "resume")
    assert codes == [0, 0], errors
    for state in states_of(tmp_path / "run"):
        np.testing.assert_array_equal(state, states_of(trained("by hand"))[0])
    np.testing.assert_array_equal(weights_of(tmp_path / "run"), weights_of(trained("by hand")))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_of_all_workers_are_the_batch(count):
    workers = [replicas.Replicas(rank=rank, processes=count) for rank in range(count)]
    rows = [row for worker in workers for row in range(6)[worker.rows(6)]]
    assert rows == list(range(6))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"batch_size": 3}, "batch_size 3 cannot be shared by 2 replicas: take a multiple of 2"),
        ({"batch_norm": True}, "batch_norm needs the statistics of the whole batch"),
    ],
)
def test_what_cannot_be_shared_is_refused(changes, reason):
    config = dataclasses.replace(program.CONFIG, **changes)
    with pytest.raises(ValueError, match=reason):
        replicas.Replicas(count=2).check(config)


def test_xla_and_replicas_exclude_each_other(tmp_path):
    with pytest.raises(ValueError, match="XLA cannot compile what replicas exchange"):
        program.train(tmp_path / "run", replicas.Replicas(count=2), xla=True)
    assert not (tmp_path / "run").exists()


def test_processor_is_divided_before_it_is_used():
    tf.constant(0.0)
    with pytest.raises(RuntimeError, match="TensorFlow has been used already"):
        replicas.replicas_of("mirrored:2")


def test_worker_without_a_cluster_is_told_how_to_start_one(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG is not set: start the workers with"):
        replicas.replicas_of("workers:2")


def test_worker_follows_the_process_that_launched_it(monkeypatch):
    followed = []
    monkeypatch.setattr(cluster, "follow", followed.append)
    monkeypatch.setenv(cluster.LAUNCHER, "123")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG is not set"):
        replicas.replicas_of("workers:2")
    assert followed == [123]


def test_nobody_shares_by_default():
    assert replicas.replicas_of("") == replicas.ALONE
    assert cluster.rank() is None
