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
