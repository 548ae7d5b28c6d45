/** Samples as whole numbers and back, exactly as lstm_se does it. */

const FULL_SCALE = 32768;

/** @param {number} x @returns {number} nearest whole number, the even one of two as near */
function rounded(x) {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 ? up - 1 : up;
}

/**
 * @param {Float32Array} samples in [-1, 1]
 * @param {Int16Array} [into] as long; a new one if left out
 * @returns {Int16Array} rounded and saturated
 */
export function toPcm(samples, into = new Int16Array(samples.length)) {
  for (let i = 0; i < samples.length; i++)
    into[i] = Math.max(-32768, Math.min(32767, rounded(samples[i] * FULL_SCALE)));
  return into;
}

/**
 * @param {Int16Array} pcm
 * @param {Float32Array} [into] as long; a new one if left out
 * @returns {Float32Array} in [-1, 1)
 */
export function toFloat(pcm, into = new Float32Array(pcm.length)) {
  for (let i = 0; i < pcm.length; i++) into[i] = pcm[i] / FULL_SCALE;
  return into;
}
