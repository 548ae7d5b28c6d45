"""Paired comparison: only utterances that both systems have, with intervals, in table and file."""

import json

import numpy as np
import pytest

from lstm_se import mini
from lstm_se.cli.main import commands
from lstm_se.scoring.evaluation import evaluate
from lstm_se.scoring.report import Report, Row, comparison_section, comparison_table
from lstm_se.scoring.statistics import interval


def report_of(**systems):
    """A report from plain numbers; None is a failure."""
    rows = [
        Row(f"file{i}", system, *(({"sdr": v}, {}) if v is not None else ({}, {"sdr": "why"})))
        for system, column in systems.items()
        for i, v in enumerate(column)
    ]
    return Report(tuple(rows), ("sdr",))


def test_differences_are_paired():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 20, 30)
    gain = rng.normal(1, 0.1, 30)
    (noisy, peer) = report_of(noisy=hard - 5, ours=hard + gain, peer=hard).differences("ours")
    assert (noisy.system, peer.system, peer.metric, peer.n) == ("noisy", "peer", "sdr", 30)
    assert (peer.mean, peer.low, peer.high) == pytest.approx(tuple(interval(gain)))
    assert 0.9 < peer.low < peer.high < 1.1
    assert noisy.mean == pytest.approx(peer.mean + 5)


def test_utterance_that_failed_under_one_system_is_left_out():
    report = report_of(ours=[1.0, None, 3.0, 4.0], peer=[0.0, 0.0, None, 1.0])
    (found,) = report.differences("ours")
    assert (found.n, found.mean) == (2, 2.0)


@pytest.mark.parametrize(("column", "n", "mean"), [([None, None], 0, None), ([1.0, None], 1, 0.5)])
def test_too_few_pairs_have_no_interval(column, n, mean):
    (found,) = report_of(ours=column, peer=[0.5, 0.5]).differences("ours")
    assert (found.n, found.mean, found.low, found.high) == (n, mean, None, None)
    assert comparison_table([found], "ours").splitlines()[-1].split()[-1] == "-"


def test_unknown_system_is_named():
    with pytest.raises(ValueError, match="no scores for tiny"):
        report_of(ours=[1.0], peer=[1.0]).differences("tiny")


def test_table_has_a_line_for_each_difference():
    found = report_of(ours=[2.0, 4.0], peer=[1.0, 1.0], other=[3.0, 5.0]).differences("ours")
    head, _, *lines = comparison_table(found, "ours").splitlines()
    assert head.split()[:3] == ["metric", "ours", "minus"]
    assert [line.split()[2] for line in lines] == ["peer", "other"]
    assert "+2.00" in lines[0] and "-1.00" in lines[1]


def test_section_can_be_written_as_json():
    content = comparison_section(report_of(ours=[2.0, 4.0], peer=[1.0, 1.0]), "ours")
    assert json.loads(json.dumps(content)) == content
    assert content["ours"] == "ours"


def test_oracle_is_given_the_clean_speech():
    pairs = mini().test[:1]
    report = evaluate(
        pairs, metrics=["stoi"], jobs=1, oracles={"truth": lambda clean, noisy: clean}
    )
    assert report.values("truth", "stoi")[pairs[0].name] == pytest.approx(1)


@pytest.fixture
def folders(tmp_path):
    for folder in ("clean", "noisy"):
        (tmp_path / folder).mkdir()
        for pair in mini().test[:2]:
            source = getattr(pair, folder)
            (tmp_path / folder / source.name).symlink_to(source)
    return ["--clean", str(tmp_path / "clean"), "--noisy", str(tmp_path / "noisy")]


def test_command_compares_on_the_same_files(folders, tmp_path, capsys):
    wanted = ["--with", "wiener", "--with", "ideal", "--metrics", "sdr", "--jobs", "1"]
    path = tmp_path / "scores.json"
    commands.main(["evaluate", *folders, *wanted, "--json", str(path)], standalone_mode=False)
    printed, content = capsys.readouterr().out, json.loads(path.read_text())
    assert "tiny minus" in printed
    assert [d["system"] for d in content["differences"]] == ["noisy", "wiener", "ideal"]
    values = {(row["name"], row["system"]): row["values"]["sdr"] for row in content["rows"]}
    names = {name for name, _ in values}
    assert len(values) == 4 * len(names) == 8
    gain = np.mean([values[name, "tiny"] - values[name, "ideal"] for name in names])
    assert content["differences"][2]["mean"] == pytest.approx(gain)
    assert gain < 0


def test_command_refuses_to_compare_a_folder(folders):
    wanted = ["--enhanced", folders[1], "--with", "wiener"]
    with pytest.raises(ValueError, match="leave --enhanced out"):
        commands.main(["evaluate", *folders, *wanted], standalone_mode=False)
