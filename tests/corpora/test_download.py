"""The downloader against a server that cuts, refuses, lies and disappears."""

import dataclasses
import hashlib
import io
import os
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from voicebank_fixture import make_archives, make_corpus, serve, write_phone_pair, zip_folder

from lstm_se.cli.main import commands
from lstm_se.corpora import download, transfer
from lstm_se.corpora.download import ARCHIVES, prepare
from lstm_se.corpora.pairs import conditions_of, voicebank_demand
from lstm_se.files import claimed
from lstm_se.sound import audio

RNG = np.random.default_rng(0)
NOISY = "/id-noisy_testset_wav/content"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_archives(tmp_path_factory.mktemp("original"))


@pytest.fixture
def server(made, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer.time, "sleep", lambda seconds: None)
    with serve(dict(made[1])) as running:
        yield running


@pytest.fixture
def run(made, server, tmp_path):
    """Download all or some archives to ``tmp_path / "corpus"``."""

    def start(*names, md5=None, **options):
        chosen = [a for a in made[0] if not names or a.name in names]
        chosen = [a if md5 is None else dataclasses.replace(a, md5=md5) for a in chosen]
        url = server.url + "/{id}/content"
        return download.download(tmp_path / "corpus", url, archives=chosen, **options)

    return start


def leftovers(root):
    return [path for path in root.rglob("*") if ".part" in path.name or path.suffix == ".zip"]


def test_corpus_arrives_at_16_khz_and_complete(run, made):
    root = run()
    corpus = voicebank_demand(root)
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (4, 4, 4)
    assert conditions_of(root) == {"p232_001": ("bus", 2.5), "p257_002": ("cafe", 17.5)}
    for folder in (a.name for a in made[0] if a.suffix == ".wav"):
        for path in (root / folder).iterdir():
            info = soundfile.info(path)
            assert (info.samplerate, info.subtype, info.frames) == (16_000, "PCM_16", 4800)
    assert leftovers(root) == []


def test_resampled_sound_is_the_original_one(run):
    tone = audio.read(run() / "clean_testset_wav" / "p232_001.wav").samples[200:-200]
    wanted = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4800) / 16_000)[200:-200]
    assert np.abs(tone - wanted).max() < 2e-4


def test_second_run_asks_the_server_nothing_and_changes_nothing(run, server):
    root = run()
    stamps = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    server.requests.clear()
    run()
    assert server.requests == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == stamps


def test_archives_are_kept_on_request(run, server, made):
    root = run(keep_archives=True)
    kept = {path.name: path.read_bytes() for path in root.glob("*.zip")}
    assert kept == {f"{a.name}.zip": made[1][f"/{a.id}/content"] for a in made[0]}


def test_cut_connection_is_continued_and_no_byte_is_sent_twice(run, server):
    whole = len(server.files[NOISY])
    server.cut_after[NOISY] = [1000, 500]
    run("noisy_testset_wav")
    asked = [wanted for path, wanted in server.requests if path == NOISY]
    assert asked == [None, "bytes=1000-", "bytes=1500-"]
    assert server.sent[NOISY] == whole


def test_interrupted_download_is_continued_by_the_next_run(run, server, tmp_path):
    part = tmp_path / "corpus" / "noisy_testset_wav.zip.part"
    part.parent.mkdir()
    part.write_bytes(server.files[NOISY][:700])
    run("noisy_testset_wav")
    assert server.requests == [(NOISY, "bytes=700-")]
    assert server.sent[NOISY] == len(server.files[NOISY]) - 700


def test_complete_part_file_is_not_fetched_again(run, server, tmp_path):
    part = tmp_path / "corpus" / "noisy_testset_wav.zip.part"
    part.parent.mkdir()
    part.write_bytes(server.files[NOISY])
    root = run("noisy_testset_wav")
    assert server.sent.get(NOISY, 0) == 0
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4


def test_server_without_ranges_starts_over(run, server):
    server.ranges = False
    server.cut_after[NOISY] = [1000]
    root = run("noisy_testset_wav")
    assert [wanted for _, wanted in server.requests] == [None, "bytes=1000-"]
    assert server.sent[NOISY] == len(server.files[NOISY]) + 1000
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4


def test_length_that_is_no_number_is_as_good_as_none(run, server):
    server.length = "many"
    root = run("noisy_testset_wav")
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4


def test_part_file_longer_than_the_file_is_fetched_anew(run, server, tmp_path):
    part = tmp_path / "corpus" / "noisy_testset_wav.zip.part"
    part.parent.mkdir()
    part.write_bytes(server.files[NOISY] + b"x")
    root = run("noisy_testset_wav")
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4


def test_busy_server_is_asked_again(run, server):
    server.statuses[NOISY] = [503, 503, 429]
    run("noisy_testset_wav")
    assert len(server.requests) == 4


def test_busy_server_is_left_alone_as_long_as_it_asks(server, tmp_path):
    waits, url = [], server.url + NOISY
    server.statuses[NOISY], server.retry_after = [429], "7"
    transfer.fetch(url, tmp_path / "a", "wait", pause=waits.append)
    server.statuses[NOISY], server.retry_after = [429], "99999"
    transfer.fetch(url, tmp_path / "b", "wait", pause=waits.append)
    server.statuses[NOISY], server.retry_after = [429], "Fri, 07 Nov 2031 23:59:59 GMT"
    transfer.fetch(url, tmp_path / "c", "wait", pause=waits.append)
    assert waits == [7, transfer.LONGEST_WAIT, 2]


def test_server_that_stays_busy_is_given_up(run, server):
    server.statuses[NOISY] = [503] * 99
    with pytest.raises(ConnectionError, match=r"failed 5 times \(503 .*start again, or fetch"):
        run("noisy_testset_wav")
    assert len(server.requests) == transfer.ATTEMPTS


def test_line_that_is_cut_often_but_brings_something_is_not_given_up(run, server):
    server.cut_after[NOISY] = [100] * (2 * transfer.ATTEMPTS)
    root = run("noisy_testset_wav")
    assert len(server.requests) == 2 * transfer.ATTEMPTS + 1
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4


def test_server_that_cuts_at_the_same_place_is_given_up(run, server):
    server.ranges = False
    server.cut_after[NOISY] = [1000] * 99
    with pytest.raises(ConnectionError, match=r"failed 5 times \(cut after 1000 of"):
        run("noisy_testset_wav")


def test_unreachable_server_is_given_up(made, tmp_path, server):
    with serve({}) as gone:
        url = gone.url
    with pytest.raises(ConnectionError, match=r"failed 5 times \(.*refused"):
        download.download(tmp_path / "corpus", url + "/{name}", archives=made[0])


def test_absent_archive_is_told_at_once(run, server):
    del server.files[NOISY]
    with pytest.raises(OSError, match=r"content answers 404 .*fetch noisy_testset_wav.zip from"):
        run("noisy_testset_wav")
    assert len(server.requests) == 1


def test_web_page_instead_of_an_archive_is_told(run, server, tmp_path):
    server.html = True
    with pytest.raises(ValueError, match="is a web page, not an archive"):
        run("noisy_testset_wav")
    assert leftovers(tmp_path) == []


def test_wrong_sum_is_told_and_the_file_removed(run, server, tmp_path):
    damaged = bytearray(server.files[NOISY])
    damaged[100] ^= 1
    server.files[NOISY] = bytes(damaged)
    with pytest.raises(ValueError, match=r"has MD5 sum [0-9a-f]{32}, not [0-9a-f]{32}.*removed"):
        run("noisy_testset_wav")
    assert list((tmp_path / "corpus").iterdir()) == []


def test_sum_of_the_archive_is_the_one_that_counts(run, server):
    with pytest.raises(ValueError, match=f"not {'0' * 32}"):
        run("noisy_testset_wav", md5="0" * 32)
    md5 = hashlib.md5(server.files[NOISY]).hexdigest().upper()
    assert (run("noisy_testset_wav", md5=md5) / "noisy_testset_wav").is_dir()


@pytest.mark.parametrize("fault", ["truncated", "flipped bits", "text"])
def test_without_a_sum_the_archive_checks_itself(run, server, tmp_path, fault):
    data = server.files[NOISY]
    server.files[NOISY] = {
        "truncated": data[: len(data) // 2],
        "flipped bits": data[:5000] + bytes(255 - byte for byte in data[5000:5010]) + data[5010:],
        "text": b"no archive",
    }[fault]
    with pytest.raises(ValueError, match="is no sound ZIP archive|is damaged at"):
        run("noisy_testset_wav", md5="")
    assert list((tmp_path / "corpus").iterdir()) == []


def archive_of(files, password=False):
    """An archive of some files, with the mark of a password if need be."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for member in archive.infolist():
            member.flag_bits |= password
    return buffer.getvalue()


def test_bomb_is_refused_before_it_is_unpacked(run, server, tmp_path, monkeypatch):
    server.files[NOISY] = archive_of({f"{n}.wav": bytes(1 << 20) for n in range(4)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("something was unpacked"))
    with pytest.raises(ValueError, match="would become 4,194,304 bytes, which no archive of sound"):
        run("noisy_testset_wav", md5="")
    assert list((tmp_path / "corpus").iterdir()) == []


def test_archive_with_a_password_is_told(run, server):
    server.files[NOISY] = archive_of({"a.wav": RNG.bytes(999)}, password=True)
    with pytest.raises(ValueError, match="is no sound ZIP archive .*password"):
        run("noisy_testset_wav", md5="")


def test_names_that_lead_out_of_the_folder_stay_in_it(run, server, tmp_path):
    """What the members are called chooses a name in the folder, and never a place."""
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(480), 48_000, format="WAV")
    names = "../../out.wav", "/tmp/root.wav", "a/../../up.wav", "a\\..\\back.wav"
    server.files[NOISY] = archive_of(dict.fromkeys(names, sound.getvalue()))
    root = run("noisy_testset_wav", md5="")
    there = {path.name for path in (root / "noisy_testset_wav").iterdir()}
    assert there == {"out.wav", "root.wav", "up.wav", "a\\..\\back.wav"}
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_second_download_at_once_is_refused(run, server, tmp_path):
    (tmp_path / "corpus").mkdir()
    refused = pytest.raises(BlockingIOError, match="corpus: another process is at it; wait")
    with claimed(tmp_path / "corpus"), refused:
        run()
    assert server.requests == []


def test_archive_with_a_file_missing_is_refused(run, server, made, tmp_path):
    folder = make_corpus(tmp_path / "other", utterances=1) / "noisy_testset_wav"
    server.files[NOISY] = zip_folder(folder)
    with pytest.raises(ValueError, match=r"holds 2 .wav files, not 4"):
        run("noisy_testset_wav", md5="")
    assert not (tmp_path / "corpus" / "noisy_testset_wav").exists()


def test_archive_fetched_by_hand_is_used(run, server, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "noisy_testset_wav.zip").write_bytes(server.files[NOISY])
    run("noisy_testset_wav")
    assert server.requests == []


def test_damaged_archive_fetched_by_hand_is_named_and_left(run, tmp_path):
    by_hand = tmp_path / "corpus" / "noisy_testset_wav.zip"
    by_hand.parent.mkdir()
    by_hand.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"noisy_testset_wav.zip has MD5 sum .*delete it"):
        run("noisy_testset_wav")
    assert by_hand.exists()


def test_extraction_goes_on_where_it_was_interrupted(run, server, monkeypatch, tmp_path):
    save, saved = audio.write, []

    def interrupted(path, *args, **options):
        if len(saved) == 2:
            raise KeyboardInterrupt
        saved.append(path.name)
        save(path, *args, **options)

    monkeypatch.setattr(audio, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("noisy_testset_wav")
    root = tmp_path / "corpus"
    assert not (root / "noisy_testset_wav").exists(), "a half folder must not carry the name"
    asked = len(server.requests)
    monkeypatch.setattr(
        audio, "write", lambda path, *a, **o: (saved.append(path.name), save(path, *a, **o))
    )
    run("noisy_testset_wav")
    assert saved == [f"{name}.wav" for name in ("p232_001", "p232_002", "p257_001", "p257_002")]
    assert len(server.requests) == asked
    assert len(list((root / "noisy_testset_wav").iterdir())) == 4
    assert leftovers(root) == []


def test_many_files_are_made_in_processes(made, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_CHUNK", 3)
    source = make_corpus(tmp_path / "source", rate=48_000)
    prepare(source, tmp_path / "copy")
    assert len(voicebank_demand(tmp_path / "copy").test) == 4


def test_something_that_is_no_sound_is_named(run, server, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(4):
            archive.writestr(f"noisy_testset_wav/p_{number}.wav", b"no sound")
    server.files[NOISY] = buffer.getvalue()
    with pytest.raises(ValueError, match=r"noisy_testset_wav/p_0.wav cannot be read"):
        run("noisy_testset_wav", md5="")


def test_folder_unpacked_by_hand_at_48_khz_is_not_taken_for_ours(run, tmp_path):
    make_corpus(tmp_path / "corpus", rate=48_000)
    with pytest.raises(ValueError, match=r"holds 48000 Hz files: .*prepare"):
        run()


def test_damaged_file_in_an_unpacked_folder_is_named(run, tmp_path):
    root = make_corpus(tmp_path / "corpus")
    (root / "noisy_testset_wav" / "p232_001.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"p232_001\.wav is not a sound file that can be read"):
        run("noisy_testset_wav")


@pytest.mark.parametrize("place", ["{file}", "{id.x}", "{}", "{id[x]}", "{"])
def test_address_with_something_else_in_braces_is_refused(place, tmp_path):
    with pytest.raises(ValueError, match=r"is no pattern of an address: put \{id\} or \{name\}"):
        download.download(tmp_path / "corpus", f"http://h/{place}")
    assert list(tmp_path.iterdir()) == []


def test_incomplete_folder_is_not_taken_for_ours(run, tmp_path):
    root = make_corpus(tmp_path / "corpus")
    (root / "noisy_testset_wav" / "p232_001.wav").unlink()
    with pytest.raises(ValueError, match=r"noisy_testset_wav holds 3 of 4 files"):
        run("noisy_testset_wav")


def test_full_disk_is_told_before_the_download(run, server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(OSError, match=r"has 0.0 GB free but VoiceBank-DEMAND needs"):
        run()
    assert server.requests == []


def test_no_bar_where_there_is_no_terminal(run, capsys):
    run()
    assert capsys.readouterr() == ("", "")


def test_bar_on_a_terminal(run, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run("noisy_testset_wav")
    assert "noisy_testset_wav" in capsys.readouterr().err


def test_copy_of_an_unpacked_corpus_is_at_16_khz(tmp_path):
    source = make_corpus(tmp_path / "source", rate=48_000)
    (source / "logfiles").mkdir()
    (source / "logfiles" / "log_testset.txt").write_text("p232_001 bus 2.5\n")
    root = prepare(source, tmp_path / "copy")
    assert soundfile.info(root / "clean_testset_wav" / "p232_001.wav").samplerate == 16_000
    assert soundfile.info(source / "clean_testset_wav" / "p232_001.wav").samplerate == 48_000
    assert conditions_of(root) == {"p232_001": ("bus", 2.5)}
    assert len(voicebank_demand(root).test) == 4
    stamps = {path: path.stat().st_mtime_ns for path in root.rglob("*.wav")}
    prepare(source, root)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.wav")} == stamps


def test_copy_of_a_16_khz_corpus_takes_no_room(tmp_path):
    source = make_corpus(tmp_path / "source")
    name = "clean_testset_wav/p232_001.wav"
    soundfile.write(source / name, np.ones((300, 2)) / 8, 16_000, "FLOAT")
    soundfile.write(source / name.replace("clean", "noisy"), np.ones((300, 2)) / 4, 16_000)
    root = prepare(source, tmp_path / "copy")
    linked = {path: path.samefile(source / path.relative_to(root)) for path in root.rglob("*.wav")}
    assert [path for path, same in linked.items() if not same] == [root / name]
    assert soundfile.info(root / name).subtype == "PCM_16"


def test_disk_without_links_gets_a_copy(tmp_path, monkeypatch):
    def refuse(*names):
        raise OSError("not supported")

    source = make_corpus(tmp_path / "source")
    for means in ("link", "symlink"):
        monkeypatch.setattr(os, means, refuse)
    copied = prepare(source, tmp_path / "copy") / "clean_testset_wav/p232_001.wav"
    assert copied.read_bytes() == (source / "clean_testset_wav/p232_001.wav").read_bytes()
    assert not copied.samefile(source / "clean_testset_wav/p232_001.wav")


def test_copy_of_what_a_phone_recorded_is_a_wav(tmp_path):
    """It is at 16 kHz, but to link it would give it a wrong name."""
    source = make_corpus(tmp_path / "source")
    for side in ("clean_testset_wav", "noisy_testset_wav"):
        (source / side / "p232_001.wav").unlink()
    write_phone_pair(source / "clean_testset_wav", source / "noisy_testset_wav", "p232_001")
    root = prepare(source, tmp_path / "copy")
    info = soundfile.info(root / "clean_testset_wav" / "p232_001.wav")
    assert (info.format, info.subtype, info.samplerate) == ("WAV", "PCM_16", 16_000)


def test_copy_that_was_cut_is_written_whole(tmp_path):
    source = make_corpus(tmp_path / "source")
    name = "clean_testset_wav/p232_001.wav"
    (source / name).write_bytes((source / name).read_bytes()[:-3200])
    copied = prepare(source, tmp_path / "copy") / name
    assert not copied.samefile(source / name)
    assert audio.read(copied).note == ""


def test_copy_that_was_interrupted_is_not_mixed_with_another_source(tmp_path, monkeypatch):
    first, second = (make_corpus(tmp_path / name, rate=48_000) for name in "ab")
    for path in second.rglob("*.wav"):
        soundfile.write(path, np.zeros(480), 48_000)
    interrupt(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        prepare(first, tmp_path / "copy")
    root = prepare(second, tmp_path / "copy")
    assert {soundfile.info(path).frames for path in root.rglob("*.wav")} == {160}
    assert not list(root.rglob(".*"))


def interrupt(monkeypatch, number):
    """Let the reading of some file be interrupted, once; the names of all that are read."""
    read, seen = audio.read, []

    def interrupted(path, **options):
        seen.append(Path(path).name)
        if len(seen) == number:
            raise KeyboardInterrupt
        return read(path, **options)

    monkeypatch.setattr(audio, "read", interrupted)
    return seen


def test_copy_that_was_interrupted_goes_on(tmp_path, monkeypatch):
    source = make_corpus(tmp_path / "source", rate=48_000)
    seen = interrupt(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        prepare(source, tmp_path / "copy")
    prepare(source, tmp_path / "copy")
    assert len(seen) == 2 * 8 + 2 * 4 + 1, "no file but the interrupted one was read twice"


def deeper(source):
    (source / "DS_1").mkdir()
    for folder in source.glob("*_wav"):
        folder.rename(source / "DS_1" / folder.name)


def zipped(source):
    for folder in source.glob("*_wav"):
        shutil.rmtree(folder)
        folder.with_suffix(".zip").touch()


FAULTS = {
    "deeper": (deeper, "DS_1 does: name that one"),
    "zipped": (zipped, "but ZIP files: unpack them, or name it as --root"),
    "one side": (lambda s: shutil.rmtree(s / "noisy_testset_wav"), "noisy_testset_wav is not a fo"),
    "a file": (
        lambda s: (s / "noisy_testset_wav/p232_001.wav").unlink(),
        "1 of 4 files in .*clean",
    ),
    "no sound": (
        lambda s: (s / "noisy_testset_wav/p232_001.wav").write_text("x"),
        "p232_001.wav is",
    ),
    "twice": (
        lambda s: [
            shutil.copytree(s / f"{side}_testset_wav", s / f"{side}_testset_wav" / "again")
            for side in ("clean", "noisy")
        ],
        "holds files of one name in two folders",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_an_unpacked_copy_is_told(fault, tmp_path):
    source = make_corpus(tmp_path / "source")
    spoil, message = FAULTS[fault]
    spoil(source)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        prepare(source, tmp_path / "copy")


@pytest.mark.parametrize("given", [["--url", "http://h/{id}"], ["--keep-archives"]])
def test_what_concerns_a_server_is_refused_beside_a_copy(given, tmp_path):
    words = ["data", "voicebank", "--root", tmp_path / "copy", "--from", tmp_path, *given]
    with pytest.raises(ValueError, match=f"--from downloads nothing: leave {given[0]} out"):
        commands.main([*map(str, words)], standalone_mode=False)


def test_copy_onto_itself_or_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is the source itself"):
        prepare(tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError, match="holds no folder named like clean_testset_wav"):
        prepare(tmp_path, tmp_path / "copy")


def test_published_archives_pair_up():
    assert len({archive.id for archive in ARCHIVES}) == len(ARCHIVES)
    assert all(len(archive.md5) == 32 for archive in ARCHIVES)
    counts = {archive.name: archive.files for archive in ARCHIVES}
    for part in ("testset_wav", "trainset_28spk_wav"):
        assert counts[f"clean_{part}"] == counts[f"noisy_{part}"]
