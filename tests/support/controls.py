"""What the tests of the live page share: its server, and how to use its controls."""

import base64
import http.server
import io
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf

from lstm_se.chip import stft, stream
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build/html/book/live"
HOP = stft.HOP


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and remembers what it was asked for; isolated pages have a finer clock."""

    asked: list[str] = []

    def __init__(self, *args, isolated, **kwargs):
        self.isolated = isolated
        super().__init__(*args, **kwargs)

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def end_headers(self):
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        """Keep the test report readable."""


def address(port, query="", host="127.0.0.1"):
    return f"http://{host}:{port}/any/path/index.html{query}"


def ready(browser, url):
    """Open the page and wait until its controls are."""
    Server.asked.clear()
    browser.open(url)
    browser.wait("document.getElementById('status').textContent.startsWith('Ready')")
    return browser


# Keeps every audio context that the page opens.
CONTEXT = """
globalThis.contexts = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(...options) { super(...options); contexts.push(this); }
};"""


# When the controls opened, after the page was asked for: the page itself marks it.
READY_MS = "performance.getEntriesByName('ready')[0].startTime"


# Counts what the page makes and still holds, apart from what is only memory.
COUNTED = """
globalThis.made = {};
const counted = (owner, name) => {
  const refs = made[name] = [];
  owner[name] = class extends owner[name] {
    constructor(...given) { super(...given); refs.push(new WeakRef(this)); }
  };
};
for (const name of ["AudioContext", "AudioWorkletNode", "AudioBufferSourceNode"])
  counted(globalThis, name);
counted(WebAssembly, "Instance");
const own = AudioContext.prototype.createMediaStreamSource, microphones = made.microphones = [];
AudioContext.prototype.createMediaStreamSource = function (stream) {
  const node = own.call(this, stream);
  microphones.push(new WeakRef(node));
  return node;
};"""


def alive(page):
    """How many of each kind are left; those that nobody holds are collected before."""
    page.heap()
    count = "([name, refs]) => [name, refs.filter((ref) => ref.deref()).length]"
    return dict(page.evaluate(f"Object.entries(made).map({count})"))


def click(page, name):
    page.evaluate(f"document.getElementById('{name}').click()")


def text(page, name):
    return page.evaluate(f"document.getElementById('{name}').textContent")


def in_view(page, *names, frame=None):
    """Whether all of these parts lie within what a reader sees, as a whole."""
    inner = f"document.getElementById('{frame}')"
    document, above = (
        (f"{inner}.contentDocument", f"{inner}.getBoundingClientRect().top")
        if frame
        else ("document", 0)
    )
    return page.evaluate(
        f"{list(names)}.every((name) => {{ const part = {document}.getElementById(name);"
        " const { top, bottom, height } = part.getBoundingClientRect();"
        f" return height && top + {above} >= 0 && bottom + {above} <= innerHeight; }})"
    )


def started(page):
    click(page, "start")
    page.wait("document.getElementById('status').textContent.startsWith('Running')")


def again(page):
    """Press “Start again”, and wait for the sound that comes then."""
    page.evaluate("document.getElementById('status').textContent = ''")  # it may say so already
    click(page, "again")
    page.wait("document.getElementById('status').textContent.startsWith('Running')")


def stopped(page):
    click(page, "start")
    page.wait("document.getElementById('start').textContent === 'Start'")


def choose(page, value):
    page.evaluate(f"document.querySelector('input[value=\"{value}\"]').click()")


def move(page, name, value):
    """What moving a slider does."""
    page.evaluate(
        f"(slider => {{ slider.value = {value}; slider.dispatchEvent(new Event('input')); }})"
        f"(document.getElementById('{name}'))"
    )


def samples(page):
    found = "[...document.querySelectorAll('#samples input')].map((radio) => radio.value)"
    return page.evaluate(found)


def hops(page, count):
    """Wait until so many hops were recorded."""
    time.sleep(count * HOP / 16_000)


def save(page, place):
    """Files that a reader gets who follows all links of an element."""
    names = page.evaluate(
        f"[...document.querySelector('{place}').querySelectorAll('a')]"
        ".map((link) => (link.click(), link.download))"
    )
    until = time.monotonic() + 30
    paths = [page.downloads / name for name in names]
    while not all(path.exists() and path.stat().st_size for path in paths):
        assert time.monotonic() < until, f"{names} were not downloaded"
        time.sleep(0.05)
    return paths


def keep_recordings(page):
    """Let :func:`newest` read what the page makes: a browser saves only so many files of a page."""
    page.evaluate(
        "(make => { window.made = {}; URL.createObjectURL ="
        " (blob) => { const name = make(blob); window.made[name] = blob; return name; }; })"
        "(URL.createObjectURL.bind(URL))"
    )


def newest(page):
    """Noisy and denoised int16 of the newest recording, without saving them."""
    links = "[...document.querySelector('#results article').querySelectorAll('a')]"
    read = "(link) => window.made[link.href].arrayBuffer()"
    as_text = "(files) => files.map((file) => btoa(String.fromCharCode(...new Uint8Array(file))))"
    files = page.evaluate(f"Promise.all({links}.map({read})).then({as_text})")
    return [sf.read(io.BytesIO(base64.b64decode(file)), dtype="int16")[0] for file in files]


def download(page):
    """Noisy and denoised int16 of the newest recording."""
    page.wait("document.querySelectorAll('#results article').length > 0")
    paths = save(page, "#results article")
    read = [sf.read(path, dtype="int16") for path in paths]
    assert all(rate == 16_000 for _, rate in read)
    for path in paths:
        path.unlink()
    return [pcm for pcm, _ in read]


def denoised_by_command(pcm, folder, *options):
    """What ``lstm-se enhance --engine int8`` writes."""
    sf.write(folder / "noisy.wav", pcm, 16_000, "PCM_16")
    command = [ROOT / ".venv/bin/lstm-se", "enhance", "noisy.wav", "-o", "out.wav"]
    command += ["--engine", "int8", *options]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return sf.read(folder / "out.wav", dtype="int16")[0]


def bits_of_numpy(model, noisy, limit_db=None):
    """What the integer engine makes of int16."""
    start = partial(stream.IntegerStream, model, limit_db)
    denoiser = stream.PcmDenoiser(model.config, start)
    return audio.to_pcm(denoiser.enhance(noisy / np.float32(32768)))
