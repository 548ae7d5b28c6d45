"""The benchmarks run, and their figures have the names that others rely on."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from voicebank_fixture import make_corpus

from lstm_se.chip.engines import ENGINES
from lstm_se.cli.main import commands
from lstm_se.research import bench

pytestmark = pytest.mark.slow  # measures training runs


def test_engines_figures_are_of_each_engine_and_of_what_the_firmware_spends():
    figures = bench.engines(seconds=1, repeats=1)
    assert 0.9 < figures.pop("audio_seconds") <= 1
    names = (*ENGINES, "firmware_hops", "firmware_any_pc", "firmware_calls")
    assert set(figures) == {f"{name}_real_time_factor" for name in names}
    assert min(figures.values()) > 0  # which is less, a busy machine may turn round


def test_starts_are_of_whole_processes():
    figures = bench.starts(repeats=1)
    assert 0 < figures["python_seconds"] < figures["enhance_seconds"]
    assert {"help_seconds", "info_seconds", "tensorflow_seconds"} < set(figures)


def test_training_figures_hold_every_way_and_its_ratio():
    figures = bench.training(steps=1)
    ours = figures["ours_x_real_time"]
    for way in ("records_stoi", "records_pesq_wb", "records_stoi_pesq_wb"):
        assert figures[f"ours_over_{way}"] == pytest.approx(ours / figures[f"{way}_x_real_time"])


def test_xla_figures_hold_their_ratio():
    figures = bench.xla(steps=1, presets=("tiny",))
    ratio = figures["tiny_hoarding_x_real_time"] / figures["tiny_plain_x_real_time"]
    assert figures["tiny_hoarding_over_plain"] == pytest.approx(ratio)
    assert {f"tiny_{way}_x_real_time" for way in bench.WAYS} < figures.keys()


def test_parts_of_a_training_run_add_up_to_its_speed():
    figures = bench.parts(repeats=1)
    most = figures.pop("most_x_real_time")
    assert set(figures) == {"mixing_ms", "network_ms", "sound_and_loss_ms", "optimizer_ms"}
    assert most == pytest.approx(2 * 4000 / sum(figures.values()))


def test_peers_figures_hold_the_ratio_to_ours():
    figures = bench.peers(seconds=1, repeats=1, names=("wiener", "gtcrn"))
    assert figures["audio_seconds"] == 1
    for name in ("wiener", "gtcrn"):
        ratio = figures[f"{name}_real_time_factor"] / figures["tiny_real_time_factor"]
        assert figures[f"{name}_over_tiny"] == pytest.approx(ratio)


def test_corpus_figures_compare_stores_with_memory(tmp_path, monkeypatch):
    """The steps themselves are timed as in the other benchmarks, which have their tests here."""
    monkeypatch.setattr("loky.ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(bench, "_hears", lambda config, batches, steps: len(next(iter(batches))))
    figures = bench.corpus(make_corpus(tmp_path), steps=1)
    for way in ("first", "second", "in_memory"):
        for name in ("start_seconds", "x_real_time", "peak_mb"):
            assert figures[f"{way}_{name}"] > 0


def test_metric_in_the_graph_leaves_failures_out():
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((1, 16_000)).astype(np.float32)
    silence = np.zeros_like(sound)
    clean = tf.constant(np.concatenate([sound, silence]))
    measure = tf.function(bench.in_graph(("si_sdr", "stoi")))
    assert float(measure(clean, clean)) == pytest.approx(1, abs=1e-4)


def test_table_and_file_have_the_same_figures(tmp_path, monkeypatch, capsys):
    figures = {"one_x_real_time": 1.23456, "steps": 12}
    monkeypatch.setitem(bench.BENCHES, "engines", lambda: figures)
    commands.main(["bench", "engines", "--json", str(tmp_path / "f.json")], standalone_mode=False)
    assert json.loads((tmp_path / "f.json").read_text()) == figures
    assert capsys.readouterr().out == "one_x_real_time  1.23\nsteps            12\n"
