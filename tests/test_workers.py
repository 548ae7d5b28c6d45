"""Processes that work beside the one that started them."""

import os
import signal
import time
from threading import Thread

import pytest

from lstm_se.workers import in_order


def test_what_is_under_way_is_finished_when_the_caller_stops(tmp_path):
    """Also the item whose result was waited for: it used to be forgotten."""
    stop = tmp_path / "stop"

    def work(name):
        (tmp_path / f"{name} begun").touch()
        while not stop.exists():
            time.sleep(0.05)
        time.sleep(0.5 if name == "first" else 0)
        (tmp_path / f"{name} finished").touch()

    def interrupt():
        while len(list(tmp_path.glob("* begun"))) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, ["first", "second"], 2, hurry=stop.touch))
    assert len(list(tmp_path.glob("* finished"))) == 2
