"""Does denoising help a recogniser? Compare what it hears in pairs, and write ``words.json``.

Usage: ``python notebooks/results/words.py [--second DIR] [--pairs DIR] [--out FILE]``: half an hour
on two cores. The sets are the English talkers of what ``data/second_test.py --out DIR`` builds, and
a folder as ``heroes.py`` takes it. What one run left out stays as an earlier one found it, unless
model or recogniser have changed since then.

We have no transcripts. The reference is what the recogniser itself hears in the
clean recording, so what is counted is agreement with that and not with the truth: these are not the
word error rates that others publish. Speech with a little white noise tells how far two recordings
disagree that nobody would tell apart.

The recogniser subtracts noise by itself, and its model was trained that way: it does so here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import command, fingerprint, minus, rounded, stored, write_json

import numpy as np
from lstm_se import optional
from lstm_se.chip import engines
from lstm_se.corpora.mixing import mix
from lstm_se.corpora.pairs import Pair
from lstm_se.network.pretrained import load_float
from lstm_se.scoring.report import BASELINE
from lstm_se.sound import audio
from lstm_se.tables import aligned
from lstm_se.workers import in_order

from heroes import Strata, arguments, over, sets_of

RESULTS = Path(__file__).with_name("words.json")
MODEL, LIMIT_DB = "tiny", 12
ENGLISH = ("allison",)  # the other talkers of the second test set speak Spanish and Italian
REFERENCE, FLOOR, FLOOR_DB = "clean", "clean at 40 dB", 40.0

Sounds = Mapping[str, np.ndarray]  # all versions of an utterance, by system
Texts = Mapping[str, str]  # what was heard in them


def versions(pair: Pair, systems: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> Sounds:
    """All that the recogniser is given of a pair."""
    clean, noisy = pair.load()
    white = np.random.default_rng(0).standard_normal(len(clean))
    sounds = {REFERENCE: clean, FLOOR: mix(clean, white, FLOOR_DB)[1], BASELINE: noisy}
    return sounds | {system: enhance(noisy) for system, enhance in systems.items()}


def text_of(decoder: Any, samples: np.ndarray) -> str:
    """Words of a whole recording, none if the recogniser gives up."""
    decoder.start_utt()
    decoder.process_raw(audio.to_pcm(samples).tobytes(), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    return best.hypstr if best else ""


def recogniser() -> Any:
    """The package that recognises, or a line that says how to get it."""
    return optional.module("pocketsphinx", "pocketsphinx", "peers")


def heard(sounds: Sounds) -> Texts:
    """Words of several recordings."""
    sphinx = recogniser()
    # one for each recording: a decoder keeps something of what it heard before
    return {name: text_of(sphinx.Decoder(loglevel="FATAL"), x) for name, x in sounds.items()}


def word_errors(reference: Sequence[str], words: Sequence[str]) -> int:
    """Fewest words to exchange, insert and delete (Levenshtein) to get one from the other."""
    row = list(range(len(words) + 1))
    for i, expected in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, word in enumerate(words, 1):
            exchanged = diagonal + (word != expected)
            diagonal, row[j] = row[j], min(exchanged, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def counted(texts: Texts) -> dict[str, Any]:
    """Words of the reference, and how many errors each other text has."""
    reference = texts[REFERENCE].split()
    others = (system for system in texts if system != REFERENCE)
    errors = {system: word_errors(reference, texts[system].split()) for system in others}
    return {"words": len(reference), "errors": errors, "heard": dict(texts)}


def summary(files: Mapping[str, Mapping[str, Any]], strata: Strata) -> dict[str, Any]:
    """Errors over all words, errors per word of a file, and how these differ from the noisy ones.

    Files in which the recogniser hears nothing, even when they are clean, have no rate.
    """
    spoken = {name: file for name, file in files.items() if file["words"]}
    words = sum(file["words"] for file in spoken.values())
    rates: dict[str, dict[str, float]] = {}
    for name, file in spoken.items():
        for system, errors in file["errors"].items():
            rates.setdefault(system, {})[name] = errors / file["words"]
    found: dict[str, Any] = {}
    for system, values in rates.items():
        errors = sum(file["errors"][system] for file in spoken.values())
        difference = over(minus(values, rates[BASELINE]), strata)
        means = {"by_file": over(values, strata), "minus_noisy": difference}
        found[system] = {"errors": errors, "rate": errors / words, **means}
    left_out = [name for name in files if name not in spoken]
    return {"words": words, "left_out": left_out, "systems": found}


def recognised(
    pairs: Sequence[Pair],
    systems: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    jobs: int,
    recognise: Callable[[Sounds], Texts] = heard,
) -> dict[str, Any]:
    """What is heard in each file, and how many words of it are wrong."""
    from tqdm import tqdm

    sounds = (versions(pair, systems) for pair in tqdm(pairs, "words", unit="file", disable=None))
    texts = in_order(recognise, sounds, jobs)
    return {pair.name: counted(text) for pair, text in zip(pairs, texts, strict=True)}


def table(found: Mapping[str, Any]) -> str:
    """What was found on one set, for a monospaced font."""
    rows = [["", "errors", "of all words", "of a file's words", "minus noisy"]]
    for system, line in found["systems"].items():
        mean = "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**line["by_file"])
        difference = "{mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(**line["minus_noisy"])
        rows.append([system, str(line["errors"]), f"{line['rate']:.3f}", mean, difference])
    return "\n".join(aligned(rows, head=True))


def chosen_sets(second: Path | None, pairs: Path | None) -> dict[str, tuple[list[Pair], Strata]]:
    """Utterances and their strata by name of the set."""
    sets = sets_of(second, pairs)
    if second:
        sets["second"] = [pair for pair in sets["second"][0] if pair.speaker in ENGLISH], {}
    return sets


def kept(path: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Sets that are in a file, if the same model and the same recogniser made them."""
    content = stored(path)
    return content["sets"] if facts.items() <= content.items() else {}


def main() -> None:
    """Measure and write."""
    from loky import cpu_count

    parser = arguments(__doc__, RESULTS)
    given = parser.parse_args()
    if not (given.second or given.pairs):
        parser.error("there is nothing to recognise: name --second DIR, --pairs DIR or both")
    package = recogniser().__name__
    systems = {
        MODEL: engines.load(MODEL, "int8"),
        f"{MODEL}, limit {LIMIT_DB} dB": engines.load(MODEL, "int8", LIMIT_DB),
    }
    facts = {
        "sha256": fingerprint(load_float(MODEL)),
        "recogniser": f"{package} {version(package)}, its own en-us model",
    }
    sets = kept(given.out, facts)
    for name, (pairs, strata) in chosen_sets(given.second, given.pairs).items():
        files = recognised(pairs, systems, given.jobs or cpu_count())
        sets[name] = {**summary(files, strata), "files": files}
        print(f"\n{name}: {len(files)} files\n{table(sets[name])}", flush=True)
        made = command("words.py", second="second" in sets, pairs="pairs, stratified" in sets)
        write_json(given.out, rounded({"command": made, **facts, "sets": sets}))


if __name__ == "__main__":
    main()
