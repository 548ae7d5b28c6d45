import assert from "node:assert/strict";
import { test } from "node:test";
import { Losses } from "../../book/live/losses.js";
import { BINS, levels } from "../../book/live/spectrum.js";
import { level, Recent } from "../../book/live/statistics.js";

const sine = (bin, peak) =>
  Int16Array.from({ length: 512 }, (_, n) => Math.round(peak * Math.cos((2 * Math.PI * bin * n) / 512)));

for (const bin of [3, 40, 200, 253])
  test(`a sine in bin ${bin} peaks there, at its level`, () => {
    const sound = sine(bin, 3276.8), column = new Float32Array(BINS);
    levels(sound.slice(0, 256), sound.slice(256), column);
    assert.equal(column.indexOf(Math.max(...column)), bin);
    assert.ok(Math.abs(column[bin] + 20) < 0.1, `${column[bin]}`);
    assert.ok(column.every((value, k) => Math.abs(k - bin) < 2 || value < -80));
  });

test("silence is the floor everywhere", () => {
  const column = new Float32Array(BINS);
  levels(new Int16Array(256), new Int16Array(256), column);
  assert.ok(column.every((value) => value === -120));
});

test("level is that of a full-scale square wave, and silence has one", () => {
  assert.ok(Math.abs(level(new Int16Array(256).fill(-32768))) < 1e-6);
  assert.equal(level(new Int16Array(256)), -120);
});

test("quantiles are of the newest values", () => {
  const recent = new Recent(100);
  assert.ok(Number.isNaN(recent.quantile(0.5)));
  for (let value = 1000; value > 0; value--) recent.add(value);
  assert.deepEqual([recent.quantile(0.5), recent.quantile(0.99), recent.quantile(1)], [50, 99, 100]);
  recent.clear();
  recent.add(7);
  assert.equal(recent.quantile(0.99), 7);
});

test("losses are counted from when a start has settled", () => {
  let underruns = 7;
  const losses = new Losses(() => underruns);
  losses.add({ lost: 3, skipped: 1 });
  assert.match(`${losses}`, /in a moment/);
  for (let hop = 0; hop < 400; hop++) losses.add({ lost: 3, skipped: 1 });
  assert.match(`${losses}`, /^0 in this code in 0\.1 min; the browser left out 0 .* 0 underruns/);
  underruns = 8;
  losses.add({ lost: 5, skipped: 4 });
  assert.match(`${losses}`, /^2 in this code .* left out 3 stretches, and reports 1 underruns/);
  losses.begin();
  assert.match(`${losses}`, /in a moment/);
});

test("a browser that does not count underruns is not asked to", () => {
  const losses = new Losses(() => null);
  for (let hop = 0; hop < 400; hop++) losses.add({ lost: 0, skipped: 0 });
  assert.match(`${losses}`, /left out 0 stretches$/);
});
