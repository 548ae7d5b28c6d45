"""How many weights the denoisers have that ``peers.py`` compares ours with.

An ONNX file is read as the protocol buffer that it is, with no ONNX package.
"""

from __future__ import annotations

import ctypes
import math
import tarfile
from collections.abc import Iterator
from typing import Any

from lstm_se.scoring import adapters, peers

FILES = {
    "gtcrn": ("gtcrn_simple.onnx",),
    "dtln": ("model_1.onnx", "model_2.onnx"),
    "deepfilternet": ("DeepFilterNet3_onnx.tar.gz",),
    "nsnet2": ("nsnet2-20ms-baseline.onnx",),
}
FLOAT = 1  # TensorProto.DataType
VARINT = 0  # wire types of a protocol buffer
FIXED = {1: 8, 5: 4}  # bytes


def weights(name: str) -> int:
    """Trained numbers of a peer; 0 for a classic one.

    Raises:
        ValueError: If its package is not installed.
    """
    if name == "rnnoise":
        return rnnoise_weights()
    return count(*models(name))


def models(name: str) -> list[bytes]:
    """What the ONNX files of a peer hold; none where its weights are elsewhere, or nowhere.

    Raises:
        ValueError: If its package is not installed.
    """
    found: list[bytes] = []
    for file in FILES.get(name, ()):
        path = adapters.file_of(peers.peer(name).package, file)
        if path.suffix == ".gz":
            with tarfile.open(path) as archive:
                members = [m for m in archive if m.name.endswith(".onnx")]
                found += [archive.extractfile(member).read() for member in members]
        else:
            found.append(path.read_bytes())
    return found


class WeightArray(ctypes.Structure):
    """An entry of RNNoise's table of weights."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("size", ctypes.c_int),
        ("data", ctypes.c_void_p),
    ]


def rnnoise_weights() -> int:
    """Weights and biases in RNNoise's own table."""
    return sum(rnnoise_layers().values())


def rnnoise_layers() -> dict[str, int]:
    """Numbers by name in RNNoise's own table; what is there in float and int8 counts once."""
    library = adapters.rnnoise_library()
    counts: dict[str, int] = {}
    for entry in (WeightArray * 1000).in_dll(library, "rnnoise_arrays"):
        if not entry.name:
            break
        layer, _, kind = entry.name.decode().rpartition("_")
        if kind in ("bias", "float", "diag"):
            counts[entry.name.decode()] = entry.size // 4
        elif kind == "int8":
            counts.setdefault(f"{layer}_float", entry.size)
    return counts


def count(*contents: bytes) -> int:
    """Floating-point constants in ONNX models, single numbers left out.

    Args:
        contents: Of the files; together they are one model.
    """
    return sum(_floats(content) for content in contents)


def _floats(model: bytes) -> int:
    """Numbers in the float tensors of a model: ``ModelProto.graph`` and what it holds."""
    tensors: list[bytes] = []
    for graph in _fields(model, 7):
        tensors += _fields(graph, 5)
        for node in _fields(graph, 1):
            tensors += [t for attribute in _fields(node, 5) for t in _fields(attribute, 5)]
    return sum(_size(tensor) for tensor in tensors)


def _size(tensor: bytes) -> int:
    """Numbers in one tensor; 0 if they are whole or it is but one."""
    if next(_fields(tensor, 2), None) != FLOAT:
        return 0
    size = math.prod(d for dims in _fields(tensor, 1) for d in _whole(dims))
    return size if size > 1 else 0


def _whole(value: int | bytes) -> list[int]:
    """A repeated number, packed or not."""
    if isinstance(value, int):
        return [value]
    numbers, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        numbers.append(number)
    return numbers


def _fields(message: bytes, wanted: int) -> Iterator[Any]:
    """Values of one field of a protocol-buffer message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        value: int | bytes
        if kind == VARINT:
            value, place = _varint(message, place)
        else:
            size, place = (FIXED[kind], place) if kind in FIXED else _varint(message, place)
            value, place = message[place : place + size], place + size
        if key >> 3 == wanted:
            yield value


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it."""
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place
