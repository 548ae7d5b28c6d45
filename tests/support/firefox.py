"""A headless Firefox that tests drive by WebDriver BiDi, which it speaks by itself.

Its sound card is the one that its own developers test with, in memory, and its microphone hums.
With PulseAudio, Firefox 153 ESR hangs sooner or later, on whatever page, when sound is started and
stopped often: one of its own threads holds PulseAudio's lock while it passes on a change, and
another waits for that lock to open a stream.
"""

import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import websocket
from browser import SECONDS, Browser

# Nothing asks, downloads or reports in the middle of a test.
PREFERENCES = {
    "browser.download.alwaysOpenPanel": False,
    "browser.download.folderList": 2,
    "browser.download.useDownloadDir": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.proxy.type": 0,
    "ui.prefersReducedMotion": 1,
}
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "ArrowDown": "\ue015", "ArrowLeft": "\ue012"}


class Firefox(Browser):
    """One browser with one page; as much of it as the tests of the live page ask for."""

    def __init__(self, folder, sound=True):
        """Start it, with or without a sound card; profile and downloads go into ``folder``."""
        browser = shutil.which("firefox-esr") or shutil.which("firefox")
        assert browser, "no Firefox found: install it (Debian: apt install firefox-esr)"
        self.downloads = Path(folder) / "downloads"
        profile = Path(folder) / "profile"
        profile.mkdir(parents=True)
        wanted = {**PREFERENCES, "browser.download.dir": str(self.downloads)}
        wanted["media.cubeb.force_mock_context"] = sound
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in wanted.items()]
        (profile / "user.js").write_text("\n".join(lines))
        self._log = (Path(folder) / "log").open("w")
        self._process = subprocess.Popen(
            [browser, "--headless", "--no-remote", "--profile", profile]
            + ["--remote-debugging-port", "0", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env={**os.environ, "PULSE_SERVER": f"unix:{Path(folder) / 'none'}"},
        )
        self.events = []
        self._numbers = itertools.count(1)
        address = f"{self._address(Path(folder) / 'log')}/session"
        self._socket = websocket.create_connection(address, timeout=SECONDS, suppress_origin=True)
        self.call("session.new", capabilities={})
        # the first tab leaves the keyboard to the address bar
        self.context = self.call("browsingContext.create", type="tab")["context"]
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def _address(self, log):
        """Where the browser listens: it says so on its standard error."""
        until = time.monotonic() + SECONDS
        while not (found := re.search(r"BiDi listening on (ws://\S+)", log.read_text())):
            assert time.monotonic() < until, "Firefox does not start"
            time.sleep(0.05)
        return found[1]

    def close(self):
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def call(self, method, **parameters):
        """One command of the protocol; events that come meanwhile are kept."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, expression):
        """Value of an expression in the page, awaited, as if a person had asked for it."""
        return _plain(self._found(expression))

    def _found(self, expression):
        """The same, as the protocol writes it."""
        found = self.call(
            "script.evaluate",
            expression=expression,
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        assert found["type"] == "success", found["exceptionDetails"]
        return found["result"]

    def open(self, address):
        """Go to a page and wait until it and its pictures are there."""
        self.events.clear()
        self.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    @contextlib.contextmanager
    def prepared(self, script):
        """Pages in which a script has run before their own."""
        added = self.call("script.addPreloadScript", functionDeclaration=f"() => {{{script}}}")
        try:
            yield
        finally:
            self.call("script.removePreloadScript", **added)

    @contextlib.contextmanager
    def screen(self, theme, width):
        """Pages of a width, in the theme that the book keeps: this protocol cannot ask for one."""
        chosen = f"localStorage.setItem('theme', {json.dumps(theme)})"
        size = {"width": width, "height": 800}
        self.call("browsingContext.setViewport", context=self.context, viewport=size)
        try:
            with self.prepared(chosen):
                yield
        finally:
            self.call("browsingContext.setViewport", context=self.context, viewport=None)
            self.evaluate("localStorage.clear()")

    def press(self, key, *_, **__):
        """Press and release a key."""
        value = KEYS.get(key, key)
        strokes = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        self.call("input.performActions", context=self.context, actions=[keyboard])

    def give_file(self, path, name="file"):
        """What choosing a file in the dialogue does."""
        element = self._found(f"document.getElementById('{name}')")
        wanted = {"sharedId": element["sharedId"]}
        self.call("input.setFiles", context=self.context, element=wanted, files=[str(path)])

    def screenshot(self, path):
        """The whole page as a PNG."""
        shot = self.call(
            "browsingContext.captureScreenshot", context=self.context, origin="document"
        )
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def named(self, method):
        """Parameters of all events of one kind since the page was opened."""
        self.evaluate("0")  # whatever is under way comes in before the answer
        return [event["params"] for event in self.events if event.get("method") == method]

    def requests(self):
        """Addresses that went to the network since the page was opened."""
        sent = [event["request"]["url"] for event in self.named("network.beforeRequestSent")]
        return [url for url in sent if not url.startswith(("blob:", "data:"))]

    def complaints(self):
        """Errors that the page logged or threw."""
        return [entry for entry in self.named("log.entryAdded") if entry["level"] == "error"]


def _plain(found):
    """A value as the protocol writes it, in Python's own types."""
    if found["type"] == "array":
        return [_plain(each) for each in found["value"]]
    return found.get("value")
