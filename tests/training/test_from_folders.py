"""A training takes what it is given, writes down what that was, and keeps the sides apart."""

import csv
import dataclasses
import hashlib
import json
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from random_network import noise
from voicebank_fixture import make_corpus

from lstm_se.cli import main
from lstm_se.corpora import banks
from lstm_se.network import edit, in_numpy, pretrained
from lstm_se.sound import audio
from lstm_se.training import fit, from_folders
from lstm_se.training.replicas import Replicas
from lstm_se.training.sources import TRAINING_RECIPE, Sources

SMALL = (
    "n_fft=64",
    "hop_length=32",
    "bands=8",
    "band_scale=linear",
    "units=[4]",
    "fine_hz=0",
    "segment_seconds=0.1",
    "batch_size=2",
)


def talk(seed):
    """Syllables over a quiet room, 1 s."""
    syllables = np.arange(16_000) // 3200 % 2 == 0
    return (0.2 * noise(16_000, seed=seed) * syllables).astype(np.float32)


@pytest.fixture
def folders(tmp_path):
    """Two talkers and two noises; both noises lie in folders of one name."""
    for number, (folder, sound) in enumerate(
        [("speech/ann", talk), ("others/bob", talk), ("noise/wav", None), ("strange/wav", None)]
    ):
        (tmp_path / folder).mkdir(parents=True)
        samples = sound(number) if sound else 0.3 * noise(16_000, seed=number)
        audio.write(tmp_path / folder / f"{number}.wav", samples)
    return tmp_path


PARTS = ("corpora", "speech", "noise", "validation_speech", "validation_noise")
FOUR = {
    "speech": ["speech"],
    "noise": ["noise"],
    "validation_speech": ["others"],
    "validation_noise": ["strange"],
}


def sources_of(root, **names):
    """Sources by the names of their folders."""
    return Sources(**{part: [root / name for name in names.get(part, [])] for part in PARTS})


def train(root, changes=SMALL, epochs=1, steps=1, resume=False, **names):
    """Train from the four folders, or those that are named."""
    schedule = fit.Schedule(epochs, steps)
    sources = sources_of(root, **{**FOUR, **names})
    start = from_folders.Start("tiny", changes)
    return from_folders.train_from(sources, start, root / "run", schedule, resume)


def loaded(root, **names):
    """Training and validation source, and the files behind them."""
    config = from_folders.Start("tiny", SMALL).config()
    return sources_of(root, **{**FOUR, **names}).load(config)


def test_training_from_folders_leaves_a_model(folders):
    weights = train(folders)
    assert np.isfinite(pretrained.load_float(weights.parent).enhance(noise(500))).all()


def test_training_from_pairs_leaves_a_model(tmp_path):
    make_corpus(tmp_path / "corpus")
    weights = train(tmp_path, corpora=["corpus"], **dict.fromkeys(FOUR, []))
    assert np.isfinite(pretrained.load_float(weights.parent).enhance(noise(500))).all()


def test_worker_with_other_sound_than_the_chief_is_refused(folders, monkeypatch):
    class Worker(Replicas):
        def of_chief(self, content):
            return json.dumps({**json.loads(content), "sources_sha256": "123"}).encode()

    monkeypatch.setattr(from_folders, "replicas_of", lambda _: Worker(None, 2, 1, 2))
    with pytest.raises(ValueError, match="^worker 1 has another sources_sha256 than worker 0, "):
        train(folders)
    assert not (folders / "run").exists()


def test_chief_writes_nothing_before_all_workers_agree(folders, monkeypatch):
    class Chief(Replicas):
        def of_chief(self, content):
            if content == b"agreed":
                raise ConnectionError("another worker is gone")
            return content

    monkeypatch.setattr(from_folders, "replicas_of", lambda _: Chief(None, 2, 0, 2))
    with pytest.raises(ConnectionError):
        train(folders)
    assert not (folders / "run").exists()


@pytest.fixture
def written(folders, monkeypatch):
    """Folder of a run whose training itself was left out, and what it was called with."""
    calls = []
    monkeypatch.setattr(from_folders.fit, "train", lambda *args, **_: calls.append(args))
    train(folders, epochs=7, steps=5)
    return folders / "run", calls[0]


def test_sources_are_listed_with_their_use(written):
    with (written[0] / "sources.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["use"], row["bank"], row["file"]) for row in csv.DictReader(file)}
    assert rows == {
        ("train speech", "ann", "0.wav"),
        ("validation speech", "bob", "1.wav"),
        ("train noise", "wav", "2.wav"),
        ("validation noise", "wav", "3.wav"),
    }


def test_recipe_names_what_was_asked_for(written):
    recipe = json.loads((written[0] / "recipe.json").read_text(encoding="utf-8"))
    assert (recipe["epochs"], recipe["steps"], recipe["corpora"]) == (7, 5, [])


def test_recipe_counts_the_minutes(written):
    recipe = json.loads((written[0] / "recipe.json").read_text(encoding="utf-8"))
    assert list(recipe["minutes"]) == [
        "train noise",
        "train speech",
        "validation noise",
        "validation speech",
    ]


def test_rescaled_mask_is_recorded_and_in_the_weights(folders):
    sources, start = sources_of(folders, **FOUR), from_folders.Start("tiny", SMALL)
    weights = {
        name: from_folders.train_from(
            sources, start, folders / name, fit.Schedule(1, 1), rescale=numbers
        )
        for name, numbers in {"plain": None, "strict": (0.5, -0.6)}.items()
    }
    facts = json.loads((folders / "strict" / "recipe.json").read_text())
    assert facts["rescaled"] == {"slope": 0.5, "shift": -0.6}
    by_hand = edit.rescale(pretrained.load_float(folders / "plain"), 0.5, -0.6).weights
    for name, array in in_numpy.load_weights(weights["strict"], start.config()).items():
        np.testing.assert_array_equal(array, by_hand[name])


def test_recipe_holds_what_it_takes_to_do_it_again(written):
    recipe = json.loads((written[0] / "recipe.json").read_text(encoding="utf-8"))
    mixed = json.dumps(dataclasses.asdict(TRAINING_RECIPE))
    assert recipe["mixing"] == json.loads(mixed)
    assert {"python", "tensorflow", "keras", "numpy", "lstm-se"} <= set(recipe["versions"])
    assert recipe["command"].startswith("lstm-se train --speech speech --noise noise")


def test_command_in_the_recipe_asks_for_the_same(written):
    """Read by the command line itself, with folders by their names."""
    recipe = json.loads((written[0] / "recipe.json").read_text(encoding="utf-8"))
    words = shlex.split(recipe["command"])
    assert words[:2] == ["lstm-se", "train"]
    read = main.commands.commands["train"].make_context("train", words[2:]).params
    assert {part: [path.name for path in read[part]] for part in PARTS} == {"corpora": [], **FOUR}
    assert (read["preset"], read["initial"], read["changes"]) == ("tiny", None, SMALL)
    assert (read["epochs"], read["steps"], read["out"].name) == (7, 5, "run")
    assert (read["resume"], read["distribute"], read["xla"]) == (False, "", False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epochs": 8}, "epochs was 7 and is 8"),
        ({"noise": ["noise", "more"]}, "sources_sha256 was"),
        ({"validation_noise": ["more"]}, "sources_sha256 was"),
    ],
)
def test_another_recipe_is_not_resumed(changes, reason, written, folders):
    (folders / "more" / "fan").mkdir(parents=True)
    audio.write(folders / "more" / "fan" / "4.wav", 0.3 * noise(16_000, seed=4))
    written[1][0].save(folders / "run" / "config.json")
    (folders / "run" / "checkpoint.weights.h5").touch()
    sources = (folders / "run" / "sources.csv").read_bytes()
    given = {"epochs": 7, "steps": 5, "resume": True, **changes}
    with pytest.raises(ValueError, match=f"was started with another recipe: {reason}"):
        train(folders, **given)
    assert (folders / "run" / "sources.csv").read_bytes() == sources


def test_pairs_are_listed_with_both_their_files(tmp_path, monkeypatch):
    monkeypatch.setattr(from_folders.fit, "train", lambda *_, **__: None)
    make_corpus(tmp_path / "corpus")
    train(tmp_path, corpora=["corpus"], **dict.fromkeys(FOUR, []))
    with (tmp_path / "run" / "sources.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    uses = {"train clean", "train noisy", "validation clean", "validation noisy"}
    assert {row["use"] for row in rows} == uses
    path = next((tmp_path / "corpus").rglob(f"clean*/**/{rows[0]['file']}"))
    assert rows[0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_changes_reach_the_configuration(written):
    config = written[1][0]
    assert (config.units, config.batch_size, config.band_scale) == ((4,), 2, "linear")


def test_length_of_the_training_reaches_its_schedule(written):
    schedule = written[1][4]
    assert (schedule.epochs, schedule.steps_per_epoch) == (7, 5)


def test_noises_of_one_name_are_kept_apart(folders):
    """Two folders called ``wav`` are what a user has."""
    found = loaded(folders)
    assert not np.array_equal(found.train.noise[0], found.validation.noise[0])


def test_validation_without_noise_of_its_own_takes_the_training_s(folders):
    found = loaded(folders, validation_noise=[])
    assert len(found.train.noise) == len(found.validation.noise)
    assert all(map(np.array_equal, found.train.noise, found.validation.noise))


def test_noise_that_serves_both_is_listed_once(folders):
    used = loaded(folders, validation_noise=[]).used
    assert [use for use, _ in used].count("validation noise") == 0


def test_validation_draws_other_mixtures(folders):
    found = loaded(folders)
    assert found.train.seed != found.validation.seed


def test_training_hears_each_talker_in_all_voices(folders):
    found = loaded(folders)
    assert [len(voices) for voices in found.train.talkers] == [len(banks.VOICES)]


def test_validation_hears_talkers_as_they_are(folders):
    found = loaded(folders)
    assert [len(voices) for voices in found.validation.talkers] == [1]


@pytest.mark.parametrize(
    "overlap",
    [{"validation_speech": ["speech"]}, {"validation_noise": ["noise"]}],
    ids=["speech", "noise"],
)
def test_file_on_both_sides_is_refused(overlap, folders):
    with pytest.raises(ValueError, match="wav is used for training and for validation"):
        train(folders, **overlap)


def test_copy_under_another_name_is_refused_too(folders):
    content = (folders / "speech/ann/0.wav").read_bytes()
    (folders / "others/bob/copy.wav").write_bytes(content)
    with pytest.raises(ValueError, match="copy.wav is used for training and for validation"):
        train(folders)


@pytest.mark.parametrize("side", ["clean", "noisy"])
def test_pair_on_both_sides_is_refused(side, tmp_path):
    folder = make_corpus(tmp_path / "corpus") / f"{side}_trainset_28spk_wav"
    shutil.copy(folder / "p226_001.wav", folder / "p286_001.wav")
    with pytest.raises(ValueError, match="p286_001.wav is used for training and for validation"):
        loaded(tmp_path, corpora=["corpus"], **dict.fromkeys(FOUR, []))


@pytest.mark.parametrize("part", ["validation_speech", "validation_noise"])
def test_what_mixes_nothing_takes_no_folder_to_validate_on(part, folders):
    make_corpus(folders / "corpus")
    others = {name: FOUR[name] if name == part else [] for name in FOUR}
    with pytest.raises(ValueError, match="are for mixtures: name --speech or --noise, too"):
        loaded(folders, corpora=["corpus"], **others)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"validation_speech": []}, "no talker to validate on: name --validation-speech"),
        ({"speech": []}, "no speech to mix"),
        ({"speech": [], "noise": []}, "name a corpus with training and validation talkers"),
        ({"changes": ["units"]}, "--set units: write FIELD=VALUE"),
        ({"changes": ["unts=[4]"]}, "unknown field 'unts'"),
        ({"changes": ["center=False"]}, "center is 'False': give true or false"),
        ({"speech": ["nowhere"]}, "nowhere is not a folder"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, reason, folders):
    with pytest.raises((ValueError, FileNotFoundError), match=reason):
        train(folders, **changes)


@pytest.mark.parametrize("changes", [{"validation_speech": []}, {"resume": True}])
def test_refused_training_makes_no_folder(changes, folders):
    with pytest.raises((ValueError, FileNotFoundError)):
        train(folders, **changes)
    assert not (folders / "run").exists()


def test_model_that_was_not_trained_here_is_not_overwritten(folders):
    """As pruning, averaging and rescaling leave it."""
    (folders / "run").mkdir()
    (folders / "run" / "weights.npz").touch()
    with pytest.raises(FileExistsError, match="run holds a model: name another folder"):
        train(folders)
    assert [path.name for path in (folders / "run").iterdir()] == ["weights.npz"]


@pytest.mark.parametrize(("terminal", "verbose"), [(True, 1), (False, 2)])
def test_bar_is_for_a_terminal_to_which_it_goes(terminal, verbose, folders, monkeypatch):
    calls = []
    monkeypatch.setattr(from_folders.fit, "train", lambda *_, **options: calls.append(options))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: not terminal)
    train(folders)
    assert calls[0]["verbose"] == verbose


def test_folders_named_by_their_place_have_their_names_in_the_recipe(folders, monkeypatch):
    monkeypatch.setattr(from_folders.fit, "train", lambda *_, **__: None)
    make_corpus(folders / "corpus")
    monkeypatch.chdir(folders / "corpus")
    here, start = Path("."), from_folders.Start("tiny", SMALL)
    from_folders.train_from(Sources([here]), start, here, fit.Schedule(1, 1))
    recipe = json.loads(Path("recipe.json").read_text(encoding="utf-8"))
    assert recipe["corpora"] == ["corpus"]
    assert "--data corpus" in recipe["command"] and recipe["command"].endswith("--out corpus")
    assert from_folders.Start(initial=here).words() == ["--initial", "corpus"]


def test_refused_training_leaves_the_record_of_the_old_one(folders):
    (folders / "run").mkdir()
    (folders / "run" / "checkpoint.weights.h5").touch()
    (folders / "run" / "recipe.json").write_text("old", encoding="utf-8")
    with pytest.raises(FileExistsError, match="holds a training run: use --resume"):
        train(folders)
    assert (folders / "run" / "recipe.json").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("units=[64,64]", [64, 64]),
        ("cell=gru", "gru"),
        ("cell_clip=null", None),
        ("center=true", True),
        ("learning_rate=1e-4", 1e-4),
        ("learning_rate=.006", 0.006),
        ("name=a=b", "a=b"),
    ],
)
def test_value_is_read_as_json_a_number_or_else_a_word(text, value):
    assert from_folders._parsed(text)[1] == value
