"""The bundled corpus: recorded speech and noise under CC or BSD-like licences, mixed on first use.

It has VoiceBank-DEMAND's layout and signal-to-noise ratios; its test speakers and its test
noises are not in the training set.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs
from tqdm import tqdm

from .. import files
from ..sound import audio
from ..sound.noises import BASIC_SYNTHETIC, SYNTHETIC
from . import mixing
from .pairs import Corpus, voicebank_demand, write_conditions, write_pair
from .plan import deal

VERSION = 1  # of what the code below makes of the recordings: a test holds its sound
SEED = 2791
VALIDATION_SPEAKER = "ivrvoiceru"


_PARTS = (  # folders of clean speech and of noise, SNRs as in VoiceBank-DEMAND, synthetic noises
    ("clean_trainset_*spk_wav", "noise_trainset", (0.0, 5.0, 10.0, 15.0), BASIC_SYNTHETIC),
    ("clean_testset_wav", "noise_testset", (2.5, 7.5, 12.5, 17.5), ("rain", "wind", "fan")),
)


def mini(cache: str | Path | None = None) -> Corpus:
    """The bundled corpus; its noisy files are mixed once, in seconds, the same on every call.

    Args:
        cache: Folder to keep the mixed corpus in; the user's cache folder if ``None``.

    Returns:
        The corpus, with one training speaker held out for validation.

    Raises:
        FileNotFoundError: If the installation lacks the recordings.
        OSError: If the cache cannot be written.
    """
    sources = files.shipped("mini")
    parent = platformdirs.user_cache_path("lstm-se") if cache is None else Path(cache)
    folder = parent / f"mini-{_fingerprint(sources)}"
    if not folder.is_dir():
        _build(sources, folder)
    return voicebank_demand(folder, validation_speakers=(VALIDATION_SPEAKER,))


def _fingerprint(sources: Path) -> str:
    """Changes with every recording and with :data:`VERSION`: no stale corpus is ever used."""
    digest = hashlib.sha256(f"version {VERSION}".encode())
    for path in sorted(path for path in sources.rglob("*") if path.suffix in audio.SUFFIXES):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _build(sources: Path, folder: Path) -> None:
    """Mix all parts beside the target and rename: whole or not there, whoever else builds too."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        root = Path(temporary) / folder.name
        for number in range(len(_PARTS)):
            _build_part(sources, root, number)
        try:
            os.rename(root, folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, with the same bytes
                raise


def _build_part(sources: Path, root: Path, number: int) -> None:
    """Clean and noisy files of one part, and its log."""
    clean, noise_folder, part_snrs_db, synthetic = _PARTS[number]
    source = next(sources.glob(clean))
    name = source.name.removeprefix("clean_").removesuffix("_wav")
    speech = audio.find(source)
    recordings = audio.find(sources / noise_folder)
    recorded = {path.stem: mixing.to_bank(audio.read(path).samples) for path in recordings}
    rng = np.random.default_rng([SEED, number])
    noises = _assign([path.stem for path in speech], [*recorded, *synthetic], rng)
    snrs_db = deal(part_snrs_db, len(speech), rng)
    conditions = {}
    work = tqdm(list(zip(speech, noises, snrs_db, strict=True)), "mixing", delay=1, disable=None)
    for index, (path, noise, snr_db) in enumerate(work):
        samples, rng = audio.read(path).samples, np.random.default_rng([SEED, number, index])
        if noise in recorded:
            behind = mixing.excerpt(recorded[noise], len(samples), rng)
        else:
            behind = SYNTHETIC[noise](len(samples), rng)
        write_pair(root, name, path.stem, *mixing.mix(samples, behind, snr_db))
        conditions[path.stem] = (noise, snr_db)
    write_conditions(root, name, conditions)


def _assign(names: Sequence[str], noises: Sequence[str], rng: np.random.Generator) -> list[str]:
    """A noise for each utterance, all equally often; nobody is disturbed by their own babble."""
    chosen: list[str] = []
    deck: list[str] = []
    for name in names:
        speaker = name.split("_", 1)[0]
        # babble names the talkers that it was summed from
        while not (fitting := [n for n in deck if not (n.startswith("babble") and speaker in n)]):
            deck += deal(noises, len(noises), rng)
        chosen.append(fitting[0])
        deck.remove(fitting[0])
    return chosen
