"""``Store``: whatever its index says, it opens, and what is added lasts beside what was there."""

from pathlib import Path

import numpy as np

from lstm_se.corpora.store import Store

SAMPLES = np.arange(64, dtype=np.uint8)
ADDED = np.arange(3, dtype=np.float32)


def check(data: bytes, folder: Path) -> None:
    (folder / "index.jsonl").write_bytes(data)
    (folder / "samples.bin").write_bytes(SAMPLES.tobytes())
    store = Store(folder)
    store.missing({key: array.facts for key, array in store.arrays.items()})
    before = {key: array[:].tobytes() for key, array in store.arrays.items() if len(array)}
    with store.locked():
        store.add("added", ADDED, {})
    after = Store(folder).arrays
    np.testing.assert_array_equal(after["added"][:], ADDED)
    assert all(after[key][:].tobytes() == was for key, was in before.items() if key != "added")
