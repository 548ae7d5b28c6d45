"""The live page when something goes wrong: it says what, and what still works."""

import json
import time

import numpy as np
import pytest
import soundfile as sf
import torture
from controls import (
    COUNTED,
    HOP,
    address,
    alive,
    choose,
    click,
    denoised_by_command,
    download,
    hops,
    in_view,
    ready,
    samples,
    started,
    stopped,
    text,
)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text.wav", "text.wav is no sound that this browser can read"),
        ("empty.mp3", "empty.mp3 is empty"),
        ("silent.wav", "silent.wav cannot be read: it is a WAV file without samples"),
        ("hour.wav", "hour.wav lasts 60 minutes"),
        ("hour.flac", "hour.flac lasts 60 minutes"),
        ("odd.wav", "odd.wav cannot be read: 1,000,003 Hz and 16,000 Hz have too little in common"),
    ],
)
def test_file_that_cannot_be_taken_is_refused_with_a_reason(name, message, each_page, tmp_path):
    page, path = each_page, tmp_path / name
    if name.startswith("hour"):
        sf.write(path, np.zeros(3600 * 16_000, np.int16), 16_000, "PCM_16")
    elif name == "silent.wav":
        sf.write(path, np.zeros(0, np.int16), 16_000, "PCM_16")
    elif name == "odd.wav":
        sf.write(path, np.zeros(999, np.int16), 1_000_003, "PCM_16")
    else:
        path.write_text("this is no sound" if name == "text.wav" else "")
    page.give_file(path)
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith(message)
    assert text(page, "status") == "Ready."
    choose(page, samples(page)[0])
    started(page)
    stopped(page)
    assert page.complaints() == []


# Bytes that the page reads of files, and how often it decodes.
READING = """
globalThis.read = globalThis.decoded = 0;
for (const owner of [Blob, File]) {
  const own = owner.prototype.arrayBuffer;
  owner.prototype.arrayBuffer = function () { read += this.size; return own.call(this); };
}
const decode = BaseAudioContext.prototype.decodeAudioData;
BaseAudioContext.prototype.decodeAudioData = function (...given) {
  decoded++;
  return decode.apply(this, given);
};"""


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_file_that_is_too_long_is_not_decoded(kind, each, port, tmp_path):
    path = tmp_path / f"hour.{kind}"
    sf.write(path, np.random.default_rng(0).integers(-9, 9, 3600 * 16_000).astype(np.int16), 16_000)
    with each.prepared(READING):
        page = ready(each, address(port))
    page.evaluate("read = decoded = 0")
    page.give_file(path)
    page.wait("!document.getElementById('message').hidden")
    assert page.evaluate("decoded") == 0
    assert 0 < page.evaluate("read") <= 1 << 20 < path.stat().st_size


def test_file_whose_length_is_never_told_is_refused(each, port, tmp_path):
    (tmp_path / "mine.flac").write_bytes(b"whatever it is")
    page = ready(each, address(port))
    page.evaluate(
        "Object.defineProperty(HTMLMediaElement.prototype, 'src', { set() {} });"
        "const own = AbortSignal.timeout; AbortSignal.timeout = () => own.call(AbortSignal, 100); 0"
    )
    page.give_file(tmp_path / "mine.flac")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith("mine.flac is no sound that this browser can read")


def test_file_that_became_another_can_be_chosen_again(each_page, spoken, tmp_path):
    page = each_page
    for samples_of_it in (8000, 16_000):
        sf.write(tmp_path / "mine.wav", spoken[:samples_of_it], 16_000, "PCM_16")
        page.evaluate("document.getElementById('status').textContent = ''")
        page.give_file(tmp_path / "mine.wav")
        page.wait("document.getElementById('status').textContent === 'mine.wav is ready.'")
        assert text(page, "file-name") == "A file: mine.wav"
        click(page, "whole")
        page.wait("document.getElementById('status').textContent.includes('is denoised')")
        noisy, _ = download(page)
        assert len(noisy) == samples_of_it


STATUSES = """
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  globalThis.said = [];
  new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
});
const Own = AudioBuffer;
globalThis.buffers = 0;
globalThis.AudioBuffer = class extends Own {
  constructor(...given) { super(...given); buffers++; }
};"""


def test_long_file_starts_without_freezing_the_page_and_is_kept(each, port, tmp_path):
    sf.write(tmp_path / "long.wav", np.zeros(60 * 44_100, np.int16), 44_100, "PCM_16")
    with each.prepared(STATUSES):
        page = ready(each, address(port, "?rate=48000"))
    page.give_file(tmp_path / "long.wav")
    page.wait("document.getElementById('status').textContent === 'long.wav is ready.'")
    told = "said.filter((text) => /^Starting: \\d+ %$/.test(text)).length"
    for _ in range(2):
        started(page)
        stopped(page)
        assert (page.evaluate("buffers"), page.evaluate(told) > 5) == (1, True)
    click(page, "whole")
    page.wait("document.getElementById('status').textContent.includes('is denoised')")
    assert page.evaluate("said.filter((text) => /^Preparing long.wav: /.test(text)).length") > 5


def test_status_goes_on_to_say_what_runs(page):
    choose(page, samples(page)[0])
    started(page)
    click(page, "whole")
    page.wait("document.getElementById('status').textContent.includes('is denoised')")
    assert text(page, "status").startswith("Running: ")
    stopped(page)


@pytest.mark.parametrize("name", ["killed.wav", "rf64.wav"])
def test_odd_file_is_taken_with_a_word_about_it(name, each_page, tmp_path):
    page = each_page
    odd = next(odd for odd in torture.pack() if odd.name == name)
    (tmp_path / odd.name).write_bytes(odd.content)
    page.give_file(tmp_path / odd.name)
    note = f" ({odd.note})" if odd.note else ""
    page.wait(f"document.getElementById('status').textContent === '{odd.name} is ready{note}.'")
    click(page, "whole")
    noisy, _ = download(page)
    np.testing.assert_array_equal(noisy, odd.mono * 32768)
    assert page.complaints() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("mine.wav", "16,000 Hz"), ("mine.flac", "48,000 Hz, as the browser decodes it")],
)
def test_rate_of_a_file_says_whose_it_is(name, told, each_page, tmp_path):
    page = each_page
    sf.write(tmp_path / name, np.zeros(8000, np.int16), 16_000, "PCM_16")
    page.give_file(tmp_path / name)
    page.wait(f"document.getElementById('status').textContent === '{name} is ready.'")
    started(page)
    assert text(page, "input") == told
    stopped(page)


@pytest.mark.parametrize("subtype", ["ALAW", "ULAW"])
def test_wav_of_another_kind_is_left_to_the_browser(subtype, each_page, spoken, tmp_path):
    page = each_page
    sound = spoken[:32_000]
    sf.write(tmp_path / "call.wav", sound, 16_000, subtype)
    page.give_file(tmp_path / "call.wav")
    page.wait("document.getElementById('status').textContent === 'call.wav is ready.'")
    click(page, "whole")
    noisy, _ = download(page)
    error = np.square(noisy / 32768 - sound).mean() / np.square(sound).mean()
    assert 10 * np.log10(error) < -25
    assert page.complaints() == []


def test_wav_that_no_browser_knows_is_refused_with_the_first_reason(each_page, tmp_path):
    page = each_page
    sf.write(tmp_path / "modem.wav", np.zeros(8000, np.int16), 8000, "G721_32")
    page.give_file(tmp_path / "modem.wav")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith(
        "modem.wav cannot be read: its WAV format 64 with 4 bits"
    )


def test_inverted_stereo_is_heard_and_told(each_page, spoken, tmp_path):
    page = each_page
    for name in ("stereo.wav", "stereo.flac"):
        sf.write(tmp_path / name, np.stack([spoken, -spoken], 1)[:32_000], 16_000, "PCM_16")
        page.give_file(tmp_path / name)
        told = "its channels cancel each other, as if one were inverted: only the first is used"
        status = json.dumps(f"{name} is ready ({told}).")
        page.wait(f"document.getElementById('status').textContent === {status}")


def test_refused_microphone_is_told_and_samples_still_work(start_browser, port):
    browser = start_browser("--use-fake-device-for-media-stream")
    page = ready(browser, address(port))
    origin = f"http://127.0.0.1:{port}"
    page.call(
        "Browser.setPermission",
        permission={"name": "microphone"},
        setting="denied",
        origin=origin,
    )
    click(page, "start")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith("The microphone was refused")
    assert text(page, "start") == "Start"
    choose(page, samples(page)[0])
    started(page)
    assert page.evaluate("document.getElementById('message').hidden")
    stopped(page)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("NotReadableError", "The microphone is busy: close the program that uses it"),
        ("OverconstrainedError", "No microphone was found: plug one in"),
        ("AbortError", "The microphone cannot be used (AbortError: no luck)."),
    ],
)
def test_microphone_that_fails_is_told_and_samples_still_work(error, message, page):
    replaced_microphone(page, f"await Promise.reject(new DOMException('no luck', '{error}'))")
    click(page, "start")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith(message)
    choose(page, samples(page)[0])
    started(page)
    stopped(page)


def test_microphone_that_cannot_be_connected_is_let_go(page):
    replaced_microphone(page, "await own(wanted)")
    page.evaluate(
        "AudioContext.prototype.createMediaStreamSource = () => { throw new Error('no luck'); }"
    )
    click(page, "start")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith("The microphone cannot be used (Error: no luck).")
    assert page.evaluate("heard.getAudioTracks()[0].readyState") == "ended"


OVERLOOKED = "document.getElementById('message').textContent.startsWith('The browser is waiting')"
LATE = (
    "await new Promise((answer) => { globalThis.asked = (globalThis.asked ?? 0) + 1;"
    " globalThis.allow = async () => answer(await own(wanted)); })"
)


def test_question_that_is_overlooked_is_told_and_can_be_given_up(each_page):
    page = each_page
    replaced_microphone(page, LATE)
    click(page, "start")
    page.wait(OVERLOOKED)
    assert in_view(page, "message")
    assert text(page, "status").startswith("Starting: allow the microphone")
    assert text(page, "start") == "Cancel"
    click(page, "start")
    page.wait("document.getElementById('start').textContent === 'Start'")
    assert text(page, "status") == "Ready." and page.evaluate(f"!({OVERLOOKED})")
    page.evaluate("allow().then(() => 0)")
    page.wait("globalThis.heard?.getAudioTracks()[0].readyState === 'ended'")
    assert text(page, "start") == "Start"


def test_another_source_gives_up_a_question(each_page):
    page = each_page
    replaced_microphone(page, LATE)
    click(page, "start")
    page.wait("'allow' in globalThis")
    choose(page, samples(page)[0])
    page.wait("document.getElementById('status').textContent === 'Ready.'")
    started(page)
    assert samples(page)[0] and "again and again" in text(page, "status")
    stopped(page)


def test_stop_while_another_source_is_asked_for_asks_for_nothing(each_page):
    page = each_page
    choose(page, samples(page)[0])
    started(page)
    replaced_microphone(page, LATE)
    choose(page, "microphone")
    page.wait("'allow' in globalThis")
    assert text(page, "start") == "Stop"
    stopped(page)
    assert text(page, "status") == "Ready." and page.evaluate("asked") == 1
    page.evaluate("allow().then(() => 0)")
    page.wait("globalThis.heard?.getAudioTracks()[0].readyState === 'ended'")


def test_stop_just_after_a_change_of_source_asks_for_no_microphone(each_page):
    page = each_page
    choose(page, samples(page)[0])
    started(page)
    replaced_microphone(page, LATE)
    page.evaluate(  # while the sample fades out
        "document.querySelector('[value=microphone]').click();"
        "new Promise((soon) => setTimeout(soon, 5))"
        ".then(() => document.getElementById('start').click())"
    )
    page.wait("document.getElementById('start').textContent === 'Start'")
    assert not page.evaluate("'asked' in globalThis")


def test_stop_lets_the_microphone_go_and_keeps_the_error_of_what_is_under_way(each_page, tmp_path):
    page = each_page
    replaced_microphone(page, "await own(wanted)")
    started(page)
    page.evaluate(
        "const read = Blob.prototype.arrayBuffer; Blob.prototype.arrayBuffer = function () {"
        " const go = new Promise((go) => { globalThis.go = go; });"
        " return go.then(() => read.call(this)); }; 0"
    )
    (tmp_path / "text.wav").write_text("this is no sound")
    page.give_file(tmp_path / "text.wav")
    page.wait("'go' in globalThis")
    click(page, "start")
    page.wait("heard.getAudioTracks()[0].readyState === 'ended'")
    page.evaluate("go(); Blob.prototype.arrayBuffer = read; 0")
    page.wait("document.getElementById('start').textContent === 'Start'")
    assert text(page, "message").startswith("text.wav is no sound")


def test_late_answer_is_taken_and_the_question_forgotten(page):
    replaced_microphone(page, LATE)
    click(page, "start")
    click(page, "start")  # somebody is impatient
    page.wait(OVERLOOKED)
    page.evaluate("allow().then(() => 0)")
    page.wait("document.getElementById('status').textContent.startsWith('Running')")
    assert page.evaluate("asked") == 1
    assert page.evaluate("document.getElementById('message').hidden")
    assert text(page, "start") == "Stop"
    stopped(page)


def twice(page, name):
    """A double click."""
    for detail in (1, 2):
        event = f"new MouseEvent('click', {{ detail: {detail}, bubbles: true }})"
        page.evaluate(f"document.getElementById('{name}').dispatchEvent({event})")


def test_double_click_on_start_is_one(each_page):
    page = each_page
    choose(page, samples(page)[0])
    twice(page, "start")
    page.wait("document.getElementById('status').textContent.startsWith('Running')")
    time.sleep(0.3)
    assert text(page, "start") == "Stop"
    stopped(page)


def test_missing_microphone_is_told_and_samples_still_work(start_browser, port):
    page = ready(start_browser("--use-fake-ui-for-media-stream"), address(port))
    click(page, "start")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith("No microphone was found")
    choose(page, samples(page)[0])
    started(page)
    stopped(page)


def replaced_microphone(page, body):
    """Another source of sound in place of the microphone; it is then found in ``heard``."""
    page.evaluate(
        "const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
        "navigator.mediaDevices.getUserMedia = async (wanted) => {"
        f" globalThis.heard = {body}; return heard; }}; 0"
    )


def test_microphone_that_goes_away_stops_the_page(page):
    """Firefox tells nobody of an event of a track that a script makes up."""
    replaced_microphone(page, "await own(wanted)")
    started(page)
    page.evaluate("heard.getAudioTracks()[0].dispatchEvent(new Event('ended')); 0")
    page.wait("document.getElementById('start').textContent === 'Start'")
    assert text(page, "status") == "The microphone went away."
    assert text(page, "message").startswith("The microphone went away: plug it in again")
    assert in_view(page, "message")
    assert page.evaluate("heard.getAudioTracks()[0].readyState") == "ended"
    started(page)
    stopped(page)


def test_whistling_loudspeaker_is_switched_off(page):
    replaced_microphone(
        page,
        "(() => { const context = new AudioContext(), tone = new OscillatorNode(context),"
        " out = context.createMediaStreamDestination(); tone.connect(out); tone.start();"
        " return out.stream; })()",
    )
    started(page)
    page.wait("!document.getElementById('aloud').checked")
    assert "put on headphones" in text(page, "message")
    assert text(page, "status").startswith("Running")
    stopped(page)


def test_file_can_be_dropped_on_the_page(each_page):
    page = each_page
    allowed = page.evaluate(
        "const over = new DragEvent('dragover', {bubbles: true, cancelable: true});"
        "!document.body.dispatchEvent(over)"
    )
    assert allowed and page.evaluate("document.body.classList.contains('dropping')")
    page.evaluate(
        "import('./wav.js').then(({ encodeWav }) => {"
        " const data = new DataTransfer(), sound = encodeWav(new Int16Array(8000), 16000);"
        " data.items.add(new File([sound], 'dropped.wav'));"
        " const drop = { dataTransfer: data, bubbles: true, cancelable: true };"
        " document.body.dispatchEvent(new DragEvent('drop', drop)); })"
    )
    page.wait("document.getElementById('status').textContent === 'dropped.wav is ready.'")
    assert page.evaluate("document.querySelector('[name=source]:checked').value") == "file"
    assert not page.evaluate("document.body.classList.contains('dropping')")


def test_page_that_is_not_secure_says_so_and_denoises_samples(browser, port, tmp_path):
    page = ready(browser, address(port, host="book.test"))
    assert "https or from localhost" in text(page, "message")
    assert page.evaluate("document.getElementById('start').disabled")
    assert page.evaluate("document.querySelector('[value=microphone]').disabled")
    click(page, "whole")
    noisy, denoised = download(page)
    np.testing.assert_array_equal(denoised, denoised_by_command(noisy, tmp_path))


def test_rate_that_the_address_should_not_ask_for_is_told(browser, port):
    page = ready(browser, address(port, "?rate=383999"))
    assert text(page, "message").startswith(
        "383,999 Hz and 16,000 Hz have too little in common: take a rate such as 48,000 Hz."
        " “Denoise all of it” works"
    )
    assert page.evaluate("document.getElementById('start').disabled")


def test_browser_without_worklets_is_told_so(start_browser, port):
    browser = start_browser()
    browser.call(
        "Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.AudioWorkletNode"
    )
    page = ready(browser, address(port))
    assert text(page, "message").startswith("This browser has no audio worklets.")
    click(page, "whole")
    download(page)


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        (["WebAssembly"], "WebAssembly"),
        (["DecompressionStream"], "DecompressionStream"),
        (["AudioContext", "OfflineAudioContext"], "Web Audio"),
    ],
    ids=["WebAssembly", "DecompressionStream", "Web Audio"],
)
def test_browser_that_is_too_old_is_told_so(missing, name, each, port):
    with each.prepared("".join(f"delete globalThis.{each_of};" for each_of in missing)):
        each.open(address(port))
        each.wait("document.getElementById('status').textContent.includes('not be started')")
    assert text(each, "message") == f"This browser has no {name}: try a newer one."
    assert in_view(each, "message")


@pytest.mark.parametrize(
    ("unpacked", "packing", "wanted"),
    [
        ("got", "new TransformStream()", "denoiser.wasm.deflate is damaged: reload the page"),
        (
            "new Response(got.body.pipeThrough(new DecompressionStream('deflate')))",
            "new CompressionStream('deflate')",
            "self-test failed",
        ),
    ],
    ids=["packed", "unpacked"],
)
def test_damaged_module_is_refused(unpacked, packing, wanted, start_browser, serve, port):
    browser, damage = start_browser(), "code[code.length - 100000] ^= 4"
    browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="const own = fetch; globalThis.fetch = async (url) => { const got = await own(url);"
        "if (!String(url).endsWith('.deflate')) return got;"
        f"const code = new Uint8Array(await {unpacked}.arrayBuffer()); {damage};"
        f"return new Response(new Blob([code]).stream().pipeThrough({packing})); }};",
    )
    browser.open(address(port))
    browser.wait("!document.getElementById('message').hidden")
    assert wanted in text(browser, "message")
    assert browser.evaluate("document.getElementById('start').disabled")


def test_starting_and_stopping_fifty_times_leaks_nothing(browser, port, capsys):
    with browser.prepared(COUNTED):
        page = ready(browser, address(port))

    def cycle(times):
        for _ in range(times):
            started(page)
            hops(page, 4)
            stopped(page)
        time.sleep(1)
        return page.heap(), page.call("Memory.getDOMCounters")

    (heap, dom), (heap_after, dom_after) = cycle(5), cycle(50)
    left = alive(page)
    with capsys.disabled():
        print(f"\n50 starts: {heap / 1e6:.2f} MB of heap before, {heap_after / 1e6:.2f} MB after")
        print(f"what the page holds after them: {left}")
    assert heap_after - heap < 0.5e6
    assert (left["AudioContext"], left["AudioWorkletNode"], left["Instance"]) == (1, 1, 2)
    assert left["microphones"] <= 2 < page.evaluate("made.microphones.length")
    assert dom_after["nodes"] - dom["nodes"] <= 5
    assert dom_after["jsEventListeners"] - dom["jsEventListeners"] <= 5


def test_hidden_tab_goes_on_and_draws_again_when_it_is_back(page):
    started(page)
    click(page, "record")
    other = page.call("Target.createTarget", url="about:blank")["targetId"]
    page.call("Target.activateTarget", targetId=other)
    hops(page, 200)
    page.call("Target.closeTarget", targetId=other)
    page.call("Page.bringToFront")
    picture = "document.getElementById('noisy').toDataURL()"
    before = page.evaluate(picture)
    page.wait(f"{picture} !== {json.dumps(before)}")
    click(page, "record")
    noisy, _ = download(page)
    assert len(noisy) >= 150 * HOP
    page.wait("document.getElementById('dropouts').textContent.startsWith('0 in this code')")
    stopped(page)
