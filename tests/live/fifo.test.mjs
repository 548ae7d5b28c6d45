import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "../../book/live/fifo.js";

test("samples come out in their order, around the end of the ring too", () => {
  const fifo = new Fifo(7), out = new Float32Array(3);
  let pushed = 0, pulled = 0;
  for (let turn = 0; turn < 20; turn++) {
    while (fifo.length <= 5) fifo.push(Float32Array.of(pushed++, pushed++));
    assert.ok(fifo.pull(out));
    for (const sample of out) assert.equal(sample, pulled++);
  }
});

test("what is missing is silence, and is told", () => {
  const fifo = new Fifo(4), out = new Float32Array(3).fill(9);
  fifo.push(Float32Array.of(1));
  assert.equal(fifo.pull(out), false);
  assert.deepEqual([...out], [1, 0, 0]);
  assert.equal(fifo.length, 0);
});

test("more than its room is refused", () => {
  const fifo = new Fifo(4);
  fifo.push(new Float32Array(3));
  assert.throws(() => fifo.push(new Float32Array(2)), /3 \+ 2 samples do not fit 4/);
});

test("a reset leaves as much silence as asked", () => {
  const fifo = new Fifo(4), out = new Float32Array(2).fill(9);
  fifo.push(Float32Array.of(1, 2, 3));
  fifo.reset(2);
  assert.ok(fifo.pull(out));
  assert.deepEqual([...out], [0, 0]);
  assert.equal(fifo.length, 0);
});

test("a part of an array can be pushed", () => {
  const fifo = new Fifo(4);
  fifo.push(Float32Array.of(1, 2, 3), 2);
  assert.equal(fifo.length, 2);
});
