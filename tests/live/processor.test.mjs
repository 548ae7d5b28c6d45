import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";

// What an audio worklet has beside the language.
let Processor;
Object.assign(globalThis, {
  sampleRate: 48000,
  currentFrame: 0,
  registerProcessor: (name, processor) => (Processor = processor),
  AudioWorkletProcessor: class {
    port = { told: [], postMessage: (message) => this.port.told.push(message) };
  },
});
await import("../../book/live/processor.js");

/** A processor, and what tells it to do something. */
function made() {
  const module = fs.readFileSync(process.env.DENOISER_WASM);
  const processor = new Processor({ processorOptions: { module } });
  return { processor, tell: (data) => processor.port.onmessage({ data }) };
}

const block = () => [[[new Float32Array(128)]], [[new Float32Array(128)]]];

test("a processor goes on without sound, until it is told to end", () => {
  const { processor, tell } = made();
  assert.equal(processor.process([[]], block()[1]), true);
  tell({ mix: 0 });
  assert.equal(processor.process(...block()), true);
  tell({ end: true });
  assert.equal(processor.process(...block()), false);
});

/** Play a hop. */
function hop(processor) {
  const before = processor.port.told.length;
  while (processor.port.told.length === before)
    processor.process([[new Float32Array(128).fill(0.1)]], block()[1]);
  return processor.port.told.at(-1);
}

/** How many hops pass until something is the case. */
function hopsUntil(processor, condition) {
  for (let n = 0; n < 100; n++, hop(processor)) if (condition()) return n;
  return Infinity;
}

test("a new network has heard some hops before it is heard, and has the limit", () => {
  const { processor, tell } = made(), second = new WebAssembly.Module(fs.readFileSync(process.env.DENOISER_WASM));
  const { choice, denoisers } = processor.chain;
  for (const gain of [1, 0]) tell({ gain, limit: 0 });
  for (let n = 0; n < 10; n++) hop(processor);
  tell({ second });
  tell({ network: 1 });
  assert.ok(denoisers[1], "nothing of a second one was heard");
  assert.equal(hopsUntil(processor, () => choice.value > 0), 9);
  assert.equal(denoisers[1].mask[100], 32767);
});

test("a network that is heard fades out before the next takes its place", () => {
  const { processor, tell } = made(), second = fs.readFileSync(process.env.DENOISER_WASM);
  const { choice, denoisers } = processor.chain;
  tell({ second, network: 1 });
  hopsUntil(processor, () => choice.value === 1);
  const [, before] = denoisers;
  tell({ limit: 0 });
  tell({ second, network: 1 });
  assert.equal(denoisers[1], before);
  hopsUntil(processor, () => denoisers[1] !== before);
  assert.equal(choice.value, 0);
  assert.ok(hopsUntil(processor, () => choice.value === 1) > 8);
  assert.equal(denoisers[1].mask[100], 32767, "the limit that was there before");
});

test("at a start nothing is heard, and a new network need not wait", () => {
  const { processor, tell } = made(), second = fs.readFileSync(process.env.DENOISER_WASM);
  const { choice, denoisers } = processor.chain;
  tell({ second, network: 1 });
  hopsUntil(processor, () => choice.value === 1);
  const [, before] = denoisers;
  tell({ second, network: 1 });
  tell({ reset: true });
  assert.notEqual(denoisers[1], before);
  assert.equal(choice.value, 1);
});

test("what cannot be read is told", () => {
  const { processor } = made();
  processor.port.onmessageerror();
  assert.deepEqual(processor.port.told.at(-1), { unread: true });
});

for (const start of [{}, { reset: true }])
  test(`a network that is chosen before it is there is heard when it has come, ${JSON.stringify(start)}`, () => {
    const { processor, tell } = made(), second = fs.readFileSync(process.env.DENOISER_WASM);
    const { choice } = processor.chain;
    processor.port.onmessageerror();
    tell({ network: 1, ...start });
    assert.ok(hop(processor).heard);
    assert.equal(choice.target, 0);
    tell({ second });
    assert.ok(hopsUntil(processor, () => choice.value === 1) > 8);
  });

test("a stretch that the browser leaves out is counted, a new start is none", () => {
  const { processor, tell } = made(), reports = () => processor.port.told.filter((told) => told.heard);
  const play = () => {
    for (let n = 0; n < 12; n++, globalThis.currentFrame += 128) processor.process(...block());
    return reports().at(-1).skipped;
  };
  assert.equal(play(), 0);
  globalThis.currentFrame += 128;
  assert.equal(play(), 1);
  globalThis.currentFrame += 4800;
  tell({ reset: true });
  assert.equal(play(), 1);
});

test("what is told of a hop belongs to the network that is heard", () => {
  const { processor, tell } = made(), second = fs.readFileSync(process.env.DENOISER_WASM);
  const told = () => {
    for (let n = 0; n < 200; n++) processor.process([[new Float32Array(128).fill(0.1 * (n % 2))]], block()[1]);
    return processor.port.told.at(-1);
  };
  tell({ second });
  tell({ limit: 0 }); // both: from here on all gains are one
  processor.chain.denoisers[1].setLimit(97);
  const mean = ({ mask }) => mask.reduce((sum, gain) => sum + gain) / mask.length;
  assert.equal(mean(told()), 32767);
  tell({ network: 1 });
  const { heard, said, mask } = told();
  assert.ok(mean({ mask }) < 32000);
  assert.deepEqual(said, processor.chain.denoisers[1].output);
  assert.deepEqual(heard, processor.chain.denoisers[0].input);
});
