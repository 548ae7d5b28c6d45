"""Benchmarks: how fast the engines enhance and how fast a training run hears, on this machine.

Each figure is a median, and each ratio is taken within one run, because machines are shared.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..config import Config
from ..corpora.mini import mini
from ..corpora.mixing import Mixer
from ..corpora.pairs import voicebank_demand
from ..files import shipped
from ..memory import hoard
from ..network import pretrained
from ..scoring import metrics
from ..sound import audio

Timings = dict[str, Any]
WARM_UP = 3  # steps that trace the graph and fill the queues
START = 1_600  # samples that show how long a denoiser takes to start


def engines(seconds: float = 60.0, repeats: int = 5) -> Timings:
    """Real-time factor of each engine on one thread, by turns, and where the firmware's goes.

    ``firmware_hops`` is the C with int16 in and out, without the blocks of float around it;
    ``firmware_any_pc`` the same, compiled without the instructions that only this processor has;
    ``firmware_calls`` is as many calls from Python into the library that do next to nothing.

    Args:
        seconds: Length of the recording in s.
        repeats: Runs of each; the median counts.
    """
    from threadpoolctl import threadpool_limits

    from ..chip import builds, quantize
    from ..chip import engines as ours
    from ..chip.stft import HOP

    model = pretrained.load_float("tiny")
    integers = quantize.quantize(model.weights, model.config)
    compiled = builds.compiled_stream(integers)
    portable = builds.compiled_stream(integers, options=("-O3",))
    noisy = _speech(seconds)
    noisy = noisy[: len(noisy) // HOP * HOP]
    pcm = audio.to_pcm(noisy)

    def calls() -> None:
        for _ in range(len(pcm) // HOP):
            compiled.set_limit(None)

    runs: dict[str, Callable[[], object]] = {
        name: partial(ours.load("tiny", name).enhance, noisy) for name in ours.ENGINES
    }
    runs["firmware_hops"] = lambda: compiled.process(pcm)
    runs["firmware_any_pc"] = lambda: portable.process(pcm)
    runs["firmware_calls"] = calls
    times = dict[str, list[float]]({name: [] for name in runs})
    with threadpool_limits(1):
        for _ in range(repeats):
            for name, run in runs.items():
                times[name].append(_timed(run))
    length = len(noisy) / model.config.sample_rate
    factors = {name: statistics.median(taken) / length for name, taken in times.items()}
    return {"audio_seconds": length} | {
        f"{name}_real_time_factor": factor for name, factor in factors.items()
    }


def starts(repeats: int = 5) -> Timings:
    """Seconds from the start of a process to its end, by turns: what a command takes to begin.

    Args:
        repeats: Of each; the median counts.
    """
    with tempfile.TemporaryDirectory() as folder:
        noisy, enhanced = f"{folder}/noisy.wav", f"{folder}/enhanced.wav"
        audio.write(noisy, _speech(1.0), 16_000)
        command = "-m", "lstm_se"
        enhance = *command, "enhance", noisy, "-o", enhanced
        begun = {
            "python": ("-c", ""),
            "numpy": ("-c", "import numpy"),
            "package": ("-c", "import lstm_se"),
            "help": (*command, "--help"),
            "info": (*command, "info"),
            "enhance": enhance,
            "enhance_firmware": (*enhance, "--engine", "firmware"),
            "tensorflow": ("-c", "import tensorflow"),
        }
        times = dict[str, list[float]]({name: [] for name in begun})
        for _ in range(repeats):
            for name, words in begun.items():
                run = partial(subprocess.run, [sys.executable, *words], check=True)
                times[name].append(_timed(partial(run, capture_output=True)))
    return {f"{name}_seconds": statistics.median(taken) for name, taken in times.items()}


def peers(seconds: float = 10.0, repeats: int = 5, names: tuple[str, ...] = ()) -> Timings:
    """Real-time factor of our model, twice, and of other denoisers, on one thread each, by turns.

    What a denoiser needs to start, for DeepFilterNet a second, is measured and not counted.

    Args:
        seconds: Length of the recording in s.
        repeats: Runs of each; the median counts.
        names: Of the peers; all that this operating system has if empty.
    """
    from threadpoolctl import threadpool_limits

    from ..chip import engines
    from ..scoring import peers as others

    noisy = _speech(seconds)
    racers: dict[str, Callable[[np.ndarray], object]] = {
        "tiny": pretrained.load_float("tiny").enhance,
        "tiny_firmware": engines.load("tiny", "firmware").enhance,
    }
    racers |= {name: others.peer(name).raw() for name in names or others.available()}
    times: dict[str, list[float]] = {name: [] for name in racers}
    with threadpool_limits(1):
        for racer in racers.values():
            racer(noisy[:16_000])
        for _ in range(repeats):
            for name, racer in racers.items():
                start = _timed(partial(racer, noisy[:START]))
                times[name].append(_timed(partial(racer, noisy)) - start)
    length = len(noisy) / 16_000
    counted = (len(noisy) - START) / 16_000
    factors = {name: statistics.median(taken) / counted for name, taken in times.items()}
    figures = {f"{name}_real_time_factor": factor for name, factor in factors.items()}
    ratios = {f"{name}_over_tiny": factors[name] / factors["tiny"] for name in list(factors)[1:]}
    return {"audio_seconds": length, **figures, **ratios}


def _speech(seconds: float) -> np.ndarray:
    """Noisy speech of a length in s."""
    return np.concatenate([pair.load()[1] for pair in mini().test])[: int(seconds * 16_000)]


def _timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def training(steps: int = 12) -> Timings:
    """Seconds of sound that a training run hears per second, our way and the way of 2022.

    Ours draws segments of 4 s and measures nothing inside the graph. In 2022 each second of sound
    was a TFRecord file of its own, and metrics were Python functions inside the graph. Model, batch
    size and loss are the same.

    Args:
        steps: Training steps to time, after ``WARM_UP`` others.
    """
    from ..training import pipeline

    config = Config.preset("tiny")
    second = dataclasses.replace(config, segment_seconds=1.0)
    pairs = mini().train
    figures: Timings = {"steps": steps, "batch_size": config.batch_size}
    ours = pipeline.dataset(pipeline.PairSampler(pairs, config))
    figures["ours_x_real_time"] = _hears(config, ours, steps)
    with tempfile.TemporaryDirectory() as folder:
        source = pipeline.PairSampler(pairs, second)
        files = pipeline.write_tfrecords(source, folder, steps + WARM_UP, per_file=1)
        records = pipeline.read_tfrecords(files, source.samples, config.batch_size)
        figures["records_x_real_time"] = _hears(second, records, steps)
        for names in (("stoi",), ("pesq_wb",), ("stoi", "pesq_wb")):
            key = "_".join(("records", *names))
            heard = figures[f"{key}_x_real_time"] = _hears(second, records, steps, in_graph(names))
            figures[f"ours_over_{key}"] = figures["ours_x_real_time"] / heard
    return figures


WAYS = ("plain", "xla", "halves")  # Keras' own step; compiled whole; its gradient, in two halves


def xla(steps: int = 10, presets: tuple[str, ...] = ("tiny", "paper")) -> Timings:
    """Seconds of sound that a training run hears per second, each way to compute a step, in turns.

    ``halves`` is what ``lstm-se train --xla`` does, and ``hoarding`` the same in a process that
    keeps its memory, as that command does; see :func:`lstm_se.memory.hoard`.

    Args:
        steps: Training steps of each to time, after ``WARM_UP`` others, in which XLA compiles.
        presets: What to train.
    """
    from loky import ProcessPoolExecutor

    figures: Timings = {"steps": steps}
    for preset in presets:
        ordinary, hoarder = ProcessPoolExecutor(1), ProcessPoolExecutor(1, initializer=hoard)
        with ordinary, hoarder:
            # one step of each in turn: what else the machine does meets all
            turns = [(ordinary, way) for way in WAYS] + [(hoarder, WAYS[-1])]
            times = [
                [pool.submit(_step_time, preset, way).result() for pool, way in turns]
                for _ in range(steps + WARM_UP)
            ]
        config = Config.preset(preset)
        heard = config.batch_size * config.segment_seconds / np.median(times[WARM_UP:], axis=0)
        for way, speed in zip((*WAYS, "hoarding"), heard, strict=True):
            figures[f"{preset}_{way}_x_real_time"] = float(speed)
        figures[f"{preset}_hoarding_over_plain"] = float(heard[-1] / heard[0])
    return figures


def parts(repeats: int = 30) -> Timings:
    """Milliseconds of processor time that a clip of 4 s costs a training run, by what takes them.

    A training run keeps two cores busy, so what counts is the sum: two cores hear no more than
    ``most_x_real_time`` seconds of sound per second.

    Args:
        repeats: Of each part; the median counts.
    """
    config = dataclasses.replace(Config.preset("tiny"), batch_size=4)  # half a batch, as trained
    clips = {"optimizer": 2 * config.batch_size}  # it moves the weights once for both halves
    figures = {
        name: statistics.median([_processor_ms(work) for _ in range(repeats + WARM_UP)][WARM_UP:])
        / clips.get(name, config.batch_size)
        for name, work in _parts(config).items()
    }
    most = 2 * 1000 * config.segment_seconds / sum(figures.values())
    return {f"{name}_ms": ms for name, ms in figures.items()} | {"most_x_real_time": most}


def _parts(config: Config) -> dict[str, Callable[[], object]]:
    """What one step of a training run does, each part by itself."""
    import tensorflow as tf

    from ..sound.features import features_tf
    from ..training import fit, sources

    model = fit.compile_model(config, fit.Schedule(1, 1000), xla=True)
    noise = (shipped("mini") / "noise_trainset",)
    mixer = cast(Mixer, sources.Sources((Path("mini"),), noise=noise).load(config).train)
    noisy, clean = map(tf.constant, mixer.batch(0))
    spectrum = model.spectrum(noisy)
    features, mask = features_tf(tf.abs(spectrum) ** 2, config), model.mask(spectrum)
    variables = model.network.trainable_variables
    _, *gradients = model.gradients_of((noisy, clean))

    def network() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model.network(features, training=True))
        return tape.gradient(total, variables)

    def sound_and_loss() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(mask)
            enhanced = model.sound(model.spectrum(noisy), mask, noisy.shape[-1])
            loss = tf.reduce_mean(model.loss.call(clean, enhanced))
        return tape.gradient(loss, mask)

    # a run soon has made its whole pool of synthetic noises; a small one is full at once
    mixer.recipe = dataclasses.replace(mixer.recipe, synthetic_pool=1)
    steps = itertools.count()
    for step in itertools.islice(steps, 50):
        mixer.batch(step)
    return {
        "mixing": lambda: mixer.batch(next(steps)),
        "network": tf.function(network, jit_compile=True),
        "sound_and_loss": tf.function(sound_and_loss, jit_compile=True),
        "optimizer": tf.function(lambda: model.optimizer.apply(gradients, variables)),
    }


def _processor_ms(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, of all threads, that ``work`` takes."""
    begin = time.process_time()
    work()
    return 1000 * (time.process_time() - begin)


def _step_time(preset: str, way: str) -> float:
    """Seconds of one more training step, the same batch each time."""
    return _timed(_stepper(preset, way))


@cache
def _stepper(preset: str, way: str) -> Callable[[], object]:
    """Training step of a model that stays in this process."""
    from ..training import fit, pipeline

    config = Config.preset(preset)
    noisy, clean = pipeline.PairSampler(mini().train, config).batch(0)
    model = fit.compile_model(config, fit.Schedule(1, 1000), xla=way == "halves")
    if way == "xla":
        model.compile(model.optimizer, model.loss, jit_compile=True)
    return partial(model.train_on_batch, noisy, clean)


def corpus(folder: str | Path, steps: int = 10) -> Timings:
    """How a training run starts on a corpus: from its stores, twice, and with all pairs in memory.

    Args:
        folder: In VoiceBank-DEMAND's layout. The first start makes stores that are not there yet.
        steps: Training steps to time, after ``WARM_UP`` others.
    """
    from loky import ProcessPoolExecutor

    figures: Timings = {"steps": steps}
    for way in ("first", "second", "in_memory"):
        with ProcessPoolExecutor(1) as fresh:  # so that a peak of memory is that of this way alone
            found = fresh.submit(_start, Path(folder), way == "in_memory", steps).result()
        figures |= {f"{way}_{name}": value for name, value in found.items()}
    return figures


def _start(folder: Path, in_memory: bool, steps: int) -> Timings:
    """Seconds until batches can be drawn, speed of the first steps, peak of memory in MB."""
    import resource  # not there on Windows

    from ..training import pipeline

    config, begin = Config.preset("tiny"), time.perf_counter()
    pairs = voicebank_demand(folder).train
    source = pipeline.PairSampler(pairs, config)
    if in_memory:
        begin = time.perf_counter()
        source._pairs = [pair.load() for pair in pairs]  # as it was before there were stores
    seconds = time.perf_counter() - begin
    heard = _hears(config, pipeline.dataset(source), steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KB
    return {"start_seconds": seconds, "x_real_time": heard, "peak_mb": peak}


def in_graph(names: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    """Metrics as 2022 had them: ``py_function`` in the graph, on segments, failures left out.

    Args:
        names: What to compute for each segment; the metric that Keras shows is the last.
    """
    import tensorflow as tf

    def measure(clean: Any, enhanced: Any) -> np.float32:
        pairs = zip(clean.numpy(), enhanced.numpy(), strict=True)
        scores = [metrics.score(c, e, names).values.get(names[-1]) for c, e in pairs]
        return np.float32(np.mean([s for s in scores if s is not None] or [0.0]))

    def metric(y_true: Any, y_pred: Any) -> Any:
        value = tf.py_function(measure, [y_true, y_pred], tf.float32)
        value.set_shape(())
        return value

    metric.__name__ = names[-1]
    return metric


def _hears(config: Config, batches: Any, steps: int, metric: Any = None) -> float:
    """Seconds of sound per second of ``fit``, from the median step."""
    import keras

    from ..training import fit

    model = fit.compile_model(config, fit.Schedule(1, steps + WARM_UP))
    if metric is not None:
        model.compile(model.optimizer, model.loss, metrics=[metric], jit_compile=False)
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    model.fit(batches, steps_per_epoch=steps + WARM_UP, callbacks=[clock], shuffle=False, verbose=0)
    step = statistics.median(np.diff(ends[WARM_UP - 1 :]))
    return config.batch_size * config.segment_seconds / step


BENCHES: dict[str, Callable[[], Timings]] = {
    bench.__name__: bench for bench in (engines, starts, training, xla, parts, peers)
}
