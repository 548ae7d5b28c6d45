"""Microphone to headphones on a card that is none: what comes out, what is lost, what is told."""

import sys

import numpy as np
import pytest
from fake_card import FakeCard
from random_network import noise

from lstm_se import optional
from lstm_se.sound import card
from lstm_se.sound.audio import rms_dbfs

RATE, HOP = 16_000, 256
BUFFER = 2 * HOP / RATE


class Late:
    """Gives back whole hops, each a hop later: a denoiser that removes nothing."""

    latency = HOP

    def __init__(self):
        self._held, self._odd = np.zeros(HOP, np.float32), 0

    def process(self, block):
        held = np.append(self._held, block)
        given, self._held = np.split(held, [(len(block) + self._odd) // HOP * HOP])
        self._odd = len(self._held) - HOP
        return given


@pytest.fixture
def fake(monkeypatch, request):
    """A fake card in place of the library, at the rates that a test asks for."""
    made = FakeCard(**getattr(request, "param", {}))
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


def sound_card(buffer=BUFFER, **devices):
    return card.SoundCard(Late(), RATE, HOP, buffer, **devices)


def through(fake, samples, size=None, wanted=None):
    """What the headphones play while the microphone hears ``samples``, each at its own pace.

    Every seventh block of the microphone's comes too late, as threads do.
    """
    source, sink = fake.streams["input"], fake.streams["output"]
    size, wanted = size or source.block, wanted or sink.block
    played = []
    for k, block in enumerate(np.split(samples, range(size, len(samples), size)), 1):
        fake.speak(block)
        now = (k + (k % 7 == 0)) * size / source.rate
        while (len(played) + 1) * wanted / sink.rate <= now:
            played.append(fake.listen(wanted))
    return np.concatenate(played)


def tone(hertz, rate, seconds):
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def level_of_tone_db(samples, hertz, rate):
    """Level of what is a tone of amplitude 1 and any phase, and of what is not, in dB."""
    angle = 2 * np.pi * hertz * np.arange(len(samples)) / rate
    both = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found = both @ np.linalg.lstsq(both, samples)[0]
    return rms_dbfs(found) - rms_dbfs(both[:, 0]), rms_dbfs(samples - found)


def test_sound_comes_out_as_it_went_in_and_as_late_as_told(fake):
    spoken, real = noise(200 * HOP), sound_card()
    with real.run():
        played = through(fake, spoken)
    late = np.flatnonzero(played)[0]
    np.testing.assert_array_equal(played[late:], spoken[:-late])
    # a block is spoken at once here, and played at once: nobody waits for it, no device delays it
    waited = HOP / RATE + fake.streams["output"].latency
    assert late == pytest.approx((real.latency - waited) * RATE, abs=HOP)
    assert real.dropouts == 0
    assert real.seconds == pytest.approx(len(spoken) / RATE)
    assert 0 < real.load <= real.worst_load


def test_blocks_of_any_size_pass(fake):
    real, spoken = sound_card(buffer=0.1), noise(60_000)
    with real.run():
        played = through(fake, spoken, 100, 100)
        fake.speak(spoken[:33])
        fake.listen(33)
    late = np.flatnonzero(played)[0]
    np.testing.assert_array_equal(played[late:], spoken[: len(played) - late])
    assert real.dropouts == 0


def test_gap_is_counted_once_and_the_sound_goes_on(fake):
    real = sound_card()
    with real.run():
        through(fake, noise(10 * HOP))
        silent = np.concatenate([fake.listen() for _ in range(20)])[10 * HOP :]
        played = through(fake, noise(10 * HOP, seed=1))
    assert not np.any(silent)
    assert np.any(played)
    assert real.dropouts == 1


def test_after_a_standstill_the_sound_is_hardly_later_than_before(fake):
    """What the microphone kept meanwhile comes at once: played out, it would be late for ever."""
    real, spoken = sound_card(), noise(130 * HOP)
    with real.run():
        before = through(fake, spoken[: 10 * HOP])
        for hop in spoken[10 * HOP : 110 * HOP].reshape(-1, HOP):
            fake.speak(hop)
        after = through(fake, spoken[110 * HOP :])
    at_first = len(before) - np.flatnonzero(spoken == before[-1])[0]
    at_last = len(spoken) - np.flatnonzero(spoken == after[-1])[0]
    assert at_last <= at_first + BUFFER * RATE
    assert real.dropouts > 0


def test_losses_that_the_card_tells_are_counted_once_there_is_sound(fake):
    real = sound_card()
    with real.run():
        fake.listen(flag=True)  # nothing was lost: nothing had come
        through(fake, noise(10 * HOP))
        fake.speak(noise(HOP), flag=True)
        fake.listen(flag=True)
    assert real.dropouts == 2


RATES = [
    {"input": 48_000, "output": 48_000},
    {"input": 44_100, "output": 44_100},
    {"input": 44_100, "output": 48_000},
    {"input": 8_000, "output": 16_000},
]


@pytest.mark.parametrize("fake", RATES, ids=str, indirect=True)
def test_card_of_another_rate_is_resampled_without_a_gap(fake):
    real = sound_card()
    with real.run():
        source, sink = fake.streams["input"], fake.streams["output"]
        played = through(fake, tone(1000, source.rate, 30))
    assert {"input": source.rate, "output": sink.rate} == fake.rates
    level, rest = level_of_tone_db(played[sink.rate :], 1000, sink.rate)
    assert abs(level) < 0.1 and rest < -60
    assert real.dropouts == 0
    begun = np.flatnonzero(np.abs(played) > 0.5)[0] / sink.rate
    assert begun < real.latency


def test_device_is_found_by_name_and_others_are_refused(fake):
    assert sound_card(microphone="Microphone").microphone.place == "Microphone (16000 Hz)"
    with pytest.raises(OSError, match="No output device matching 'ears'.*--list-devices"):
        sound_card(headphones="ears")


def test_computer_without_a_device_is_told(fake):
    fake.default.device["input"] = -1
    with pytest.raises(OSError, match="no sound input.*--input"):
        sound_card()


def test_missing_library_is_told_with_its_package(monkeypatch):
    def no_library(*_):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(optional, "module", no_library)
    with pytest.raises(OSError, match="apt install libportaudio2"):
        card.portaudio()


def test_unplugged_device_is_noticed(fake):
    real = sound_card()
    with real.run():
        assert real.active
        fake.streams["input"].active = False
        assert not real.active
