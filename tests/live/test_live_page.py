"""The live page as the book's build writes it."""

import hashlib
import json
import re
import runpy
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf
from live_page import ROOT, SAMPLES, SOURCE, _finish, build

import lstm_se
from lstm_se.chip import builds, footprint

LARGEST = 600_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("book") / "live")


@pytest.fixture(scope="module")
def facts(folder):
    return json.loads((folder / "facts.json").read_text())


def test_page_has_all_its_files_and_nothing_that_is_not_loaded(folder, facts):
    loaded = {path.name for path in SOURCE.iterdir() if path.suffix in (".js", ".css", ".html")}
    loaded |= {"facts.json", facts["module"]["file"], *(s["file"] for s in facts["samples"])}
    assert {path.name for path in folder.iterdir()} == loaded
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST


def test_module_is_the_one_that_the_facts_name(folder, facts, tmp_path):
    code = zlib.decompress((folder / facts["module"]["file"]).read_bytes())
    assert hashlib.sha256(code).hexdigest() == facts["module"]["sha256"]
    assert len(code) == facts["module"]["bytes"]
    (tmp_path / "denoiser.wasm").write_bytes(code)
    assert builds.WasmStream(tmp_path / "denoiser.wasm").selftest()


def test_cost_on_the_board_is_what_the_benchmark_counts(facts):
    figures = footprint.measure()
    assert facts["board"]["instructions"] == figures["instructions_per_frame"]
    assert facts["board"]["estimatedMs"] == pytest.approx(figures["estimated_ms"], abs=0.01)


def test_samples_are_from_the_test_set_and_keep_every_bit(folder, facts):
    pairs = {pair.name: pair for pair in lstm_se.mini().test}
    assert [Path(sample["file"]).stem for sample in facts["samples"]] == list(SAMPLES)
    for sample in facts["samples"]:
        found, rate = sf.read(folder / sample["file"], dtype="int16")
        whole, _ = sf.read(pairs[Path(sample["file"]).stem].noisy, dtype="int16")
        assert rate == 16_000 and 2 * rate <= len(found) <= 4 * rate
        np.testing.assert_array_equal(found, whole[: len(found)])
        assert re.fullmatch(r"\w+ .+, [\d.]+ dB", sample["name"])


def test_everybody_who_is_heard_is_named_with_a_licence(facts):
    named = {credit["who"].partition(" (")[0]: credit for credit in facts["credits"]}
    assert set(named) == {"Allison Smith", "Anton", "Carlo Flora"}
    assert all(
        credit["url"].startswith("https://creativecommons.org/") for credit in named.values()
    )


def test_page_loads_nothing_from_elsewhere():
    """No other address in what the browser follows by itself, and rules that forbid it."""
    page = (SOURCE / "index.html").read_text()
    code = "".join(path.read_text() for path in [*SOURCE.glob("*.js"), *SOURCE.glob("*.css")])
    fetched = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert fetched and not [url for url in fetched if re.match(r"https?:|//", url)]
    assert not re.search(r"https?://", code)
    assert "default-src 'none'" in page and "connect-src 'self'" in page


def test_every_module_is_named_in_the_head():
    """A module that is only found in another one would be waited for."""
    named = set(re.findall(r'preload" href="(\w+)\.js"', (SOURCE / "index.html").read_text()))
    text = {path.stem: path.read_text() for path in SOURCE.glob("*.js")}
    imported = {
        name
        for code in text.values()
        for name in re.findall(r'^import .*"\./(\w+)\.js"', code, re.M)
    }
    assert named == imported | {"processor"}  # the audio thread's


def test_build_of_html_writes_the_page_and_other_builds_do_not(folder, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("live_page.build", asked.append)
    for kind, error in (("html", None), ("", None), ("html", ValueError())):
        _finish(SimpleNamespace(builder=SimpleNamespace(format=kind), outdir=str(tmp_path)), error)
    assert asked == [tmp_path / "book" / "live"]


def test_folder_that_was_forgotten_is_asked_for_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["live_page.py"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "book" / "tools" / "live_page.py"), run_name="__main__")
    assert capsys.readouterr().err.splitlines()[-1].endswith("are required: FOLDER")
