"""A study is trained run by run; what is done is kept, and only that."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mixtures import Mixtures
from random_network import small

import lstm_se
from lstm_se.corpora import banks
from lstm_se.corpora.pairs import paired
from lstm_se.research import experiments, materials
from lstm_se.research.studies import Results, Study, Variant

pytestmark = pytest.mark.slow  # trains many small networks

ROOT = Path(__file__).resolve().parents[2]
BASE = small(segment_seconds=0.25, batch_size=4, learning_rate=1e-2)
STUDY = Study(
    "quick", BASE, (Variant("base"), Variant("half", share=0.5)), seeds=(0, 1), segments=8
)


@pytest.fixture(scope="module")
def corpus():
    return lstm_se.mini()


@pytest.fixture(scope="module")
def material(corpus):
    return materials.Recorded(corpus.train[:6])


@pytest.fixture(scope="module")
def sets(corpus):
    return {"validation": corpus.validation[:2]}


@pytest.fixture(scope="module")
def finished(material, sets, tmp_path_factory):
    """A study from its first run to its last."""
    path = tmp_path_factory.mktemp("study") / "r.json"
    said = []
    experiments.run_study(STUDY, material, sets, path, "the command", tell=said.append)
    return path, said


def copied(path, folder):
    target = folder / "r.json"
    target.write_bytes(path.read_bytes())
    return target


def again(study, material, sets, path, **options):
    said = []
    results = experiments.run_study(study, material, sets, path, tell=said.append, **options)
    return results, said


def bank(name, seed):
    sound = np.random.default_rng(seed).integers(-9000, 9000, 16_000).astype(np.int16)
    return banks.Bank(name, (sound,), ((f"{name}.wav", 1.0, f"{seed}"),), ())


MIXTURES = Mixtures((bank("a", 1), bank("b", 2)), (bank("n", 3),))


def test_every_variant_meets_every_seed_and_the_seeds_come_last(finished):
    rows = Results.load(finished[0]).content["runs"]
    assert [(row["seed"], row["variant"]) for row in rows] == [
        (0, "base"),
        (0, "half"),
        (1, "base"),
        (1, "half"),
    ]
    assert len(finished[1]) == 4 and finished[1][1].startswith("half, seed 0: ")


def test_scores_are_those_of_whole_files_under_the_trained_network(finished, material, sets):
    config = Variant("base").config(BASE, 1)
    denoiser, _ = experiments.train_segments(config, material.source(config, Variant("base")), 8)
    expected = [lstm_se.evaluate(sets["validation"], {"x": denoiser}, ("si_sdr",), jobs=1)]
    values = list(expected[0].values("x", "si_sdr").values())
    found = Results.load(finished[0]).scores("base", "validation", "si_sdr")
    np.testing.assert_allclose(found[1], values, atol=1e-3)
    assert abs(found[0] - found[1]).max() > 1e-3  # the seed does something


def test_noisy_row_is_the_noisy_files_and_the_network_is_below_the_ideal_mask(finished, sets):
    results = Results.load(finished[0])
    noisy = lstm_se.evaluate(sets["validation"], {}, ("si_sdr",), jobs=1)
    known = results.scores("noisy", "validation", "si_sdr")[0]
    np.testing.assert_allclose(known, list(noisy.values("noisy", "si_sdr").values()), atol=1e-4)
    best = results.scores("oracle", "validation", "si_sdr")
    assert (best > known + 5).all()
    assert (best > results.scores("base", "validation", "si_sdr")).all()


def test_finished_study_trains_nothing_again(finished, material, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    results, said = again(STUDY, material, sets, path)
    assert said == []
    assert results.content["runs"] == Results.load(finished[0]).content["runs"]


def test_interrupted_study_loses_only_the_run_under_way_and_ends_with_the_same_scores(
    finished, material, sets, tmp_path
):
    path, said = tmp_path / "r.json", []

    def interrupt(line):
        said.append(line)
        if len(said) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiments.run_study(STUDY, material, sets, path, tell=interrupt)
    assert len(Results.load(path).content["runs"]) == 2
    resumed, rest = again(STUDY, material, sets, path)
    assert len(rest) == 2
    for name in ("base", "half"):
        whole = Results.load(finished[0]).scores(name, "validation", "si_sdr")
        np.testing.assert_allclose(resumed.scores(name, "validation", "si_sdr"), whole, atol=1e-3)


def test_changed_variant_is_trained_anew_and_the_others_are_not(finished, material, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    changed = dataclasses.replace(STUDY, variants=(STUDY.variants[0], Variant("half", share=0.4)))
    _, said = again(changed, material, sets, path)
    assert said[0].startswith("2 runs") and len(said) == 3
    assert all(line.startswith("half") for line in said[1:])


def test_other_sound_voids_every_run(finished, corpus, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    other = materials.Recorded(corpus.train[1:7])
    _, said = again(dataclasses.replace(STUDY, seeds=(0,)), other, sets, path, only=("base",))
    assert said[0].startswith("4 runs") and len(said) == 2


def test_only_some_variants_are_trained_and_the_rest_is_kept(finished, material, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    more = dataclasses.replace(STUDY, seeds=(0, 1, 2))
    results, said = again(more, material, sets, path, only=("half",))
    assert len(said) == 1 and said[0].startswith("half, seed 2")
    assert results.seeds("base") == (0, 1)


def test_unknown_variant_is_named(material, sets, tmp_path):
    with pytest.raises(ValueError, match="no variant 'hlaf'"):
        again(STUDY, material, sets, tmp_path / "r.json", only=("hlaf",))


def test_file_of_another_study_is_left_alone(finished, material, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    with pytest.raises(ValueError, match="holds study 'quick'"):
        again(dataclasses.replace(STUDY, name="other"), material, sets, path)
    assert path.read_bytes() == finished[0].read_bytes()


def test_other_length_is_refused_before_a_stored_run_is_lost(finished, material, sets, tmp_path):
    path = copied(finished[0], tmp_path)
    with pytest.raises(ValueError, match="holds runs of 8 segments, not of 16: name another file"):
        again(dataclasses.replace(STUDY, segments=16), material, sets, path)
    assert path.read_bytes() == finished[0].read_bytes()


def test_ideal_mask_is_made_anew_for_another_stft(finished, material, sets, tmp_path, monkeypatch):
    def not_trained(study, material, loaded, variant, seed):
        scores = {"validation": {"si_sdr": [0.0, 0.0]}}
        return {"variant": variant.name, "seed": seed, "seconds": 0.0, "scores": scores}

    monkeypatch.setattr(experiments, "_row", not_trained)
    changed = dataclasses.replace(
        STUDY, base=dataclasses.replace(BASE, hop_length=BASE.hop_length // 2)
    )
    new, renewed = (
        again(changed, material, sets, path)[0].content["sets"]["validation"]["references"]
        for path in (tmp_path / "new.json", copied(finished[0], tmp_path))
    )
    stored = Results.load(finished[0]).content["sets"]["validation"]["references"]
    assert new == renewed and renewed["noisy"] == stored["noisy"]
    assert renewed["oracle"] != stored["oracle"]


def test_training_that_diverged_is_kept_without_a_loss(material):
    config = dataclasses.replace(BASE, loss="mse", normalisation="none")
    huge = materials.Recorded(material.pairs[:1]).source(config, Variant("base"))
    huge._pairs = [(np.full(len(c), np.nan, np.float32), n) for c, n in huge._pairs]
    _, curve = experiments.train_segments(config, huge, 8)
    assert curve == [None, None]  # two steps of four segments


def test_curve_follows_the_training_and_goes_through_all_batches(material):
    source, seen = material.source(BASE, Variant("base")), []
    drawn = source.batch
    source.batch = lambda step: [seen.append(int(step)), drawn(step)][1]
    _, curve = experiments.train_segments(BASE, source, 32 * BASE.batch_size)
    assert len(curve) == experiments.LOSSES_KEPT
    assert curve[-1] < curve[0]
    assert sorted(seen) == list(range(32))


def test_failed_measure_is_no_number():
    """Noise has no speech for PESQ to find; the other measures go on."""
    silence, noise = np.zeros(16_000, np.float32), np.ones(16_000, np.float32)
    found = experiments.scored([(silence, noise)])
    assert found == {"si_sdr": [None], "estoi": [None], "pesq_wb": [None]}


def test_share_is_a_part_that_grows():
    half, most = (materials.share_of(20, share, seed=3) for share in (0.5, 0.9))
    assert len(half) == 10 and len(most) == 18
    assert set(half) < set(most) < set(range(20))
    assert materials.share_of(20, 0.5, seed=4) != half
    assert len(materials.share_of(3, 0.01, seed=0)) == 1


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=f"share is {share}"):
        materials.share_of(3, share, 0)


def test_share_of_pairs_is_what_the_source_draws_from(material):
    whole = material.source(BASE, Variant("base"))
    half = material.source(BASE, Variant("half", share=0.5))
    assert (len(half._pairs), len(whole._pairs)) == (3, 6)


def test_pairs_cannot_be_mixed_again(material):
    with pytest.raises(ValueError, match="'louder' has a recipe"):
        material.source(BASE, Variant("louder", recipe={"snr_db": (0.0, 1.0)}))


def test_recipe_reaches_the_mixer():
    config = dataclasses.replace(BASE, normalisation="running")
    source = MIXTURES.source(config, Variant("all noise", recipe={"noise_only": 1.0}))
    noisy, clean = source.batch(0)
    assert noisy.shape == clean.shape == (4, 4000)
    assert noisy.any() and not clean.any()


def test_mixtures_refuse_what_only_pairs_can_do():
    config = dataclasses.replace(BASE, normalisation="zscore")
    with pytest.raises(ValueError, match="'z': mixtures are not normalised"):
        MIXTURES.source(config, Variant("z"))


def test_digest_of_mixtures_changes_with_a_file():
    other = dataclasses.replace(MIXTURES, noise=(bank("n", 4),))
    assert MIXTURES.digest != other.digest


def test_script_of_page_10_trains_tiny_on_folders_and_goes_on(tmp_path, corpus):
    """As a reader would: three folders in, a file of results out; a second call adds a seed."""
    for pair in corpus.validation[:2]:
        for kind, path in (("clean", pair.clean), ("noisy", pair.noisy)):
            (tmp_path / "pairs" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "pairs" / kind / path.name).write_bytes(path.read_bytes())
    speech = tmp_path / "speech"
    speech.mkdir()
    for pair in corpus.train[:3]:
        (speech / pair.clean.name).write_bytes(pair.clean.read_bytes())
    out = tmp_path / "tiny.json"
    program = [sys.executable, ROOT / "notebooks" / "results" / "experiments.py", "tiny"]
    folders = ["--speech", speech, "--noise", ROOT / "data" / "mini" / "noise_trainset"]
    folders += ["--pairs", tmp_path / "pairs", "--out", out, "--steps", "2", "--only", "base"]
    for extra in (["--seeds", "0"], ["--seeds", "0,1"]):
        done = subprocess.run(
            [str(part) for part in (*program, *folders, *extra)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("base, seed 1: ")
    assert len(done.stdout.splitlines()) == 1
    results = Results.load(out)
    assert results.seeds("base") == (0, 1)
    assert results.content["command"].endswith(" --seeds 0,1 --out tiny.json --only 'base'")
    assert results.content["segments"] == 2 * lstm_se.Config.preset("tiny").batch_size
    assert results.content["sets"]["validation"]["names"] == [
        pair.name for pair in paired(tmp_path / "pairs" / "clean", tmp_path / "pairs" / "noisy")
    ]


def test_script_of_page_10_scores_what_lies_between_two_models(tmp_path, corpus):
    for pair in corpus.validation[:2]:
        for kind, path in (("clean", pair.clean), ("noisy", pair.noisy)):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / path.name).write_bytes(path.read_bytes())
    out = tmp_path / "between.json"
    script = ROOT / "notebooks" / "results" / "experiments.py"
    command = [sys.executable, script, "between", "tiny", "tiny", "--pairs", tmp_path, "--out", out]
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    first, *others = found["scores"].values()
    assert len(others) == 4 and all(other == first for other in others)  # one and the same model
    assert [len(values) for values in first.values()] == [2, 2, 2]
