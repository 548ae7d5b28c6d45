"""Two halves of a batch, compiled, give the gradient of the whole."""

import dataclasses
import signal

import numpy as np
import pytest
from killed_training import CONFIG, SCHEDULE, Signal, Source, train
from random_network import SUBBANDS, small

from lstm_se.training import fit, runs

pytestmark = pytest.mark.slow  # compiles


def three_losses(noisy, clean, xla):
    """Before the first step, and after one and two."""
    model = fit.compile_model(CONFIG, SCHEDULE, xla=xla)
    return [model.train_on_batch(noisy, clean) for _ in range(3)]


def test_gradient_of_the_halves_is_that_of_the_batch():
    noisy, clean = Source().batch(0)
    whole = three_losses(noisy, clean, xla=False)
    # XLA adds in an order of its own, which was seen to cost 1e-5 on a processor with AVX-512
    assert three_losses(noisy, clean, xla=True) == pytest.approx(whole, rel=1e-4)
    one_half = three_losses(noisy[[0, 0]], clean[[0, 0]], xla=False)
    assert one_half != pytest.approx(whole, rel=0.1)  # what it would be if a half were lost


@pytest.mark.parametrize(
    ("change", "parts"), [({}, 2), ({"batch_size": 3}, 1), ({"batch_norm": True}, 1)]
)
def test_batch_that_cannot_be_halved_stays_whole(change, parts):
    config = dataclasses.replace(CONFIG, **change)
    assert fit.compile_model(config, SCHEDULE, xla=True).parts == parts


def test_compiled_training_resumes_with_the_same_bits(tmp_path):
    train(tmp_path / "whole", xla=True)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", xla=True, callbacks=[Signal(signal.SIGINT, 6)])
    train(tmp_path / "run", xla=True, resume=True)
    rows = [runs.Run(tmp_path / name).history() for name in ("whole", "run")]
    assert [row["val_loss"] for row in rows[0]] == [row["val_loss"] for row in rows[1]]


def test_shared_layers_of_sub_bands_learn_by_muon_and_their_own_by_adam(tmp_path):
    config = small(**SUBBANDS, normalisation="running", segment_seconds=0.02, batch_size=2)
    config = dataclasses.replace(config, optimizer="muon", learning_rate=0.01)
    model = train(tmp_path, config, fit.Schedule(1, 2, validation_steps=1), xla=True)
    assert np.isfinite(runs.Run(tmp_path).history()[0]["val_loss"])
    by_adam = {
        "/".join(variable.path.split("/")[-2:])
        for variable in model.network.trainable_variables
        if model.optimizer._should_use_adamw(variable)
    }
    kernels = {name for name in by_adam if name.endswith("kernel")}
    assert kernels == {"split/kernel", "join/kernel", "local/kernel"}
