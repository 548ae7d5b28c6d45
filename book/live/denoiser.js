/** The firmware's C as WebAssembly: 16 kHz, mono, 256 samples of int16 at a time. */

export const RATE = 16000;
export const HOP = 256;
/** Samples by which the output lags the input. */
export const LATENCY = 256;
/** Gains of a mask, from 0 to 8 kHz. */
export const BINS = 257;
/** A limit in dB that is none. */
export const NO_LIMIT = 97;

/**
 * @typedef {object} Exports what the module offers
 * @property {WebAssembly.Memory} memory
 * @property {() => number} input address of a hop
 * @property {() => number} output address of a hop
 * @property {() => number} mask address of the last mask, Q0.15
 * @property {() => number} version address of a text
 * @property {() => void} reset
 * @property {(decibels: number) => void} set_limit
 * @property {() => void} process
 * @property {() => number} selftest
 */

/** One `se_state`. */
export class Denoiser {
  /** @param {BufferSource | WebAssembly.Module} source the module */
  constructor(source) {
    const module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    const exports = /** @type {unknown} */ (new WebAssembly.Instance(module).exports);
    this.exports = /** @type {Exports} */ (exports);
    const { buffer } = this.exports.memory;
    /** The next hop, to be filled in by the caller. */
    this.input = new Int16Array(buffer, this.exports.input(), HOP);
    /** The last hop, denoised. */
    this.output = new Int16Array(buffer, this.exports.output(), HOP);
    /** Gains of the last frame, Q0.15. */
    this.mask = new Int16Array(buffer, this.exports.mask(), BINS);
  }

  /** From `input` to `output` and `mask`. */
  process() {
    this.exports.process();
  }

  /** Forget everything heard so far; the limit stays. */
  reset() {
    this.exports.reset();
  }

  /** @param {number} decibels by which a frequency is turned down at most, from the next hop on */
  setLimit(decibels) {
    this.exports.set_limit(decibels);
  }

  /** @returns {boolean} whether this build computes what the model computes in Python */
  selftest() {
    return this.exports.selftest() === 1;
  }

  /** @returns {string} version of the code and fingerprint of the model */
  version() {
    const bytes = new Uint8Array(this.exports.memory.buffer, this.exports.version(), 99);
    return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
  }
}

/**
 * A whole recording, aligned to the sample: the bits of `lstm-se enhance --engine int8`.
 * @param {Denoiser} denoiser it starts from silence
 * @param {Int16Array} pcm at 16 kHz
 * @param {(share: number) => Promise<void>} [rest] called now and then with the share that is done
 * @returns {Promise<Int16Array>} as many samples
 */
export async function denoiseAll(denoiser, pcm, rest = async () => {}) {
  const hops = Math.ceil((pcm.length + LATENCY) / HOP), whole = new Int16Array(hops * HOP);
  denoiser.reset();
  for (let hop = 0; hop < hops; hop++) {
    denoiser.input.fill(0);
    denoiser.input.set(pcm.subarray(hop * HOP, (hop + 1) * HOP));
    denoiser.process();
    whole.set(denoiser.output, hop * HOP);
    if (hop % 200 === 199) await rest(hop / hops);
  }
  return whole.slice(LATENCY, LATENCY + pcm.length);
}
