"""The built pages, as a browser shows them: nothing is broken, silent, or wider than a phone.

Run by ``make test-system``. Chromium walks through every page in a frame; a script in the frame's
parent measures, and sends what it found back to the server that the pages come from.
"""

import functools
import http.server
import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from built import HTML, every_page, pages

WIDTHS = {"phone": 390, "laptop": 1280}
SECONDS = 300
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves the book and the measuring page, and takes the report."""

    def __init__(self, *args, reports, **kwargs):
        self.reports = reports
        super().__init__(*args, directory=str(HTML), **kwargs)

    def do_GET(self):
        if self.path != "/measure":
            super().do_GET()
            return
        template = Path(__file__).with_name("measure.html").read_text(encoding="utf-8")
        visits = [[page, width, WIDTHS[width]] for page in pages() for width in WIDTHS]
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(template.replace("VISITS", json.dumps(visits)).encode())

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.reports.put(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Keep the test report readable."""


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """What the browser measured, as ``{(page, width name): findings}``."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "no Chromium found: install it (Debian: apt install chromium)"
    reports = queue.Queue()
    handler = functools.partial(Server, reports=reports)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
        address = f"http://127.0.0.1:{server.server_port}/measure"
        process = subprocess.Popen(
            [browser, *FLAGS, profile, "--remote-debugging-port=0", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            findings = reports.get(timeout=SECONDS)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
    return {(finding["page"], finding["width"]): finding for finding in findings}


@every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_not_wider_than_the_screen(report, page, width):
    assert report[page, width]["overflow"] <= 0


@every_page
def test_every_picture_loads_and_is_described(report, page):
    assert report[page, "laptop"]["brokenPictures"] == []
    assert report[page, "laptop"]["picturesWithoutWords"] == []


@every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_words_of_drawings_can_be_read(report, page, width):
    assert report[page, width]["cutWords"] == []


@every_page
def test_every_player_has_sound(report, page):
    assert all(seconds > 0.2 for seconds in report[page, "laptop"]["soundSeconds"])


@every_page
def test_links_inside_the_book_lead_somewhere(report, page):
    assert report[page, "laptop"]["deadLinks"] == []


def test_first_page_can_be_heard(report):
    assert len(report[pages()[0], "phone"]["soundSeconds"]) >= 2


@every_page
def test_page_has_a_favicon_and_a_button_to_edit_it(report, page):
    assert report[page, "laptop"]["favicon"].endswith("favicon.svg")
    assert f"/edit/main/{Path(page).with_suffix('')}" in report[page, "laptop"]["edit"]


@pytest.mark.parametrize("page", [page for page in pages() if page.startswith("notebooks/")])
def test_notebook_opens_in_colab(report, page):
    notebook = Path(page).with_suffix(".ipynb")
    assert report[page, "laptop"]["colab"].endswith(f"/lstm-se/blob/main/{notebook}")
