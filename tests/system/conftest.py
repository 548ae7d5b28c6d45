"""Browsers and servers of the system tests."""

import functools
import http.server
import shutil
import threading
import zlib

import axe
import built
import numpy as np
import pytest
import random_network
import soundfile as sf
from chromium import MICROPHONE, Chromium
from click.testing import CliRunner
from controls import BUILT, Server, address, ready
from firefox import Firefox

import lstm_se
from lstm_se.cli.main import commands
from lstm_se.config import Config
from lstm_se.network import in_numpy
from lstm_se.sound import audio


@pytest.fixture(scope="session")
def start_server():
    """Starts servers of folders, and ends them."""
    servers = []

    def start(folder, isolated=False):
        handler = functools.partial(Server, directory=str(folder), isolated=isolated)
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="session")
def serve(tmp_path_factory, start_server):
    """Starts a server that has the folder of the page, and nothing else, on a path of its own."""
    assert (BUILT / "index.html").exists(), "no live page: run `make book` first"
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(BUILT, root / "any" / "path")
    return functools.partial(start_server, root)


@pytest.fixture(scope="session")
def site(start_server):
    """Address of the whole book."""
    assert (built.HTML / "index.html").exists(), "no book: run `make book` first"
    return f"http://127.0.0.1:{start_server(built.HTML)}/"


@pytest.fixture(scope="session")
def tools():
    return axe.install()


@pytest.fixture(scope="session")
def port(serve):
    return serve()


@pytest.fixture(scope="session")
def spoken():
    """What the microphone hears: noisy sentences at 16 kHz."""
    return np.concatenate([pair.load()[1] for pair in lstm_se.mini().test[:4]])


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """The module of the page, unpacked."""
    path = tmp_path_factory.mktemp("shipped") / "denoiser.wasm"
    path.write_bytes(zlib.decompress((BUILT / "denoiser.wasm.deflate").read_bytes()))
    return path


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    """Folder of a run with another network, and beside its files the module ``other.wasm``."""
    folder = tmp_path_factory.mktemp("run")
    config = Config(name="other", units=(16, 24))
    config.save(folder / "config.json")
    in_numpy.save_weights(folder / "weights.npz", random_network.random_weights(config))
    command = ["export", folder, "--to", "wasm", "--out", folder / "other.wasm"]
    done = CliRunner().invoke(commands, [str(part) for part in command])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory, spoken):
    """Starts browsers, and ends them."""
    wav = tmp_path_factory.mktemp("microphone") / "spoken.wav"
    sf.write(wav, audio.resample(spoken, 16_000, 48_000), 48_000, "PCM_16")
    browsers = []

    def start(*flags):
        flags = flags or (*MICROPHONE, f"--use-file-for-fake-audio-capture={wav}")
        browsers.append(Chromium(tmp_path_factory.mktemp("browser"), flags))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def browser(start_browser):
    return start_browser()


@pytest.fixture(scope="session")
def firefox(tmp_path_factory):
    browser = Firefox(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()


@pytest.fixture(scope="session", params=["browser", "firefox"], ids=["chromium", "firefox"])
def each(request):
    """Both browsers, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def page(browser, port):
    return ready(browser, address(port))


@pytest.fixture
def each_page(each, port):
    return ready(each, address(port))
