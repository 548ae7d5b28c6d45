"""A training may be stopped anywhere: resumed, it ends with the same bits as one left alone."""

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from killed_training import CONFIG, SCHEDULE, Signal, Source, train
from random_network import noise, small

from lstm_se.files import claimed
from lstm_se.network import in_keras, in_numpy, pretrained
from lstm_se.training import fit, pipeline, runs

pytestmark = pytest.mark.slow  # trains, in processes of its own, too

EPOCHS, STEPS = SCHEDULE.epochs, SCHEDULE.steps_per_epoch
MIDDLE = STEPS + 2  # a step in the middle of the second epoch


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(folder)
    return runs.Run(folder)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Runs that another process was interrupted and killed in, and what it printed."""
    folder = tmp_path_factory.mktemp("stopped")
    program = Path(__file__).parents[1] / "support" / "killed_training.py"
    paths = os.pathsep.join([str(program.parent), str(program.parents[2])])
    done = subprocess.run(
        [sys.executable, program, folder, str(MIDDLE)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return folder, done


@pytest.fixture(scope="module", params=["interrupted", "killed"])
def resumed(request, stopped, tmp_path_factory):
    """One of these runs, resumed to its end."""
    folder = tmp_path_factory.mktemp("resumed") / "run"
    shutil.copytree(stopped[0] / request.param, folder)
    train(folder, resume=True)
    return runs.Run(folder)


def state(run):
    """Every number of a checkpoint: weights, moments of Adam, steps."""
    model = fit.compile_model(CONFIG, SCHEDULE)
    model.load_weights(run.state)
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def step_of(run):
    """Steps that a checkpoint has behind it."""
    model = fit.compile_model(CONFIG, SCHEDULE)
    model.load_weights(run.state)
    return int(model.optimizer.iterations)


def epochs_of(run):
    """Numbers in the history."""
    return [row["epoch"] for row in run.history()]


def losses_of(run):
    """Validation losses, bit for bit."""
    return [row["val_loss"] for row in run.history()]


def same(one, other):
    """Whether two lists of arrays are equal bit for bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_interrupted_process_tells_its_step(stopped):
    assert stopped[1].stdout.startswith(f"stopped after step {MIDDLE} of {EPOCHS * STEPS}")


def test_interrupt_loses_no_step(stopped):
    assert step_of(runs.Run(stopped[0] / "interrupted")) == MIDDLE


def test_resumed_training_ends_with_the_same_bits(resumed, whole):
    assert same(state(resumed), state(whole))


def test_resumed_training_validates_as_one_left_alone(resumed, whole):
    assert losses_of(resumed) == losses_of(whole)


def test_resumed_training_has_each_epoch_once(resumed):
    assert epochs_of(resumed) == list(range(EPOCHS))


def test_finished_training_resumes_to_its_result(resumed):
    model = train(resumed.path, resume=True)
    expected = in_numpy.load_weights(resumed.weights, CONFIG)
    assert same(in_keras.get_weights(model.network).values(), expected.values())


def test_finish_changes_what_is_kept_and_not_what_trains(whole, tmp_path):
    run = runs.Run(tmp_path / "run")
    train(run.path, finish=lambda weights: {name: 2 * array for name, array in weights.items()})
    assert same(state(run), state(whole)) and losses_of(run) == losses_of(whole)
    kept, plain = (in_numpy.load_weights(one.weights, CONFIG) for one in (run, whole))
    assert same(kept.values(), [2 * array for array in plain.values()])


def test_process_was_killed(stopped):
    assert stopped[1].returncode == -signal.SIGKILL


def test_kill_loses_the_running_epoch_only(stopped):
    assert step_of(runs.Run(stopped[0] / "killed")) == STEPS


@pytest.mark.parametrize("name", ["interrupted", "killed"])
def test_stopped_run_can_be_used(name, stopped):
    assert np.isfinite(pretrained.load_float(stopped[0] / name).enhance(noise(500))).all()


@pytest.mark.parametrize("name", ["interrupted", "killed"])
def test_stopped_run_has_no_half_file(name, stopped):
    names = {path.name for path in (stopped[0] / name).iterdir()}
    files = {"config.json", "history.csv", "weights.npz", "checkpoint.weights.h5"}
    assert names == {*files, "logs"}


@pytest.mark.parametrize("last", [STEPS, EPOCHS * STEPS], ids=["first epoch", "last epoch"])
def test_interrupt_in_the_last_step_of_an_epoch_still_validates_it(last, whole, tmp_path):
    run = runs.Run(tmp_path)
    try:
        train(run.path, callbacks=[Signal(signal.SIGINT, last)])
    except KeyboardInterrupt:
        train(run.path, resume=True)
    assert losses_of(run) == losses_of(whole)


def test_sigterm_finishes_the_step_and_saves(whole, tmp_path):
    run = runs.Run(tmp_path)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 2 of"):
        train(run.path, callbacks=[Signal(signal.SIGTERM, 2)])
    train(run.path, resume=True)
    assert losses_of(run) == losses_of(whole)


@pytest.fixture
def terminal(request):
    """What closing the terminal does: heeded as the command line heeds it, or ignored."""
    before = signal.signal(signal.SIGHUP, request.param)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("terminal", [lambda *_: sys.exit(129)], ids=["heeded"], indirect=True)
def test_terminal_that_closes_loses_no_step(terminal, tmp_path):
    with pytest.raises(KeyboardInterrupt, match="stopped after step 2 of"):
        train(tmp_path, callbacks=[Signal(signal.SIGHUP, 2)])
    assert step_of(runs.Run(tmp_path)) == 2


@pytest.mark.parametrize("terminal", [signal.SIG_IGN], ids=["ignored"], indirect=True)
def test_interrupts_that_are_ignored_at_the_start_stay_so(terminal, tmp_path):
    """A shell has what it starts in the background ignore Ctrl-C, and ``nohup`` a closing."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(KeyboardInterrupt):
        train(tmp_path, callbacks=[Signal(signal.SIGINT, 2), Signal(signal.SIGHUP, 3)])
    signal.signal(signal.SIGINT, before)
    assert epochs_of(runs.Run(tmp_path)) == list(range(EPOCHS))


def test_interrupt_is_heeded_where_an_epoch_is_a_single_step(tmp_path):
    schedule = fit.Schedule(epochs=3, steps_per_epoch=1, validation_steps=1)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 2 of 3"):
        train(tmp_path, schedule=schedule, callbacks=[Signal(signal.SIGINT, 2)])
    assert epochs_of(runs.Run(tmp_path)) == [0, 1]


def test_second_epoch_tells_how_long_the_rest_will_take(tmp_path, capsys):
    schedule = fit.Schedule(epochs=3, steps_per_epoch=2, validation_steps=1)
    fit.train(CONFIG, Source(), Source(), tmp_path, schedule, verbose=2)
    assert re.findall(r"^(\d) epochs to go: about 0 min$", capsys.readouterr().out, re.M) == ["1"]


def test_second_interrupt_acts_at_once(tmp_path):
    """Even where no step ends any more."""

    class Twice(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as interrupt:
        train(tmp_path, callbacks=[Twice()])
    assert "stopped after step" not in str(interrupt.value)


def test_interrupts_work_as_before_afterwards(whole):
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_history_has_a_row_for_each_epoch(whole):
    assert epochs_of(whole) == list(range(EPOCHS))


def test_learning_rate_falls_to_a_hundredth(whole):
    rates = [row["learning_rate"] for row in whole.history()]
    assert rates[-1] == pytest.approx(0.01 * CONFIG.learning_rate, rel=1e-5)


def test_training_lowers_the_loss(whole):
    assert losses_of(whole)[-1] < losses_of(whole)[0]


def test_weights_kept_are_those_of_the_best_epoch(whole):
    denoiser = fit.compile_model(CONFIG, SCHEDULE)
    in_keras.set_weights(denoiser.network, in_numpy.load_weights(whole.weights, CONFIG))
    # in a graph, as `fit` validates: step by step, the logarithms round differently
    loss = denoiser.evaluate(pipeline.dataset(Source(), 0, 1), verbose=0)
    assert loss == pytest.approx(min(losses_of(whole)), rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "earlier", "kept"),
    [(2, [], True), (0.9, [1, 1.1], True), (1.0005, [1, 1.1], True), (1.002, [1, 1.1], False)],
)
def test_of_epochs_that_are_as_good_the_last_one_is_kept(loss, earlier, kept):
    assert fit.replaces(loss, earlier) is kept


@pytest.mark.parametrize(
    ("losses", "epoch"), [([2], 0), ([1.1, 1, 1.0005], 2), ([1.1, 1, 1.002], 1), ([1, 3, 2], 0)]
)
def test_history_tells_which_epoch_is_kept(losses, epoch):
    history = [{"epoch": number, "val_loss": loss} for number, loss in enumerate(losses)]
    assert fit.kept(history)["epoch"] == epoch


def test_run_is_not_overwritten(whole):
    before = whole.state.read_bytes()
    with pytest.raises(FileExistsError, match=f"{whole.path} holds a training run: use --resume"):
        train(whole.path)
    assert whole.state.read_bytes() == before


def test_second_training_at_once_is_refused(whole):
    refused = pytest.raises(BlockingIOError, match=f"{whole.path}: another process is at it; wait")
    with claimed(whole.path), refused:
        train(whole.path, resume=True)


def test_room_is_made_sure_of_for_all_that_a_checkpoint_takes(whole):
    model = fit.compile_model(CONFIG, SCHEDULE)
    assert whole.state.stat().st_size <= runs._most_bytes(model)


def test_nothing_cannot_be_resumed(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no training to resume: start without"):
        train(tmp_path / "none", resume=True)


def test_refused_resumption_makes_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="no training to resume"):
        train(tmp_path / "none", resume=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [{"units": (5,)}, {"learning_rate": 0.5}])
def test_run_of_another_configuration_is_not_resumed(changes, whole):
    with pytest.raises(ValueError, match="was started with another configuration"):
        train(whole.path, dataclasses.replace(CONFIG, **changes), resume=True)


STILL = dataclasses.replace(CONFIG, learning_rate=0.0)  # the validation loss never moves
PATIENT = fit.Schedule(epochs=9, steps_per_epoch=2, validation_steps=1, patience=2)


def test_patience_ends_a_training_that_stands_still(tmp_path):
    train(tmp_path, STILL, PATIENT)
    assert epochs_of(runs.Run(tmp_path)) == [0, 1, 2]


def test_patience_counts_across_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, STILL, PATIENT, callbacks=[Signal(signal.SIGINT, 3)])
    train(tmp_path, STILL, PATIENT, resume=True)
    assert epochs_of(runs.Run(tmp_path)) == [0, 1, 2]


def test_epoch_that_is_repeated_replaces_its_row(tmp_path):
    run = runs.Run(tmp_path)
    run._write_history([])
    for epoch, loss in ((0, 3.0), (1, 2.0), (1, 1.0)):
        row = dict.fromkeys(runs.HISTORY, loss)
        run.append({**row, "epoch": epoch})
    assert [(row["epoch"], row["loss"]) for row in run.history()] == [(0, 3), (1, 1)]


def test_row_of_an_epoch_stays_as_it_was_written(tmp_path):
    run = runs.Run(tmp_path)
    run._write_history([])
    row = dict.fromkeys(runs.HISTORY, 0.3138779401779175)
    run.append({**row, "epoch": 0})
    before = run.log.read_text()
    run.append({**row, "epoch": 1})
    assert run.log.read_text().startswith(before)


def test_same_seed_gives_the_same_first_weights():
    first, second = (fit.compile_model(CONFIG, SCHEDULE).get_weights() for _ in range(2))
    assert same(first, second)


def test_batch_norm_is_at_inference_what_it_learnt(tmp_path):
    """What was trained with the statistics of batches runs with their moving averages."""
    config = dataclasses.replace(CONFIG, batch_norm=True)
    model = train(tmp_path, config, dataclasses.replace(SCHEDULE, epochs=1))
    shift = in_keras.get_weights(model.network)["norm_0/shift"]
    assert np.abs(shift).max() > 0
    expected = pretrained.load_float(tmp_path).enhance(noise(320))
    np.testing.assert_allclose(model(noise(1, 320))[0], expected, atol=1e-5)


def test_facts_are_written_whole(tmp_path):
    runs.write_recipe(tmp_path, epochs=3, corpora=["mini"])
    assert '"corpora": [\n    "mini"\n  ],\n  "epochs": 3' in (tmp_path / "recipe.json").read_text()


RECIPE = {"corpora": ["mini"], "mixing": {"snr_db": [-5.0, 20.0]}, "versions": {"keras": "3.8"}}


def test_same_recipe_is_resumed_by_other_versions(tmp_path):
    runs.write_recipe(tmp_path, **RECIPE)
    runs.write_recipe(tmp_path, resume=True, **{**RECIPE, "versions": {"keras": "3.9"}})
    assert '"keras": "3.9"' in (tmp_path / "recipe.json").read_text()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"corpora": []}, r"corpora was \['mini'\] and is \[\]"),
        (
            {"mixing": {"snr_db": [0.0, 20.0]}},
            r"mixing.snr_db was \[-5.0, 20.0\] and is \[0.0, 20.0",
        ),
        ({"epochs": 3}, "epochs was None and is 3"),
    ],
)
def test_another_recipe_is_not_resumed(changes, reason, tmp_path):
    runs.write_recipe(tmp_path, **RECIPE)
    before = (tmp_path / "recipe.json").read_bytes()
    with pytest.raises(ValueError, match=f"was started with another recipe: {reason}"):
        runs.write_recipe(tmp_path, resume=True, **{**RECIPE, **changes})
    assert (tmp_path / "recipe.json").read_bytes() == before


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_damaged_recipe_is_named(content, tmp_path):
    (tmp_path / "recipe.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"\A\S+recipe\.json is damaged .+: copy it again\Z"):
        runs.write_recipe(tmp_path, resume=True, **RECIPE)


@pytest.mark.parametrize(
    "content", ["epoch,seconds\n1,2\n", ",".join(runs.HISTORY) + "\na,1,2,3,4"]
)
def test_damaged_history_is_named(content, tmp_path):
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(ValueError, match=r"\A\S+history\.csv is damaged .+: copy it again\Z"):
        runs.Run(tmp_path).history()


def curves_of(run):
    """Points in the event files of a run: name to step to value."""
    curves = {}
    for path in sorted(run.logs.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                point = float(tf.make_ndarray(value.tensor))
                curves.setdefault(value.tag, {})[event.step] = point
    return curves


def test_tensorboard_can_draw_the_history(resumed):
    curves = curves_of(resumed)
    assert set(curves) == set(runs.HISTORY)
    for row in resumed.history():
        for name, value in row.items():
            assert curves[name][int(row["epoch"])] == pytest.approx(value, rel=1e-6)


def test_xla_trains_the_same_weights(whole, tmp_path):
    """But for rounding: a hundredth of the largest step is far above it."""
    train(tmp_path / "run", xla=True)
    kept = [
        in_numpy.load_weights(run / "weights.npz", CONFIG) for run in (tmp_path / "run", whole.path)
    ]
    for name, weights in kept[0].items():
        np.testing.assert_allclose(weights, kept[1][name], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("epochs", "steps_per_epoch", "steps"), [(40, 250, 10_000), (3, 4, 12)])
def test_schedule_counts_its_steps(epochs, steps_per_epoch, steps):
    assert fit.Schedule(epochs, steps_per_epoch).steps == steps


def test_saved_weights_are_what_inference_reads(tmp_path):
    weights = in_keras.get_weights(in_keras.mask_network(small()))
    in_numpy.save_weights(tmp_path / "weights.npz", weights)
    read = in_numpy.load_weights(tmp_path / "weights.npz", small())
    assert same([read[name] for name in weights], weights.values())


class Broken(Source):
    """Training data with a sample that is no number, which no loader lets through."""

    def batch(self, step):
        noisy, clean = super().batch(step)
        return noisy * np.nan, clean


def test_loss_that_is_no_number_ends_the_training_with_one_line(tmp_path):
    with pytest.raises(ValueError, match="loss is nan.*lower learning_rate"):
        fit.train(CONFIG, Broken(), Broken(), tmp_path / "run", SCHEDULE, verbose=0)


MUON = dataclasses.replace(CONFIG, optimizer="muon")


def test_muon_moves_recurrent_kernels_in_all_directions_alike_and_leaves_the_rest_to_adam():
    change = {}
    for name in ("adam", "muon"):
        config = dataclasses.replace(CONFIG, optimizer=name, units=(16,), averaging=0.0)
        model = fit.compile_model(config, SCHEDULE)
        before = in_keras.get_weights(model.network)
        model.train_on_batch(*Source().batch(0))
        after = in_keras.get_weights(model.network)
        change[name] = {part: after[part] - before[part] for part in before}
    evenness = {}
    for name, found in change.items():
        singular = np.linalg.svd(found["rnn_0/recurrent_kernel"], compute_uv=False)
        evenness[name] = np.median(singular) / singular.max()
    assert evenness["muon"] > 1.5 * evenness["adam"]
    for part in ("dense_0/kernel", "dense_0/bias", "rnn_0/bias"):
        np.testing.assert_allclose(change["muon"][part], change["adam"][part], rtol=1e-3, atol=1e-8)


class StopAfterFirstEpoch(keras.callbacks.Callback):
    """Leaves the training where its checkpoint has just been written."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            raise KeyboardInterrupt


def test_muon_resumes_to_the_same_bits(tmp_path):
    def run(name, **options):
        data = Source(), Source()
        return fit.train(MUON, *data, tmp_path / name, SCHEDULE, verbose=0, **options)

    with pytest.raises(KeyboardInterrupt):
        run("twice", callbacks=[StopAfterFirstEpoch()])
    twice, once = run("twice", resume=True), run("once")
    assert same(once.get_weights(), twice.get_weights())


@pytest.mark.parametrize("config", [CONFIG, MUON], ids=["adam", "muon"])
def test_average_stands_in_for_the_weights_and_gives_them_back(config):
    model = fit.compile_model(config, SCHEDULE)
    model.train_on_batch(*Source().batch(0))
    first = model.get_weights()
    model.train_on_batch(*Source().batch(1))
    second = model.get_weights()
    with model.optimizer.averaged(model.trainable_variables):
        average = model.get_weights()
    momentum = model.optimizer.ema_momentum
    assert 0 < momentum < 1
    for one, two, mean in zip(first, second, average, strict=True):
        np.testing.assert_allclose(mean, momentum * one + (1 - momentum) * two, atol=1e-6)
    assert not same(average, second)
    assert same(model.get_weights(), second)


@pytest.mark.parametrize(("epochs", "steps_back"), [(1, 25), (40, 1000)])
def test_average_looks_back_over_a_tenth_of_the_training_at_most(epochs, steps_back):
    config = dataclasses.replace(CONFIG, averaging=0.999)
    model = fit.compile_model(config, fit.Schedule(epochs, 250))
    assert model.optimizer.ema_momentum == pytest.approx(1 - 1 / steps_back)


def test_weights_kept_are_the_average(whole):
    """The last epoch was the best here, so its checkpoint holds the average that was kept."""
    assert losses_of(whole)[-1] == min(losses_of(whole))
    model = fit.compile_model(CONFIG, SCHEDULE)
    model.load_weights(whole.state)
    raw = in_keras.get_weights(model.network)
    with model.optimizer.averaged(model.trainable_variables):
        average = in_keras.get_weights(model.network)
    kept = in_numpy.load_weights(whole.weights, CONFIG)
    assert same(list(kept.values()), [average[name] for name in kept])
    assert not same(list(kept.values()), [raw[name] for name in kept])
