"""The open material, from servers that fail and folders that lack something."""

import csv
import io
import os
from concurrent.futures import wait
from threading import Event

import numpy as np
import pytest
import soundfile
from command_line import assert_one_clear_line, run
from voicebank_fixture import serve

from lstm_se.cli.main import commands
from lstm_se.corpora import manifest
from lstm_se.corpora.manifest import COPY_DIGITS, OpenRecording, blob_sha1
from lstm_se.corpora.open_material import MADE_COLUMNS, gather
from lstm_se.corpora.supplies import FromServer, on_disk
from lstm_se.files import claimed
from lstm_se.sound import audio

RNG = np.random.default_rng(0)


def wav(rate=16_000, channels=1, seconds=0.5):
    """Bytes of a WAV file with noise in it."""
    content = io.BytesIO()
    samples = 0.1 * RNG.standard_normal((int(rate * seconds), channels))
    soundfile.write(content, samples, rate, "PCM_16", format="WAV")
    return content.getvalue()


FILES = {
    "speech/ann one.wav": wav(),
    "speech/bob.wav": wav(rate=48_000),
    "noise/rain.wav": wav(rate=44_100, channels=2),
}
COPIES = {path: wav() for path in FILES}


def recording(path, part="train"):
    use, name = path.split("/")
    sums = blob_sha1(FILES[path]), blob_sha1(COPIES[path])[:COPY_DIGITS]
    where = "own/" + use, "c" * 40, path, len(FILES[path]), *sums
    return OpenRecording(use, use, name.split(".")[0][:3], part, *where, "me", "CC0-1.0", "R", "")


ALL = [recording(path) for path in FILES]
SPEECH, OTHER, NOISE = (
    "speech/speech-ann/ann_one.flac", "speech/speech-bob/bob.flac", "noise/rai/noise-rain.flac",
)  # fmt: skip
ANN, RAIN = f"/own/speech/{'c' * 40}/speech/ann%20one.wav", f"/own/noise/{'c' * 40}/noise/rain.wav"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(FromServer, "_pause", lambda self, seconds: None)
    addresses = {f"/own/{p.split('/')[0]}/{'c' * 40}/{p}".replace(" ", "%20"): p for p in FILES}
    with serve({address: FILES[path] for address, path in addresses.items()}) as running:
        yield running


@pytest.fixture
def fetched(server, tmp_path):
    """Gather from the server to ``tmp_path / "material"``."""

    def start(recordings=ALL, **options):
        url = server.url + "/{repository}/{commit}/{path}"
        supply = FromServer(tmp_path / "material" / ".under-way", url, connections=1)
        return gather(tmp_path / "material", supply, recordings, **options)

    return start


def present(root):
    """Sound files of the material; nothing hidden may lie about."""
    assert not list(root.rglob(".*")), "something half done was left"
    return {path.relative_to(root).as_posix() for path in root.rglob("*.flac")}


def lines(root):
    with (root / "SOURCES.csv").open(newline="") as file:
        return {line["file"]: line for line in csv.DictReader(file)}


def test_material_arrives_at_16_khz_with_its_sources_and_credits(fetched, tmp_path):
    made, failures = fetched()
    root = tmp_path / "material"
    assert (failures, [line["file"] for line in made]) == ([], sorted([SPEECH, OTHER, NOISE]))
    assert present(root) == {SPEECH, OTHER, NOISE} == set(lines(root))
    for path in root.rglob("*.flac"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.frames) == (16_000, 1, 8000)
    assert "me, [CC0-1.0](https://creativecommons.org/" in (root / "CREDITS.md").read_text()


def test_original_at_16_khz_stays_as_it_is_to_the_bit(fetched, tmp_path):
    fetched()
    there, _ = soundfile.read(tmp_path / "material" / SPEECH, dtype="int16")
    original, _ = soundfile.read(io.BytesIO(FILES["speech/ann one.wav"]), dtype="int16")
    np.testing.assert_array_equal(there, original)


def test_second_run_asks_nothing_and_only_what_is_damaged_comes_again(fetched, server, tmp_path):
    fetched()
    content = (tmp_path / "material" / NOISE).read_bytes()
    server.requests.clear()
    fetched()
    assert server.requests == []
    (tmp_path / "material" / NOISE).write_bytes(content[:-1] + b"x")
    fetched()
    assert [path for path, _ in server.requests] == [RAIN]
    assert (tmp_path / "material" / NOISE).read_bytes() == content


def test_cut_connection_is_continued(fetched, server):
    server.cut_after[RAIN] = [1000, 500]
    _, failures = fetched()
    asked = [wanted for path, wanted in server.requests if path == RAIN]
    assert (failures, asked) == ([], [None, "bytes=1000-", "bytes=1500-"])


def test_wrong_file_is_fetched_once_more(fetched, server, tmp_path):
    under_way = tmp_path / "material" / ".under-way"
    under_way.mkdir(parents=True)
    (under_way / f"{ALL[2].blob_sha1}.wav").write_bytes(bytes(len(FILES["noise/rain.wav"])))
    _, failures = fetched()
    assert failures == []
    assert [wanted for path, wanted in server.requests if path == RAIN][1:] == [None]


def test_wrong_byte_that_stays_is_named_and_the_others_come(fetched, server, tmp_path):
    server.files[RAIN] = server.files[RAIN][:-1] + b"x"
    _, (failure,) = fetched()
    assert "noise/rain.wav is another file: Git's SHA-1 is" in str(failure)
    assert "twice: run the command again later" in str(failure)
    assert present(tmp_path / "material") == {SPEECH, OTHER}


def test_absent_file_is_named_the_others_come_and_the_command_counts(fetched, server, tmp_path,
                                                                     monkeypatch):  # fmt: skip
    del server.files[ANN]
    monkeypatch.setattr(manifest, "open_recordings", lambda: ALL)
    options = [
        "--root",
        tmp_path / "material",
        "--url",
        server.url + "/{repository}/{commit}/{path}",
    ]
    with pytest.raises(ValueError, match=r"^1 of 3 files did not come: the same command"):
        commands.main(["data", "open", *map(str, options)], standalone_mode=False)
    assert present(tmp_path / "material") == {OTHER, NOISE}
    _, (failure,) = fetched()
    assert "ann%20one.wav answers 404" in str(failure)


def test_interrupted_run_goes_on(fetched, server, tmp_path):
    def interrupted(outcomes, name):
        yield outcomes[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetched(bar=interrupted)
    done = lines(tmp_path / "material")
    assert SPEECH in done
    assert present(tmp_path / "material") == set(done)
    server.requests.clear()
    fetched()
    assert len(server.requests) == len(FILES) - len(done)
    assert present(tmp_path / "material") == {SPEECH, OTHER, NOISE}


def test_waiting_for_a_busy_server_ends_when_nobody_waits_any_more(tmp_path):
    supply = FromServer(tmp_path)
    supply.hurry()
    with pytest.raises(InterruptedError):
        supply._pause(600)


def test_unreachable_server_is_given_up_at_the_first_file(fetched, server):
    with serve({}) as gone:
        pass
    server.url = gone.url
    with pytest.raises(ConnectionError, match=r"failed 5 times \(.*refused"):
        fetched()


def test_first_file_that_does_not_come_gives_nothing_up_when_others_come(server, tmp_path,
                                                                         monkeypatch):  # fmt: skip
    others_came = Event()

    def wait_for_others(outcomes, name):
        wait(outcomes[1:])
        others_came.set()
        return outcomes

    server.statuses[ANN] = [503] * 5
    monkeypatch.setattr(FromServer, "_pause", lambda self, seconds: others_came.wait(60))
    url = server.url + "/{repository}/{commit}/{path}"
    supply = FromServer(tmp_path / "material" / ".under-way", url, connections=2)
    made, (failure,) = gather(tmp_path / "material", supply, ALL, wait_for_others)
    assert [line["file"] for line in made] == [NOISE, OTHER]
    assert "failed 5 times (503" in str(failure)


def test_server_that_has_none_of_it_is_given_up(server, tmp_path):
    result = run("data", "open", "--root", tmp_path / "m", "--url", server.url + "/{path}")
    assert_one_clear_line(result, "20 files in a row did not come", "answers 404", "--from")


def test_clones_give_the_same_bytes_as_the_server(fetched, tmp_path):
    fetched()
    for each in ALL:
        path = tmp_path / "clones" / each.repository / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[each.path])
    gather(tmp_path / "other", on_disk(tmp_path / "clones", ALL), ALL)
    for name in (SPEECH, OTHER, NOISE, "SOURCES.csv"):
        there = (tmp_path / "material" / name).read_bytes()
        assert (tmp_path / "other" / name).read_bytes() == there, name


@pytest.fixture
def copy(tmp_path):
    """The copy at 16 kHz."""
    folder = tmp_path / "copy"
    rows = [(each.path, each.blob_sha1) for each in ALL]
    for path, _ in rows:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(COPIES[path])
    with (folder / "ORIGINS.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "git_blob_sha1"), *rows])
    return folder


def test_copy_replaces_what_came_from_elsewhere(fetched, copy, tmp_path):
    fetched()
    _, failures = gather(tmp_path / "material", on_disk(copy, ALL), ALL)
    there, _ = soundfile.read(tmp_path / "material" / NOISE, dtype="int16")
    copied, _ = soundfile.read(copy / "noise/rain.wav", dtype="int16")
    assert failures == []
    np.testing.assert_array_equal(there, copied)
    assert {line["made_from"] for line in lines(tmp_path / "material").values()} == {
        each.copy_sha1 for each in ALL
    }


def test_what_cannot_be_replaced_stays_with_its_line(fetched, copy, tmp_path):
    """As when the copy lacks a file: nothing that was there may be gone."""
    fetched()
    before = (tmp_path / "material" / NOISE).read_bytes(), lines(tmp_path / "material")[NOISE]
    (copy / "noise/rain.wav").unlink()
    made, (failure,) = gather(tmp_path / "material", on_disk(copy, ALL), ALL)
    assert "rain.wav is missing" in str(failure)
    assert ((tmp_path / "material" / NOISE).read_bytes(), lines(tmp_path / "material")[NOISE]) == (
        before
    )
    assert [line["file"] for line in made] == sorted([SPEECH, OTHER, NOISE])


def test_copy_onto_itself_is_refused_and_stays(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*.*")}
    with pytest.raises(ValueError, match="copy is the source itself: name another folder"):
        gather(copy, on_disk(copy, ALL), ALL)
    assert {path: path.read_bytes() for path in copy.rglob("*.*")} == before


def test_what_a_copy_lacks_or_has_otherwise_is_named(copy, tmp_path):
    (copy / "noise/rain.wav").unlink()
    (copy / "speech/bob.wav").write_bytes(wav())
    _, failures = gather(tmp_path / "material", on_disk(copy, ALL), ALL)
    told = sorted(str(failure).replace(str(copy), "COPY") for failure in failures)
    assert told[0] == "COPY/noise/rain.wav is missing: copy it again, or leave out --from"
    assert told[1].startswith("COPY/speech/bob.wav is another file: Git's SHA-1 is")
    assert present(tmp_path / "material") == {SPEECH}


def test_talker_who_changed_sides_leaves_the_old_one(fetched, tmp_path):
    fetched()
    fetched([ALL[0], recording("speech/bob.wav", "validation"), recording("noise/rain.wav", "")])
    assert present(tmp_path / "material") == {SPEECH, f"validation_{OTHER}"}


def test_interrupted_change_of_the_manifest_leaves_a_table_that_is_true(fetched, tmp_path):
    def interrupted(outcomes, name):
        raise KeyboardInterrupt

    fetched()
    (tmp_path / "material" / SPEECH).write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        fetched([ALL[1], ALL[0]], bar=interrupted)
    assert lines(tmp_path / "material").keys() == present(tmp_path / "material")


def test_folder_of_another_corpus_is_refused(fetched, tmp_path):
    root = tmp_path / "material"
    root.mkdir()
    (root / "SOURCES.csv").write_text("file,author\nspeech.wav,me\n")
    (root / "speech.wav").touch()
    with pytest.raises(FileExistsError, match="SOURCES.csv is that of another corpus"):
        fetched()
    assert (root / "speech.wav").exists()


@pytest.mark.parametrize("name", ["../mine.wav", "{outside}"])
def test_table_that_names_a_file_outside_removes_nothing(name, fetched, tmp_path):
    outside, root = tmp_path / "mine.wav", tmp_path / "material"
    outside.touch()
    root.mkdir()
    head = ",".join(MADE_COLUMNS)
    line = name.format(outside=outside) + "," * (len(MADE_COLUMNS) - 1)
    (root / "SOURCES.csv").write_text(f"{head}\n{line}\n")
    with pytest.raises(ValueError, match=r"SOURCES\.csv names .*mine\.wav, which is outside"):
        fetched()
    assert outside.exists()


def test_second_run_at_once_is_refused(fetched, tmp_path):
    (tmp_path / "material").mkdir()
    refused = pytest.raises(BlockingIOError, match="material: another process is at it; wait")
    with claimed(tmp_path / "material"), refused:
        fetched()
    assert fetched()[1] == []


def test_copy_that_is_cut_while_it_is_read_is_told(copy, tmp_path, monkeypatch):
    read = audio.read

    def cut(path):
        os.truncate(path, path.stat().st_size // 2)
        return read(path)

    monkeypatch.setattr(audio, "read", cut)
    made, failures = gather(tmp_path / "material", on_disk(copy, ALL), ALL)
    assert made == []
    assert all("is another file: Git's SHA-1" in str(failure) for failure in failures)
    assert present(tmp_path / "material") == set()


def test_folder_without_any_of_it_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="has neither ORIGINS.csv nor a folder like own/"):
        on_disk(tmp_path, ALL)


@pytest.mark.parametrize("given", [["--url", "http://h/{path}"], ["--connections", "2"]])
def test_what_concerns_a_server_is_refused_beside_a_copy(given, copy, tmp_path):
    words = ["data", "open", "--root", tmp_path / "m", "--from", copy, *given]
    with pytest.raises(ValueError, match=f"--from downloads nothing: leave {given[0]} out"):
        commands.main([*map(str, words)], standalone_mode=False)


def test_table_and_address_of_another_kind_are_refused(tmp_path):
    (tmp_path / "ORIGINS.csv").write_text("file,url\na.wav,b\n")
    with pytest.raises(ValueError, match=r"ORIGINS.csv has no column 'git_blob_sha1'"):
        on_disk(tmp_path, ALL)
    with pytest.raises(ValueError, match=r"http://x/\{id\} is no pattern of an address: put \{rep"):
        FromServer(tmp_path, "http://x/{id}")
    with pytest.raises(ValueError, match=r"no pattern of an address: put \{rep"):
        FromServer(tmp_path, "http://x/{repository.x}")
