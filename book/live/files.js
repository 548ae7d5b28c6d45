/** Sound files of the reader's, decoded here. */
import { RATE } from "./denoiser.js";
import { ratio } from "./resampler.js";
import { unless } from "./unless.js";
import { decodeWav, isWav, mixed, readFormat, UnknownKind } from "./wav.js";

/** The longest recording that is taken, in minutes: all of it is kept in memory. */
const MOST_MINUTES = 10;
const HEAD = 1 << 20; // bytes in which a WAV file's samples begin
const LENGTH_MS = 10_000; // in which a browser has to tell how long a file lasts
const MOST_BYTES = 2e7; // of a file that does not tell how long it lasts

/**
 * @typedef {object} Recording
 * @property {string} name
 * @property {number} rate in Hz
 * @property {Float32Array} samples mono, in [-1, 1]
 * @property {boolean} [decoded] whether the browser has decoded it, to a rate that need not be the file's
 * @property {string} [note] what was odd about its file and is mended
 */

/** @param {string} name @param {number} seconds */
function refuseLong(name, seconds) {
  if (seconds <= MOST_MINUTES * 60) return;
  const length = seconds === Infinity ? "too long" : `${Math.ceil(seconds / 60)} minutes`;
  throw new Error(
    `${name} lasts ${length}, and this page takes ${MOST_MINUTES}. ` +
    `Cut it, or let the command do it: lstm-se enhance ${name} -o denoised.wav`);
}

/**
 * Read a file the reader chose or dropped.
 * @param {File} file
 * @returns {Promise<Recording>}
 * @throws {Error} if it is no sound, or too long: what is wrong and what to do
 */
export async function readFile(file) {
  if (!file.size) throw new Error(`${file.name} is empty: copy or record it again`);
  const head = await file.slice(0, HEAD).arrayBuffer().catch(() => {
    throw new Error(`${file.name} cannot be read: it is a folder, or was moved`);
  });
  const recording = await (isWav(head) ? readWav(file, head) : readOther(file));
  if (!recording.samples.length) throw new Error(`${file.name} holds no sound: choose another file`);
  refuseLong(file.name, recording.samples.length / recording.rate); // what is told before may be less
  return { name: file.name, ...recording };
}

/** @param {File} file @param {ArrayBuffer} head */
async function readWav(file, head) {
  try {
    const { frames, rate } = readFormat(head, file.size);
    ratio(rate, RATE);
    refuseLong(file.name, frames / rate);
    return decodeWav(await file.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.startsWith(file.name)) throw error;
    const refusal = new Error(`${file.name} cannot be read: ${reason}. Save it as WAV with 16 bits.`);
    if (error instanceof UnknownKind) return readOther(file, refusal);
    throw refusal;
  }
}

/** @param {File} file any format that the browser knows @param {Error} [refusal] if it knows it not */
async function readOther(file, refusal = notSound(file)) {
  const seconds = await duration(file, refusal);
  refuseLong(file.name, seconds === Infinity && file.size < MOST_BYTES ? 0 : seconds);
  const context = new OfflineAudioContext(1, 1, 48000);
  const buffer = await context.decodeAudioData(await file.arrayBuffer()).catch(() => {
    throw refusal;
  });
  return { rate: buffer.sampleRate, decoded: true, ...average(buffer) };
}

/** @param {File} file */
function notSound(file) {
  return new Error(`${file.name} is no sound that this browser can read: try WAV, FLAC or MP3`);
}

/** @param {File} file @param {Error} refusal @returns {Promise<number>} seconds, found without decoding */
async function duration(file, refusal) {
  const address = URL.createObjectURL(file), player = new Audio();
  const known = new Promise((resolve, reject) => {
    player.onloadedmetadata = resolve;
    player.onerror = reject;
  });
  player.preload = "metadata";
  player.src = address;
  try {
    await unless(AbortSignal.timeout(LENGTH_MS), known);
    return player.duration;
  } catch {
    throw refusal;
  } finally {
    player.removeAttribute("src");
    URL.revokeObjectURL(address);
  }
}

/** @param {AudioBuffer} buffer */
function average(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
  return mixed(buffer.length, channels.length, (i, c) => channels[c][i]);
}

/**
 * Read a bundled sample: it is at 16 kHz and stays so, to the bit.
 * @param {ArrayBuffer} bytes FLAC
 * @param {string} name
 * @returns {Promise<Recording>}
 */
export async function readSample(bytes, name) {
  const buffer = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes);
  return { name, rate: 16000, ...average(buffer) };
}
