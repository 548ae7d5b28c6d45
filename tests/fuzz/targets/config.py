"""``Config.load``: a configuration that can be saved and is the same then, or why it is none."""

from pathlib import Path

from promise import refused_as_documented

from lstm_se.config import Config


def check(data: bytes, folder: Path) -> None:
    path = folder / "config.json"
    path.write_bytes(data)
    with refused_as_documented(str(path), ValueError):
        config = Config.load(path)
        config.save(path)
        assert Config.load(path) == config
