"""Scripts that make the stored results: same rounding everywhere, and nothing stored is lost."""

import ast
import csv
import importlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import benchmarks
import common
import endurance
import full_size
import gate
import hours
import kills
import kinds
import lengths
import peers
import pytest
import words

import lstm_se
from lstm_se.network import pretrained
from lstm_se.scoring.report import Report, Row

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "notebooks" / "results").glob("*.py"))


def packages_of(script):
    """What a script imports at its start beside the standard library, in this order."""
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.split(".")[0] not in sys.stdlib_module_names)


def test_common_asks_for_the_same_rounding_on_every_processor(monkeypatch):
    for name in ("TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "")  # so that it is restored
        del os.environ[name]
    importlib.reload(common)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_common_is_imported_before_anything_that_could_bring_tensorflow(script):
    packages = list(packages_of(script))
    if "common" in packages:
        assert packages[0] == "common"


def test_scripts_that_do_without_common_are_no_commands():
    for script in SCRIPTS:
        if "common" not in packages_of(script) and script.stem != "common":
            assert "__main__" not in script.read_text(encoding="utf-8"), script.name


def run(script, monkeypatch, *arguments):
    """Start a script in this process."""
    monkeypatch.setattr("sys.argv", [script.__name__, *map(str, arguments)])
    script.main()


def refused(script, monkeypatch, capsys, *arguments):
    """The last line of a script that does not take its arguments."""
    with pytest.raises(SystemExit) as ended:
        run(script, monkeypatch, *arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def written(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_command_that_makes_a_file_names_its_folders_in_capitals():
    made = common.command("heroes.py NEW OLD", second=Path("/here"), pairs=None)
    assert made == "python notebooks/results/heroes.py NEW OLD --second SECOND"


def test_benchmark_alone_keeps_the_others_and_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmarks, "measured", lambda name: {"figure": 1.0})
    monkeypatch.setattr(benchmarks, "machine", dict)
    old = written(tmp_path / "old.json", {"starts": {"figure": 2.0}})
    for path in (old, tmp_path / "new.json"):
        run(benchmarks, monkeypatch, "--out", path, "engines")
    assert json.loads(old.read_text())["starts"] == {"figure": 2.0}
    assert json.loads((tmp_path / "new.json").read_text())["engines"] == {"figure": 1.0}


def test_all_benchmarks_lose_none_when_they_are_stopped(tmp_path, monkeypatch):
    def stop(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmarks, "machine", dict)
    monkeypatch.setattr(benchmarks, "measured", lambda name: stop(name) if name == "peers" else {})
    path = written(tmp_path / "old.json", {"peers": {"figure": 2.0}})
    with pytest.raises(KeyboardInterrupt):
        run(benchmarks, monkeypatch, "--out", path)
    assert json.loads(path.read_text())["peers"] == {"figure": 2.0}


def test_endurance_of_one_part_claims_nothing_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(endurance, "stereo", lambda minutes, folder: {"minutes": minutes})
    whole = {name: {"minutes": 480} for name in endurance.EVERYTHING}
    path = written(tmp_path / "old.json", {"command": "", **whole})
    run(endurance, monkeypatch, "--out", path, "--hours", "0.05", "stereo")
    found, script = json.loads(path.read_text()), "python notebooks/results/endurance.py"
    assert found == whole | {
        "command": f"{script} --hours 8 float int8 firmware && {script} --hours 0.05 stereo",
        "stereo": {"minutes": 3},
    }


def test_endurance_of_less_than_three_minutes_is_refused(monkeypatch, capsys):
    told = refused(endurance, monkeypatch, capsys, "--hours", "0.02", "firmware")
    assert "--hours 0.02: ask for three minutes at least" in told


def test_lengths_are_told_with_the_options_of_each_part(tmp_path, monkeypatch):
    folder = {"files": 9, "turns": 3}
    monkeypatch.setattr(lengths, "lengths", lambda asked, _: [{"length": name} for name in asked])
    path = written(tmp_path / "old.json", {"folder": folder})
    assert lengths.command_for({"folder": folder}).endswith("lengths.py --files 9 --turns 3 folder")
    run(lengths, monkeypatch, "--out", path, "--lengths", "1 s,2 h", "lengths")
    found = json.loads(path.read_text())
    assert found["folder"] == folder
    assert found["command"].endswith("lengths.py --lengths '1 s,2 h' --files 9 --turns 3")


def test_stored_lengths_can_be_made_again():
    content = json.loads((ROOT / "notebooks/results/lengths.json").read_text())
    assert lengths.command_for(content) == content["command"]


@pytest.mark.parametrize("length", ["10", "ten s", "10 days", ""])
def test_length_that_is_none_is_named(length, monkeypatch, capsys):
    told = refused(lengths, monkeypatch, capsys, "--lengths", length)
    assert f"{length!r} is no length: a number and one of s, min, h" in told


def test_words_of_one_set_leave_those_of_the_other(tmp_path, monkeypatch):
    package = SimpleNamespace(__name__="numpy")  # one that is there
    monkeypatch.setattr(words, "recogniser", lambda: package)
    monkeypatch.setattr(words, "fingerprint", lambda model: "ours")
    monkeypatch.setattr(words.engines, "load", lambda *_: None)
    monkeypatch.setattr(words, "chosen_sets", lambda *_: {"second": ([], {})})
    monkeypatch.setattr(words, "recognised", lambda *_: {})
    monkeypatch.setattr(words, "summary", lambda *_: {"words": 7, "systems": {}})
    path = tmp_path / "words.json"
    run(words, monkeypatch, "--out", path, "--second", "DIR")
    first = json.loads(path.read_text())
    assert first["command"] == "python notebooks/results/words.py --second SECOND"
    written(path, {**first, "sets": {"pairs, stratified": {"words": 5}}})
    run(words, monkeypatch, "--out", path, "--second", "DIR")
    both = json.loads(path.read_text())
    assert {name: found["words"] for name, found in both["sets"].items()} == {
        "pairs, stratified": 5,
        "second": 7,
    }
    assert both["command"].endswith("words.py --second SECOND --pairs PAIRS")
    assert words.kept(path, {"sha256": "of another model"}) == {}


def test_unknown_victim_is_named_before_anything_is_killed(monkeypatch, capsys):
    for name in ("kill", "write_json"):
        monkeypatch.setattr(kills, name, lambda *_: {})
    told = refused(kills, monkeypatch, capsys, "train", "nonsense")
    assert "no command 'nonsense': choose among enhance, data open" in told


def test_kills_count_only_runs_and_half_files_of_their_own(tmp_path, monkeypatch):
    halves = iter(["", "", "met", "", ""])  # of a run alone, one that ends, two killed, the last
    ended = iter([True, True, False, False, True])

    def run(trial, wait=None):
        trial.out.mkdir(parents=True, exist_ok=True)
        if half := next(halves):
            (trial.out / ".file.part").write_text(half)
        return next(ended)

    monkeypatch.setattr(kills.Trial, "run", run)
    victim = kills.Victim(lambda _: None, lambda *_: (), kills.hashes, kills.hashes)
    monkeypatch.setitem(kills.VICTIMS, "none", victim)
    found = kills.kill("none", 2, 0, tmp_path)
    assert (found["kills"], found["amid"], found["ends"]) == (2, 1, 1)


def test_half_a_file_that_is_written_again_is_met_again(tmp_path):
    half = tmp_path / ".file.part"
    half.touch()
    left = kills.halves(tmp_path)
    os.utime(half, (0, 0))
    assert left and not kills.halves(tmp_path) <= left


@pytest.mark.parametrize("name", ["config.json", "recipe.json", "sources.csv"])
def test_half_a_record_of_a_training_run_is_noticed(name, tmp_path):
    (tmp_path / "config.json").write_text("{}\n")
    (tmp_path / "recipe.json").write_text('{"seed": 0}\n')
    (tmp_path / "sources.csv").write_text("file,sha256\na.wav,0123\n")
    kills.trained(tmp_path)
    record = tmp_path / name
    record.write_text(record.read_text()[:-2])
    with pytest.raises((AssertionError, ValueError)):
        kills.trained(tmp_path)


def test_lesson_that_is_missing_is_named_before_a_corpus_is_made(monkeypatch, capsys):
    monkeypatch.setattr(full_size, "make_corpus", exit)
    told = refused(full_size, monkeypatch, capsys, "nope.ipynb")
    assert told.endswith("error: nope.ipynb is no notebook")


@pytest.mark.parametrize(("script", "options"), [(hours, []), (gate, ["--data", "open"])])
def test_two_runs_of_one_name_are_refused(script, options, monkeypatch, capsys):
    told = refused(script, monkeypatch, capsys, "long/tiny", "short/tiny", *options)
    assert told.endswith("error: two runs are called 'tiny': rename a folder")


def test_facts_of_a_run_are_those_of_its_records():
    folder = pretrained.folder_of("tiny")
    found, recipe = hours.facts(folder), json.loads((folder / "recipe.json").read_text("utf-8"))
    assert (found["seed"], found["epochs"]) == (0, recipe["epochs"])
    assert found["hours_of_sound"] == recipe["hours_of_mixtures"]
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert found["validation_loss"] == float(rows[-1]["val_loss"])  # as low as any but for a tie
    slower = sum(float(row["seconds"]) > found["seconds_an_epoch"] for row in rows)
    assert slower == len(rows) // 2


def test_runs_are_compared_with_the_noisy_files_and_with_the_first(monkeypatch):
    report = report_of(noisy=[1.0, 2.0], one=[3.0, 4.0], two=[5.0, 7.0])
    monkeypatch.setattr(hours, "evaluate", lambda *_, **__: report)
    monkeypatch.setattr(hours, "METRICS", ("sdr",))
    two = hours.scored([], {"one": None, "two": None}, {}, jobs=1)["sdr"]["two"]
    means = two["mean"], two["minus_noisy"]["mean"], two["minus_first"]["mean"]
    assert (two["n"], *means) == (2, 6.0, 4.5, 2.5)


def report_of(**systems):
    """A report of one metric; None is a failure."""
    rows = [
        Row(f"file{k}", system, *(({"sdr": v}, {}) if v is not None else ({}, {"sdr": "why"})))
        for system, column in systems.items()
        for k, v in enumerate(column)
    ]
    return Report(tuple(rows), ("sdr",))


def test_utterance_that_failed_under_one_system_is_left_out_of_a_difference():
    report = report_of(noisy=[1.0, 1.0, None, 2.0], new=[4.0, 4.0, 4.0, None])
    line = kinds.line_of(report)["sdr"]
    assert (line["n"], line["mean"]["mean"], line["minus noisy"]["mean"]) == (3, 4.0, 3.0)
    found = common.scores(report, "new", "noisy")["sdr"]
    assert (found["n"], found["mean"], found["minus_noisy"]["mean"]) == (3, 4.0, 3.0)


def test_speed_stays_as_it_is_when_an_oracle_is_measured():
    speed = {"audio_seconds": 10.0, "tiny_real_time_factor": 0.01}
    assert peers.with_speed(speed, "ideal") == speed


@pytest.mark.slow  # it imports TensorFlow
def test_tuning_that_was_stopped_before_its_first_checkpoint_begins_again(tmp_path, monkeypatch):
    pruning, start, asked = importlib.import_module("pruning"), lstm_se.load("tiny"), []
    monkeypatch.setattr(pruning, "RUNS", tmp_path)
    monkeypatch.setattr(pruning.pretrained, "load_float", lambda run: run)
    monkeypatch.setattr(
        pruning.from_folders, "train_from", lambda *given, resume: asked.append(resume)
    )
    run = pruning.tuned("unpruned", start)
    run.mkdir()
    pruning.tuned("unpruned", start)
    (run / "history.csv").write_text("epoch\n1\n")
    (run / "checkpoint.weights.h5").touch()
    pruning.tuned("unpruned", start)
    assert asked == [False, False, True]
