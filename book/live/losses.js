/** Sound that was not there when it was needed. */

/** @typedef {import("./processor.js").Report} Report */

const SETTLING_HOPS = 180; // about three seconds: browsers stumble when they open a device

/** Counts from when a start has settled. */
export class Losses {
  /** @param {() => number | null} counted underruns that the browser counts; null if it does not */
  constructor(counted) {
    this.counted = counted;
    this.hops = 0;
    this.lost = this.skipped = this.underruns = 0;
    this.before = { lost: 0, skipped: 0, underruns: 0 };
  }

  /** A new start. */
  begin() {
    this.hops = 0;
  }

  /** @param {Report} report */
  add({ lost, skipped }) {
    const now = { lost, skipped, underruns: this.counted() ?? 0 };
    if (this.hops++ <= SETTLING_HOPS) this.before = now;
    this.lost = now.lost - this.before.lost;
    this.skipped = now.skipped - this.before.skipped;
    this.underruns = now.underruns - this.before.underruns;
  }

  /** @returns {string} */
  toString() {
    if (this.hops <= SETTLING_HOPS) return "counting starts in a moment";
    const minutes = ((this.hops - SETTLING_HOPS) * 0.016 / 60).toFixed(1);
    const own = this.counted() === null ? "" : `, and reports ${this.underruns} underruns of its own`;
    return `${this.lost} in this code in ${minutes} min; the browser left out ${this.skipped} stretches${own}`;
  }
}
