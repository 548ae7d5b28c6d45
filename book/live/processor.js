/** The audio thread: runs the chain, and tells the page about every hop. */
import { Chain } from "./chain.js";
import { Denoiser, NO_LIMIT } from "./denoiser.js";

const WARM_HOPS = 8; // an eighth of a second: a network begins with silence, and one that is new has heard nothing

/**
 * @typedef {object} Order from the page
 * @property {number} [mix] share of the denoised sound, 0 to 1
 * @property {number} [gain] loudness, 0 to 1
 * @property {BufferSource | WebAssembly.Module} [second] a second network, to be compared with the first
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
    this.expected = -1;
    this.silence = new Float32Array(128);
    /** Place of the network to be heard, and the limit of all. */
    this.wanted = 0;
    this.limit = NO_LIMIT;
    /** @type {Denoiser | null} that waits for the second place */
    this.next = null;
    this.ended = false;
    this.cold = 0; // hops that the second has still to hear before it is heard
    this.port.onmessage = (event) => this.#obey(event.data);
    // some browsers cannot pass a compiled module on to here
    this.port.onmessageerror = () => this.port.postMessage({ unread: true });
    this.port.postMessage({ delay: this.chain.delay });
  }

  /** @param {Order} order */
  #obey({ mix, gain, second, network, limit, restart, reset, end }) {
    if (mix !== undefined) this.chain.mix.target = mix;
    if (gain !== undefined) this.chain.gain.target = gain;
    if (second) this.next = new Denoiser(second);
    if (network !== undefined) this.wanted = network;
    if (limit !== undefined) this.chain.setLimit((this.limit = limit));
    this.#admit();
    if (reset) this.#begin();
    if (end) this.ended = true;
    if (restart === undefined) return;
    this.chain.forget();
    this.take = restart;
  }

  /** A new start: nothing is heard yet. While the context was suspended, the clock may have jumped. */
  #begin() {
    const { choice } = this.chain;
    choice.value = 0;
    this.#admit();
    this.cold = 0;
    choice.target = this.#there();
    this.chain.reset();
    this.expected = -1;
  }

  /** A new network takes the second place as soon as the one before has faded out, and is not heard at once. */
  #admit() {
    const { choice, denoisers } = this.chain;
    if (this.next && choice.value === 0) {
      this.next.setLimit(this.limit);
      denoisers[1] = this.next;
      this.next = null;
      this.cold = WARM_HOPS;
    }
    choice.target = this.next || this.cold ? 0 : this.#there();
  }

  /** @returns {number} place of the network to be heard, or of the first while the second is still on its way */
  #there() {
    return this.wanted === 1 && !this.chain.denoisers[1] ? 0 : this.wanted;
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
    if (this.cold) this.cold--;
    this.#admit();
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
    return !this.ended;
  }
}

registerProcessor("live-denoiser", LiveDenoiser);
