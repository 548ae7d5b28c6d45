"""The live page when the browser's sound fails: one line says so, and one click mends it."""

import contextlib
import functools
import time

import axe
import numpy as np
import pytest
from controls import (
    CONTEXT,
    COUNTED,
    HOP,
    ROOT,
    Server,
    address,
    again,
    alive,
    bits_of_numpy,
    choose,
    click,
    download,
    hops,
    in_view,
    move,
    ready,
    samples,
    started,
    stopped,
    text,
)
from firefox import Firefox

# Each is a fault, which `mend()` takes away; but one clock stands still for ever.
NO_OUTPUT = """
const own = AudioContext.prototype.resume;
globalThis.mend = () => { AudioContext.prototype.resume = own; };
AudioContext.prototype.resume = () => new Promise(() => {});"""
CLOCK_STANDS_STILL = """
globalThis.mend = () => {};
let first = true;
globalThis.AudioContext = class extends AudioContext {
  constructor(...options) {
    super(...options);
    if (!first) return;
    first = false;
    this.resume = () => Promise.resolve();
    Object.defineProperty(this, "state", { get: () => "running" });
  }
};"""
CONSTRUCTOR_THROWS = """
const Own = AudioWorkletNode;
globalThis.mend = () => { globalThis.AudioWorkletNode = Own; };
globalThis.AudioWorkletNode = class extends Own {
  constructor(context, name, options) {
    super(context, name, { ...options, processorOptions: { module: new ArrayBuffer(8) } });
  }
};"""
NO_ANSWER = """
const Own = AudioWorkletNode;
globalThis.mend = () => { globalThis.AudioWorkletNode = Own; };
globalThis.AudioWorkletNode = class extends Own {
  get port() { return new MessageChannel().port1; }
};"""
TOLD = "document.getElementById('again').hidden === false"
NOTHING_TOLD = "document.getElementById('trouble').hidden"
WAITING, STOPPED = "Waiting for sound…", "The sound has stopped."


@pytest.fixture
def opened(browser, port):
    """Opens the page in Chromium, in which a script has run before."""
    with contextlib.ExitStack() as stack:
        yield functools.partial(opening, stack, browser, port)


@pytest.fixture
def each_opened(each, port):
    """Opens the page in both browsers, in which a script has run before."""
    with contextlib.ExitStack() as stack:
        yield functools.partial(opening, stack, each, port)


def opening(stack, browser, port, script, query=""):
    stack.enter_context(browser.prepared(script))
    return ready(browser, address(port, query))


def told(page):
    """What the page says, when it says that something is the matter."""
    page.wait(TOLD)
    return text(page, "trouble")


def runs(page):
    """Whether all is well again."""
    page.wait("document.getElementById('status').textContent.startsWith('Running')")
    page.wait(NOTHING_TOLD)
    assert page.evaluate("document.getElementById('again').hidden")


@pytest.mark.parametrize(
    ("fault", "sentence", "status"),
    [
        (NO_OUTPUT, "No sound: the browser is waiting for loudspeakers or headphones.", WAITING),
        (CLOCK_STANDS_STILL, "The browser’s sound has stopped: press “Start again”.", WAITING),
        (CONSTRUCTOR_THROWS, "The denoiser failed in the browser’s audio thread", STOPPED),
        (NO_ANSWER, "The denoiser does not answer: press “Start again”.", WAITING),
    ],
    ids=["no output", "clock stands still", "constructor throws", "no answer"],
)
def test_start_without_sound_is_told_and_a_click_mends_it(
    fault, sentence, status, each_opened, model
):
    page = each_opened(fault, "?rate=16000")
    choose(page, samples(page)[0])
    move(page, "limit", 12)
    click(page, "start")
    assert told(page).startswith(sentence)
    assert text(page, "status") == status
    page.evaluate("mend()")
    forget_what_was_loaded(page)
    before, asked = len(page.requests()), len(Server.asked)
    page.evaluate("document.getElementById('again').focus()")
    page.press("Enter", text="\r")
    runs(page)
    assert page.evaluate("document.activeElement.id") == "start"
    click(page, "record")
    hops(page, 60)
    stopped(page)
    noisy, denoised = download(page)
    assert len(noisy) > 20 * HOP
    np.testing.assert_array_equal(denoised[:-HOP], bits_of_numpy(model, noisy, 12)[:-HOP])
    assert page.requests()[before:] == [] and Server.asked[asked:] == []


def forget_what_was_loaded(page):
    """Else a request may be answered without the server; Firefox has no such command."""
    if not isinstance(page, Firefox):
        page.call("Network.clearBrowserCache")


# While sound fades out, the page looks twice at it.
SLOW = """
const later = setTimeout;
globalThis.setTimeout = (what, ms) => later(what, ms && Math.max(ms, 600));"""


def test_start_without_sound_can_be_stopped(opened):
    page = opened(NO_OUTPUT + SLOW)
    choose(page, samples(page)[0])
    click(page, "start")
    assert told(page)
    assert text(page, "status") == WAITING
    click(page, "whole")
    page.wait("document.getElementById('status').textContent.includes('is denoised')")
    time.sleep(0.6)  # two looks at the sound
    assert text(page, "status").startswith(f"{WAITING} Allison")
    stopped(page)
    assert text(page, "status") == "Stopped." and page.evaluate(NOTHING_TOLD)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_trouble_is_accessible_and_fits_a_phone(theme, page, port, tools):
    with page.screen(theme, 390), page.prepared(NO_OUTPUT):
        ready(page, address(port))
        page.evaluate("document.getElementById('start').scrollIntoView({ block: 'end' })")
        assert in_view(page, "start") and not in_view(page, "status")
        click(page, "start")
        told(page)
        assert in_view(page, "status", "trouble", "again")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert axe.serious(axe.findings(page, tools)) == []
        page.screenshot(ROOT / f"_build/live-trouble-{theme}-390.png")


def test_trouble_is_seen_in_the_book_on_a_phone(each, site):
    inner = "document.getElementById('live').contentDocument"
    start = f"{inner}.getElementById('start')"
    with each.screen("light", 390), each.prepared(NO_OUTPUT):
        each.open(f"{site}book/live.html")
        each.wait(f"{inner}?.getElementById('status')?.textContent === 'Ready.'")
        each.evaluate(f"{start}.scrollIntoView({{ block: 'end' }}); {start}.click()")
        each.wait(f"!{inner}.getElementById('again').hidden")
        assert in_view(each, "status", "trouble", "again", frame="live")


def test_sound_that_the_browser_pauses_is_told_and_comes_back(each_opened):
    page = each_opened(CONTEXT)
    started(page)
    page.evaluate("contexts[0].suspend().then(() => 0)")
    assert told(page).startswith("The browser has paused the sound, as it does during a call.")
    page.evaluate("contexts[0].resume().then(() => 0)")
    runs(page)
    page.evaluate("contexts[0].suspend().then(() => 0)")
    told(page)
    again(page)
    runs(page)
    assert page.evaluate("contexts.map(({ state }) => state)") == ["closed", "running"]
    stopped(page)


NODE = """
globalThis.AudioWorkletNode = class extends AudioWorkletNode {
  constructor(...options) { super(...options); globalThis.node = this; }
};"""


def test_denoiser_that_fails_while_it_runs_is_told_and_replaced(each_opened):
    page = each_opened(NODE)
    choose(page, samples(page)[0])
    started(page)
    page.evaluate("node.port.postMessage({ network: 5 })")  # there is none: each hop throws
    assert told(page).startswith("The denoiser failed in the browser’s audio thread")
    assert text(page, "status") == STOPPED
    again(page)
    runs(page)
    stopped(page)


def test_sound_that_the_browser_ends_is_told_and_begins_again(each_opened):
    page = each_opened(CONTEXT)
    choose(page, samples(page)[0])
    started(page)
    page.evaluate("contexts[0].close().then(() => 0)")
    assert told(page).startswith("The browser’s sound has stopped: press “Start again”.")
    assert text(page, "status") == WAITING
    again(page)
    runs(page)
    stopped(page)


def test_headphones_that_are_lost_are_told(each_opened):
    page = each_opened(CONTEXT)
    started(page)
    page.evaluate("contexts[0].dispatchEvent(new Event('error'))")
    page.evaluate("contexts[0].suspend().then(() => 0)")
    assert told(page).startswith("No sound: the browser is waiting for loudspeakers or headphones.")
    again(page)
    runs(page)
    stopped(page)


# Patience is short in a test.
HURRY = "AbortSignal.timeout = () => AbortSignal.abort(new Error('no answer'));"


@pytest.mark.parametrize(
    ("fault", "why"),
    [("Promise.reject(new Error('no luck'))", "no luck"), ("new Promise(() => {})", "no answer")],
    ids=["refused", "never answered"],
)
def test_worklet_that_cannot_be_loaded_is_told_and_samples_are_denoised(fault, why, each_opened):
    hurry = HURRY if why == "no answer" else ""
    page = each_opened(f"{hurry} AudioWorklet.prototype.addModule = () => {fault};")
    assert text(page, "message").startswith(
        f"The audio thread could not load its code ({why}): reload the page."
    )
    assert page.evaluate("document.getElementById('start').disabled")
    click(page, "whole")
    download(page)


MICROPHONE = """
const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await own(wanted), [track] = stream.getAudioTracks();
  globalThis.track = track;
  Object.defineProperty(track, "muted", { value: false, writable: true });
  const settings = { ...track.getSettings(), channelCount: 1, ...globalThis.settings };
  track.getSettings = () => settings;
  return stream;
};
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = async () => {
  const more = globalThis.more ?? [];  // as long as the list is not there, a test may add some
  return [...await list(), ...more];
};
"""


def test_muted_microphone_is_told_until_it_is_not(each_opened):
    page = each_opened(MICROPHONE)
    started(page)
    page.evaluate("track.muted = true")
    assert told(page).startswith("The microphone is muted: look for a switch on it")
    page.evaluate("track.muted = false")
    runs(page)
    stopped(page)


def test_error_and_trouble_are_told_side_by_side(each_opened, tmp_path):
    page = each_opened(MICROPHONE)
    started(page)
    page.evaluate("track.muted = true")
    told(page)
    (tmp_path / "text.wav").write_text("this is no sound")
    page.give_file(tmp_path / "text.wav")
    page.wait("!document.getElementById('message').hidden")
    time.sleep(0.6)  # two looks at the sound
    assert text(page, "message").startswith("text.wav is no sound")
    assert told(page).startswith("The microphone is muted")
    assert text(page, "status").startswith("Running: microphone.")
    stopped(page)


def test_microphone_that_sends_nothing_is_told(each_opened):
    page = each_opened(MICROPHONE)
    started(page)
    page.evaluate("track.enabled = false")  # sends zeros, as one that the system keeps back
    assert told(page).startswith("Only silence comes from the microphone.")
    page.evaluate("track.enabled = true")
    runs(page)
    stopped(page)


def test_new_headphones_are_told_and_taken_after_a_click(each_opened):
    page = each_opened(MICROPHONE)
    started(page)
    page.evaluate(
        "globalThis.more = [{ kind: 'audiooutput', deviceId: 'new' }];"
        "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )
    assert told(page) == (
        "Your sound devices have changed. To use the new ones, press “Start again”."
    )
    assert text(page, "status").startswith("Running")
    again(page)
    runs(page)
    stopped(page)


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ("{}", ""),
        ("{noiseSuppression: true}", "This browser removes noise by itself before"),
        (
            "{noiseSuppression: true, echoCancellation: true, autoGainControl: true}",
            "This browser removes noise, removes echoes and evens out the level by itself before",
        ),
        ("{sampleRate: 8000}", "The microphone sends only 8,000 samples a second, as headsets do"),
    ],
    ids=["nothing", "less noise", "a lot", "slow"],
)
def test_what_the_browser_makes_of_the_microphone_is_told(settings, note, opened):
    page = opened(f"globalThis.settings = {settings};{MICROPHONE}")
    started(page)
    assert text(page, "status").startswith(f"Running: microphone. {note}".strip())
    assert note or text(page, "status") == "Running: microphone."
    rate = page.evaluate("track.getSettings().sampleRate.toLocaleString('en')")
    assert text(page, "input").endswith(f", {rate} Hz, 1 channel")
    stopped(page)


def test_channels_of_the_microphone_are_told(opened):
    page = opened(f"globalThis.settings = {{ channelCount: 2 }};{MICROPHONE}")
    started(page)
    assert text(page, "input").endswith(", 2 channels, which are averaged")
    stopped(page)


def test_browser_without_loudspeakers_says_so_and_goes_on(start_browser, port):
    """This Chromium has no devices at all: it plays into the void."""
    page = ready(start_browser("--use-fake-ui-for-media-stream"), address(port))
    choose(page, samples(page)[0])
    started(page)
    assert told(page).startswith("The browser finds no loudspeakers or headphones.")
    stopped(page)


def test_firefox_without_a_sound_card_says_so_and_can_be_stopped(port, tmp_path):
    with contextlib.closing(Firefox(tmp_path, sound=False)) as page:
        ready(page, address(port))
        choose(page, samples(page)[0])
        click(page, "start")
        assert told(page).startswith("No sound: the browser is waiting for loudspeakers")
        assert text(page, "status") == WAITING
        stopped(page)


def test_starting_again_ten_times_leaks_nothing(browser, port):
    with browser.prepared(COUNTED):
        page = ready(browser, address(port))
    choose(page, samples(page)[0])

    def cycle(times):
        for _ in range(times):
            started(page)
            again(page)
            runs(page)
            stopped(page)
        time.sleep(1)
        return alive(page), page.heap(), page.call("Memory.getDOMCounters")

    (_, heap, dom), (left, heap_after, dom_after) = cycle(3), cycle(10)
    assert (left["AudioContext"], left["AudioWorkletNode"], left["Instance"]) == (1, 1, 2)
    assert heap_after - heap < 0.5e6
    assert dom_after["jsEventListeners"] - dom["jsEventListeners"] <= 5
