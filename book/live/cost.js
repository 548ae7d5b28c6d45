/** What a hop costs on this machine. */
import { Recent } from "./statistics.js";

/** @typedef {import("./denoiser.js").Denoiser} Denoiser */

const MINUTE = 3750; // hops
// A page's clock has steps of a tenth of a millisecond, unless the server isolates the page.
const TOGETHER = globalThis.crossOriginIsolated ? 1 : 8;

/**
 * The audio thread has no fine clock. So a second denoiser computes the same hops here and is timed.
 */
export class Cost {
  /** @param {Denoiser} denoiser used by nobody else */
  constructor(denoiser) {
    this.denoiser = denoiser;
    this.recent = new Recent(MINUTE / TOGETHER);
    /** @type {Int16Array[]} */
    this.waiting = [];
  }

  /** @param {Int16Array} hop 256 samples */
  add(hop) {
    this.waiting.push(hop);
    if (this.waiting.length < TOGETHER) return;
    const begin = performance.now();
    for (const each of this.waiting) {
      this.denoiser.input.set(each);
      this.denoiser.process();
    }
    this.recent.add((performance.now() - begin) / TOGETHER);
    this.waiting.length = 0;
  }

  /** @returns {string} median and 99th percentile of the last minute */
  toString() {
    const [median, most] = [0.5, 0.99].map((share) => this.recent.quantile(share));
    if (Number.isNaN(median)) return "start to measure";
    const groups = TOGETHER > 1 ? `, means of ${TOGETHER} hops` : "";
    return `${median.toFixed(2)} ms (median), ${most.toFixed(2)} ms (99th percentile)${groups}: ` +
      `${((100 * median) / 16).toFixed(1)} % of the time, measured on your device`;
  }
}
