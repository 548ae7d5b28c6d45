/** Two sounds that play in step, over and over; one of them is heard. */
import { RATE } from "./denoiser.js";
import { toFloat } from "./pcm.js";
import { resample } from "./resampler.js";
import { activeLevel } from "./statistics.js";

const DIP = 0.03; // seconds of a fade, in which five of its time constants pass
const LEAD = 0.03; // seconds: what is late is a jump, and Firefox's clock is 10 ms behind what it has rendered
const SEAM = 160; // samples at both ends that fade: the sound is repeated

/**
 * @param {Int16Array[]} sounds at 16 kHz
 * @returns {number[]} gain of each in dB at which all are as loud as the quietest; none is above 0
 * @throws {Error} if one is silent
 */
export function matched(sounds) {
  const levels = sounds.map(activeLevel), least = Math.min(...levels);
  if (least === -Infinity)
    throw new Error("One of the two is silent, so there is nothing to compare: choose another sound.");
  return levels.map((level) => least - level);
}

/** Plays in an audio context of its own. */
export class Pair {
  /** @param {Int16Array[]} sounds at 16 kHz, equally long @param {number[]} gains in dB */
  constructor(sounds, gains) {
    this.context = new AudioContext();
    this.volume = new GainNode(this.context, { gain: 0 });
    this.volume.connect(this.context.destination);
    this.gains = gains.map((decibels) => 10 ** (decibels / 20));
    const begin = this.context.currentTime + 0.1;
    this.sides = sounds.map((sound) => this.#play(sound, begin));
  }

  /** @param {Int16Array} sound @param {number} begin @returns {GainNode} closed */
  #play(sound, begin) {
    const { context } = this, samples = resample(faded(sound), RATE, context.sampleRate);
    const buffer = context.createBuffer(1, samples.length, context.sampleRate);
    buffer.getChannelData(0).set(samples);
    const source = new AudioBufferSourceNode(context, { buffer, loop: true });
    const side = new GainNode(context, { gain: 0 });
    source.connect(side).connect(this.volume);
    source.start(begin);
    return side;
  }

  /**
   * Every change dips into silence, also from a sound to itself: else the change would tell X.
   * @param {number} place
   */
  hear(place) {
    const { context, volume, sides, gains } = this, begin = context.currentTime + LEAD;
    for (const { gain } of [volume, ...sides]) gain.cancelScheduledValues(begin);
    volume.gain.setTargetAtTime(0, begin, DIP / 5);
    sides.forEach(({ gain }, i) => gain.setValueAtTime(i === place ? gains[i] : 0, begin + DIP));
    volume.gain.setTargetAtTime(1, begin + DIP, DIP / 5);
    context.resume().catch(() => {}); // refused by a closed context only
  }

  /** @returns {boolean} whether there is a loudspeaker that takes the sound */
  get running() {
    return this.context.state === "running";
  }

  /** Silence, for ever. */
  close() {
    this.context.close().catch(() => {}); // is closed already
  }
}

/** @param {Int16Array} sound @returns {Float32Array} with ends that fade: a cut into a word would click */
function faded(sound) {
  return toFloat(sound).map((x, i) => x * Math.min(1, i / SEAM, (sound.length - 1 - i) / SEAM));
}
