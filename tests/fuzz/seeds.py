"""What each fuzzer starts from: inputs of the kind that its target reads, whole and odd ones."""

import dataclasses
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torture
from targets import tables as target

from lstm_se.chip import link
from lstm_se.config import PRESETS, Config
from lstm_se.corpora.open_material import MADE_COLUMNS
from lstm_se.corpora.store import Store

LONGEST = 4096  # bytes of an input


def configs() -> list[bytes]:
    presets = [dataclasses.asdict(Config.preset(name)) for name in PRESETS]
    return [json.dumps(fields).encode() for fields in [*presets, {}]]


def weights() -> list[bytes]:
    """Bias and others that do not fit: see ``archive`` in the target."""
    shapes, kinds = [(4,), (2, 3), ()], ["<f4", "<f8", ">f2", "<c8", "<i8", "?", "<U2", "V3"]
    members = []
    for shape in shapes:
        for kind in kinds:
            member = io.BytesIO()
            np.save(member, np.zeros(shape, kind))
            members.append(member.getvalue())
    packed = io.BytesIO()
    np.savez_compressed(packed, bias=np.zeros(4, np.float32))
    return [packed.getvalue(), *(b"=" + member for member in members)]


def stores() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        with store.locked():
            for kind in ("<i2", "<f4", "<f8"):
                store.add(kind, np.arange(2, dtype=kind), {"sha256": "0", "rate": 16_000})
        return [store.index.read_bytes(), b'{"key": "a"}\n\xff\n']


def tables() -> list[bytes]:
    """A table of each kind, behind the letter of the kind."""
    made = ",".join(MADE_COLUMNS) + "\nnoise/a.flac,1.00,0,0,x,x,x,x,x\n"
    copied = "file,git_blob_sha1\nnoise/a.flac,x\n"
    texts = {"c": target.COLLECTIONS, "x": target.FILES, "g": made, "o": copied}
    return [(kind + text).encode() for kind, text in texts.items()]


def wavs() -> list[bytes]:
    """The odd files, with a few of their samples: fewer bytes are tried sooner."""
    return [odd.content[:LONGEST] for odd in torture.pack()]


def said_to_computers() -> list[bytes]:
    words = b"board=x version=1 model=1 compiler=x optimised=no caches=both selftest=passed "
    numbers = b"hz=1 cycles=1 most=1 hops=1 late=0 lost=0 clipped=0 peak=0 "
    lines = [b"lhealth " + words + numbers, b"lready samples=256 ", b"lstopped cause=codec ", b"l"]
    said = [b"\n\n".join([line, line]) for line in lines]
    said += [b"f" + bytes(link.HOP_AND_CYCLES), b"r\x02\x04\x00"]
    return [to + content for to in (b"h", b"a", b"d") for content in said]


def said_to_boards() -> list[bytes]:
    hop = link.frame(bytes(range(256)) * 2)
    numbers = [bytes([count]) + b"12" * (count // 2) for count in (0, 4, 250)]
    return [begin + link.ASK + hop + hop[:-1] + b"?" + link.frame(b"") for begin in numbers]


def hops() -> list[bytes]:
    """Draws of examples/fuzz: for each kind of sound one that begins with it."""
    return [bytes([0, 0, 1, 0, 0, 0, kind, 0]) + bytes(range(200)) for kind in range(8)]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "api.c": hops,
    "config.py": configs,
    "link.c": said_to_boards,
    "link.py": said_to_computers,
    "store.py": stores,
    "tables.py": tables,
    "wav.c": wavs,
    "wav.mjs": wavs,
    "wav.py": wavs,
    "weights.py": weights,
}
