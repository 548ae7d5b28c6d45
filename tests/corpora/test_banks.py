"""Banks keep what can be used, at one level, and say what they refused and why."""

import csv
import hashlib
import json
import re

import numpy as np
import pytest
from random_network import noise

from lstm_se.corpora import banks, mixing
from lstm_se.sound import audio


def utterance(seconds=1.0, seed=0, level=0.2, pause=0.0):
    """Syllables over a quiet room."""
    samples = int(16_000 * seconds)
    syllables = np.arange(samples) // 3200 % 2 == 0
    return (level * noise(samples, seed=seed) * np.where(syllables, 1, pause)).astype(np.float32)


def write(folder, **files):
    """Sound files in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in files.items():
        audio.write(folder / f"{name}.wav", samples)
    return folder


def only(groups, load=banks.load_speech, **options):
    """The bank of the only group."""
    (bank,) = load(groups, **options)
    return bank


def test_files_are_grouped_by_their_folder(tmp_path):
    write(tmp_path / "x" / "ann", a=utterance(), b=utterance())
    write(tmp_path / "y" / "bob", c=utterance())
    groups = banks.by_folder([tmp_path / "x", tmp_path / "y"])
    assert {k: [p.name for p in v] for k, v in groups.items()} == {
        "ann": ["a.wav", "b.wav"],
        "bob": ["c.wav"],
    }


def test_folder_without_sound_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no sound file"):
        banks.by_folder([tmp_path])


@pytest.mark.parametrize("level", [0.01, 0.1, 0.5])
def test_speech_comes_to_the_level_of_the_bank(level, tmp_path):
    groups = banks.by_folder([write(tmp_path / "ann", a=utterance(level=level))])
    samples = only(groups, voices=(1.0,)).samples[0] / 32768
    assert audio.active_level_dbfs(samples) == pytest.approx(banks.BANK_DBFS, abs=0.1)


def test_speech_is_kept_and_the_rumble_below_it_is_not(tmp_path):
    seconds = np.arange(32_000) / 16_000
    speech = 0.1 * np.sin(2 * np.pi * 200 * seconds) * (seconds % 0.4 < 0.2)
    rumble = 0.05 * np.sin(2 * np.pi * 25 * seconds) * (seconds % 0.4 < 0.2)
    write(tmp_path / "ann", a=(speech + rumble).astype(np.float32))
    samples = only(banks.by_folder([tmp_path / "ann"]), voices=(1.0,)).samples[0] / 32768
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    kept = 10 * np.log10(power[hertz < 40].sum() / power[hertz > 100].sum())
    assert kept < -20  # it was at -6 dB


def test_noise_comes_to_the_level_of_the_bank(tmp_path):
    groups = banks.by_folder([write(tmp_path / "hall", a=0.9 * noise(16_000))])
    samples = only(groups, banks.load_noise).samples[0] / 32768
    assert audio.rms_dbfs(samples) == pytest.approx(banks.BANK_DBFS, abs=0.1)


def test_bank_is_int16(tmp_path):
    groups = banks.by_folder([write(tmp_path / "ann", a=utterance())])
    assert {samples.dtype for samples in only(groups).samples} == {np.dtype(np.int16)}


def test_voices_differ_in_length_by_their_factors(tmp_path):
    groups = banks.by_folder([write(tmp_path / "ann", a=utterance(3))])
    lengths = np.array([len(samples) for samples in only(groups, voices=(1.0, 0.8, 1.25)).samples])
    np.testing.assert_allclose(lengths / lengths[0], [1.0, 0.8, 1.25], rtol=1e-3)


def test_silence_around_an_utterance_is_cut(tmp_path):
    silence = np.zeros(32_000, np.float32)
    padded = np.concatenate([silence, utterance(), silence])
    groups = banks.by_folder([write(tmp_path / "ann", a=padded)])
    assert only(groups).minutes * 60 < 2


def test_utterances_have_pauses_between_them(tmp_path):
    groups = banks.by_folder([write(tmp_path / "ann", a=utterance(), b=utterance())])
    samples = only(groups, voices=(1.0,)).samples[0]
    assert not samples[16_000 : 16_000 + 800].any()  # at least 50 ms


def test_same_seed_gives_the_same_bank(tmp_path):
    groups = banks.by_folder([write(tmp_path / "ann", a=utterance(), b=utterance())])
    np.testing.assert_array_equal(only(groups, seed=3).samples[0], only(groups, seed=3).samples[0])


def test_speech_over_noise_is_refused_with_its_range(tmp_path):
    folder = write(tmp_path / "ann", good=utterance(), bad=utterance(pause=0.3))
    (refused,) = only(banks.by_folder([folder])).refused
    assert re.fullmatch(r"bad.wav: only (9|10|11) dB between talk and pause", refused)


def test_silent_file_is_refused(tmp_path):
    folder = write(tmp_path / "ann", good=utterance(), bad=np.zeros(16_000, np.float32))
    assert only(banks.by_folder([folder])).refused == ("bad.wav: silent",)


@pytest.mark.parametrize("samples", [np.zeros(16_000, np.float32), 0.1 * noise(1500)])
def test_noise_of_which_too_little_is_heard_is_refused(samples, tmp_path):
    folder = write(tmp_path / "hall", good=0.1 * noise(16_000), bad=samples)
    found = only(banks.by_folder([folder]), banks.load_noise)
    assert found.refused == ("bad.wav: silent or too short",)


def test_group_without_anything_to_use_is_told(tmp_path):
    folder = write(tmp_path / "ann", bad=np.zeros(16_000, np.float32))
    with pytest.raises(ValueError, match="nothing in ann can be used: bad.wav: silent"):
        banks.load_speech(banks.by_folder([folder]))


@pytest.mark.parametrize("in_store", [False, True])
def test_group_without_anything_to_use_does_not_stop_the_others(in_store, tmp_path):
    write(tmp_path / "ann", good=utterance())
    write(tmp_path / "bob", bad=utterance(pause=0.3), worse=np.zeros(16_000, np.float32))
    told = r"left out 1 of 2 groups .* such as bob: bad.wav: only \d+ dB between talk and pause"
    for _ in range(2):  # the second time, a store knows it
        with pytest.warns(UserWarning, match=told):
            bank = only(banks.by_folder([tmp_path]), voices=(1.0,), in_store=in_store)
    alone = only(banks.by_folder([tmp_path / "ann"]), voices=(1.0,))
    assert bank.name == "ann"
    np.testing.assert_array_equal(bank.samples[0], alone.samples[0])


def test_digital_silence_is_cut_out_of_noise(tmp_path):
    gap = np.concatenate([noise(16_000), np.zeros(16_000, np.float32), noise(16_000)])
    groups = banks.by_folder([write(tmp_path / "hall", a=0.5 * gap)])
    assert len(only(groups, banks.load_noise).samples[0]) == 32_000


def test_damaged_file_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"text")
    with pytest.raises(ValueError, match="a.wav is not a sound file"):
        banks.load_speech(banks.by_folder([tmp_path]))


def test_entries_list_seconds_and_sums(tmp_path):
    folder = write(tmp_path / "hall", a=0.5 * noise(16_000))
    bank = only(banks.by_folder([folder]), banks.load_noise)
    digest = hashlib.sha256((folder / "a.wav").read_bytes()).hexdigest()
    assert bank.entries == (("a.wav", 1.0, digest),)


def test_list_of_sources_is_written(tmp_path):
    bank = banks.Bank("ann", (), (("a.wav", 1.5, "abc"), ("b.wav", 2.0, "def")), ())
    banks.write_entries(tmp_path / "sources.csv", [("train speech", bank)])
    with (tmp_path / "sources.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["use", "bank", "file", "seconds", "sha256"],
        ["train speech", "ann", "a.wav", "1.5", "abc"],
        ["train speech", "ann", "b.wav", "2.0", "def"],
    ]


def test_progress_sees_every_group(tmp_path):
    write(tmp_path / "ann", a=utterance())
    write(tmp_path / "bob", a=utterance())
    seen = []
    banks.load_noise(
        banks.by_folder([tmp_path]), progress=lambda names: seen.extend(names) or names
    )
    assert seen == ["ann", "bob"]


@pytest.fixture
def three_talkers(tmp_path):
    """Groups of three talkers, one file of whom is refused."""
    for number, name in enumerate(("ann", "bob", "cleo")):
        write(tmp_path / name, a=utterance(seed=number), b=utterance(1.3, seed=number + 9))
    write(tmp_path / "bob", c=utterance(pause=0.2))
    return banks.by_folder([tmp_path])


def contents(loaded):
    """All that banks hold, bit for bit."""
    samples = [[np.asarray(voice).tobytes() for voice in bank.samples] for bank in loaded]
    return samples, [(bank.name, bank.entries, bank.refused) for bank in loaded]


@pytest.mark.parametrize("load", [banks.load_speech, banks.load_noise])
def test_banks_in_a_store_are_those_in_memory(load, three_talkers):
    expected = contents(load(three_talkers))
    for _ in ("made", "found"):
        assert contents(load(three_talkers, in_store=True)) == expected


def test_files_of_a_bank_are_listed_once_however_many_voices_it_has(three_talkers):
    """Of an hour in short sentences the list takes more memory than all else that a run holds."""
    banks.load_speech(three_talkers, in_store=True)
    (index,) = three_talkers["ann"][0].parent.rglob("index.jsonl")
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    assert [len(row.get("entries", ())) for row in rows] == [2, 0, 0, 0, 0]


def test_interrupted_banks_go_on_with_the_same_pauses(three_talkers, monkeypatch):
    """The lengths of the pauses are drawn one after the other, through all talkers."""
    read, seen = audio.read, []

    def interrupted(path):
        if path.parent.name == "cleo" and len(seen) == 5:
            raise KeyboardInterrupt
        seen.append(path.parent.name)
        return read(path)

    monkeypatch.setattr(audio, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        banks.load_speech(three_talkers, in_store=True)
    monkeypatch.setattr(audio, "read", lambda path: (seen.append(path.parent.name), read(path))[1])
    resumed = contents(banks.load_speech(three_talkers, in_store=True))
    assert seen == ["ann"] * 2 + ["bob"] * 3 + ["cleo"] * 2
    assert resumed == contents(banks.load_speech(three_talkers))


def test_bank_of_a_changed_file_is_made_again(three_talkers):
    banks.load_speech(three_talkers, in_store=True)
    write(three_talkers["ann"][0].parent, a=utterance(pause=0.2))  # refused now: fewer pauses
    again = contents(banks.load_speech(three_talkers, in_store=True))
    assert again == contents(banks.load_speech(three_talkers))


def test_mixer_draws_the_same_from_a_store(three_talkers):
    batches = []
    for in_store in (False, True):
        loaded = banks.load_speech(three_talkers, in_store=in_store)
        noises = [bank.samples[0] for bank in banks.load_noise(three_talkers, in_store=in_store)]
        for samples in (8_000, 80_000):  # within a bank, and longer than one
            mixer = mixing.Mixer([bank.samples for bank in loaded], noises, samples, 4)
            batches.append([part.tobytes() for part in mixer.batch(3)])
    assert batches[:2] == batches[2:]
