"""``load_weights``: finite numbers in the shapes that were asked for, or why not."""

import io
import zipfile
from pathlib import Path

import numpy as np
from promise import refused_as_documented

from lstm_se.config import Config
from lstm_se.network.in_numpy import load_weights, shapes

SMALL = Config.preset("plain", n_fft=16, hop_length=8, bands=2, units=(1,))


def archive(data: bytes) -> bytes:
    """A file as it stands, or one whose sums are right and of which one member is chosen.

    Two wrong bytes in a ZIP file never have the sum of the right ones: alone, no fuzzer gets in.
    """
    if data[:1] == b"P":
        return data  # as ZIP files begin
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, shape in shapes(SMALL).items():
            member = io.BytesIO()
            np.save(member, np.zeros(shape, np.float32))
            content = data[1:] if name == "rnn_0/bias" else member.getvalue()
            file.writestr(f"{name}.npy", content)
    return packed.getvalue()


def check(data: bytes, folder: Path) -> None:
    path = folder / "weights.npz"
    path.write_bytes(archive(data))
    with refused_as_documented(str(path), ValueError):
        weights = load_weights(path, SMALL)
        for name, shape in shapes(SMALL).items():
            assert weights[name].shape == shape and weights[name].dtype == np.float32
            assert np.isfinite(weights[name]).all()
