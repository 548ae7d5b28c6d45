/** The microphone: asked for as it is, without what browsers like to do to it. */

import { unless } from "./unless.js";

/** @typedef {import("./engine.js").Source} Source */

const WANTED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const LOWEST = 16000; // Hz: a slower microphone lacks part of what the network knows

/**
 * @param {AudioContext} context
 * @param {AbortSignal} signal that nobody waits any longer for the reader's answer
 * @param {() => void} onEnded called when the microphone goes away
 * @returns {Promise<Source>}
 * @throws {Error} what is wrong and what to do; the signal's reason if nobody waits any longer
 */
export async function openMicrophone(context, signal, onEnded) {
  signal.throwIfAborted(); // else the browser would ask for nothing
  const asked = navigator.mediaDevices.getUserMedia({ audio: WANTED });
  asked.then((stream) => signal.aborted && release(stream), () => {}); // an answer that comes too late
  try {
    return heard(context, await unless(signal, asked), onEnded);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(explained(/** @type {DOMException} */ (error)));
  }
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {AudioContext} context @param {MediaStream} stream */
function nodeOf(context, stream) {
  try {
    return context.createMediaStreamSource(stream);
  } catch (error) {
    release(stream);
    throw error;
  }
}

/** @param {AudioContext} context @param {MediaStream} stream @param {() => void} onEnded @returns {Source} */
function heard(context, stream, onEnded) {
  const node = nodeOf(context, stream);
  const [track] = stream.getAudioTracks(), settings = track.getSettings();
  track.addEventListener("ended", onEnded);
  return {
    node,
    track,
    stop: () => {
      track.removeEventListener("ended", onEnded);
      track.stop();
    },
    facts: facts(track.label, settings),
    note: note(settings),
  };
}

/** @param {string} label @param {MediaTrackSettings} settings @returns {string} as the browser tells it */
function facts(label, { sampleRate, channelCount = 1 }) {
  const rate = sampleRate ? `, ${sampleRate.toLocaleString("en")} Hz` : "";
  const channels = channelCount > 1 ? `${channelCount} channels, which are averaged` : "1 channel";
  return `${label || "microphone"}${rate}, ${channels}`;
}

/** @param {MediaTrackSettings} settings @returns {string} what is not as it should be */
function note({ echoCancellation, noiseSuppression, autoGainControl, sampleRate = LOWEST }) {
  const done = [noiseSuppression && "removes noise", echoCancellation && "removes echoes",
    autoGainControl && "evens out the level"].filter(Boolean).join(", ").replace(/, (?=[^,]*$)/, " and ");
  const notes = [
    done && `This browser ${done} by itself before the page hears it.`,
    sampleRate < LOWEST && `The microphone sends only ${sampleRate.toLocaleString("en")} samples a second, ` +
      "as headsets do in a call: another one will sound better.",
  ];
  return notes.filter(Boolean).join(" ");
}

/** @param {DOMException} error of getUserMedia @returns {string} */
function explained(error) {
  const samples = "The samples work without a microphone.";
  switch (error.name) {
    case "NotAllowedError":
      return `The microphone was refused: allow it in the address bar and start again. ${samples}`;
    case "NotFoundError":
    case "OverconstrainedError": // WebKitGTK's word for it: nothing here is required of a microphone
      return `No microphone was found: plug one in and start again. ${samples}`;
    case "NotReadableError":
      return `The microphone is busy: close the program that uses it and start again. ${samples}`;
    default:
      return `The microphone cannot be used (${error.name}: ${error.message}). ${samples}`;
  }
}
