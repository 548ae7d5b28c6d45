/** Power spectra for the picture. */

const SIZE = 512;
/** Frequencies of a column, from 0 to half the rate. */
export const BINS = SIZE / 2 + 1;

const window = Float32Array.from({ length: SIZE }, (_, n) => Math.sin((Math.PI * n) / SIZE) ** 2);
const cosines = Float64Array.from({ length: SIZE / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / SIZE));
const sines = Float64Array.from({ length: SIZE / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / SIZE));
const reversed = Uint16Array.from({ length: SIZE }, (_, n) =>
  parseInt(n.toString(2).padStart(9, "0").split("").reverse().join(""), 2));
const re = new Float64Array(SIZE), im = new Float64Array(SIZE);

/** Radix-2 transform of `re` and `im`, which are in bit-reversed order. */
function transform() {
  for (let half = 1; half < SIZE; half *= 2) {
    const step = SIZE / (2 * half);
    for (let begin = 0; begin < SIZE; begin += 2 * half)
      for (let k = 0; k < half; k++) butterfly(begin + k, begin + k + half, k * step);
  }
}

/** @param {number} a @param {number} b @param {number} turn */
function butterfly(a, b, turn) {
  const x = re[b] * cosines[turn] + im[b] * sines[turn];
  const y = im[b] * cosines[turn] - re[b] * sines[turn];
  re[b] = re[a] - x;
  im[b] = im[a] - y;
  re[a] += x;
  im[a] += y;
}

/**
 * Spectrum of one frame under a Hann window.
 * @param {Int16Array} before the hop before, 256 samples
 * @param {Int16Array} hop 256 samples
 * @param {Float32Array} into BINS levels in dB; 0 dB is a full-scale sine
 */
export function levels(before, hop, into) {
  for (let n = 0; n < SIZE; n++) {
    const from = reversed[n];
    re[n] = (from < 256 ? before[from] : hop[from - 256]) * window[from];
    im[n] = 0;
  }
  transform();
  const full = 32768 * (SIZE / 4);
  for (let k = 0; k < BINS; k++)
    into[k] = 10 * Math.log10((re[k] ** 2 + im[k] ** 2) / full ** 2 + 1e-12);
}
