import assert from "node:assert/strict";
import { test } from "node:test";
import { toFloat, toPcm } from "../../book/live/pcm.js";
import { decodeWav, encodeWav, isWav, mixed, readFormat, UnknownKind } from "../../book/live/wav.js";

const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;

test("what is written is read, bit for bit", () => {
  const pcm = Int16Array.of(0, 1, -1, 32767, -32768, 1234);
  const { rate, samples } = decodeWav(encodeWav(pcm, 44100));
  assert.equal(rate, 44100);
  assert.deepEqual(toPcm(samples), pcm);
});

test("every int16 survives being a float", () => {
  const pcm = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
  assert.deepEqual(toPcm(toFloat(pcm)), pcm);
});

test("floats are rounded to the nearest, halves to the even, and saturated", () => {
  const halves = Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.6, -0.6).map((x) => x / 32768);
  assert.deepEqual([...toPcm(halves)], [0, 2, 2, 0, -2, -2, 1, -1]);
  assert.deepEqual([...toPcm(Float32Array.of(1, 2, -2))], [32767, 32767, -32768]);
});

test("a header tells rate, channels and length without the samples", () => {
  const head = encodeWav(new Int16Array(1000), 48000).slice(0, 44);
  const { rate, channels, bits, frames } = readFormat(head, 44 + 2000);
  assert.deepEqual([rate, channels, bits, frames], [48000, 1, 16, 1000]);
});

test("a header that promises more than the file holds is not believed", () => {
  const file = encodeWav(new Int16Array(10), 16000);
  new DataView(file).setUint32(40, 0xffffffff, true);
  assert.equal(decodeWav(file).samples.length, 10);
});

for (const [name, file, why] of [
  ["text", bytes("this is no sound at all"), /no WAV file/],
  ["nothing", new ArrayBuffer(0), /no WAV file/],
  ["a RIFF without chunks", bytes("RIFF....WAVE"), /without samples/],
  ["samples without a format", bytes("RIFF....WAVEdata\x04\0\0\0abcd"), /no format/],
  ["an empty recording", encodeWav(new Int16Array(0), 16000), /without samples/],
  ["mu-law", bytes("RIFF....WAVEfmt \x10\0\0\0\x07\0\x01\0" + "\x40\x1f\0\0".repeat(2) +
    "\x01\0\x08\0data\x02\0\0\0ab"), /format 7 with 8 bits/],
  ["a float of 96 bits", bytes("RIFF....WAVEfmt \x10\0\0\0\x03\0\x01\0" + "\x40\x1f\0\0".repeat(2) +
    "\x0c\0\x60\0data\x0c\0\0\0" + "\0".repeat(12)), /format 3 with 96 bits/],
])
  test(`${name} is refused with a reason`, () => {
    assert.throws(() => decodeWav(file), why);
  });

test("a sample that is no number is refused", () => {
  const file = encodeWav(new Int16Array(2), 16000), view = new DataView(file);
  view.setUint16(20, 3, true);
  view.setUint16(34, 32, true);
  view.setFloat32(44, NaN, true);
  assert.throws(() => decodeWav(file), /no numbers/);
});

test("other files are told from WAV by their first bytes", () => {
  assert.ok(isWav(encodeWav(new Int16Array(1), 8000)));
  assert.ok(!isWav(bytes("fLaC\0\0\0\0\0\0\0\0\0")));
});

/** Stereo as a file has it: the left channel, and the right one made of it. */
function stereo(left, right) {
  const file = encodeWav(left.flatMap((x) => [x, right(x)]), 16000);
  new DataView(file).setUint16(22, 2, true);
  return decodeWav(file);
}

const LEFT = Array.from({ length: 400 }, (_, i) => Math.round(9000 * Math.cos(i)));

test("stereo with one channel inverted is the first channel, and is told", () => {
  const { samples, note } = stereo(LEFT, (x) => -x);
  assert.deepEqual([...toPcm(samples)], LEFT);
  assert.match(note, /cancel each other/);
});

for (const [name, right] of [["alike", (x) => x], ["one silent", () => 0], ["inverted and quieter", (x) => -x / 2]])
  test(`stereo that is ${name} is averaged, without a word`, () => {
    const { samples, note } = stereo(LEFT, right);
    samples.forEach((x, i) => assert.ok(Math.abs(32768 * x - (LEFT[i] + right(LEFT[i])) / 2) <= 0.5));
    assert.equal(note, "");
  });

test("silence in two channels is no cancellation", () => {
  assert.equal(mixed(9, 2, () => 0).note, "");
});

test("a kind that others may know is told apart from damage", () => {
  const file = encodeWav(new Int16Array(4), 8000), view = new DataView(file);
  view.setUint16(20, 6, true);
  view.setUint16(34, 8, true);
  assert.throws(() => decodeWav(file), UnknownKind);
  assert.throws(() => decodeWav(bytes("RIFF....WAVE")), (error) => !(error instanceof UnknownKind));
});
