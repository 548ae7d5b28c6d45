"""The fader of the first lesson, in Chromium: what it says is what it plays."""

import base64
import io

import numpy as np
import pytest
import soundfile as sf
from controls import ROOT

from lstm_se.pages import fader
from lstm_se.sound import audio

PAGE = ROOT / "_build/html/notebooks/01_inspect_the_dataset.html"
BEGIN = 1600  # samples before the sound begins: 0.1 s
CHANGE = 96_000  # the sample at which a test moves the slider: six seconds on
# Before a page loads: its sound goes to a meter too, and its context can be asked.
WATCH = """
const Real = AudioContext, connect = AudioNode.prototype.connect;
window.AudioContext = class extends Real {
  constructor() { super(); window.context = this; }
};
AudioNode.prototype.connect = function (to) {
  if (to instanceof AudioDestinationNode) {
    window.meter = new AnalyserNode(this.context);
    connect.call(this, window.meter);
  }
  return connect.call(this, to);
};
window.rms = () => {
  const samples = new Float32Array(window.meter.fftSize);
  window.meter.getFloatTimeDomainData(samples);
  return Math.hypot(...samples) / Math.sqrt(samples.length);
};"""
# Before a page loads: what it would play is computed instead, ten seconds at 16 kHz.
COMPUTE = f"""
window.AudioContext = class extends OfflineAudioContext {{
  constructor() {{ super(1, 160000, 16000); }}
  resume() {{
    super.suspend({CHANGE} / 16000).then(() => {{ window.change?.(); super.resume(); }});
    window.sound = this.startRendering();
  }}
}};"""


@pytest.fixture
def opened(browser):
    """Opens the page, with a script that runs before its own; what is left of it goes away."""
    assert PAGE.exists(), "no book: run `make book` first"
    scripts = []

    def open_page(script):
        added = browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        scripts.append(added["identifier"])
        browser.open(PAGE.as_uri())
        return browser

    yield open_page
    for identifier in scripts:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)
    browser.open("about:blank")


def in_figure(page, query, rest):
    return page.evaluate(f"document.querySelector('#fader {query}'){rest}")


def moved(snr_db):
    """JavaScript that moves the slider as a hand does."""
    return (
        "(() => { const range = document.querySelector('#fader input');"
        f"range.value = {snr_db}; range.dispatchEvent(new Event('input')); }})"
    )


def embedded(page):
    """Speech and noise that the page holds."""
    found = "[...document.querySelectorAll('#fader audio')].map((player) => player.src)"
    encoded = [address.partition(",")[2] for address in page.evaluate(found)]
    return [sf.read(io.BytesIO(base64.b64decode(text)))[0] for text in encoded]


def computed(page):
    """What the page plays after a click."""
    in_figure(page, "button", ".click()")
    page.wait("window.sound !== undefined")
    return np.array(page.evaluate("sound.then((sound) => [...sound.getChannelData(0)])"))


@pytest.mark.parametrize("snr_db", [-5, 0, 5, 12.5, 20])
def test_sound_has_the_snr_that_the_slider_shows(opened, snr_db):
    page = opened(COMPUTE)
    page.evaluate(f"{moved(snr_db)}()")
    assert in_figure(page, "label span", ".textContent") == f"{snr_db:g} dB"
    speech, _ = embedded(page)
    once = BEGIN + len(speech)
    noise = computed(page)[once : once + len(speech)] - speech
    assert abs(audio.active_level_dbfs(speech) - audio.rms_dbfs(noise) - snr_db) < 0.05


def test_slider_moves_the_noise_without_a_click(opened):
    page = opened(COMPUTE)
    page.evaluate(f"{moved(-5)}()")
    page.evaluate(f"window.change = {moved(20)}")
    parts = embedded(page)
    sound = computed(page)
    places = np.arange(CHANGE - 3200, CHANGE + 6400)
    speech, noise = (part[(places - BEGIN) % len(part)] for part in parts)
    rest, noise = (x.reshape(-1, 16) for x in (sound[places] - speech, noise))
    gain = (rest * noise).sum(1) / (noise * noise).sum(1)  # in steps of 1 ms
    np.testing.assert_allclose([gain[0], gain[-1]], [1, 10 ** (-25 / 20)], atol=0.01)
    assert np.abs(np.diff(gain)).max() < 0.1


def test_play_and_stop_with_the_keyboard(opened):
    page = opened(WATCH)
    in_figure(page, "button", ".focus()")
    page.press("Enter", text="\r")
    page.wait("window.context?.state === 'running' && rms() > 0.001")
    assert in_figure(page, "button", ".textContent") == "Stop"
    page.press("Enter", text="\r")
    page.wait("context.state === 'suspended'")
    assert in_figure(page, "button", ".textContent") == "Play"
    page.press(" ", "Space", " ")
    page.wait("context.state === 'running' && rms() > 0.001")
    page.press(" ", "Space", " ")
    book = PAGE.parents[1].as_uri()
    assert not [address for address in page.requests() if not address.startswith(book)]


def test_slider_follows_the_keyboard_and_says_where_it_is(opened):
    page = opened(WATCH)
    in_figure(page, "input", ".focus()")
    before = in_figure(page, ".noise", ".getAttribute('d')")
    assert in_figure(page, "input", ".value") == "5"
    page.press("ArrowLeft")
    assert in_figure(page, "input", ".getAttribute('aria-valuetext')") == "2.5 dB"
    assert in_figure(page, "label span", ".textContent") == "2.5 dB"
    assert in_figure(page, ".words", ".textContent").startswith("At 2.5 dB, ")
    assert in_figure(page, ".noise", ".getAttribute('d')") != before
    assert in_figure(page, ".controls", ".hidden") is False


def test_without_javascript_both_parts_can_be_heard(opened, browser):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page = opened("")
        assert in_figure(page, ".controls", ".hidden") is True
        assert in_figure(page, ".listen", ".offsetHeight") > 0
        assert in_figure(page, ".words", ".textContent").startswith("At 5 dB, ")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_slider_has_all_positions(opened):
    page = opened(WATCH)
    ends = [float(in_figure(page, "input", f".{name}")) for name in ("min", "max", "step")]
    assert ends == [fader.SNRS_DB[0], fader.SNRS_DB[-1], 2.5]
