// Sounds to test with, and how far two of them lie apart.

/** A sine of amplitude 0.5. */
export function tone(hertz, rate, samples, begin = 0) {
  return Float32Array.from({ length: samples }, (_, n) =>
    0.5 * Math.sin((2 * Math.PI * hertz * (n + begin)) / rate));
}

/** Uniform noise, the same at every run. */
export function noise(samples, peak = 0.5) {
  let state = 1;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return peak * (state / 2 ** 31 - 1);
  });
}

/** Power of the middle of a signal, in dB of full scale. */
export function decibels(samples, margin = 0) {
  const middle = samples.slice(margin, samples.length - margin);
  return 10 * Math.log10(middle.reduce((sum, x) => sum + x * x, 0) / middle.length + 1e-30);
}

/** a - b. */
export function difference(a, b) {
  return a.map((x, i) => x - b[i]);
}
