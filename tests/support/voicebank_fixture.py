"""A tiny corpus in VoiceBank-DEMAND's layout, its archives, and a server that can misbehave."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import soundfile

from lstm_se.corpora.download import Archive

TRAIN_SPEAKERS = ("p226", "p227", "p286", "p287")
TEST_SPEAKERS = ("p232", "p257")


def write_pair(
    clean_dir: Path, noisy_dir: Path, name: str, rate: int = 16_000, seconds: float = 0.3
) -> None:
    """A tone, whose last sample is its own, and the same tone in noise."""
    rng = np.random.default_rng(sum(name.encode()))
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    tone[-1] = sum(name.encode()) / 4096
    for folder, signal in (
        (clean_dir, tone),
        (noisy_dir, tone + 0.03 * rng.standard_normal(len(tone))),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.wav", signal, rate, subtype="PCM_16")


def write_phone_pair(clean_dir: Path, noisy_dir: Path, name: str) -> None:
    """Two recordings as a phone makes them, at 16 kHz."""
    for folder in (clean_dir, noisy_dir):
        with av.open(str(folder / f"{name}.m4a"), "w") as container:
            stream = container.add_stream("aac", rate=16_000, layout="mono")
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
            frame.sample_rate = 16_000
            container.mux([*stream.encode(frame), *stream.encode(None)])


def make_corpus(
    root: Path,
    train: Sequence[str] = TRAIN_SPEAKERS,
    test: Sequence[str] = TEST_SPEAKERS,
    count: int = 28,
    rate: int = 16_000,
    utterances: int = 2,
) -> Path:
    """Write a corpus; ``count`` is the number in the name of the training folders."""
    for part, speakers in ((f"trainset_{count}spk_wav", train), ("testset_wav", test)):
        for speaker in speakers:
            for number in range(1, utterances + 1):
                name = f"{speaker}_{number:03d}"
                write_pair(root / f"clean_{part}", root / f"noisy_{part}", name, rate)
    return root


def zip_folder(folder: Path, suffix: str = ".wav") -> bytes:
    """The folder as the original archives have it, with a Macintosh shadow of each file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob(f"*{suffix}")):
            archive.write(path, f"{folder.name}/{path.name}")
            archive.writestr(f"__MACOSX/{folder.name}/._{path.name}", b"shadow")
    return buffer.getvalue()


@dataclass
class Server:
    """What is served, how it misbehaves, and what was asked of it.

    Attributes:
        files: Content by path.
        cut_after: Bytes after which the next transfer of a path is cut, once for each entry.
        ranges: Whether the server understands ranges.
        statuses: Answers to give before anything else, by path, one for each request.
        retry_after: What it says beside a status, if anything.
        html: Answer with a web page.
        length: What it says of the length of an answer, instead of the truth.
        requests: ``(path, Range header)`` of each request.
        sent: Bytes of content that left the server, by path.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, list[int]] = field(default_factory=dict)
    ranges: bool = True
    statuses: dict[str, list[int]] = field(default_factory=dict)
    retry_after: str = ""
    html: bool = False
    length: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Server]:
    """Serve files from 127.0.0.1 on a free port."""
    state = Server(files=files)
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Server

    def do_GET(self) -> None:
        path, state = self.path, self.state
        state.requests.append((path, self.headers.get("Range")))
        if state.statuses.get(path):
            asked = {"Retry-After": state.retry_after} if state.retry_after else {}
            self._answer(state.statuses[path].pop(0), b"", asked)
        elif path not in state.files:
            self._answer(404, b"", {})
        elif state.html:
            self._answer(200, b"<html>", {"Content-Type": "text/html"})
        else:
            self._content(path, state.files[path])

    def _content(self, path: str, data: bytes) -> None:
        wanted = self.headers.get("Range") if self.state.ranges else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(data):
            self._answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        elif wanted:
            place = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._answer(206, data[start:], {"Content-Range": place})
        else:
            self._answer(200, data, {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in ({"Content-Type": "application/zip"} | headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", self.state.length or str(len(body)))
        self.end_headers()
        if body and self.state.cut_after.get(self.path):
            body = body[: self.state.cut_after[self.path].pop(0)]
        # counted first: the client may be done with it before this thread goes on
        self.state.sent[self.path] = self.state.sent.get(self.path, 0) + len(body)
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


def make_archives(folder: Path) -> tuple[tuple[Archive, ...], dict[str, bytes]]:
    """Archives of a tiny corpus, and their content by the path that serves them."""
    make_corpus(folder, rate=48_000)
    logs = folder / "logfiles"
    logs.mkdir()
    (logs / "log_testset.txt").write_text("p232_001 bus 2.5\np257_002 cafe 17.5\n")
    archives, files = [], {}
    for path in sorted(folder.iterdir()):
        suffix = ".txt" if path == logs else ".wav"
        data = zip_folder(path, suffix)
        count = None if path == logs else len(list(path.glob("*.wav")))
        md5 = hashlib.md5(data).hexdigest()
        archives.append(Archive(path.name, f"id-{path.name}", md5, len(data), count, suffix))
        files[f"/id-{path.name}/content"] = data
    return tuple(archives), files
