"""The CMake project of somebody else, ``tests/cmake/``, built with the denoiser in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cmake
import ninja

from lstm_se.chip import toolchain

PROJECT = Path(__file__).parents[1] / "cmake"


def build(folder, toolchain_name, preset, **variables):
    """The program of a copy of the project.

    Args:
        folder: Where to copy it.
        toolchain_name: Of a file in ``tests/cmake/cmake/``.
        preset: ``"Debug"`` or ``"Release"``.
        **variables: For CMake's cache.
    """
    project = shutil.copytree(PROJECT, folder / "project")
    tools = [str(write_zig_tools(folder)), cmake.CMAKE_BIN_DIR, ninja.BIN_DIR]
    path = os.pathsep.join([*tools, os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "TOOLS": tools[0], "TOOLCHAIN": toolchain_name}
    variables = {"FIRMWARE": toolchain.firmware(), **variables}
    given = [f"-D{name}={value}" for name, value in variables.items()]
    for step in (["--preset", preset, *given], ["--build", "--preset", preset, "--parallel", "2"]):
        command = [Path(cmake.CMAKE_BIN_DIR) / "cmake", *step]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return project / "build" / preset / "foreign"


def write_zig_tools(folder):
    """zig's compiler and archiver as commands of one word, which is what CMake asks for."""
    zig = f'exec "{sys.executable}" -m ziglang'
    compiler = " ".join([*toolchain.M7, *toolchain.PLAIN])
    for name, command in {"zig-cc": f"cc {compiler}", "zig-ar": "ar"}.items():
        tool = folder / name
        tool.write_text(f'#!/bin/sh\n{zig} {command} "$@"\n')
        tool.chmod(0o755)
    return folder
