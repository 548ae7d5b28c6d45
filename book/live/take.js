/** A recording that is being made: hops as the audio thread reports them. */
import { HOP, RATE } from "./denoiser.js";

/** @typedef {import("./processor.js").Report} Report */

const MOST_HOPS = (10 * 60 * RATE) / HOP;

/** Noisy and denoised sound of one take. */
export class Take {
  /** @param {number} number which reports belong to it @param {string} title */
  constructor(number, title) {
    this.number = number;
    this.title = title;
    /** @type {Int16Array[]} */
    this.heard = [];
    /** @type {Int16Array[]} */
    this.said = [];
  }

  /** @param {Report} report @returns {boolean} whether there is room for more */
  add({ take, heard, said }) {
    if (take === this.number) {
      this.heard.push(heard);
      this.said.push(said);
    }
    return this.heard.length < MOST_HOPS;
  }

  /**
   * The denoiser was reset as the take began, and its output is a hop late.
   * @returns {{noisy: Int16Array, denoised: Int16Array}} equally long and aligned, 16 kHz
   */
  finish() {
    return { noisy: joined(this.heard.slice(0, -1)), denoised: joined(this.said.slice(1)) };
  }
}

/** @param {Int16Array[]} hops */
function joined(hops) {
  const whole = new Int16Array(hops.length * HOP);
  hops.forEach((hop, k) => whole.set(hop, k * HOP));
  return whole;
}
