/** Sound at the device's rate through the denoiser: everything between two buffers of samples. */
import { Fifo } from "./fifo.js";
import { HOP, LATENCY, RATE } from "./denoiser.js";
import { toFloat, toPcm } from "./pcm.js";
import { Resampler } from "./resampler.js";

/** @typedef {import("./denoiser.js").Denoiser} Denoiser */

const FADE_SECONDS = 0.02;
const MOST = 4096; // samples of one call

/** A number that goes to its target in a straight line: a jump would be a click. */
export class Ramp {
  /** @param {number} value @param {number} step the most it changes in one sample */
  constructor(value, step) {
    this.value = value;
    this.target = value;
    this.step = step;
  }

  /** @returns {number} the value for the next sample */
  next() {
    const missing = this.target - this.value;
    this.value += Math.max(-this.step, Math.min(this.step, missing));
    return this.value;
  }
}

/** One stream: what comes in, and the same denoised, both equally late. */
export class Chain {
  /** The last hop as it is heard. */
  said = new Int16Array(HOP);
  /** Times that a sample was needed before it was there. */
  underruns = 0;
  /** Share of the second denoiser. */
  choice = new Ramp(0, 1 / (FADE_SECONDS * RATE));

  /**
   * @param {Denoiser} denoiser
   * @param {number} rate of the device in Hz
   * @param {(chain: Chain) => void} [onHop] called after each hop, which is in `said`
   */
  constructor(denoiser, rate, onHop = () => {}) {
    /** One, or two that are compared: both hear all of the sound, equally late. */
    this.denoisers = [denoiser];
    this.onHop = onHop;
    this.down = new Resampler(rate, RATE);
    this.up = new Resampler(RATE, rate);
    const waits = LATENCY + HOP + this.up.reach; // at 16 kHz: the code, a full hop, the filter
    /** Samples of the device by which both outputs are late. */
    this.delay = this.down.reach + Math.ceil((waits * rate) / RATE);
    const room = this.delay + 4 * MOST;
    this.dry = new Fifo(room);
    this.wet = new Fifo(room);
    this.waiting = new Fifo(this.down.most(MOST) + 2 * HOP);
    /** Share of the denoised sound, and loudness of the whole. */
    this.mix = new Ramp(1, 1 / (FADE_SECONDS * rate));
    this.gain = new Ramp(1, 1 / (FADE_SECONDS * rate));
    this.buffers = {
      low: new Float32Array(this.down.most(MOST)), hop: new Float32Array(HOP), pcm: new Int16Array(HOP),
      high: new Float32Array(this.up.most(HOP)), wet: new Float32Array(MOST),
    };
    this.reset();
  }

  /** Start from silence. */
  reset() {
    this.forget();
    this.choice.value = this.choice.target;
    this.down.reset();
    this.up.reset();
    this.waiting.reset(0);
    this.dry.reset(this.delay);
    this.wet.reset(this.delay);
    this.owed = LATENCY; // what comes out of the denoiser first belongs to no input
  }

  /** The denoisers start from silence, and what is under way is not lost. */
  forget() {
    for (const denoiser of this.denoisers) denoiser.reset();
  }

  /** @param {number} decibels by which no denoiser turns a frequency down any further */
  setLimit(decibels) {
    for (const denoiser of this.denoisers) denoiser.setLimit(decibels);
  }

  /**
   * @param {Float32Array} input
   * @param {Float32Array} output as long; may be the same array
   */
  process(input, output) {
    const { low } = this.buffers;
    this.dry.push(input);
    this.waiting.push(low, this.down.process(input, low));
    while (this.waiting.length >= HOP) this.#step();
    const wet = this.buffers.wet.subarray(0, output.length);
    if (!this.wet.pull(wet)) this.underruns++;
    this.dry.pull(output);
    for (let i = 0; i < output.length; i++)
      output[i] = this.gain.next() * (output[i] + this.mix.next() * (wet[i] - output[i]));
  }

  /** One hop through all denoisers. */
  #step() {
    const { hop, high, pcm } = this.buffers;
    this.waiting.pull(hop);
    toPcm(hop, pcm);
    for (const denoiser of this.denoisers) {
      denoiser.input.set(pcm);
      denoiser.process();
    }
    this.#blend();
    this.onHop(this);
    if (this.owed) {
      this.owed -= HOP;
      return;
    }
    this.wet.push(high, this.up.process(toFloat(this.said, hop), high));
  }

  /** The bits of one denoiser; for 20 ms after another was chosen, some of both. */
  #blend() {
    const { said, choice, denoisers: [first, second = first] } = this;
    for (let i = 0; i < HOP; i++)
      said[i] = Math.round(first.output[i] + choice.next() * (second.output[i] - first.output[i]));
  }
}
