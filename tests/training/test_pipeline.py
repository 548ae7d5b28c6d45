"""Batches are a function of the step, whoever draws them, and TFRecords give them back."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from random_network import noise, small

from lstm_se.corpora.pairs import Pair
from lstm_se.sound import audio
from lstm_se.sound.features import normalisation
from lstm_se.training import pipeline

SEGMENT = 320
CONFIG = {"segment_seconds": SEGMENT / 16_000, "batch_size": 4}


def pairs(folder, *lengths):
    """Pairs of these lengths; noisy is clean plus noise."""
    found = []
    for number, samples in enumerate(lengths):
        clean = 0.3 * noise(samples, seed=number)
        paths = [folder / f"{number}_{kind}.wav" for kind in ("clean", "noisy")]
        added = 0.3 * noise(samples, seed=number + 99) + 0.05
        for path, signal in zip(paths, (clean, clean + added), strict=True):
            audio.write(path, signal, subtype="FLOAT")
        found.append(Pair(str(number), str(number), *paths))
    return found


def sampler(folder, *lengths, seed=0, **changes):
    """A sampler of such pairs."""
    config = small(**{**CONFIG, "normalisation": "none", **changes})
    return pipeline.PairSampler(pairs(folder, *lengths), config, seed=seed)


def test_batch_has_its_shape_and_kind(tmp_path):
    batch = sampler(tmp_path, 1000, 2000).batch(0)
    assert [(part.shape, part.dtype) for part in batch] == [((4, SEGMENT), np.float32)] * 2


def test_batch_is_a_function_of_seed_and_step(tmp_path):
    used = sampler(tmp_path, 1000, 2000)
    used.batch(1)
    np.testing.assert_array_equal(used.batch(7), sampler(tmp_path, 1000, 2000).batch(7))


@pytest.mark.parametrize(("seed", "step"), [(0, 1), (1, 0)])
def test_other_step_or_seed_gives_another_batch(seed, step, tmp_path):
    first = sampler(tmp_path, 1000, 2000).batch(0)
    assert not np.array_equal(sampler(tmp_path, 1000, 2000, seed=seed).batch(step), first)


def test_segment_is_the_same_stretch_of_both(tmp_path):
    clean, noisy = pairs(tmp_path, 2000)[0].load()
    for drawn_noisy, drawn_clean in zip(*sampler(tmp_path, 2000).batch(0), strict=True):
        begin = int(np.flatnonzero(clean == drawn_clean[0])[0])
        np.testing.assert_array_equal(drawn_noisy, noisy[begin : begin + SEGMENT])


def test_long_pairs_are_drawn_as_often_as_they_are_long(tmp_path):
    source = sampler(tmp_path, 4000, 12_000, batch_size=400)
    first = pairs(tmp_path, 4000, 12_000)[0].load()[0]
    drawn = Counter(bool(np.isin(clean[0], first)) for clean in source.batch(0)[1])
    assert drawn[True] / 400 == pytest.approx(0.25, abs=0.07)


def test_pair_shorter_than_a_segment_is_padded_with_silence(tmp_path):
    noisy, clean = sampler(tmp_path, 100).batch(0)
    assert not np.any([noisy[:, 100:], clean[:, 100:]])


@pytest.mark.parametrize("scope", ["utterance", "segment"])
@pytest.mark.parametrize("kind", ["zscore", "minmax"])
def test_normalised_noise_is_still_the_difference(kind, scope, tmp_path):
    changes = {"normalisation": kind, "normalisation_scope": scope}
    plain = sampler(tmp_path, 2000).batch(0)
    noisy, clean = sampler(tmp_path, 2000, **changes).batch(0)
    for changed, unchanged in zip(noisy - clean, plain[0] - plain[1], strict=True):
        scale = np.linalg.norm(changed) / np.linalg.norm(unchanged)
        np.testing.assert_allclose(changed, scale * unchanged, atol=1e-4)


def test_segment_scope_has_the_segment_s_own_statistics(tmp_path):
    changes = {"normalisation": "zscore", "normalisation_scope": "segment"}
    noisy, _ = sampler(tmp_path, 2000, **changes).batch(0)
    np.testing.assert_allclose(noisy.std(1), 1, rtol=1e-4)


def test_utterance_scope_has_the_utterance_s_statistics(tmp_path):
    noisy, _ = sampler(tmp_path, SEGMENT, normalisation="zscore").batch(0)
    np.testing.assert_allclose(noisy.mean(1), 0, atol=1e-5)


def in_memory(found, config, seed, step):
    """A batch as the sampler drew it when it held all pairs in memory."""
    whole = []
    for clean, noisy in (pair.load() for pair in found):
        if config.normalisation_scope == "utterance":
            change = normalisation(noisy, config.normalisation)
            clean, noisy = change.apply(clean), change.apply(noisy)
        missing = max(0, SEGMENT - clean.size)
        whole.append([np.pad(x, (0, missing)) for x in (noisy, clean)])
    sizes = np.array([noisy.size for noisy, _ in whole], float)
    rng, batch = np.random.default_rng([seed, step]), []
    for number in rng.choice(len(whole), config.batch_size, p=sizes / sizes.sum()):
        begin = int(rng.integers(0, whole[number][0].size - SEGMENT + 1))
        noisy, clean = (x[begin : begin + SEGMENT] for x in whole[number])
        if config.normalisation_scope == "segment":
            change = normalisation(noisy, config.normalisation)
            noisy, clean = change.apply(noisy), change.apply(clean)
        batch.append((noisy, clean))
    return [np.stack(side) for side in zip(*batch, strict=True)]


@pytest.mark.parametrize("scope", ["utterance", "segment"])
@pytest.mark.parametrize("kind", ["none", "zscore", "minmax", "running"])
def test_batches_are_those_of_pairs_in_memory(kind, scope, tmp_path):
    """Bit for bit: a training of before is repeated with what was changed in reading."""
    changes = {"normalisation": kind, "normalisation_scope": scope, "batch_size": 16}
    source = sampler(tmp_path, 1000, 100, 2000, seed=5, **changes)
    for step in (0, 3, 0):
        expected = in_memory(pairs(tmp_path, 1000, 100, 2000), source.config, 5, step)
        for drawn, wanted in zip(source.batch(step), expected, strict=True):
            assert drawn.tobytes() == wanted.tobytes()


def test_sampler_without_pairs_is_refused():
    with pytest.raises(ValueError, match="no pairs to train on"):
        pipeline.PairSampler([], small(**CONFIG))


@pytest.mark.parametrize("scope", ["utterance", "segment"])
def test_rows_are_those_of_the_whole_batch(scope, tmp_path):
    """Bit for bit: several workers train on what one would have."""
    changes = {"normalisation": "zscore", "normalisation_scope": scope}
    source = sampler(tmp_path, 1000, 100, 2000, **changes)
    for some, whole in zip(source.batch(3, slice(1, 3)), source.batch(3), strict=True):
        assert some.tobytes() == whole[1:3].tobytes()


class Counting:
    """A source whose batches are the numbers of the steps."""

    samples, batch_size = 3, 2

    def batch(self, step):
        """Noisy is the step, clean its negative."""
        noisy = np.full((2, 3), step, np.float32)
        return noisy, -noisy


@pytest.mark.parametrize("first", [0, 1000])
def test_dataset_keeps_the_order_of_the_steps(first):
    drawn = [int(noisy[0, 0]) for noisy, _ in pipeline.dataset(Counting(), first, 50)]
    assert drawn == list(range(first, first + 50))


def test_dataset_is_noisy_then_clean():
    noisy, clean = next(iter(pipeline.dataset(Counting(), 5)))
    assert (noisy[0, 0], clean[0, 0]) == (5, -5)


def test_dataset_of_some_rows_asks_for_no_others(tmp_path):
    source = sampler(tmp_path, 1000, 2000)
    asked, whole = [], source.batch
    source.batch = lambda step, rows: (asked.append(rows), whole(step, rows))[1]
    ((noisy, _),) = pipeline.dataset(source, 5, 1, slice(2, 4))
    assert asked == [slice(2, 4)]
    np.testing.assert_array_equal(noisy, whole(5)[0][2:4])


def test_dataset_without_end_has_none():
    assert pipeline.dataset(Counting()).cardinality() == tf.data.INFINITE_CARDINALITY


def test_dataset_knows_its_shape():
    """The transforms inside the model need it before the first batch."""
    assert [tuple(spec.shape) for spec in pipeline.dataset(Counting()).element_spec] == [(2, 3)] * 2


def test_dataset_has_no_tuner_that_the_end_of_a_fit_would_wait_for():
    assert pipeline.dataset(Counting()).options().autotune.enabled is False


def test_source_that_gives_another_shape_is_told():
    class Wrong(Counting):
        samples = 4

    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        next(iter(pipeline.dataset(Wrong())))


def test_records_give_the_segments_back(tmp_path):
    paths = pipeline.write_tfrecords(Counting(), tmp_path / "records", 3, per_file=100)
    batches = list(pipeline.read_tfrecords(paths, 3, 2).take(3))
    assert [float(noisy[0, 0]) for noisy, _ in batches] == [0, 1, 2]


def test_records_are_split_over_files(tmp_path):
    paths = pipeline.write_tfrecords(Counting(), tmp_path, 5, per_file=4)
    sizes = [sum(1 for _ in tf.data.TFRecordDataset(str(path))) for path in paths]
    assert sizes == [4, 4, 2]


def test_records_have_no_end(tmp_path):
    paths = pipeline.write_tfrecords(Counting(), tmp_path, 2)
    assert len(list(pipeline.read_tfrecords(paths, 3, 2).take(9))) == 9


@pytest.fixture
def serving():
    """A function that starts a tf.data service of so many servers, and gives its address."""
    service, running = tf.data.experimental.service, []

    def start(count):
        dispatcher = service.DispatchServer(service.DispatcherConfig(port=0))
        address = dispatcher.target.replace("localhost", "127.0.0.1")
        found = service.WorkerConfig(dispatcher_address=address.partition("://")[2])
        running.extend([dispatcher, *(service.WorkerServer(found) for _ in range(count))])
        return address

    yield start
    running.clear()


def test_one_server_gives_the_batches_in_the_order_of_reading(serving, tmp_path):
    paths = pipeline.write_tfrecords(Counting(), tmp_path, 12, per_file=4)
    here = pipeline.read_tfrecords(paths, 3, 2).take(24)  # two epochs
    served = pipeline.read_tfrecords(paths, 3, 2, serving(1)).take(24)
    for batch, expected in zip(served, here, strict=True):
        np.testing.assert_array_equal(batch, expected)


def test_several_servers_give_each_segment_once_in_each_epoch(serving, tmp_path):
    paths = pipeline.write_tfrecords(Counting(), tmp_path, 12, per_file=4)
    served = pipeline.read_tfrecords(paths, 3, 2, serving(2)).take(24)
    drawn = [float(row[0]) for noisy, _ in served for row in noisy]
    for epoch in (drawn[:24], drawn[24:]):
        assert Counter(epoch) == dict.fromkeys(range(12), 2)


def test_damaged_record_is_not_skipped(tmp_path):
    """``ignore_errors()`` would hide that part of the corpus is gone."""
    (path,) = pipeline.write_tfrecords(Counting(), tmp_path, 4)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(tf.errors.DataLossError):
        list(pipeline.read_tfrecords([path], 3, 2).take(4))
