/** Numbers of the last minute, and what is typical of them; levels. */

/** The newest values, up to a number of them. */
export class Recent {
  /** @param {number} most values that are kept */
  constructor(most) {
    this.values = new Float64Array(most);
    this.count = 0;
  }

  /** @param {number} value */
  add(value) {
    this.values[this.count++ % this.values.length] = value;
  }

  /** Forget all of them. */
  clear() {
    this.count = 0;
  }

  /** @param {number} share from 0 to 1 @returns {number} the value that this share does not exceed */
  quantile(share) {
    const kept = this.values.slice(0, Math.min(this.count, this.values.length)).sort();
    return kept.length ? kept[Math.max(0, Math.ceil(share * kept.length) - 1)] : NaN;
  }
}

/** @param {Int16Array} hop @returns {number} level in dB of a full-scale square wave, at least -120 */
export function level(hop) {
  let sum = 0;
  for (const sample of hop) sum += sample * sample;
  return Math.max(-120, 10 * Math.log10(sum / hop.length / 32768 ** 2 + 1e-30));
}

const FRAME = 320; // 20 ms

/**
 * Twin of active_level_dbfs in lstm_se: pauses do not make a talker quieter.
 * @param {Int16Array} pcm at 16 kHz
 * @returns {number} level in dB of the frames within 30 dB of the loudest; of silence, -Infinity
 */
export function activeLevel(pcm) {
  const frames = Math.max(1, Math.floor(pcm.length / FRAME));
  const power = Float64Array.from({ length: frames }, (_, n) => {
    const frame = pcm.subarray(n * FRAME, (n + 1) * FRAME);
    return frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length / 32768 ** 2;
  });
  const least = 1e-3 * power.reduce((a, b) => Math.max(a, b)), active = power.filter((p) => p >= least);
  return 10 * Math.log10(active.reduce((a, b) => a + b) / active.length);
}
