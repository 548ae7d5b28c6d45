/**
 * Sample rates by windowed sinc: one table of coefficients for each phase between two samples.
 *
 * Output sample n stands for the time n / to, input sample i for i / from: nothing is shifted. A
 * stream only has to wait until enough of the future has come in.
 */

/** Zero crossings of the sinc on each side: a longer filter is steeper, and has to wait longer. */
export const ZEROS = 32;
// A Kaiser window for 80 dB, and the edge that such a filter needs below half of the lower rate.
const BETA = 7.857;
const CUTOFF = 0.9216;
const BLOCK = 1024;
const PART = 1 << 17; // samples of a recording: some milliseconds of work
const MOST = 1 << 24; // coefficients of a table: more take many seconds, and hundreds of megabytes

/** @param {number} a @param {number} b @returns {number} greatest common divisor */
function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}

/** @param {number} x @returns {number} modified Bessel function of order zero */
function bessel(x) {
  let term = 1, sum = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} x distance in zero crossings @returns {number} windowed sinc */
function kernel(x) {
  const rim = 1 - (x / ZEROS) ** 2;
  if (rim <= 0) return 0;
  const angle = Math.PI * CUTOFF * x;
  return (x === 0 ? 1 : Math.sin(angle) / angle) * bessel(BETA * Math.sqrt(rim));
}

/**
 * @param {number} from rate of the input in Hz, a whole number
 * @param {number} to rate of the output in Hz, a whole number
 * @returns {{up: number, down: number, reach: number}} the ratio in lowest terms; samples on each side of one
 * @throws {RangeError} if one is not a whole number, or the ratio is too odd for a table
 */
export function ratio(from, to) {
  if (![from, to].every((rate) => Number.isInteger(rate) && rate > 0))
    throw new RangeError(`cannot resample from ${from} to ${to} Hz: rates are whole numbers`);
  const shared = gcd(from, to), up = to / shared, down = from / shared;
  const reach = from === to ? 0 : Math.ceil((ZEROS * Math.max(up, down)) / up);
  if (up * 2 * reach > MOST) {
    const [a, b] = [from, to].map((rate) => `${rate.toLocaleString("en")} Hz`);
    throw new RangeError(`${a} and ${b} have too little in common: take a rate such as 48,000 Hz`);
  }
  return { up, down, reach };
}

/** A stream at one rate becomes a stream at another. */
export class Resampler {
  /**
   * @param {number} from rate of the input in Hz, a whole number
   * @param {number} to rate of the output in Hz, a whole number
   */
  constructor(from, to) {
    const { up, down, reach } = ratio(from, to);
    this.up = up;
    this.down = down;
    /** Input samples on each side of an output sample: what a stream waits for. */
    this.reach = reach;
    this.table = this.reach ? this.#design() : new Float32Array(0);
    this.buffer = new Float32Array(2 * this.reach + 2 * BLOCK);
    this.filled = 0;
    this.place = 0; // of the input sample at or before the next output
    this.phase = 0; // of the next output, in parts 1 / up of an input sample
    this.reset();
  }

  /** Forget everything heard so far. */
  reset() {
    this.buffer.fill(0);
    this.filled = Math.max(this.reach - 1, 0);
    this.place = this.filled;
    this.phase = 0;
  }

  /** @returns {Float32Array} for each phase, the coefficients of 2 * reach input samples */
  #design() {
    const taps = 2 * this.reach, widest = Math.max(this.up, this.down);
    const table = new Float32Array(this.up * taps);
    for (let phase = 0; phase < this.up; phase++) {
      const row = Array.from({ length: taps }, (_, j) =>
        kernel((phase + (this.reach - 1 - j) * this.up) / widest));
      const sum = row.reduce((a, b) => a + b);
      row.forEach((value, j) => (table[phase * taps + j] = value / sum));
    }
    return table;
  }

  /** @param {number} count of input samples @returns {number} the most that can come out */
  most(count) {
    return Math.ceil(((count + 1) * this.up) / this.down) + 1;
  }

  /**
   * @param {Float32Array} input any number of samples
   * @param {Float32Array} output at least `most(input.length)` long
   * @returns {number} how many samples were written
   */
  process(input, output) {
    if (!this.reach) {
      output.set(input);
      return input.length;
    }
    let written = 0;
    for (let begin = 0; begin < input.length; begin += BLOCK) {
      const end = Math.min(begin + BLOCK, input.length);
      for (let i = begin; i < end; i++) this.buffer[this.filled++] = input[i];
      written = this.#produce(output, written);
      this.#forget();
    }
    return written;
  }

  /**
   * Every output sample whose surroundings are known.
   * @param {Float32Array} output @param {number} written so far @returns {number} written now
   */
  #produce(output, written) {
    const { buffer, table, reach } = this, taps = 2 * reach;
    while (this.place + reach < this.filled) {
      const first = this.place - reach + 1, row = this.phase * taps;
      let sum = 0;
      for (let j = 0; j < taps; j++) sum += buffer[first + j] * table[row + j];
      output[written++] = sum;
      this.phase += this.down;
      this.place += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
    return written;
  }

  /** Drop what no output needs any more. */
  #forget() {
    const gone = Math.min(this.place - this.reach + 1, this.filled);
    if (gone <= 0) return;
    this.buffer.copyWithin(0, gone, this.filled);
    this.filled -= gone;
    this.place -= gone;
  }
}

/**
 * A whole recording at another rate, aligned with the input.
 * @param {Float32Array} samples
 * @param {number} from rate of the samples in Hz
 * @param {number} to rate wanted in Hz
 * @returns {Float32Array} `ceil(samples.length * to / from)` samples
 */
export function resample(samples, from, to) {
  const parts = inParts(samples, from, to);
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
  }
}

/**
 * The same, for a page that has to stay alive meanwhile.
 * @param {Float32Array} samples
 * @param {number} from rate of the samples in Hz
 * @param {number} to rate wanted in Hz
 * @param {(share: number) => Promise<void>} rest called after each part but the last, with the share that is done
 */
export async function resampleAll(samples, from, to, rest) {
  const parts = inParts(samples, from, to);
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
    await rest(value);
  }
}

/** @param {Float32Array} samples @param {number} from @param {number} to @returns {Generator<number, Float32Array>} */
function* inParts(samples, from, to) {
  if (from === to) return samples;
  const stream = new Resampler(from, to);
  const output = new Float32Array(stream.most(samples.length + stream.reach) + 2);
  let written = 0;
  for (let begin = 0; begin < samples.length; begin += PART) {
    if (begin) yield begin / samples.length;
    written += stream.process(samples.subarray(begin, begin + PART), output.subarray(written));
  }
  stream.process(new Float32Array(stream.reach + 1), output.subarray(written));
  return output.subarray(0, Math.ceil((samples.length * to) / from));
}
