/** Whole recordings through the networks, as fast as this device does it. */
import * as controls from "./controls.js";
import { progress } from "./controls.js";
import { denoiseAll, HOP, RATE } from "./denoiser.js";
import { toPcm } from "./pcm.js";
import { resample, resampleAll } from "./resampler.js";

/** @typedef {import("./ears.js").Comparison} Comparison */
/** @typedef {import("./files.js").Recording} Recording */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./networks.js").Networks} Networks */

const BLIND_SECONDS = 30; // of a sound, for the blind test

/** @param {Recording} recording @param {number} [seconds] the most @returns {Promise<Int16Array>} at 16 kHz */
async function pcmOf({ name, samples, rate }, seconds = Infinity) {
  const rest = (/** @type {number} */ share) => progress(`Preparing ${name}`, share);
  return toPcm(await resampleAll(samples.subarray(0, seconds * rate), rate, RATE, rest));
}

/**
 * @param {Network} network @param {string} name of the sound
 * @param {Int16Array} pcm at 16 kHz @param {number} limit in dB
 */
function denoise({ offline }, name, pcm, limit) {
  offline.setLimit(limit);
  return denoiseAll(offline, pcm, (share) => progress(`Denoising ${name}`, share));
}

/** @param {Recording} recording @param {Networks} networks @returns title, noisy and denoised sound */
export async function denoised(recording, { heard, all }) {
  const { name } = recording, limit = controls.decibels(); // a slider may move meanwhile
  const noisy = await pcmOf(recording);
  const title = all.length > 1 ? `${name}, ${heard.name}` : name;
  return { title, noisy, denoised: await denoise(heard, name, noisy, limit) };
}

/**
 * @param {Recording} recording @param {Networks} networks
 * @returns {Promise<Comparison>} its beginning as it is and denoised, or denoised by both networks
 */
export async function compared(recording, { heard, all }) {
  const { name: title } = recording, limit = controls.decibels(), both = controls.pair.value === "both";
  const pcm = await pcmOf(recording, BLIND_SECONDS);
  const names = both ? [] : ["noisy"], sounds = both ? [] : [pcm];
  for (const network of both ? all : [heard]) {
    names.push(`denoised by ${network}`);
    sounds.push(await denoise(network, title, pcm, limit));
  }
  return { title, names, sounds, limit };
}

/** @param {Recording} sample a short one @param {Network} network @returns what the pictures show of it */
export function hopsOf({ samples, rate }, { offline }) {
  const pcm = toPcm(resample(samples, rate, RATE)), hops = [];
  offline.reset();
  for (let at = 0; at + HOP <= pcm.length; at += HOP) {
    offline.input.set(pcm.subarray(at, at + HOP));
    offline.process();
    const { input, output, mask } = offline;
    hops.push({ heard: input.slice(), said: output.slice(), mask: mask.slice() });
  }
  return hops;
}
