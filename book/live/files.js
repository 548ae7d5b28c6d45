/** Sound files of the reader's, decoded here. */
import { decodeWav, isWav, readFormat } from "./wav.js";

/** The longest recording that is taken, in minutes: all of it is kept in memory. */
export const MOST_MINUTES = 10;
const HEAD = 1 << 20; // bytes in which a WAV file's samples begin
const MOST_BYTES = 2e7; // of a file that does not tell how long it lasts

/**
 * @typedef {object} Recording
 * @property {string} name
 * @property {number} rate in Hz
 * @property {Float32Array} samples mono, in [-1, 1]
 * @property {string} [note] what was odd about its file and is mended
 */

/** @param {string} name @param {number} seconds */
function refuseLong(name, seconds) {
  if (seconds <= MOST_MINUTES * 60) return;
  const length = seconds === Infinity ? "too long" : `${Math.round(seconds / 60)} minutes`;
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
  const head = await file.slice(0, HEAD).arrayBuffer();
  const recording = await (isWav(head) ? readWav(file, head) : readOther(file));
  if (!recording.samples.length) throw new Error(`${file.name} holds no sound: choose another file`);
  return { name: file.name, ...recording };
}

/** @param {File} file @param {ArrayBuffer} head */
async function readWav(file, head) {
  try {
    const { frames, rate } = readFormat(head, file.size);
    refuseLong(file.name, frames / rate);
    return decodeWav(await file.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.startsWith(file.name)) throw error;
    throw new Error(`${file.name} cannot be read: ${reason}. Save it as WAV with 16 bits.`);
  }
}

/** @param {File} file any format that the browser knows */
async function readOther(file) {
  const seconds = await duration(file);
  refuseLong(file.name, seconds === Infinity && file.size < MOST_BYTES ? 0 : seconds);
  const context = new OfflineAudioContext(1, 1, 48000);
  const buffer = await context.decodeAudioData(await file.arrayBuffer()).catch(() => {
    throw notSound(file);
  });
  return { rate: buffer.sampleRate, samples: average(buffer) };
}

/** @param {File} file */
function notSound(file) {
  return new Error(`${file.name} is no sound that this browser can read: try WAV, FLAC or MP3`);
}

/** @param {File} file @returns {Promise<number>} seconds, found without decoding */
async function duration(file) {
  const address = URL.createObjectURL(file), player = new Audio();
  try {
    return await new Promise((resolve, reject) => {
      player.onloadedmetadata = () => resolve(player.duration);
      player.onerror = () => reject(notSound(file));
      player.preload = "metadata";
      player.src = address;
    });
  } finally {
    player.removeAttribute("src");
    URL.revokeObjectURL(address);
  }
}

/** @param {AudioBuffer} buffer @returns {Float32Array} its channels averaged */
function average(buffer) {
  const sum = new Float32Array(buffer.length), channels = buffer.numberOfChannels;
  for (let c = 0; c < channels; c++)
    buffer.getChannelData(c).forEach((sample, i) => (sum[i] += sample / channels));
  return sum;
}

/**
 * Read a bundled sample: it is at 16 kHz and stays so, to the bit.
 * @param {ArrayBuffer} bytes FLAC
 * @param {string} name
 * @returns {Promise<Recording>}
 */
export async function readSample(bytes, name) {
  const buffer = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes);
  return { name, rate: 16000, samples: average(buffer) };
}
