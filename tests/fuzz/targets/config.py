"""``Config.load``: a configuration that is the same when it was saved, or why it is none."""

import json
from pathlib import Path

from promise import refused_as_documented

from lstm_se.config import Config


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON, and no number")


def check(data: bytes, folder: Path) -> None:
    path = folder / "config.json"
    path.write_bytes(data)
    with refused_as_documented(str(path), ValueError):
        config = Config.load(path)
        config.save(path)
        assert Config.load(path) == config
        json.loads(path.read_text(), parse_constant=refuse)
