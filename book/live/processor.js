/** The audio thread: runs the chain, and tells the page about every hop. */
import { Chain } from "./chain.js";
import { Denoiser } from "./denoiser.js";

/**
 * @typedef {object} Order from the page
 * @property {number} [mix] share of the denoised sound, 0 to 1
 * @property {number} [gain] loudness, 0 to 1
 * @property {ArrayBuffer} [second] module of a second network, to be compared with the first
 * @property {number} [network] 0 or 1: the one to be heard
 * @property {number} [limit] dB by which a frequency is turned down at most
 * @property {number} [restart] number of a new take: the denoisers forget what they heard
 * @property {boolean} [reset] everything starts from silence
 * @property {boolean} [end] the browser may forget this processor
 */

/**
 * @typedef {object} Report to the page, for each hop
 * @property {Int16Array} heard 256 samples
 * @property {Int16Array} said 256 samples, denoised
 * @property {Int16Array} mask 257 gains of the network that is heard, Q0.15
 * @property {number} take the last `restart`
 * @property {number} lost times that the chain had no sound when it was needed
 * @property {number} skipped times that the browser left out a stretch of sound
 */

class LiveDenoiser extends AudioWorkletProcessor {
  /** @param {{processorOptions: {module: ArrayBuffer}}} options */
  constructor(options) {
    super();
    const denoiser = new Denoiser(options.processorOptions.module);
    this.chain = new Chain(denoiser, sampleRate, (chain) => this.#report(chain));
    this.chain.gain.value = this.chain.gain.target = 0;
    this.take = 0;
    this.skipped = 0;
    this.ended = false;
    this.expected = -1;
    this.silence = new Float32Array(128);
    this.port.onmessage = (event) => this.#obey(event.data);
    this.port.postMessage({ delay: this.chain.delay });
  }

  /** @param {Order} order */
  #obey({ mix, gain, second, network, limit, restart, reset, end }) {
    if (mix !== undefined) this.chain.mix.target = mix;
    if (gain !== undefined) this.chain.gain.target = gain;
    if (second) this.chain.denoisers[1] = new Denoiser(second);
    if (network !== undefined) this.chain.choice.target = network;
    if (limit !== undefined) this.chain.setLimit(limit);
    if (reset) this.#begin();
    if (end) this.ended = true;
    if (restart === undefined) return;
    this.chain.forget();
    this.take = restart;
  }

  /** A new start: while the context was suspended, the clock may have jumped. */
  #begin() {
    this.chain.reset();
    this.expected = -1;
  }

  /** @param {Chain} chain */
  #report({ denoisers, said, choice, underruns }) {
    const heard = denoisers[choice.target];
    /** @type {Report} */
    const report = {
      heard: heard.input.slice(), said: said.slice(), mask: heard.mask.slice(),
      take: this.take, lost: underruns, skipped: this.skipped,
    };
    this.port.postMessage(report, [report.heard.buffer, report.said.buffer, report.mask.buffer]);
  }

  /**
   * @param {Float32Array[][]} inputs
   * @param {Float32Array[][]} outputs
   * @returns {boolean} whether to go on
   */
  process([input], [output]) {
    if (this.expected >= 0 && currentFrame !== this.expected) this.skipped++;
    this.expected = currentFrame + output[0].length;
    if (this.silence.length !== output[0].length) this.silence = new Float32Array(output[0].length);
    this.chain.process(input[0] ?? this.silence, output[0]);
    for (const channel of output.slice(1)) channel.set(output[0]);
    return !this.ended;
  }
}

registerProcessor("live-denoiser", LiveDenoiser);
