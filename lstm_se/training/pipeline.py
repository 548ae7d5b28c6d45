"""tf.data: batches that are a function of the training step, and TFRecords to compare with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from ..config import Config
from ..corpora.pairs import Pair
from ..corpora.recordings import Sound, from_store
from ..sound.features import UNCHANGED, Normalisation, normalisation

Signals = tuple[np.ndarray, np.ndarray]
ALL_ROWS = slice(None)  # all rows of a batch


class Source(Protocol):
    """Where batches come from: :class:`PairSampler` or :class:`lstm_se.corpora.mixing.Mixer`."""

    samples: int
    batch_size: int

    def batch(self, step: int, rows: slice = ALL_ROWS) -> Signals:
        """``(noisy, clean)`` of one step, float32 ``(rows, samples)`` each.

        What a row holds does not depend on which others are asked for.
        """
        ...


class PairSampler:
    """Random segments of recorded pairs; batch ``k`` is a pure function of seed and ``k``.

    A pair is drawn as often as it is long, so that each second of sound counts the same.
    """

    def __init__(
        self, pairs: Sequence[Pair], config: Config, batch_size: int | None = None, seed: int = 0
    ) -> None:
        """Draw from the stores of the pairs' folders, which the first call makes.

        Raises:
            OSError: If a file is gone, or no store can be written.
            ValueError: If there is no pair, a pair does not match, or a file cannot be read.
        """
        if not pairs:
            raise ValueError("no pairs to train on: is the corpus' training folder empty?")
        self.config, self.seed = config, seed
        self.samples = int(config.segment_seconds * config.sample_rate)
        self.batch_size = batch_size or config.batch_size
        self._pairs: Sequence[tuple[Sound, Sound] | Signals]
        self._pairs = [pair.sounds for pair in from_store(pairs)]
        lengths = np.array([max(len(clean), self.samples) for clean, _ in self._pairs], np.float64)
        self._shares = lengths / lengths.sum()
        self._changes: dict[int, Normalisation] = {}

    def batch(self, step: int, rows: slice = ALL_ROWS) -> Signals:
        """``(noisy, clean)`` of one training step, float32 ``(rows, samples)``.

        Begins are drawn for all rows, for they are one draw; sound is read for those asked for.
        """
        rng = np.random.default_rng([self.seed, int(step)])
        chosen = rng.choice(len(self._pairs), self.batch_size, p=self._shares)
        drawn = [(int(i), self._begin(int(i), rng)) for i in chosen]
        segments = [self._segment(*row) for row in drawn[rows]]
        clean, noisy = (np.stack(part) for part in zip(*segments, strict=True))
        return noisy, clean

    def _begin(self, number: int, rng: np.random.Generator) -> int:
        """Where in a pair a segment begins."""
        return int(rng.integers(0, max(0, len(self._pairs[number][0]) - self.samples) + 1))

    def _segment(self, number: int, begin: int) -> Signals:
        """The same stretch of both, normalised by the noisy one's statistics."""
        pair = self._pairs[number]
        missing = max(0, self.samples - len(pair[0]))
        clean, noisy = (sound[begin : begin + self.samples] for sound in pair)
        if self.config.normalisation_scope == "utterance":
            change = self._change(number)
            clean, noisy = change.apply(clean), change.apply(noisy)
        clean, noisy = np.pad(clean, (0, missing)), np.pad(noisy, (0, missing))
        if self.config.normalisation_scope == "segment":
            change = normalisation(noisy, self.config.normalisation)
            return change.apply(clean), change.apply(noisy)
        return clean, noisy

    def _change(self, number: int) -> Normalisation:
        """How to normalise a pair by the whole of its noisy file, which is read for it once."""
        if self.config.normalisation not in ("zscore", "minmax"):
            return UNCHANGED
        if number not in self._changes:
            whole = normalisation(self._pairs[number][1][:], self.config.normalisation)
            # the same for every sample: keep one value, not an array as long as the file
            self._changes[number] = Normalisation(*(values[:1] for values in whole))
        return self._changes[number]


def dataset(
    source: Source, first: int = 0, steps: int | None = None, rows: slice = ALL_ROWS
) -> tf.data.Dataset:
    """Batches of a source from step ``first`` on, made ahead in two threads.

    Args:
        source: Gives a batch for a step.
        first: Step to begin with; a resumed training continues where it stopped.
        steps: Number of batches; ``None``: no end.
        rows: Those that are wanted of each batch.

    Returns:
        Dataset of ``(noisy, clean)``, float32 ``(rows, samples)``, in the order of the steps.
    """
    shape = (len(range(source.batch_size)[rows]), source.samples)
    # a source that knows no rows will do where all of them are wanted
    draw = source.batch if rows == ALL_ROWS else partial(source.batch, rows=rows)

    def make(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        noisy, clean = tf.numpy_function(draw, [step], (tf.float32, tf.float32))
        return tf.ensure_shape(noisy, shape), tf.ensure_shape(clean, shape)

    last = np.iinfo(np.int64).max if steps is None else first + steps
    numbers = tf.data.Dataset.range(first, last)
    batches = numbers.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
    options = tf.data.Options()
    # nothing is left to tune, and the tuner sleeps ever longer: the end of a fit would wait for it
    options.autotune.enabled = False
    return batches.with_options(options)


def write_tfrecords(
    source: Source, folder: str | Path, steps: int, per_file: int = 256
) -> list[Path]:
    """Write the segments of a source as TFRecord files.

    Args:
        source: Gives a batch for a step.
        folder: Where to; made if missing.
        steps: Number of batches to write.
        per_file: Segments in a file. One is the trap of the 2022 experiments: every second of sound
            opens a file.

    Returns:
        The files, in order. The last may hold fewer segments.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    batches = (zip(*source.batch(k), strict=True) for k in range(steps))
    examples = itertools.starmap(_example, itertools.chain.from_iterable(batches))
    files = -(-steps * source.batch_size // per_file)
    paths = [Path(folder, f"{number:06d}.tfrecord") for number in range(files)]
    for path in paths:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for example in itertools.islice(examples, per_file):
                writer.write(example)
    return paths


def _example(noisy: np.ndarray, clean: np.ndarray) -> bytes:
    """One pair of segments as a serialised ``tf.train.Example``."""
    feature = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[part.tobytes()]))
        for name, part in (("noisy", noisy), ("clean", clean))
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def read_tfrecords(
    paths: Sequence[Path], samples: int, batch_size: int, service: str = ""
) -> tf.data.Dataset:
    """Endless batches of ``(noisy, clean)`` from files of :func:`write_tfrecords`.

    A damaged file raises ``DataLossError``: skipping it, as ``ignore_errors()`` does, would hide
    that part of the corpus is gone.

    Args:
        paths: The files, under names that whoever reads them knows.
        samples: Length of a segment.
        batch_size: Segments in a batch.
        service: Dispatcher of a tf.data service whose servers read, each some of the files, such as
            ``"grpc://10.0.0.1:5000"``. An epoch has each segment once still; of one server the
            order is that of reading here, of several whoever comes first.
    """
    layout = {name: tf.io.FixedLenFeature([], tf.string) for name in ("noisy", "clean")}

    def parse(record: tf.Tensor) -> tuple:
        parts = tf.io.parse_single_example(record, layout)
        pair = (tf.io.decode_raw(parts[name], tf.float32) for name in ("noisy", "clean"))
        return tuple(tf.ensure_shape(part, (samples,)) for part in pair)

    files = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
    records = files.interleave(tf.data.TFRecordDataset, cycle_length=4).map(parse)
    if service:  # before repeat, so that an epoch ends when all servers have done their files
        share = tf.data.experimental.service.ShardingPolicy.DYNAMIC
        records = records.apply(tf.data.experimental.service.distribute(share, service))
    return records.repeat().batch(batch_size, drop_remainder=True).prefetch(2)
