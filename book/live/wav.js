/** WAV files: reads whole numbers of 8 to 32 bits and floats, writes 16 bits. */

/**
 * @typedef {object} Format
 * @property {number} rate in Hz
 * @property {number} channels
 * @property {number} bits of a sample
 * @property {boolean} float whether samples are floats
 * @property {number} begin first byte of the samples
 * @property {number} frames samples of each channel
 * @property {string} note what was odd and is mended; empty if nothing was
 */

/** Bytes from which a size stands for "not known yet", unless as much is there. */
const UNTOLD = 0x7fff0000;
/** Share of the power that is left in the mean of channels that cancel each other. */
const CANCELLED = 1e-3;

/** A WAV file of a kind that other readers may know. */
export class UnknownKind extends Error {}

/** @param {DataView} view @param {number} at @returns {string} four letters */
function letters(view, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

/** @param {ArrayBuffer} head the first bytes of a file @returns {boolean} */
export function isWav(head) {
  const view = new DataView(head);
  return head.byteLength >= 12 && letters(view, 8) === "WAVE" &&
    ["RIFF", "RF64", "BW64"].includes(letters(view, 0));
}

/**
 * What a WAV file holds.
 * @param {ArrayBuffer} head its beginning, up to the samples at least
 * @param {number} size of the whole file in bytes
 * @returns {Format}
 * @throws {Error} if it is no WAV file, or of a kind that cannot be read
 */
export function readFormat(head, size) {
  if (!isWav(head)) throw new Error("it is no WAV file");
  const view = new DataView(head);
  /** @type {Partial<Format>} */
  const format = {};
  let end = view.getUint32(4, true) + 8, large; // those of RF64 stand in a chunk of their own
  for (let at = 12; at + 8 <= head.byteLength; ) {
    const name = letters(view, at), length = view.getUint32(at + 4, true), body = at + 8;
    if (name === "fmt " && body + 16 <= head.byteLength) Object.assign(format, kind(view, body));
    if (name === "ds64" && body + 16 <= head.byteLength) {
      end = Number(view.getBigUint64(body, true)) + 8;
      large = Number(view.getBigUint64(body + 8, true));
    }
    if (name === "data") return finished(format, view, body, large ?? length, end, size);
    at = body + length + (length % 2);
  }
  throw new Error(size > head.byteLength ? "its samples begin too late" : "it is a WAV file without samples");
}

/** @param {DataView} view @param {number} at @returns {Partial<Format>} */
function kind(view, at) {
  const tag = view.getUint16(at, true);
  // the extensible kind names its own in a longer header
  const code = tag === 0xfffe && at + 26 <= view.byteLength ? view.getUint16(at + 24, true) : tag;
  const bits = view.getUint16(at + 14, true);
  const known = (code === 1 && [8, 16, 24, 32].includes(bits)) || (code === 3 && [32, 64].includes(bits));
  if (!known) throw new UnknownKind(`its WAV format ${code} with ${bits} bits cannot be read here`);
  return {
    channels: view.getUint16(at + 2, true), rate: view.getUint32(at + 4, true),
    bits, float: code === 3,
  };
}

/**
 * Whether samples lie where they should have ended: a chunk would begin with four letters.
 * @param {DataView} view as much of the file as is there
 * @param {number} begin first byte of the samples
 * @param {number} told their bytes, as the header has it
 */
function goesOn(view, begin, told) {
  const end = begin + told;
  if (end + 8 > view.byteLength) return false;
  const names = told % 2 ? [end, end + 1] : [end]; // a chunk should begin at an even byte
  return !names.some((at) => /^[A-Za-z0-9 _]{4}$/.test(letters(view, at)));
}

/**
 * @param {Partial<Format>} format
 * @param {DataView} view as much of the file as is there
 * @param {number} begin first byte of the samples
 * @param {number} told their bytes, as the header has it
 * @param {number} end of the file, as the header has it
 * @param {number} size of the file in bytes
 * @returns {Format}
 */
function finished(format, view, begin, told, end, size) {
  const { rate, channels, bits, float } = format, there = size - begin;
  if (!rate || !channels || !bits) throw new Error("its WAV header has no format");
  const width = channels * (bits / 8), empty = begin < end && end < UNTOLD;
  const promised = Math.floor(told / width), unfinished = !told && !empty;
  const all = unfinished || goesOn(view, begin, told);
  const frames = Math.floor((all ? there : Math.min(told, there)) / width);
  let note = "";
  if (unfinished || (told > there && told >= UNTOLD))
    note = "the header tells no length: read to the end of the file";
  else if (frames < promised) {
    const lost = ((promised - frames) / rate).toFixed(2);
    note = `cut: the header promises ${lost} s more than there is`;
  } else if (frames > promised) {
    const gained = ((frames - promised) / rate).toFixed(2);
    note = `the header promises ${gained} s less than there is: read to the end of the file`;
  }
  return { rate, channels, bits, float: Boolean(float), begin, frames, note };
}

/**
 * The samples of a WAV file, channels averaged.
 * @param {ArrayBuffer} file
 * @returns {{rate: number, samples: Float32Array, note: string}} samples in [-1, 1]
 * @throws {Error} if it cannot be read or is empty
 */
export function decodeWav(file) {
  const format = readFormat(file, file.byteLength);
  if (!format.frames) throw new Error("it is a WAV file without samples");
  const { channels, frames, begin } = format, width = format.bits / 8;
  const read = reader(new DataView(file), format);
  const { samples, note } = mixed(frames, channels, (i, c) => read(begin + (i * channels + c) * width));
  if (!samples.every(Number.isFinite)) throw new Error("it has samples that are no numbers");
  return { rate: format.rate, samples, note: [format.note, note].filter(Boolean).join("; ") };
}

/**
 * The mean of all channels; but two that are each other's opposite would leave silence.
 * @param {number} frames @param {number} channels
 * @param {(i: number, c: number) => number} read one sample of a channel
 * @returns {{samples: Float32Array, note: string}}
 */
export function mixed(frames, channels, read) {
  const samples = new Float32Array(frames);
  let power = 0, left = 0;
  for (let i = 0; i < frames; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      const sample = read(i, c);
      sum += sample;
      power += sample ** 2 / channels;
    }
    samples[i] = sum / channels;
    left += samples[i] ** 2;
  }
  if (!(left < CANCELLED * power)) return { samples, note: "" };
  const note = "its channels cancel each other, as if one were inverted: only the first is used";
  return { samples: samples.map((_, i) => read(i, 0)), note };
}

/** @param {DataView} view @param {Format} format @returns {(at: number) => number} */
function reader(view, { bits, float }) {
  if (float && bits === 32) return (at) => view.getFloat32(at, true);
  if (float) return (at) => view.getFloat64(at, true);
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (bits === 32) return (at) => view.getInt32(at, true) / 2 ** 31;
  return (at) => (view.getUint16(at, true) + 65536 * view.getInt8(at + 2)) / 2 ** 23;
}

/**
 * A WAV file of 16 bits, mono.
 * @param {Int16Array} pcm
 * @param {number} rate in Hz
 * @returns {ArrayBuffer}
 */
export function encodeWav(pcm, rate) {
  const bytes = 2 * pcm.length, file = new ArrayBuffer(44 + bytes), view = new DataView(file);
  /** @param {number} at @param {string} text */
  const name = (at, text) => [...text].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  name(0, "RIFF");
  view.setUint32(4, 36 + bytes, true);
  name(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  name(36, "data");
  view.setUint32(40, bytes, true);
  pcm.forEach((sample, i) => view.setInt16(44 + 2 * i, sample, true));
  return file;
}
