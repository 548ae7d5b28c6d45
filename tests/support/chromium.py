"""A headless Chromium that tests drive through its debugging protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

import websocket
from browser import SECONDS, Browser

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP book.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--enable-precise-memory-info",
    "about:blank",
]
MICROPHONE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


class Chromium(Browser):
    """One browser with one page."""

    def __init__(self, folder, flags=()):
        """Start it; profile and downloads go into ``folder``."""
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        assert browser, "no Chromium found: install it (Debian: apt install chromium)"
        self.downloads = Path(folder) / "downloads"
        profile = Path(folder) / "profile"
        self._process = subprocess.Popen(
            [browser, f"--user-data-dir={profile}", *flags, *FLAGS],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.events = []
        self._numbers = itertools.count(1)
        self._socket = websocket.create_connection(self._address(profile), timeout=SECONDS)
        found = self.call("Target.getTargets")["targetInfos"]
        target = next(info["targetId"] for info in found if info["type"] == "page")
        self._session = None
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Performance"):
            self.call(f"{domain}.enable")
        self.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(self.downloads),
            eventsEnabled=True,
        )

    @staticmethod
    def _address(profile):
        """Where the browser listens: it writes that down when it does."""
        port = profile / "DevToolsActivePort"
        until = time.monotonic() + SECONDS
        while not (port.exists() and port.read_text().count("\n")):
            assert time.monotonic() < until, "Chromium does not start"
            time.sleep(0.05)
        number, path = port.read_text().split("\n")[:2]
        return f"ws://127.0.0.1:{number}{path}"

    def close(self):
        self._socket.close()
        self._process.terminate()
        self._process.wait()

    def call(self, method, **parameters):
        """One command of the protocol; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer.get('error')}"
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, expression):
        """Value of an expression in the page, awaited, as if a person had asked for it."""
        found = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        problem = found.get("exceptionDetails", {})
        assert not problem, problem.get("exception", problem)
        return found["result"].get("value")

    def open(self, address):
        """Go to a page and wait until it and its fonts and pictures are there."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(address)}")

    @contextlib.contextmanager
    def prepared(self, script):
        """Pages in which a script has run before their own."""
        added = self.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        try:
            yield
        finally:
            self.call("Page.removeScriptToEvaluateOnNewDocument", **added)

    @contextlib.contextmanager
    def screen(self, theme, width):
        """Pages of a width, in a theme, without transitions: a test would see half of one."""
        wanted = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
        media = [{"name": name, "value": value} for name, value in wanted.items()]
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setEmulatedMedia", features=media)
        self.call("Emulation.setDeviceMetricsOverride", **size)
        try:
            yield
        finally:
            self.call("Emulation.clearDeviceMetricsOverride")
            self.call("Emulation.setEmulatedMedia", features=[])

    def press(self, key, code=None, text=""):
        """Press and release a key."""
        known = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "ArrowLeft": 37}
        event = {"key": key, "code": code or key, "windowsVirtualKeyCode": known[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def give_file(self, path, name="file"):
        """What choosing a file in the dialogue does."""
        found = self.call("Runtime.evaluate", expression=f"document.getElementById('{name}')")
        element = found["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], objectId=element)

    def named(self, method):
        """Parameters of all events of one kind since the page was opened."""
        self.evaluate("0")  # whatever is under way comes in before the answer
        return [event["params"] for event in self.events if event.get("method") == method]

    def set_offline(self, offline):
        """Take the network away, or give it back."""
        unlimited = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.call("Network.emulateNetworkConditions", offline=offline, **unlimited)

    def requests(self):
        """Addresses that went to the network since the page was opened."""
        sent = (event["request"]["url"] for event in self.named("Network.requestWillBeSent"))
        return [url for url in sent if not url.startswith(("blob:", "data:"))]

    def complaints(self):
        """Errors that the page logged or threw."""
        thrown = self.named("Runtime.exceptionThrown")
        logged = (event["entry"] for event in self.named("Log.entryAdded"))
        return [*thrown, *(entry for entry in logged if entry["level"] == "error")]

    def heap(self):
        """Bytes that JavaScript holds after its garbage is collected."""
        self.call("HeapProfiler.collectGarbage")
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "JSHeapUsedSize")

    def screenshot(self, path):
        """The whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))
