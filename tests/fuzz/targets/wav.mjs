// decodeWav: samples that are numbers, or an error with a sentence of its own, none of JavaScript's.
import { decodeWav, UnknownKind } from "../../../book/live/wav.js";

/** @param {Buffer} data */
export function fuzz(data) {
  const file = Uint8Array.from(data).buffer;
  try {
    const { rate, samples } = decodeWav(file);
    const whole = samples.length > 0 && samples.length <= file.byteLength && rate > 0;
    if (!whole || !samples.every(Number.isFinite)) throw new TypeError("these are no samples");
  } catch (error) {
    if (error.constructor !== Error && error.constructor !== UnknownKind) throw error;
  }
}
