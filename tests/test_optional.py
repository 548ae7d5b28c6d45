"""A package that is not there is told with the command that installs it."""

import sys

import pytest

from lstm_se import optional
from lstm_se.chip import builds, toolchain


def test_missing_package_is_named():
    with pytest.raises(ValueError, match=r"package nothing-here is not .*lstm-se\[tflite\]"):
        optional.module("nothing_here", "nothing-here", "tflite")


@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("ziglang", lambda path: toolchain.build_elf(path)),
        ("unicorn", lambda path: builds.CortexStream(path)),
        ("wasmtime", lambda path: builds.WasmStream(path)),
    ],
)
def test_firmware_tells_what_it_lacks(package, use, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=rf"package {package} is not .*lstm-se\[firmware\]"):
        use(tmp_path / "program")
