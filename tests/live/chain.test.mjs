import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Chain, Ramp } from "../../book/live/chain.js";
import { Denoiser, denoiseAll, HOP, NO_LIMIT } from "../../book/live/denoiser.js";
import { toFloat, toPcm } from "../../book/live/pcm.js";
import { Take } from "../../book/live/take.js";
import { decibels, difference, noise, tone } from "./tones.mjs";

const MODULE = fs.readFileSync(process.env.DENOISER_WASM);
const RATES = [8000, 16000, 22050, 44100, 48000, 96000, 192000];

/** Stands for a denoiser that changes nothing: its output is a hop late. */
class Delay {
  input = new Int16Array(HOP);
  output = new Int16Array(HOP);
  mask = new Int16Array(257);
  before = new Int16Array(HOP);
  process() {
    this.output.set(this.before);
    this.before.set(this.input);
  }
  reset() {
    this.before.fill(0);
  }
}

/** All of a sound through a chain, in blocks. */
function run(chain, sound, block = () => 128) {
  const out = new Float32Array(sound.length);
  for (let begin = 0; begin < sound.length; ) {
    const end = Math.min(begin + block(), sound.length);
    chain.process(sound.subarray(begin, end), out.subarray(begin, end));
    begin = end;
  }
  return out;
}

/** The largest step from sample to sample. */
function steepest(samples) {
  return Math.max(...samples.slice(1).map((x, i) => Math.abs(x - samples[i])));
}

/** The same, later. */
function delayed(sound, samples) {
  const late = new Float32Array(sound.length);
  late.set(sound.subarray(0, sound.length - samples), samples);
  return late;
}

test("the module passes its self-test and tells its version", () => {
  const denoiser = new Denoiser(MODULE);
  assert.ok(denoiser.selftest());
  assert.match(denoiser.version(), /^\d+\.\d+\.\d+ model [0-9a-f]{12}$/);
});

for (const rate of RATES) {
  test(`at ${rate} Hz the noisy side is the input, late by the delay that is told`, () => {
    const chain = new Chain(new Delay(), rate), sound = noise(rate / 4);
    chain.mix.value = chain.mix.target = 0;
    assert.deepEqual(run(chain, sound), delayed(sound, chain.delay));
  });

  test(`at ${rate} Hz both sides lie on each other to a fraction of a sample`, () => {
    const chain = new Chain(new Delay(), rate), hertz = 0.3 * Math.min(rate, 16000);
    const sound = tone(hertz, rate, rate / 4), late = delayed(sound, chain.delay);
    const error = difference(run(chain, sound), late).slice(chain.delay + rate / 100);
    assert.ok(decibels(error) < -75, `${decibels(error)}`);
  });

  test(`at ${rate} Hz blocks of any length never come too late`, () => {
    const chain = new Chain(new Delay(), rate);
    let size = 1;
    run(chain, noise(2 * rate), () => (size = ((size * 31) % 2039) + 1));
    assert.equal(chain.underruns, 0);
  });
}

test("the delay is below 40 ms at the rates that devices have", () => {
  for (const rate of [16000, 44100, 48000, 96000])
    assert.ok(new Chain(new Delay(), rate).delay / rate < 0.04);
});

test("at 16 kHz the denoised side has the bits of the module", async () => {
  const pcm = toPcm(noise(40 * HOP, 0.3)), chain = new Chain(new Denoiser(MODULE), 16000);
  const found = toPcm(run(chain, toFloat(pcm)).slice(chain.delay));
  const expected = await denoiseAll(new Denoiser(MODULE), pcm);
  assert.deepEqual(found, expected.slice(0, found.length));
  assert.notDeepEqual(found, pcm.slice(0, found.length));
});

test("after a reset the same sound gives the same bits", () => {
  const chain = new Chain(new Denoiser(MODULE), 48000), sound = noise(24000);
  const first = run(chain, sound);
  chain.reset();
  assert.deepEqual(run(chain, sound), first);
});

test("a limit holds from take to take until it is lifted", async () => {
  const denoiser = new Denoiser(MODULE), pcm = toPcm(noise(40 * HOP, 0.3));
  const unlimited = await denoiseAll(denoiser, pcm);
  denoiser.setLimit(0); // lets all sound through
  assert.ok(denoiser.selftest());
  for (let take = 0; take < 2; take++) assert.deepEqual(await denoiseAll(denoiser, pcm), pcm);
  denoiser.setLimit(NO_LIMIT);
  assert.deepEqual(await denoiseAll(denoiser, pcm), unlimited);
});

test("a limit that changes while sound runs is heard from the next hop on", () => {
  const chain = new Chain(new Denoiser(MODULE), 16000), sound = noise(80 * HOP, 0.3);
  const half = sound.length / 2, quiet = run(chain, sound.subarray(0, half));
  chain.setLimit(0);
  const loud = run(chain, sound.subarray(half)), late = delayed(sound, chain.delay);
  assert.ok(decibels(quiet.subarray(half / 2)) < decibels(loud) - 6);
  const again = chain.delay + 2 * HOP;
  assert.deepEqual(toPcm(loud).slice(again), toPcm(late).slice(half + again));
});

/** Stands for another network. */
class Quieter extends Delay {
  process() {
    super.process();
    this.output.forEach((sample, i) => (this.output[i] = sample >> 2));
  }
}

/** A chain with two denoisers. */
function compared(first, second, rate) {
  const chain = new Chain(first, rate);
  chain.denoisers[1] = second;
  return chain;
}

test("switching between the sides is no jump", () => {
  const chain = new Chain(new Quieter(), 48000), sound = tone(50, 48000, 48000);
  let turn = 0;
  const out = run(chain, sound, () => {
    chain.mix.target = ++turn % 20 < 10 ? 0 : 1;
    return 128;
  });
  // the two sides differ by up to 0.375, and a fade takes 960 samples
  assert.ok(steepest(out) < steepest(sound) + 0.0005, `${steepest(out)}`);
});

for (const rate of [16000, 44100, 48000])
  test(`at ${rate} Hz switching between two networks is no jump`, () => {
    const chain = compared(new Delay(), new Quieter(), rate), sound = tone(50, rate, 2 * rate);
    let turn = 0;
    const out = run(chain, sound, () => {
      chain.choice.target = Number(++turn % 40 < 20);
      return 128;
    });
    // as above: a fade takes a fiftieth of a second; 16 bits and the filter add a little
    assert.ok(steepest(out) < steepest(sound) + (0.375 * 50) / rate + 0.0002, `${steepest(out)}`);
    assert.equal(chain.underruns, 0);
  });

test("the second network is heard as late as the first, with its own bits", () => {
  const pcm = toPcm(noise(40 * HOP)), chain = compared(new Delay(), new Quieter(), 16000);
  const half = pcm.length / 2, sound = toFloat(pcm);
  const first = run(chain, sound.subarray(0, half));
  chain.choice.target = 1;
  const second = toPcm(run(chain, sound.subarray(half))), faded = 4 * HOP;
  assert.deepEqual(toPcm(first).slice(chain.delay), pcm.slice(0, half - chain.delay));
  const wanted = pcm.slice(half + faded - chain.delay, -chain.delay).map((sample) => sample >> 2);
  assert.deepEqual(second.slice(faded), wanted);
});

test("a network that is not heard hears everything, so that it can take over", async () => {
  const chain = compared(new Delay(), new Denoiser(MODULE), 16000), pcm = toPcm(noise(40 * HOP, 0.3));
  const half = pcm.length / 2, sound = toFloat(pcm);
  run(chain, sound.subarray(0, half));
  chain.choice.target = 1;
  const found = toPcm(run(chain, sound.subarray(half))), faded = 4 * HOP;
  const expected = await denoiseAll(new Denoiser(MODULE), pcm);
  assert.deepEqual(found.slice(faded), expected.slice(half + faded - chain.delay, -chain.delay));
});

test("a ramp arrives in a straight line and stays", () => {
  const ramp = new Ramp(0, 0.25);
  ramp.target = 0.6;
  assert.deepEqual([1, 2, 3, 4].map(() => ramp.next()), [0.25, 0.5, 0.6, 0.6]);
});

test("each hop is reported with what went in and what came out", () => {
  const hops = [];
  const chain = new Chain(new Delay(), 16000, ({ denoisers: [{ input }], said }) =>
    hops.push([input.slice(), said.slice()]));
  const pcm = toPcm(noise(8 * HOP));
  run(chain, toFloat(pcm));
  assert.equal(hops.length, 8);
  hops.forEach(([heard, said], k) => {
    assert.deepEqual(heard, pcm.slice(k * HOP, (k + 1) * HOP));
    if (k) assert.deepEqual(said, hops[k - 1][0]);
  });
});

for (const samples of [1, 255, 256, 257, 1000])
  test(`a recording of ${samples} samples keeps its length`, async () => {
    const denoised = await denoiseAll(new Denoiser(MODULE), toPcm(noise(samples)));
    assert.equal(denoised.length, samples);
  });

test("the share that is done is told on the way", async () => {
  const told = [];
  await denoiseAll(new Denoiser(MODULE), new Int16Array(500 * HOP), async (share) => told.push(share));
  assert.equal(told.length, 2);
  assert.ok(0 < told[0] && told[0] < told[1] && told[1] < 1);
});

test("a take keeps its own hops only, and both sides fit", () => {
  const take = new Take(2, "x"), hop = (n) => new Int16Array(HOP).fill(n);
  for (const [number, n] of [[1, 9], [2, 10], [2, 11], [2, 12]])
    assert.ok(take.add({ take: number, heard: hop(n), said: hop(n - 1), mask: hop(0), lost: 0, skipped: 0 }));
  const { noisy, denoised } = take.finish();
  assert.deepEqual(noisy, denoised);
  assert.deepEqual([noisy.length, noisy[0], noisy[HOP]], [2 * HOP, 10, 11]);
});
