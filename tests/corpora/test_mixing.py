"""Mixtures have the ratio that was asked for, and a batch depends on seed and step alone."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise

from lstm_se.corpora import mixing
from lstm_se.corpora.mixing import Mixer, Recipe, mix, to_bank
from lstm_se.sound.audio import active_level_dbfs, rms_dbfs

FLAT = {
    "equaliser_db": 0.0,
    "high_pass": 0.0,
    "low_pass": 0.0,
    "reverberation": 0.0,
    "overdriven": 0.0,
    "recorded_dbfs": (0.0, 0.0),
}


def speech_like(samples, seed=0, level=0.3):
    """Noise in syllables with pauses between them, which count for nothing."""
    syllables = np.arange(samples) // 1600 % 2 == 0
    return (level * noise(samples, seed=seed) * syllables).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(3200, 20_000),
    snr_db=st.floats(-20, 40),
    speech_level=st.floats(0.001, 1),
    noise_level=st.floats(0.001, 1),
    seed=st.integers(0, 1000),
)
def test_ratio_is_the_one_asked_for(samples, snr_db, speech_level, noise_level, seed):
    clean, noisy = mix(
        speech_like(samples, seed, speech_level), noise_level * noise(samples, seed=seed), snr_db
    )
    added = noisy.astype(np.float64) - clean
    assert active_level_dbfs(clean) - rms_dbfs(added) == pytest.approx(snr_db, abs=0.05)


@settings(deadline=None, max_examples=60)
@given(snr_db=st.floats(-30, 60), level=st.floats(0.01, 5), seed=st.integers(0, 1000))
def test_mixture_never_clips(snr_db, level, seed):
    _, noisy = mix(speech_like(4000, seed, level), noise(4000, seed=seed + 1), snr_db)
    assert np.abs(noisy).max() <= 0.9901


def test_quiet_speech_keeps_its_level():
    clean, _ = mix(speech_like(4000), noise(4000), 10)
    np.testing.assert_array_equal(clean, speech_like(4000))


def test_pauses_make_no_recording_noisier():
    talk, added = speech_like(16_000), noise(32_000)
    paused = np.concatenate([talk, np.zeros(16_000, np.float32)])
    short = mix(talk, added[:16_000], 5)
    long = mix(paused, np.tile(added[:16_000], 2), 5)
    assert rms_dbfs(long[1] - long[0]) == pytest.approx(rms_dbfs(short[1] - short[0]), abs=0.01)


def test_noise_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="99 samples of noise"):
        mix(noise(100), noise(99), 0)


@pytest.mark.parametrize(
    ("speech", "added", "silent"),
    [(np.zeros(100), noise(100), "speech"), (noise(100), np.zeros(100), "noise")],
    ids=["speech", "noise"],
)
def test_silence_has_no_ratio(speech, added, silent):
    with pytest.raises(ValueError, match=f"the {silent} is silent"):
        mix(speech, added, 0)


@pytest.mark.parametrize("length", [1, 10, 99, 100, 101, 1000])
def test_excerpt_of_any_bank_has_the_length_asked_for(length):
    bank = np.arange(length, dtype=np.int16)
    assert mixing.excerpt(bank, 100, np.random.default_rng(0)).shape == (100,)


def test_excerpt_is_a_stretch_of_the_bank():
    bank = np.arange(1000, dtype=np.int16)
    stretch = 32768 * mixing.excerpt(bank, 100, np.random.default_rng(0))
    np.testing.assert_array_equal(np.diff(stretch), 1)


def test_every_place_of_a_bank_can_begin_an_excerpt():
    bank, rng = np.arange(12, dtype=np.int16), np.random.default_rng(0)
    begins = {int(32768 * mixing.excerpt(bank, 10, rng)[0]) for _ in range(50)}
    assert begins == {0, 1, 2}


@pytest.mark.parametrize("count", [1, 3, 8])
def test_babble_is_at_unit_rms(count):
    talkers = [to_bank(noise(5000, seed=k)) for k in range(4)]
    babble = mixing.babble(talkers, 3000, np.random.default_rng(0), count)
    assert np.sqrt(np.mean(babble**2)) == pytest.approx(1, abs=1e-4)


def test_babble_of_enough_talkers_repeats_none():
    """Each talker is one tone; six of six must all be there."""
    time = np.arange(16_000) / 16_000
    talkers = [to_bank(0.5 * np.sin(2 * np.pi * 1000 * (k + 1) * time)) for k in range(6)]
    babble = mixing.babble(talkers, 16_000, np.random.default_rng(0), 6)
    lines = np.abs(np.fft.rfft(babble))[1000:7000:1000]
    assert lines.min() > 0.3 * lines.max()


def mixer(seed=0, speech=None, noises=None, recipe=None, batch_size=4, samples=3000):
    """A mixer of three talkers and two noises."""
    speech = [to_bank(speech_like(9000, k)) for k in range(3)] if speech is None else speech
    noises = [to_bank(0.3 * noise(9000, seed=k)) for k in (7, 8)] if noises is None else noises
    return Mixer([[bank] for bank in speech], noises, samples, batch_size, recipe, seed)


def test_batch_has_its_shape_and_kind():
    assert [(part.shape, part.dtype) for part in mixer().batch(0)] == [((4, 3000), np.float32)] * 2


@pytest.mark.parametrize("step", [0, 1, 10**12])
def test_batch_is_a_function_of_seed_and_step(step):
    used = mixer(5)
    used.batch(3)
    np.testing.assert_array_equal(used.batch(step), mixer(5).batch(step))


def test_synthetic_noises_are_of_the_kinds_in_the_recipe():
    recipe = Recipe(synthetic=1, synthetic_kinds=("crickets", "vacuum"))
    clips = mixer(recipe=recipe, batch_size=20).clips(0)
    assert {noise.kind for clip in clips for noise in clip.noises} == {"crickets", "vacuum"}


def test_pool_has_so_many_of_a_kind_and_no_more():
    recipe = Recipe(synthetic=1, synthetic_kinds=("hum", "engine"), synthetic_pool=3)
    clips = mixer(recipe=recipe, batch_size=60).clips(0)
    noises = [noise for clip in clips for noise in clip.noises]
    found = {(noise.kind, noise.samples.tobytes()) for noise in noises}
    assert sorted(kind for kind, _ in found) == ["engine"] * 3 + ["hum"] * 3


def test_batch_of_a_pool_is_the_same_whoever_filled_it():
    recipe = Recipe(synthetic=1, synthetic_pool=2)
    used = mixer(5, recipe=recipe)
    used.batch(3)
    np.testing.assert_array_equal(used.batch(1), mixer(5, recipe=recipe).batch(1))


def test_draws_of_a_seed_stay_what_they_are():
    """Each depends on all before it; another order would make another training of a seed."""
    *_, last = mixer(seed=5, batch_size=20).clips(0)
    assert [(noise.kind, noise.bank) for noise in last.noises] == [("recorded", 1), ("recorded", 0)]
    assert (last.talker, last.noise_only, last.speech_only) == (1, False, False)
    assert (last.high_pass.exponent, last.low_pass.exponent) == (4, 12)
    numbers = [
        last.reverberation_seconds,
        last.noises[1].level_db,
        last.snr_db,
        last.level_dbfs,
        last.low_pass.hz,
        last.recorded_dbfs,
    ]
    assert numbers == pytest.approx(
        [0.305244, -3.24322, 15.185248, -27.553765, 4110.366437, -5.266145], rel=1e-5
    )


def test_batch_is_rendered_from_its_clips():
    rendered = [mixing.render(clip)[::-1] for clip in mixer().clips(3)]
    np.testing.assert_array_equal(list(zip(*rendered, strict=True)), mixer().batch(3))


def test_rows_are_those_of_the_whole_batch_and_no_others_are_rendered(monkeypatch):
    """Bit for bit: several workers train on what one would have."""
    whole, rendered, render = mixer().batch(3), [], mixing.render
    monkeypatch.setattr(mixing, "render", lambda clip: (rendered.append(clip), render(clip))[1])
    for part, expected in zip(mixer().batch(3, slice(1, 3)), whole, strict=True):
        assert part.tobytes() == expected[1:3].tobytes()
    assert len(rendered) == 2


def test_clip_can_be_rendered_with_one_choice_changed():
    [clip] = mixer(batch_size=1).clips(0)
    clean, noisy = mixing.render(dataclasses.replace(clip, recorded_dbfs=12.0))
    np.testing.assert_array_equal(clean, mixing.render(clip)[0])
    assert not np.array_equal(noisy, mixing.render(clip)[1])


def test_batch_is_the_same_from_any_thread():
    shared, steps = mixer(), [3, 1, 4, 1, 5, 9, 2, 6] * 2
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.batch, steps))
    np.testing.assert_array_equal(found, [mixer().batch(step) for step in steps])


@pytest.mark.parametrize(("seed", "step"), [(0, 1), (1, 0)])
def test_other_step_or_seed_gives_another_batch(seed, step):
    assert not np.allclose(mixer(seed).batch(step), mixer(0).batch(0))


def test_share_without_speech_is_the_recipe_s():
    batches = [mixer(recipe=Recipe(noise_only=0.25)).batch(step)[1] for step in range(100)]
    silent = np.mean([not clip.any() for batch in batches for clip in batch])
    assert silent == pytest.approx(0.25, abs=0.07)  # three deviations of 400 draws


def test_clip_without_speech_is_not_silent():
    noisy, clean = mixer(recipe=Recipe(noise_only=1.0)).batch(0)
    assert (not clean.any(), np.abs(noisy).max(1).min() > 0) == (True, True)


def test_clip_with_next_to_no_noise_keeps_35_db():
    noisy, clean = mixer(recipe=Recipe(noise_only=0, speech_only=1, **FLAT)).batch(0)
    ratios = [active_level_dbfs(c) - rms_dbfs(n - c) for n, c in zip(noisy, clean, strict=True)]
    assert 34.9 < min(ratios) <= max(ratios) < 60.1


def test_ratios_fill_the_recipe_s_range():
    recipe = Recipe(snr_db=(-3, 9), noise_only=0, speech_only=0, level_dbfs=(-40, -40), **FLAT)
    pairs = [pair for k in range(15) for pair in zip(*mixer(recipe=recipe).batch(k), strict=True)]
    ratios = [active_level_dbfs(clean) - rms_dbfs(noisy - clean) for noisy, clean in pairs]
    assert (min(ratios), max(ratios)) == (pytest.approx(-3, abs=0.6), pytest.approx(9, abs=0.6))


def test_levels_fill_the_recipe_s_range():
    recipe = Recipe(snr_db=(15, 15), noise_only=0, level_dbfs=(-36, -24), **FLAT)
    batches = [mixer(recipe=recipe).batch(step)[1] for step in range(15)]
    levels = [active_level_dbfs(clip) for batch in batches for clip in batch]
    assert (min(levels), max(levels)) == (pytest.approx(-36, abs=0.6), pytest.approx(-24, abs=0.6))


def test_unfiltered_clip_never_clips():
    recipe = Recipe(snr_db=(-20, -10), level_dbfs=(-6, 0), **FLAT)
    assert max(np.abs(mixer(recipe=recipe).batch(k)[0]).max() for k in range(5)) <= 0.991


def test_target_does_not_babble_behind_himself():
    """Each talker is one tone, and babble is all the noise there is."""
    time = np.arange(9000) / 16_000
    hertz = [1000, 2000, 3000]
    speech = [to_bank(0.5 * np.sin(2 * np.pi * f * time)) for f in hertz]
    recipe = Recipe(snr_db=(0, 0), noise_only=0, speech_only=0, synthetic=0, babble=1, **FLAT)
    noisy, clean = mixer(speech=speech, recipe=recipe, batch_size=30, samples=3200).batch(0)
    window = np.hanning(3200)
    lines = [round(f * 3200 / 16_000) for f in hertz]
    own = np.abs(np.fft.rfft(clean * window))[:, lines].argmax(1)
    behind = np.abs(np.fft.rfft((noisy - clean) * window))[:, lines]
    assert (behind[np.arange(30), own] < 0.01 * behind.max(1)).all()


def test_slower_voice_of_the_target_does_not_babble_behind_him():
    """Both voices of the one talker are low, the other talker is high."""
    time = np.arange(9000) / 16_000
    low, lower, high = (to_bank(0.5 * np.sin(2 * np.pi * f * time)) for f in (1000, 850, 3000))
    recipe = Recipe(snr_db=(0, 0), noise_only=0, speech_only=0, synthetic=0, babble=1, **FLAT)
    pairs = Mixer([[low, lower], [high]], [], 3200, 40, recipe).batch(0)
    lines = [
        np.abs(np.fft.rfft(part * np.hanning(3200))) for part in (pairs[1], np.subtract(*pairs))
    ]
    clean, behind = (line[:, [170, 200, 600]] for line in lines)
    target_is_low = clean.argmax(1) < 2
    assert 0 < target_is_low.sum() < 40
    assert (behind.argmax(1) == np.where(target_is_low, 2, behind[:, :2].argmax(1))).all()


def test_room_s_tail_is_in_the_mixture_and_not_in_the_target():
    """With a lone click as the voice, what follows 50 ms after it must go."""
    click = np.zeros(6000, np.float32)
    click[10] = 0.9
    recipe = Recipe(**{**FLAT, "reverberation": 1.0}, noise_only=0, speech_only=1, synthetic=1)
    noisy, clean = Mixer([[to_bank(click)]], [], 6000, 8, recipe).batch(0)
    late = slice(10 + 800 + 10, 4000)
    energies = [np.sum(part[:, late].astype(np.float64) ** 2, 1) for part in (noisy, clean)]
    assert np.median(energies[0] / energies[1]) > 1000


def test_overdriven_clip_is_cut_at_its_peaks():
    recipe = Recipe(**{**FLAT, "overdriven": 1.0}, snr_db=(20, 20), noise_only=0)
    noisy, _ = mixer(recipe=recipe).batch(0)
    at_the_peak = (np.abs(noisy) > 0.999 * np.abs(noisy).max(1, keepdims=True)).sum(1)
    assert at_the_peak.min() > 3


def test_only_talker_may_babble_behind_himself():
    lone = mixer(speech=[to_bank(speech_like(9000))], recipe=Recipe(synthetic=0, babble=1))
    assert np.isfinite(lone.batch(0)).all()


def test_mixer_without_noise_uses_synthetic_ones():
    noisy, clean = mixer(noises=[], recipe=Recipe(snr_db=(0, 0), noise_only=0)).batch(0)
    assert (rms_dbfs(noisy - clean)) > -60


def test_long_bank_does_not_drown_the_short_ones():
    banks = [to_bank(noise(100)), to_bank(noise(10_000))]
    np.testing.assert_allclose(mixing._shares(banks), [1 / 11, 10 / 11])


@pytest.mark.parametrize("speech", [np.zeros(9000, np.int16), np.ones(50, np.int16)])
def test_silent_or_short_bank_gives_finite_clips(speech):
    assert np.isfinite(mixer(speech=[speech]).batch(0)).all()


def test_mixer_without_speech_is_refused():
    with pytest.raises(ValueError, match="no speech"):
        mixer(speech=[])
