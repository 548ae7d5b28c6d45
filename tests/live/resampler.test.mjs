import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler, resample, resampleAll } from "../../book/live/resampler.js";
import { decibels, difference, noise, tone } from "./tones.mjs";

const RATES = [8000, 11025, 22050, 32000, 44100, 48000, 96000];

for (const rate of RATES) {
  for (const [from, to] of [[rate, 16000], [16000, rate]]) {
    const band = 0.8 * Math.min(from, to) / 2;
    for (const hertz of [100, 1000, band]) {
      test(`${hertz} Hz from ${from} to ${to} Hz arrives as it was, at the same time`, () => {
        const found = resample(tone(hertz, from, from / 5), from, to);
        const error = difference(found, tone(hertz, to, found.length));
        assert.ok(decibels(error, Math.ceil(to / 100)) < -75, `${decibels(error, to / 100)}`);
      });
    }
  }
}

for (const [from, to, hertz] of [[48000, 16000, 8100], [44100, 16000, 9000], [96000, 16000, 20000]])
  test(`${hertz} Hz from ${from} to ${to} Hz leaves no alias`, () => {
    const found = resample(tone(hertz, from, from / 5), from, to);
    assert.ok(decibels(found, 400) < -85, `${decibels(found, 400)}`);
  });

test("7 kHz from 16 to 48 kHz has no image at 9 kHz", () => {
  const found = resample(tone(7000, 16000, 3200), 16000, 48000);
  let [re, im] = [0, 0];
  for (let n = 1200; n < 8400; n++) {
    re += found[n] * Math.cos((2 * Math.PI * 9000 * n) / 48000);
    im += found[n] * Math.sin((2 * Math.PI * 9000 * n) / 48000);
  }
  assert.ok(20 * Math.log10((2 * Math.hypot(re, im)) / 7200) < -80);
});

for (const rate of RATES)
  test(`a stream of odd blocks from ${rate} Hz is the whole`, () => {
    const sound = noise(rate / 5), whole = resample(sound, rate, 16000);
    const stream = new Resampler(rate, 16000), pieces = [];
    for (let begin = 0, size = 1; begin < sound.length; begin += size, size = (size * 7) % 331 + 1) {
      const piece = new Float32Array(stream.most(size));
      const written = stream.process(sound.slice(begin, begin + size), piece);
      assert.ok(written <= piece.length);
      pieces.push(...piece.slice(0, written));
    }
    assert.ok(pieces.length > whole.length - (stream.reach * 16000) / rate - 2);
    assert.deepEqual(Float32Array.from(pieces), whole.slice(0, pieces.length));
  });

test("a stream waits for no more than its reach", () => {
  const stream = new Resampler(48000, 16000), out = new Float32Array(10);
  assert.equal(stream.process(new Float32Array(stream.reach), out), 0);
  assert.equal(stream.process(new Float32Array(1), out), 1);
});

test("after a reset nothing is left of what was heard", () => {
  const stream = new Resampler(44100, 16000), sound = noise(3000);
  const [first, second] = [0, 1].map(() => {
    const out = new Float32Array(stream.most(3000));
    stream.process(sound, out);
    stream.reset();
    return out;
  });
  assert.deepEqual(first, second);
});

test("length follows the rates and the same rate changes nothing", () => {
  assert.equal(resample(new Float32Array(101), 48000, 16000).length, 34);
  assert.equal(resample(new Float32Array(100), 16000, 44100).length, 276);
  const sound = noise(10);
  assert.equal(resample(sound, 16000, 16000), sound);
});

for (const rate of [0, -1, 44100.5, NaN])
  test(`a rate of ${rate} Hz is refused`, () => {
    assert.throws(() => new Resampler(rate, 16000), /whole numbers/);
  });

for (const [from, to] of [[1000003, 48000], [16000, 383999]])
  test(`from ${from} to ${to} Hz no table is made`, () => {
    assert.throws(() => new Resampler(from, to), /such as 48,000 Hz/);
  });

test("a long recording is resampled in parts, with the same samples", async () => {
  const sound = noise(300_000), told = [];
  const found = await resampleAll(sound, 44100, 16000, async (share) => told.push(share));
  assert.ok(told.length > 1 && told.every((share, i) => share > (told[i - 1] ?? 0) && share < 1));
  const stream = new Resampler(44100, 16000), whole = new Float32Array(stream.most(sound.length));
  const written = stream.process(sound, whole);
  assert.deepEqual(found.subarray(0, written), whole.subarray(0, written));
  assert.equal(found.length, Math.ceil((300_000 * 160) / 441));
});
