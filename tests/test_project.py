"""The files around the code agree with each other."""

import os
import re
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
import weigh_packages
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def environment(python, system, machine):
    """A kind of machine as the markers of requirements know it."""
    place = {"sys_platform": system, "platform_machine": machine}
    return place | {"python_version": python, "python_full_version": f"{python}.9"}


def pins(python, system="linux", machine="x86_64"):
    """Versions that constraints.txt has for one kind of machine."""
    place = environment(python, system, machine)
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(place):
            found[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", [("linux", "x86_64"), ("darwin", "arm64")])
def test_every_requirement_has_a_pinned_version_in_its_range(python, machine):
    pinned = pins(python, *machine)
    if "tensorflow-cpu" in pinned:
        pinned["tensorflow"] = pinned.pop("tensorflow-cpu")
    extras = PROJECT["optional-dependencies"].values()
    place = environment(python, *machine)
    for text in [*PROJECT["dependencies"], *(text for extra in extras for text in extra)]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            continue  # an extra that is part of another
        if requirement.marker and not requirement.marker.evaluate(place):
            continue
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{text}: {version} is pinned"


def test_both_builds_of_tensorflow_have_one_version():
    pc, mac = pins("3.12"), pins("3.12", "darwin", "arm64")
    assert "tensorflow" not in pc and "tensorflow-cpu" not in mac
    assert pc["tensorflow-cpu"] == mac["tensorflow"]


def test_table_of_what_is_installed_has_every_package():
    """After a package came or went: python book/tools/weigh_packages.py."""
    page = weigh_packages.PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([\w-]+) \| (?:always|`\[(\w+)\]`) \| \d+ \|", page, re.MULTILINE)
    extras, named = weigh_packages.EXTRAS, weigh_packages.requirements
    assert listed == [(name, extra) for extra in extras for name in named(extra)]


def test_licences_that_ask_for_more_than_to_be_named_are_told():
    page = weigh_packages.PAGE.read_text(encoding="utf-8")
    rows = "".join(re.findall(r"^\|.*(?:[ML]PL|GPL).*$", page, re.MULTILINE))
    for package in distributions():
        about = package.metadata
        told = [
            about.get("License-Expression"),
            about.get("License"),
            *about.get_all("Classifier", []),
        ]
        # The first line alone: some put the whole text of their licence there.
        if any(re.match(r".*(GPL|General Public|MPL|Mozilla)", text or "") for text in told):
            assert re.search(rf"\b{package.name}\b", rows), f"{package.name} is not in the table"


@pytest.mark.parametrize("place", ["READY", "SUPPLY"])
def test_make_says_in_one_line_that_no_python_fits(place, tmp_path):
    target = tmp_path / ".ready"
    found = {"READY": target, "SUPPLY": tmp_path}[place]
    command = ["make", "PYTHON=", f"{place}={found}", str(target)]
    # Not as a child of the make that runs the tests: with -j it would warn of a job server.
    env = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    told = done.stderr.splitlines()
    assert told[0].startswith("error: no Python 3.11, 3.12 or 3.13 with venv and C headers found;")
    assert len(told) == 2 and "Error 1" in told[1]  # the second is make's own


def test_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == PROJECT["version"]


def test_tests_in_the_cloud_run_every_python_that_is_promised():
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    matrix = set(re.findall(r'"(3\.\d+)"', workflow))
    promised = {f"3.{minor}" for minor in range(9, 20)}
    assert matrix == {
        version
        for version in promised
        if Requirement(f"x{PROJECT['requires-python']}").specifier.contains(version)
    }
