"""Scoring of many utterances, and the report: statistics, failures, files, processes."""

import csv
import json
import os
import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest

from lstm_se.scoring import evaluation
from lstm_se.scoring.evaluation import evaluate
from lstm_se.scoring.metrics import score
from lstm_se.scoring.report import LABELS, Report, Row
from lstm_se.scoring.statistics import interval, stratified_interval
from lstm_se.workers import executor

RATIOS = ("si_sdr", "sdr")


@dataclass(frozen=True)
class Noise:
    """An utterance made when it is loaded; ``snr_db`` None makes the clean side silent."""

    name: str
    snr_db: float | None = 5.0

    def load(self):
        rng = np.random.default_rng(sum(self.name.encode()))
        clean, noise = rng.standard_normal((2, 8_000)).astype(np.float32) / 10
        if self.snr_db is None:
            return 0 * clean, noise
        return clean, clean + np.float32(10 ** (-self.snr_db / 20)) * noise


class Missing(Noise):
    def load(self):
        raise FileNotFoundError(f"{self.name}.wav is missing")


@pytest.fixture
def utterances():
    return [Noise(f"p{i}", snr) for i, snr in enumerate((-5.0, 0.0, 5.0, 20.0))]


def low_pass(noisy):
    return np.convolve(noisy, [0.5, 0.5], "same")


def report_of(systems, metric="si_sdr"):
    """A report from plain numbers; None is a failure."""
    rows = []
    for i in range(len(next(iter(systems.values())))):
        for system, column in systems.items():
            failed = column[i] is None
            values, failures = ({}, {metric: "why"}) if failed else ({metric: column[i]}, {})
            rows.append(Row(f"file{i}", system, values, failures))
    return Report(tuple(rows), (metric,))


def test_each_utterance_is_scored_as_it_is_and_after_each_enhancer(utterances):
    report = evaluate(utterances, {"soft": low_pass, "same": lambda x: x}, RATIOS, jobs=1)
    assert [(row.name, row.system) for row in report.rows] == [
        (u.name, system) for u in utterances for system in ("noisy", "soft", "same")
    ]
    for utterance, row in zip(utterances, report.rows[1::3], strict=True):
        clean, noisy = utterance.load()
        assert row.values == score(clean, low_pass(noisy), RATIOS).values
    assert report.values("same", "sdr") == report.values("noisy", "sdr")


def test_worker_processes_give_what_this_process_gives(utterances):
    names = (*RATIOS, "stoi", "estoi")
    alone = evaluate(utterances, {"soft": low_pass}, names, jobs=1)
    together = evaluate(utterances, {"soft": low_pass}, names, jobs=2)
    assert [(r.name, r.system, r.failures) for r in alone.rows] == [
        (r.name, r.system, r.failures) for r in together.rows
    ]
    for one, two in zip(alone.rows, together.rows, strict=True):
        assert one.values == pytest.approx(two.values, abs=1e-9)


@pytest.mark.slow
def test_workers_are_other_processes_without_tensorflow(utterances, monkeypatch):
    """Had they been forked, they would have inherited this stand-in."""
    monkeypatch.setitem(sys.modules, "tensorflow", types.ModuleType("tensorflow"))
    monkeypatch.setitem(sys.modules, "librosa", types.ModuleType("librosa"))
    executor(2).shutdown(kill_workers=True)
    evaluate(utterances, {}, RATIOS, jobs=2)
    workers = executor(2)
    seen = [workers.submit(lambda: (os.getpid(), list(sys.modules))).result() for _ in range(4)]
    for pid, modules in seen:
        assert pid != os.getpid() and "lstm_se.scoring.metrics" in modules
        assert not {"tensorflow", "librosa", "matplotlib"} & set(modules)


def test_enhancement_runs_in_this_process(utterances):
    pids = []

    def enhance(noisy):
        pids.append(os.getpid())
        return noisy

    evaluate(utterances, {"same": enhance}, ["si_sdr"], jobs=2)
    assert pids == [os.getpid()] * len(utterances)


@pytest.mark.parametrize("jobs", [1, 2])
def test_memory_holds_a_few_utterances_at_a_time(jobs, monkeypatch):
    loaded, most = 0, 0
    in_order = evaluation.in_order

    def counted(*args, **options):
        nonlocal loaded
        for row in in_order(*args, **options):
            loaded -= 1
            yield row

    def many():
        nonlocal loaded, most
        for i in range(30):
            loaded += 1
            most = max(most, loaded)
            yield Noise(f"p{i}")

    monkeypatch.setattr(evaluation, "in_order", counted)
    assert len(evaluate(many(), metrics=["si_sdr"], jobs=jobs).rows) == 30
    assert most <= 2 * jobs + 2


def test_an_enhancer_cannot_spoil_the_noisy_signal_for_the_next(utterances):
    def destructive(noisy):
        noisy[:] = low_pass(noisy)
        return noisy

    report = evaluate(utterances, {"bad": destructive, "same": lambda x: x}, RATIOS, jobs=1)
    untouched = evaluate(utterances, {}, RATIOS, jobs=1).values("noisy", "sdr")
    assert report.values("same", "sdr") == report.values("noisy", "sdr") == untouched


def test_a_silent_reference_is_counted_and_not_averaged(utterances):
    whole = evaluate(utterances, {}, ["si_sdr"], jobs=1).summary()[0]
    report = evaluate([*utterances, Noise("silent", None)], {}, ["si_sdr"], jobs=1)
    line = report.summary()[0]
    assert (line.n, line.failed, line.mean) == (4, 1, whole.mean)
    [(name, system, metric, reason)] = report.failures
    assert (name, system, metric) == ("silent", "noisy", "si_sdr") and "silent" in reason


def test_an_unreadable_utterance_fails_under_every_system(utterances):
    report = evaluate([Missing("lost"), *utterances], {"soft": low_pass}, RATIOS, jobs=1)
    assert [f[:3] for f in report.failures] == [
        ("lost", system, metric) for system in ("noisy", "soft") for metric in RATIOS
    ]
    assert {f[3] for f in report.failures} == {"lost.wav is missing"}
    assert all(line.n == 4 and line.failed == 1 for line in report.summary())


def test_a_refusal_or_a_wrong_length_of_an_enhancer_is_counted(utterances):
    def fussy(noisy):
        raise ValueError("too short for me")

    systems = {"fussy": fussy, "shorter": lambda x: x[1:]}
    report = evaluate(utterances, systems, ["sdr"], jobs=1)
    reasons = {(system, reason) for _, system, _, reason in report.failures}
    assert ("fussy", "too short for me") in reasons
    assert any(system == "shorter" and "7999" in reason for system, reason in reasons)
    assert [line.n for line in report.summary()] == [4, 0, 0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_another_exception_of_an_enhancer_ends_the_evaluation(utterances, jobs):
    def broken(noisy):
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        evaluate(utterances, {"broken": broken}, ["sdr"], jobs=jobs)
    assert len(evaluate(utterances, {}, ["sdr"], jobs=jobs).rows) == 4


def test_an_interrupted_evaluation_ends_its_workers(utterances):
    def interrupted(noisy):
        raise KeyboardInterrupt

    workers = executor(2)
    with pytest.raises(KeyboardInterrupt):
        evaluate(utterances, {"slow": interrupted}, ["sdr"], jobs=2)
    assert executor(2) is not workers


@pytest.mark.slow
def test_a_worker_that_dies_is_one_clear_line(utterances, monkeypatch):
    monkeypatch.setattr(evaluation, "score", lambda *signals, **options: os._exit(1))
    with pytest.raises(ChildProcessError, match="worker process ended early"):
        evaluate(utterances, {}, ["sdr"], jobs=2)
    monkeypatch.undo()
    assert len(evaluate(utterances, {}, ["sdr"], jobs=2).rows) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"utterances": []}, "no utterance"),
        ({"utterances": [Noise("a"), Noise("a")]}, "two utterances are called a"),
        ({"enhancers": {"noisy": low_pass}}, "name of the baseline"),
        ({"metrics": ["mos"]}, "unknown metric mos"),
        ({"jobs": 0}, "jobs is 0"),
    ],
)
def test_a_wrong_request_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate(**{"utterances": [Noise("a")], "metrics": ["sdr"], "jobs": 1} | arguments)


def test_a_bar_appears_only_when_it_takes_long(utterances, monkeypatch, capfd):
    evaluate(utterances, {}, ["si_sdr"], jobs=1, progress=True)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(evaluation, "BAR_SECONDS", 1e-9)
    evaluate(utterances, {}, ["si_sdr"], jobs=1, progress=True)
    assert "4/4" in capfd.readouterr().err
    evaluate(utterances, {}, ["si_sdr"], jobs=1, progress=False)
    assert capfd.readouterr().err == ""


def test_the_mean_is_of_decibels_and_not_the_decibels_of_a_mean():
    values = np.random.default_rng(0).normal(10, 6, 400)
    line = report_of({"noisy": values.tolist()}).summary()[0]
    of_ratios = 10 * np.log10(np.mean(10 ** (values / 10)))
    assert line.mean == pytest.approx(values.mean())
    assert line.mean < of_ratios - 3


def test_the_gain_is_paired_over_files_where_both_succeeded():
    report = report_of({"noisy": [1.0, 2.0, None, 4.0], "new": [2.0, None, 9.0, 6.0]})
    noisy, new = report.summary()
    assert (noisy.n, noisy.failed, noisy.gain_n, noisy.gain) == (3, 1, 0, None)
    assert (new.n, new.failed, new.gain_n) == (3, 1, 2)
    assert new.mean == pytest.approx(17 / 3) and new.gain == pytest.approx(1.5)
    assert 1 <= new.gain_low <= 1.5 <= new.gain_high <= 2


def test_a_paired_gain_is_known_better_than_the_means_it_comes_from():
    rng = np.random.default_rng(3)
    noisy = rng.normal(5, 6, 60)
    new = noisy + rng.normal(1, 0.5, 60)
    _, line = report_of({"noisy": noisy.tolist(), "new": new.tolist()}).summary()
    assert 0 < line.gain_low < 1.2 and line.low < noisy.mean() < line.high


def test_one_file_has_a_mean_and_no_interval():
    line = report_of({"noisy": [3.0]}).summary()[0]
    assert (line.n, line.mean, line.low, line.high) == (1, 3.0, None, None)


def test_nothing_measured_has_no_mean_and_still_a_table():
    report = report_of({"noisy": [None, None]})
    assert report.summary()[0].mean is None
    assert "failed measurements, in no mean: 2" in report.table()


def test_scores_of_an_unknown_system_or_metric_are_refused():
    report = report_of({"noisy": [1.0]})
    with pytest.raises(ValueError, match="no scores for other and si_sdr"):
        report.values("other", "si_sdr")
    with pytest.raises(ValueError, match="no scores for noisy and sdr"):
        report.values("noisy", "sdr")


def test_an_interval_holds_its_mean_and_is_reproducible():
    values = np.random.default_rng(1).normal(3, 2, 50)
    mean, low, high = interval(values)
    assert low < mean < high and mean == pytest.approx(values.mean())
    assert interval(values) == (mean, low, high) != interval(values, seed=1)


def test_strata_count_alike_and_are_resampled_apart():
    """One lies 100 higher: in no resample does that make the mean wander."""
    rng = np.random.default_rng(0)
    few, many = rng.normal(100, 1, 20), rng.normal(0, 1, 60)
    mean, low, high = stratified_interval([few, many])
    assert mean == pytest.approx((few.mean() + many.mean()) / 2)
    width = 2 * 1.96 * np.sqrt(few.var() / 20 + many.var() / 60) / 2
    assert high - low == pytest.approx(width, rel=0.1)


def test_an_interval_has_the_width_of_theory_and_shrinks_with_the_root_of_n():
    rng = np.random.default_rng(2)
    for n in (100, 400, 1_600):
        values = rng.normal(0, 1, n)
        _, low, high = interval(values)
        assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(n), rel=0.05)


def test_intervals_cover_the_true_mean_about_95_times_in_100():
    rng = np.random.default_rng(4)
    bounds = [interval(rng.normal(7, 3, 40))[1:] for _ in range(200)]
    covered = np.mean([low <= 7 <= high for low, high in bounds])
    assert 0.89 <= covered <= 0.985


def test_an_interval_of_many_values_does_not_depend_on_how_it_is_cut():
    """Resamples are drawn in portions that bound memory."""
    values = np.random.default_rng(5).normal(0, 1, 250)
    draws = np.random.default_rng(0).integers(250, size=(10_000, 250))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    assert interval(values)[1:] == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [1.0, np.inf]])
def test_an_interval_of_too_few_or_of_no_numbers_is_refused(values):
    with pytest.raises(ValueError, match="an interval needs"):
        interval(values)


def test_the_table_is_aligned_and_shows_means_intervals_gains_and_failures():
    noisy = np.linspace(0, 10, 20).tolist()
    new = [x + 1.25 for x in noisy[:-1]] + [None]
    lines = report_of({"noisy": noisy, "a-longer-name": new}).table().splitlines()
    assert "95 % interval" in lines[0] and "minus noisy" in lines[0]
    assert lines[2].split()[:5] == ["SI-SDR,", "dB", "noisy", "20", "5.00"]
    assert lines[3].split()[:4] == ["SI-SDR,", "dB", "a-longer-name", "19"]
    assert "a-longer-name" in lines[3] and "+1.25" in lines[3] and "+1.25 to +1.25" in lines[3]
    assert lines[2].index("5.00") + 4 == lines[3].index("5.99") + 4
    assert lines[5] == "failed measurements, in no mean: 1"
    assert lines[6] == "  file19, a-longer-name, SI-SDR, dB: why"


def test_a_difference_that_rounds_to_zero_has_no_minus_sign():
    table = report_of({"noisy": [1.0, 2.0], "new": [1.0 - 1e-6, 2.0 - 1e-6]}).table()
    assert "+0.00 to +0.00" in table and "-0.00" not in table


def test_the_table_fits_a_page_and_a_terminal():
    """With the longest label and with as many files as VoiceBank-DEMAND has."""
    widest = max(LABELS, key=lambda metric: len(LABELS[metric][0]))
    noisy = np.linspace(10, 90, 824).tolist()
    table = report_of({"noisy": noisy, "tiny": [x / 2 for x in noisy]}, widest).table()
    assert max(map(len, table.splitlines())) <= 80


def test_the_table_does_not_drown_in_failures():
    lines = report_of({"noisy": [1.0, 2.0] + [None] * 25}).table().splitlines()
    assert "failed measurements, in no mean: 25" in lines and lines[-1] == "  and 15 more"


def test_csv_and_json_hold_every_row_with_full_precision(tmp_path, utterances):
    report = evaluate([*utterances, Noise("mute", None)], {"soft": low_pass}, RATIOS, jobs=1)
    report.to_csv(tmp_path / "scores.csv")
    report.to_json(tmp_path / "scores.json")
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    content = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert len(table) == len(content["rows"]) == len(report.rows) == 10
    for row, cells, entry in zip(report.rows, table, content["rows"], strict=True):
        assert (cells["name"], cells["system"]) == (row.name, row.system)
        assert {m: float(cells[m]) for m in RATIOS if cells[m]} == row.values == entry["values"]
        assert entry["failures"] == row.failures
    assert table[-1]["sdr"] == "" and "silent" in table[-1]["failures"]
    assert content["summary"][0]["mean"] == report.summary()[0].mean
    assert content["resamples"] == 10_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "scores.json"]


@pytest.mark.parametrize("method", ["to_csv", "to_json"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, method):
    def full(*paths):
        raise OSError(28, "No space left on device")

    target = tmp_path / "scores"
    target.write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="cannot write .*scores: No space left"):
        getattr(report_of({"noisy": [1.0, 2.0]}), method)(target)
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot write .*nowhere/scores.csv"):
        report_of({"noisy": [1.0]}).to_csv(tmp_path / "nowhere" / "scores.csv")
