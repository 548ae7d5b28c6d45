"""A corpus that was built is whole and reproducible, keeps its SNRs, and leaks nothing."""

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from lstm_se.corpora.build import PLAN, build_corpus, mixing, stretch
from lstm_se.corpora.pairs import conditions_of, voicebank_demand
from lstm_se.corpora.plan import Settings, label
from lstm_se.files import claimed
from lstm_se.sound import audio

RATE = 16_000
SPEAKERS = ("ann", "bob", "cem", "dai", "eve")


def write(path, seed, seconds=0.6, rate=RATE):
    """Noise that swells, so that no two stretches are alike."""
    rng = np.random.default_rng(seed)
    samples = 0.1 * rng.standard_normal(int(seconds * rate))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples * np.linspace(0.2, 1, len(samples)), rate, subtype="PCM_16")
    return path


@pytest.fixture
def speech(tmp_path):
    """Five speakers, two files each; one of them in chapters, as in LibriSpeech."""
    root = tmp_path / "voices"
    for number, speaker in enumerate(SPEAKERS):
        for k in range(2):
            folder = root / speaker / f"chapter{k}" if speaker == "eve" else root / speaker
            write(folder / f"{k}.wav", 10 * number + k)
    return root


@pytest.fixture
def noise(tmp_path):
    """Four recordings of one file, and one of two channels."""
    root = tmp_path / "noises"
    for number, name in enumerate(("bus", "cafe", "rain_1", "wind")):
        write(root / f"{name}.wav", 100 + number, seconds=2, rate=8_000)
    for channel in ("ch01", "ch02"):
        write(root / "kitchen" / f"{channel}.wav", len(channel), seconds=0.3)
    return root


def made(speech, noise, out, jobs=1, test_speech=(), test_noise=(), **settings):
    """Build in this process."""
    return build_corpus([speech], [noise], out, Settings(**settings), test_speech, test_noise, jobs)


def sources(root):
    """Rows of the list of sources."""
    with open(root / "SOURCES.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(root):
    """Every file of a corpus by its place."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_corpus_loads_and_has_every_utterance_once(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus")
    assert corpus == voicebank_demand(tmp_path / "corpus")
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (6, 2, 2)
    assert (tmp_path / "corpus" / "clean_trainset_4spk_wav").is_dir()
    spoken = [row["speech"] for row in sources(corpus.root)]
    assert sorted(spoken) == sorted(
        path.relative_to(tmp_path).as_posix() for path in audio.find(speech)
    )


def test_no_speaker_and_no_noise_is_in_two_parts(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus", pairs=60)
    part_of = {}
    for row in sources(corpus.root):
        recording = row["noise"].split("/")[1]  # the folder of the two channels, or the file
        for heard in (row["pair"].split("_")[0], recording):
            assert part_of.setdefault(heard, row["part"]) == row["part"]
    assert len(part_of) == 10
    parts = {"train": corpus.train, "validation": corpus.validation, "test": corpus.test}
    for part, pairs in parts.items():
        assert {part_of[pair.speaker] for pair in pairs} == {part}


def test_log_tells_the_snr_that_is_in_the_files(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus")
    told = conditions_of(corpus.root)
    pairs = corpus.train + corpus.validation + corpus.test
    assert sorted(told) == sorted(pair.name for pair in pairs)
    for pair in pairs:
        clean, noisy = pair.load()
        ratio = audio.active_level_dbfs(clean) - audio.rms_dbfs(noisy - clean)
        assert ratio == pytest.approx(told[pair.name][1], abs=0.05)


def test_every_snr_of_a_part_is_dealt_equally_often(speech, noise, tmp_path):
    # six noises of a tenth each leave three for training: 3 x 2 conditions
    corpus = made(speech, noise, tmp_path / "corpus", pairs=60, snrs_db=(0, 7), seed=3)
    told = conditions_of(corpus.root)
    values = [told[pair.name][1] for pair in corpus.train]
    assert values.count(0) == values.count(7) == len(corpus.train) / 2
    assert {told[pair.name][1] for pair in corpus.test} == {2.5, 7.5, 12.5, 17.5}


def test_pairs_and_seconds_are_those_asked_for(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus", pairs=25, seconds=0.25)
    pairs = corpus.train + corpus.validation + corpus.test
    assert len(pairs) == 25
    assert {len(pair.load()[0]) for pair in pairs} == {4_000}
    assert len({pair.load()[0].tobytes() for pair in pairs}) == 25  # other stretches


def test_same_seed_gives_the_same_bytes_in_any_number_of_processes(speech, noise, tmp_path):
    for out, jobs in (("one", 1), ("two", 2)):
        made(speech, noise, tmp_path / out, jobs, pairs=12, seconds=0.3)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_another_corpus(speech, noise, tmp_path):
    splits = set()
    for seed in range(4):
        corpus = made(speech, noise, tmp_path / str(seed), seed=seed)
        splits.add(corpus.test[0].speaker)
    assert len(splits) > 1


def test_list_of_sources_has_the_hashes_of_the_files(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus")
    for row in sources(corpus.root):
        for kind in ("speech", "noise"):
            content = (tmp_path / row[kind]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row[f"{kind}_sha256"]


class Interrupted:
    """``mixing.mix`` that is stopped by Ctrl-C in its call number ``last``."""

    def __init__(self, mix, last):
        self.mix, self.last, self.calls = mix, last, 0

    def __call__(self, *arguments):
        self.calls += 1
        if self.calls == self.last:
            raise KeyboardInterrupt
        return self.mix(*arguments)


@pytest.fixture
def interrupted(speech, noise, tmp_path, monkeypatch):
    """A build that was stopped in its fifth pair, with half a file left behind."""
    whole = mixing.mix
    monkeypatch.setattr(mixing, "mix", Interrupted(whole, 5))
    with pytest.raises(KeyboardInterrupt):
        made(speech, noise, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()
    hidden = tmp_path / ".corpus.part"
    (next(hidden.glob("noisy_*")) / ".x.wav.part").write_bytes(b"half")
    counting = Interrupted(whole, None)
    monkeypatch.setattr(mixing, "mix", counting)
    return counting


def test_interrupted_build_goes_on_where_it_stopped(interrupted, speech, noise, tmp_path):
    made(speech, noise, tmp_path / "corpus")
    assert interrupted.calls == 10 - 4
    made(speech, noise, tmp_path / "again")
    assert contents(tmp_path / "corpus") == contents(tmp_path / "again")
    assert not (tmp_path / ".corpus.part").exists()


def test_another_plan_keeps_nothing_of_an_interrupted_one(interrupted, speech, noise, tmp_path):
    made(speech, noise, tmp_path / "corpus", seed=1)
    made(speech, noise, tmp_path / "again", seed=1)
    assert contents(tmp_path / "corpus") == contents(tmp_path / "again")


def test_build_that_ends_at_its_last_moment_is_not_mixed_again(
    speech, noise, tmp_path, monkeypatch
):
    counting, rename = Interrupted(mixing.mix, None), os.replace
    monkeypatch.setattr(mixing, "mix", counting)

    def interrupted(part, place):
        if part.is_dir():
            raise KeyboardInterrupt
        rename(part, place)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "replace", interrupted)
        made(speech, noise, tmp_path / "corpus")
    made(speech, noise, tmp_path / "corpus")
    assert counting.calls == 10
    assert not (tmp_path / "corpus" / PLAN).exists()


def test_recording_that_was_cut_after_it_was_planned_is_told(speech, noise, tmp_path):
    def cut(items, name):
        if name == "mixing":
            os.truncate(noise / "bus.wav", 8_000)
        return items

    with pytest.raises(ValueError, match=r"bus\.wav has changed meanwhile: start again"):
        build_corpus([speech], [noise], tmp_path / "corpus", Settings(pairs=60), jobs=1, bar=cut)
    assert not (tmp_path / "corpus").exists()


def test_second_build_at_once_is_refused(speech, noise, tmp_path):
    (tmp_path / ".corpus.part").mkdir()
    refused = pytest.raises(BlockingIOError, match="corpus: another process is at it; wait for it")
    with claimed(tmp_path / ".corpus.part"), refused:
        made(speech, noise, tmp_path / "corpus")
    made(speech, noise, tmp_path / "corpus")


def test_corpus_that_another_process_made_meanwhile_is_left_alone(speech, noise, tmp_path):
    def built(items, name):
        (tmp_path / "corpus").mkdir(exist_ok=True)
        return items

    with pytest.raises(FileExistsError, match="corpus exists"):
        build_corpus([speech], [noise], tmp_path / "corpus", jobs=1, bar=built)
    assert not list((tmp_path / "corpus").iterdir())


def test_named_folders_are_the_test_part(speech, noise, tmp_path):
    others, babble = tmp_path / "others", tmp_path / "babble"
    write(others / "zoe" / "1.wav", 1000)
    write(babble / "crowd.wav", 1001)
    out = tmp_path / "corpus"
    corpus = made(speech, noise, out, test_speech=[others], test_noise=[babble])
    assert {pair.speaker for pair in corpus.test} == {"zoe"}
    assert conditions_of(out)["zoe_001"][0] == "crowd"
    assert {pair.speaker for pair in corpus.train + corpus.validation} == set(SPEAKERS)


def test_shares_of_zero_leave_one_part(speech, noise, tmp_path):
    corpus = made(speech, noise, tmp_path / "corpus", validation_share=0, test_share=0)
    assert (len(corpus.train), corpus.validation, corpus.test) == (10, (), ())


def test_silent_file_is_left_out_and_told(speech, noise, tmp_path):
    soundfile.write(speech / "ann" / "0.wav", np.zeros(8_000), RATE)
    with pytest.warns(UserWarning, match="ann/0.wav"):
        corpus = made(speech, noise, tmp_path / "corpus")
    assert len(sources(corpus.root)) == 9


def copied(source, target):
    """The same sound in another place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    return target.parents[1]


def test_same_sound_on_both_sides_is_refused(speech, noise, tmp_path):
    others = copied(speech / "ann" / "0.wav", tmp_path / "others" / "zoe" / "1.wav")
    with pytest.raises(ValueError, match="the same sound"):
        made(speech, noise, tmp_path / "corpus", test_speech=[others])


def test_same_speaker_on_both_sides_is_refused(speech, noise, tmp_path):
    write(tmp_path / "others" / "ann" / "1.wav", 1000)
    with pytest.raises(ValueError, match="both of ann"):
        made(speech, noise, tmp_path / "corpus", test_speech=[tmp_path / "others"])


def test_two_folders_of_one_name_are_refused(speech, noise, tmp_path):
    write(tmp_path / "more" / "a nn" / "1.wav", 1000)
    write(tmp_path / "more" / "a_nn" / "1.wav", 1001)
    with pytest.raises(ValueError, match="would both be called a-nn"):
        build_corpus([speech, tmp_path / "more"], [noise], tmp_path / "corpus", jobs=1)


def test_existing_folder_is_refused(speech, noise, tmp_path):
    with pytest.raises(FileExistsError, match="voices exists"):
        made(speech, noise, speech)


def test_too_few_speakers_are_refused(speech, noise, tmp_path):
    with pytest.raises(ValueError, match="1 speakers are too few for 3 parts"):
        made(speech / "ann", noise, tmp_path / "corpus")


def test_too_few_pairs_are_refused(speech, noise, tmp_path):
    with pytest.raises(ValueError, match="1 pairs leave none"):
        made(speech, noise, tmp_path / "corpus", pairs=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pairs", 0),
        ("seconds", -1.0),
        ("snrs_db", ()),
        ("test_snrs_db", (np.inf,)),
        ("validation_share", 1.0),
        ("test_share", -0.1),
    ],
)
def test_setting_that_cannot_work_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Settings(**{name: value})


def test_stretch_is_no_pause_where_the_draws_find_sound():
    bank = np.zeros(16_000, np.int16)
    bank[4_000:9_000] = 1_000
    rng = np.random.default_rng(0)
    assert all(stretch(bank, 2_000, rng).any() for _ in range(50))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p 1_a", "p-1-a"),
        ("ÄÖ x", "ÄÖ-x"),
        ("v1.2", "v1.2"),
        ("..(a) - b_", "a-b"),
        ("李雷", "李雷"),
        ("Анна К.", "Анна-К"),
        ("Mu\u0308ller", "Müller"),  # as macOS stores it
        ("हिन्दी", "हिन्दी"),
        ("نور_١", "نور-١"),
    ],
)
def test_label_fits_a_log_line_and_a_file_name(name, expected):
    assert label(name) == expected


def test_speakers_of_all_scripts_stay_apart(noise, tmp_path):
    names = ["Müller", "Möller", "李雷", "韩梅", "Анна", "Инна"]
    for seed, name in enumerate(names):
        write(tmp_path / "voices" / name / "1.wav", 1000 + seed)
    corpus = build_corpus([tmp_path / "voices"], [noise], tmp_path / "corpus", jobs=1)
    pairs = [*corpus.train, *corpus.validation, *corpus.test]
    assert {pair.speaker for pair in pairs} == set(names)
    assert set(conditions_of(corpus.root)) == {pair.name for pair in pairs}


def test_label_of_nothing_is_refused():
    with pytest.raises(ValueError, match="rename it"):
        label("___")


@pytest.mark.slow
def test_command_builds_a_corpus_and_refuses_a_second_one(speech, noise, tmp_path):
    command = [sys.executable, "-m", "lstm_se", "data", "build", "--speech", speech]
    command += ["--noise", noise, "--out", tmp_path / "corpus", "--snr", "0,5", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "6 training, 2 validation and 2 test pairs" in done.stdout
    refused = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {tmp_path / 'corpus'} exists")


@pytest.mark.slow
def test_interrupted_command_says_how_to_go_on_and_nothing_else(speech, noise, tmp_path):
    command = [sys.executable, "-m", "lstm_se", "data", "build", "--speech", speech]
    command += ["--noise", noise, "--out", tmp_path / "corpus", "--pairs", "4000", "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while process.poll() is None and not any(tmp_path.glob(".corpus.part/noisy_*/*.wav")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it, too
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said.strip() == "interrupted: the same command goes on from there"
    assert not (tmp_path / "corpus").exists()


def test_command_names_an_snr_that_is_no_number(speech, noise, tmp_path):
    command = [sys.executable, "-m", "lstm_se", "data", "build", "--speech", speech]
    command += ["--noise", noise, "--out", tmp_path / "corpus", "--snr", "loud"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --snr loud")
