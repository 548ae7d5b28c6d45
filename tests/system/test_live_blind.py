"""The blind test of the live page: what is heard, what is scored, what is kept."""

import json
import time

import numpy as np
import pytest
from controls import (
    CONTEXT,
    address,
    choose,
    click,
    download,
    in_view,
    move,
    ready,
    samples,
    save,
    started,
    stopped,
    text,
)
from scipy.stats import binomtest

from lstm_se.sound import audio

ROUNDS = 8
# What the page lets through of its two sounds, which this call opens and closes, and their context.
LISTENER = """
const own = AudioParam.prototype.setValueAtTime;
globalThis.gains = [];
AudioParam.prototype.setValueAtTime = function (value, time) {
  gains.push(value);
  return own.call(this, value, time);
};
const aim = AudioParam.prototype.setTargetAtTime;
globalThis.leads = [];
AudioParam.prototype.setTargetAtTime = function (value, time, constant) {
  leads.push(time - newest.currentTime);
  return aim.call(this, value, time, constant);
};
globalThis.AudioContext = class extends AudioContext {
  constructor(...options) { super(...options); globalThis.newest = this; }
};
"""


@pytest.fixture
def listening(each, port):
    """The page, to somebody who hears which of the two sounds it plays."""
    with each.prepared(LISTENER):
        page = ready(each, address(port))
        choose(page, samples(page)[0])
        yield page


def begun(page, rounds=ROUNDS):
    page.evaluate(f"document.getElementById('rounds').value = {rounds}")
    click(page, "blind")
    page.wait("!document.getElementById('trial').hidden")
    page.wait("newest.state === 'running'")  # nobody answers before that


def played(page, side):
    """Gains of A and B while a side is heard."""
    page.evaluate(f"gains.length = 0; document.querySelector('input[value={side}]').click()")
    return page.evaluate("gains.slice(-2)")


def answer(page, right):
    """X is what it sounds like, or the other."""
    b, a, x = (played(page, side) for side in "bax")  # a round begins with A: no change
    assert a != b and x in (a, b) and a.count(0) == b.count(0) == 1
    click(page, "is-a" if (x == a) == right else "is-b")


def kept(page):
    (path,) = save(page, "#blind-result")
    result = json.loads(path.read_text())
    path.unlink()
    return result


def test_what_is_heard_is_what_is_scored_and_kept(listening):
    page = listening
    begun(page)
    for n in range(ROUNDS):
        assert text(page, "round") == f"Round {n + 1} of {ROUNDS}: is X A or B?"
        answer(page, right=n != 2)
    assert page.evaluate("document.getElementById('trial').hidden")
    verdict = text(page, "round")
    result = kept(page)
    assert verdict.startswith(f"{ROUNDS - 1} of {ROUNDS} right")
    assert "It contains 50 %" in verdict or "It lies above 50 %" in verdict
    assert [r["x"] == r["answer"] for r in result["rounds"]] == [n != 2 for n in range(ROUNDS)]
    assert (result["right"], result["share"]) == (ROUNDS - 1, (ROUNDS - 1) / ROUNDS)
    interval = binomtest(ROUNDS - 1, ROUNDS).proportion_ci(0.95, "exact")
    assert result["interval"]["method"] == "Clopper-Pearson"
    assert [result["interval"][end] for end in ("low", "high")] == pytest.approx(interval)
    assert ("It lies above 50 %" in verdict) == (interval.low > 0.5)
    assert result["limit_db"] is None
    assert result["a"] == "noisy" and result["b"].startswith("denoised by tiny, model ")
    assert page.complaints() == []


def test_change_is_asked_for_before_its_time_is_rendered(listening):
    """Else it is a jump, which clicks: Firefox's clock is 10 ms behind what it has rendered."""
    page = listening
    begun(page)
    played(page, "b")
    assert page.evaluate("leads.length") == 4
    assert page.evaluate("Math.min(...leads)") > 0.02


def test_both_sounds_are_equally_loud(listening):
    page = listening
    begun(page)
    second, first = (max(played(page, side)) for side in "ba")
    click(page, "blind")
    click(page, "whole")
    noisy, denoised = download(page)
    heard = ((first, noisy), (second, denoised))
    levels = [audio.active_level_dbfs(gain * pcm / 32768) for gain, pcm in heard]
    assert max(first, second) == 1 and levels[0] == pytest.approx(levels[1], abs=0.01)


def test_networks_are_compared_with_each_other(listening, other):
    page = listening
    assert page.evaluate("document.getElementById('both').disabled")
    page.give_file(other / "other.wasm", "module")
    page.wait("document.getElementById('network-1').checked")
    page.evaluate("document.getElementById('pair').value = 'both'")
    move(page, "limit", 12)
    begun(page)
    for _ in range(ROUNDS):
        answer(page, right=True)
    result = kept(page)
    assert result["limit_db"] == 12
    assert result["a"].startswith("denoised by tiny, model ")
    assert result["b"].startswith("denoised by other, model ")
    assert text(page, "round").endswith("It lies above 50 %, so you hear a difference.")


def test_x_is_drawn_by_chance_in_the_page(listening):
    page = listening
    begun(page, 24)
    for _ in range(24):
        click(page, "is-a")
    drawn = [r["x"] for r in kept(page)["rounds"]]
    assert set(drawn) == {"a", "b"}  # fails by chance once in eight million runs


def test_test_and_live_sound_are_never_heard_together(listening):
    page = listening
    started(page)
    begun(page)
    assert text(page, "start") == "Start"
    click(page, "is-a")
    page.evaluate("document.getElementById('start').focus()")
    started(page)
    assert page.evaluate("document.activeElement.id") == "start"
    assert page.evaluate("document.getElementById('trial').hidden")
    assert text(page, "round") == "Stopped in round 2: no result."
    stopped(page)


def test_everything_can_be_done_with_the_keyboard(each_page):
    page = each_page
    choose(page, samples(page)[0])
    page.evaluate("document.getElementById('blind').focus()")
    page.press("Enter", text="\r")
    page.wait("!document.getElementById('trial').hidden")
    focused = "document.activeElement.id || document.activeElement.value"
    for wanted in ("a", "b", "x"):
        assert page.evaluate(focused) == wanted
        page.press("ArrowDown")
    page.press("Tab")
    assert page.evaluate(focused) == "is-a"
    page.press("Enter", text="\r")
    assert text(page, "round").startswith("Round 2")
    assert page.evaluate("document.querySelector('input[value=a]').checked")
    page.press("Tab")
    assert page.evaluate(focused) == "is-b"
    for _ in range(15):
        page.press("Enter", text="\r")
    assert " of 16 right" in text(page, "round")
    assert page.evaluate(focused) == "blind"


def test_silence_cannot_be_compared(each_page, tmp_path):
    page = each_page
    audio.write(tmp_path / "silent.wav", np.zeros(16_000, np.float32))
    page.give_file(tmp_path / "silent.wav")
    page.wait("document.getElementById('status').textContent === 'silent.wav is ready.'")
    page.evaluate("document.getElementById('blind').scrollIntoView()")
    click(page, "blind")
    page.wait("!document.getElementById('message').hidden")
    assert text(page, "message").startswith("One of the two is silent")
    assert in_view(page, "status", "message") and text(page, "status") == "Ready."
    assert page.evaluate("document.getElementById('trial').hidden")


def test_impatient_second_click_is_none(each, port):
    with each.prepared(CONTEXT):
        page = ready(each, address(port))
    choose(page, samples(page)[0])
    page.evaluate("for (const _ of 'ab') document.getElementById('blind').click()")
    page.wait("!document.getElementById('trial').hidden")
    time.sleep(0.3)
    assert text(page, "blind") == "Stop the test"
    assert page.evaluate("contexts.length") == 2  # of the live sound, and of one test


def test_answers_without_sound_do_not_count(each, port):
    silent = "Object.defineProperty(AudioContext.prototype, 'state', { get: () => 'suspended' })"
    with each.prepared(silent):
        page = ready(each, address(port))
        choose(page, samples(page)[0])
        click(page, "blind")
        page.wait("!document.getElementById('trial').hidden")
        click(page, "is-a")
        assert text(page, "round").startswith("The browser plays no sound")
        click(page, "blind")
        assert text(page, "round") == "Stopped in round 1: no result."


def test_microphone_has_no_blind_test(page):
    assert page.evaluate("document.getElementById('blind').disabled")
    choose(page, samples(page)[0])
    page.wait("!document.getElementById('blind').disabled")
